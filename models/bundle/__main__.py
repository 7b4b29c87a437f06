"""`python -m models.bundle pack|verify|zip`: make a bundle, prove one, or put one into a single file."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.bundle.description import read_description
from models.bundle.packing import Ingredients, pack, require_golden, zip_bundle
from shared.errors import MedSpaError
from shared.vision.bundle import GraphRole, read_bundle

BUNDLES = Path("models/bundles")

app = typer.Typer(add_completion=False, no_args_is_help=True)
console = Console()


@app.command("pack")
def pack_command(
    description: Annotated[Path, typer.Option(help="TOML file with licence, use, data and graphs")],
    graphs: Annotated[Path, typer.Option(help="Folder of the three graphs and their cards")],
    parameters: Annotated[Path, typer.Option(help="Fitted parameters")],
    ood: Annotated[Path, typer.Option(help="What is usual")],
    commit: Annotated[str, typer.Option(help="Commit the weights were trained at")],
    out: Annotated[Path, typer.Option(help="Folder of bundles")] = BUNDLES,
) -> None:
    """Assemble a bundle and prove it."""
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise typer.BadParameter("a commit is 7 to 40 hexadecimal digits", param_hint="--commit")
    try:
        told = read_description(description)
        bundle = pack(told, Ingredients(graphs, parameters, ood, commit), out / told.name)
    except MedSpaError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    size = sum(bundle.graph(role).stat().st_size for role in GraphRole) / 1e6
    console.print(f"{bundle.folder}: {bundle.manifest.name} {bundle.manifest.version}, graphs {size:.1f} MB")


@app.command()
def verify(folder: Annotated[Path, typer.Argument(help="A bundle's folder")]) -> None:
    """Check every hash and every golden case on this machine."""
    try:
        bundle = read_bundle(folder)
        require_golden(bundle)
    except MedSpaError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"{bundle.manifest.name} {bundle.manifest.version}: intact, and computes what was released")


@app.command("zip")
def zip_command(
    folder: Annotated[Path, typer.Argument(help="A bundle's folder")],
    out: Annotated[Path, typer.Argument(help="Archive to write")],
) -> None:
    """Put a bundle into one archive."""
    try:
        digest = zip_bundle(read_bundle(folder), out)
    except MedSpaError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"{out}: SHA-256 {digest}")


if __name__ == "__main__":
    app()
