"""Train a segmenter: `python -m models.training.segmenter --recipe models/recipes/<name>.toml`.

Run again with the same folder, an interrupted training goes on from its last checkpoint.
"""

from pathlib import Path
from typing import Annotated

import cv2
import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data.lesions import DEFAULT_ROOT
from models.errors import ModelsError
from models.training.engine import Engine, RunSettings, StepLine
from models.training.recipe_file import read_recipe
from models.training.segmenter_recipe import SegmenterRecipe
from models.training.segmenter_task import SegmenterTask, read_data

app = typer.Typer(add_completion=False)


@app.command()
def main(
    recipe: Annotated[Path, typer.Option(help="TOML file with every choice of the run")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and run log")] = Path("build/training"),
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps; run again to go on")] = None,
) -> None:
    """Train from a recipe, resuming from the folder's last checkpoint."""
    console = Console()
    try:
        settings = read_recipe(recipe, SegmenterRecipe)
        torch.set_num_threads(settings.run.threads)
        cv2.setNumThreads(settings.run.threads)
        data = read_data(settings, data_root)
        run = RunSettings(out / settings.model.name, settings.schedule, settings.run, settings.model_dump(mode="json"))
        engine = Engine(SegmenterTask(settings, data), run)
        counts = [len(group) for group in data.train.groups]
        console.print(f"{' + '.join(map(str, counts))} features to train on; at step {engine.step}")
        _run(console, engine, settings.schedule.steps, max_steps)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"done in {engine.cpu_seconds():.0f} processor seconds: {run.folder / 'best.pt'}")


def _run(console: Console, engine: Engine, steps: int, max_steps: int | None) -> None:
    """Train, showing progress and each validation."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("training", total=steps, completed=engine.step)

        def show(line: StepLine) -> None:
            progress.update(bar, completed=line.step, description=f"loss {line.loss:.3f}")
            if line.validation:
                figures = ", ".join(f"{name} {value:.4f}" for name, value in line.validation.items())
                progress.console.print(f"step {line.step}, {line.cpu_seconds:.0f} s: {figures}")

        engine.run(show, max_steps)


if __name__ == "__main__":
    app()
