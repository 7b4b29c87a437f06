"""Train the type classifier: `python -m models.training.classifier --recipe models/recipes/<name>.toml`.

Run again with the same folder, an interrupted training goes on from its last checkpoint.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import cv2
import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data.lesions import DEFAULT_ROOT, Split
from models.data.type_crops import TypePhoto, TypeSource
from models.data.type_sources import (
    TypeCrops,
    exact_crops,
    read_growths,
    read_photographs,
    read_renderings,
)
from models.errors import ModelsError
from models.training.classifier_loop import ClassifierStep, ClassifierTrainer
from models.training.classifier_recipe import ClassifierRecipe
from models.training.recipe_file import read_recipe

app = typer.Typer(add_completion=False)


def read_sources(recipe: ClassifierRecipe, root: Path) -> dict[str, TypeSource]:
    """Read the training side of each source that a stage uses; what none uses is not opened.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    data = recipe.data
    readers: dict[str, Callable[[], list[TypePhoto]]] = {
        "rendered": lambda: read_renderings(root, data.rendered_folder, Split.TRAIN, data.rendered_most),
        "growths": lambda: read_growths(root, Split.TRAIN),
        "photographs": lambda: read_photographs(root, Split.TRAIN),
    }
    return {
        name: TypeSource(read(), labels_incomplete=name == "photographs")
        for name, read in readers.items()
        if recipe.uses(name)
    }


def read_held_out(recipe: ClassifierRecipe, root: Path) -> dict[str, TypeCrops]:
    """Read the validation crops: renderings, real growths, and real faces where the recipe says so."""
    data, held_out = recipe.data, {}
    growths = read_growths(root, Split.VAL)
    if recipe.uses("rendered"):
        rendered = read_renderings(root, data.rendered_folder, Split.VAL, data.rendered_most)
        held_out["rendered"] = exact_crops([*rendered, *growths])
    if data.measure_on_photographs:
        held_out["photographs"] = exact_crops([*read_photographs(root, Split.VAL), *growths])
    return held_out


@app.command()
def main(
    recipe: Annotated[Path, typer.Option(help="TOML file with every choice of the run")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/ and weights/")] = DEFAULT_ROOT,
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and run log")] = Path("build/training"),
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop early, to try whether it runs")] = None,
) -> None:
    """Train from a recipe, resuming from the folder's last checkpoint."""
    console = Console()
    try:
        settings = read_recipe(recipe, ClassifierRecipe)
        torch.set_num_threads(settings.run.threads)
        cv2.setNumThreads(settings.run.threads)
        sources, held_out = read_sources(settings, data_root), read_held_out(settings, data_root)
        trainer = ClassifierTrainer(settings, sources, held_out, out / settings.model.name)
        console.print(_sizes(sources, held_out) + f"; at step {trainer.step}")
        _run(trainer, console, max_steps)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"done: {trainer.folder / 'last.pt'}")


def _sizes(sources: dict[str, TypeSource], held_out: dict[str, TypeCrops]) -> str:
    trained = ", ".join(f"{len(source.photos)} {name}" for name, source in sources.items())
    return f"to train on: {trained}; to measure: " + ", ".join(f"{len(c.labels)} {n}" for n, c in held_out.items())


def _run(trainer: ClassifierTrainer, console: Console, max_steps: int | None) -> None:
    """Train with a progress bar, printing the figures at the end of each stage."""
    total = trainer.recipe.steps if max_steps is None else min(max_steps, trainer.recipe.steps)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=total, completed=trainer.step)

        def show(report: ClassifierStep) -> None:
            progress.update(task, completed=report.step, description=f"{report.stage} loss {report.loss:.2f}")
            for name, figures in report.measured.items():
                progress.console.print(
                    f"after {report.stage} ({report.cpu_seconds:.0f} CPU-s) on held-out {name}: "
                    f"AUC {figures.auc_macro:.4f}, balanced accuracy {figures.balanced_accuracy:.4f}, "
                    f"accuracy {figures.accuracy:.4f}, ECE {figures.ece:.3f}"
                )

        trainer.run(show, until=max_steps)


if __name__ == "__main__":
    app()
