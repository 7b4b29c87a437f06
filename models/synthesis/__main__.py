"""Render training photographs: `python -m models.synthesis --count 1500 --seed 11 --out build/synthetic`.

Run again with the same folder, an interrupted rendering goes on; a picture depends on seed and number only.
"""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data.lesions import DEFAULT_ROOT
from models.errors import ModelsError
from models.synthesis.faces import TONE_SHARES, SourceFace, make_photo, read_faces
from models.synthesis.folder import RenderFolder
from models.synthesis.render import render
from models.synthesis.settings import PhotoSettings, RenderSettings

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
            for index in progress.track(range(count), description="rendering"):
                if not folder.has(index):
                    _render_one(folder, faces, seed, index)
        folder.finish(count)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    console.print(f"done: {out / 'annotations.json'}")


def _render_one(folder: RenderFolder, faces: list[SourceFace], seed: int, index: int) -> None:
    """Render and write one photograph."""
    rng = np.random.default_rng((seed, index))
    face = _choose(faces, rng)
    photo, skin = make_photo(face, PhotoSettings(), rng)
    folder.write(index, render(photo, skin, rng, RenderSettings()), face.name, face.tone)


def _choose(faces: list[SourceFace], rng: np.random.Generator) -> SourceFace:
    """Draw a tone, then a face of that tone."""
    shares = np.array([TONE_SHARES[face.tone] for face in faces])
    members = np.array([sum(other.tone == face.tone for other in faces) for face in faces])
    weights = shares / members
    return faces[int(rng.choice(len(faces), p=weights / weights.sum()))]


if __name__ == "__main__":
    app()
