"""Train the lesion detector: `python -m models.training.detector --recipe models/recipes/<name>.toml`.

Run again with the same folder, an interrupted training goes on from its last checkpoint.
"""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data.detection import read_sources, read_validation
from models.data.lesions import DEFAULT_ROOT
from models.errors import ModelsError
from models.training.loop import StepReport, Trainer
from models.training.recipe import load_recipe

app = typer.Typer(add_completion=False)


@app.command()
def main(
    recipe: Annotated[Path, typer.Option(help="TOML file with every choice of the run")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    out: Annotated[Path, typer.Option(help="Folder of checkpoints and run log")] = Path("build/training"),
    max_steps: Annotated[int | None, typer.Option(min=1, help="Stop early, to try a recipe out")] = None,
) -> None:
    """Train from a recipe, resuming from the folder's last checkpoint."""
    console = Console()
    try:
        settings = load_recipe(recipe)
        torch.set_num_threads(settings.run.threads)
        data = settings.data
        sources = read_sources(
            data_root, data.rendered_folder, data.rendered, data.rendered_until_step, data.tone_balance
        )
        val = read_validation(data_root, data.rendered_folder, data.rendered)
        trainer = Trainer(settings, sources, val, out / settings.model.name, max_steps)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    counts = f"{len(sources.photographs)} photographs and {len(sources.rendered)} renderings to train on"
    console.print(f"{counts}, {len(val)} pictures to choose by; at step {trainer.step}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=trainer.last_step, completed=trainer.step)

        def show(report: StepReport) -> None:
            progress.update(task, completed=report.step, description=f"loss {report.loss:.2f}")
            if report.val_ap50 is not None:
                progress.console.print(f"step {report.step}: val AP50 {report.val_ap50:.4f}")

        trainer.run(show)
    console.print(f"done: {trainer.folder / 'last.pt'}, best {trainer.folder / 'best.pt'}")


if __name__ == "__main__":
    app()
