"""Train every model a little and see its loss fall: `python -m models.training.smoke`.

Uses the shipped recipes with small batches in a folder of its own, on renderings it draws itself, and ends with 1
when a loss has not fallen. Minutes, not hours; the weights are thrown away.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models.data.lesions import DEFAULT_ROOT

RECIPES = Path("models/recipes")
RENDERINGS = 150  # enough for a few on the validation side
_BATCH = 8

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Smoke:
    """One model's short run: the module that trains it, its recipe and how many steps show a fall."""

    trainer: str
    recipe: str
    steps: int


RUNS = (
    Smoke("models.training.detector", "detector_scratch", 24),
    Smoke("models.training.classifier", "classifier_open", 48),
    Smoke("models.training.segmenter", "segmenter_swin_open", 30),
)


def cut_down(text: str, folder: Path, steps: int) -> str:
    """Return a recipe for a short run: small batches, quick warm-up, renderings from `folder`."""
    small = {"batch": _BATCH, "warmup_steps": 2, "input_size_px": 320, "rendered_most": RENDERINGS}
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        if key == "rendered_folder":
            continue
        lines.append(f"{key} = {small[key]}" if key in small else line)
        if line.strip() == "[data]":
            lines.append(f'rendered_folder = "{folder}"')
        if key == "validate_every_steps":
            lines[-1] = f"{key} = {steps}"
    return "\n".join(lines) + "\n"


def losses(log: Path) -> list[float]:
    """Return the loss of every step of a run's log."""
    return [float(json.loads(line)["loss"]) for line in log.read_text(encoding="utf-8").splitlines()]


def fall(values: list[float]) -> tuple[float, float]:
    """Return the mean loss of the first and of the last quarter.

    Raises:
        ValueError: there are fewer than four steps.
    """
    quarter = len(values) // 4
    if quarter == 0:
        raise ValueError("a fall needs at least four steps")
    return sum(values[:quarter]) / quarter, sum(values[-quarter:]) / quarter


def run_all(place: Path, data_root: Path) -> Iterator[tuple[str, float, float]]:
    """Render, train each model and yield its name, first and last loss.

    Raises:
        subprocess.CalledProcessError: a command failed; what it said is on the console.
    """
    rendered = (place / "rendered").resolve()
    _run("models.synthesis", "--count", str(RENDERINGS), "--out", str(rendered), "--data-root", str(data_root))
    for smoke in RUNS:
        recipe = place / f"{smoke.recipe}.toml"
        text = (RECIPES / recipe.name).read_text(encoding="utf-8")
        recipe.write_text(cut_down(text, rendered, smoke.steps), encoding="utf-8")
        options = ["--recipe", str(recipe), "--out", str(place / "runs"), "--data-root", str(data_root)]
        _run(smoke.trainer, *options, "--max-steps", str(smoke.steps))
        first, last = fall(losses(place / "runs" / smoke.recipe / "log.jsonl"))
        yield smoke.recipe, first, last


def _run(module: str, *options: str) -> None:
    subprocess.run([sys.executable, "-m", module, *options], check=True)  # noqa: S603 - our own modules


@app.command()
def main(data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT) -> None:
    """Train every model a little."""
    console = Console()
    table = Table(title="loss, mean of the first and of the last quarter of the steps")
    for head in ("recipe", "first", "last", "fell"):
        table.add_column(head)
    fell = True
    with TemporaryDirectory() as place:
        for name, first, last in run_all(Path(place), data_root):
            fell = fell and last < first
            table.add_row(name, f"{first:.3f}", f"{last:.3f}", "yes" if last < first else "NO")
    console.print(table)
    if not fell:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
