"""Take measured repeatabilities over into parameters: `python -m models.calibration.take_over`.

They are measured with a packed bundle, so they come after its fit; nothing else in the parameters changes.
"""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from models.errors import DataCorruptError, ModelsError
from shared.errors import MedSpaError
from shared.vision.parameters import Repeatability, read_parameters, write_parameters

app = typer.Typer(add_completion=False)


def read_repeatability(path: Path) -> dict[str, Repeatability]:
    """Read measured repeatabilities, a JSON object by measure.

    Raises:
        DataCorruptError: the file is not such an object.
    """
    try:
        return TypeAdapter(dict[str, Repeatability]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataCorruptError(f"{path} holds no repeatabilities: measure them again") from error


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
