"""Render training photographs: `python -m models.synthesis --count 1500 --seed 11 --out build/synthetic`.

Run again with the same folder, an interrupted rendering goes on; a picture depends on seed and number only.
"""

from pathlib import Path
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data.lesions import DEFAULT_ROOT
from models.errors import ModelsError
from models.synthesis.faces import read_faces
from models.synthesis.folder import RenderFolder, fill

app = typer.Typer(add_completion=False)


@app.command()
def main(
    count: Annotated[int, typer.Option(min=1, max=99_999, help="Number of photographs")],
    seed: Annotated[int, typer.Option(min=0, help="Everything random follows from it")] = 0,
    out: Annotated[Path, typer.Option(help="Folder to fill")] = Path("build/synthetic"),
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/ and weights/")] = DEFAULT_ROOT,
) -> None:
    """Render photographs with lesions, boxes and masks."""
    console = Console()
    cv2.setNumThreads(1)
    try:
        faces = read_faces(data_root)
        folder = RenderFolder(out, seed)
        console.print(f"{len(faces)} faces to draw on")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            fill(folder, faces, progress.track(range(count), description="rendering"))
        folder.finish(count)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"done: {out / 'annotations.json'}")


if __name__ == "__main__":
    app()
