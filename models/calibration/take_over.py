"""Take measured repeatabilities over into parameters: `python -m models.calibration.take_over`.

They are measured with a packed bundle, so they come after its fit; nothing else in the parameters changes.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.calibration.fit import read_repeatability
from models.errors import ModelsError
from shared.errors import MedSpaError
from shared.vision.parameters import read_parameters, write_parameters

app = typer.Typer(add_completion=False)


@app.command()
def main(
    parameters: Annotated[Path, typer.Option(help="Parameters to complete")],
    repeatability: Annotated[Path, typer.Option(help="JSON by measure, from tests.benchmarks.repeatability --table")],
) -> None:
    """Write the repeatability of every measure beside what was fitted."""
    console = Console()
    try:
        measured = read_repeatability(repeatability)
        write_parameters(parameters, read_parameters(parameters).model_copy(update={"repeatability": measured}))
    except (ModelsError, MedSpaError) as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    for name, each in measured.items():
        console.print(f"{name}: {each.coefficient:.3g} {each.unit}, {each.n} pairs")


if __name__ == "__main__":
    app()
