"""Export a trained detector: `python -m models.export.detector --checkpoint <folder>/best.pt`.

Writes the ONNX file, proves parity with torch, chooses the score threshold on val, measures on test through
ONNX Runtime, and writes sidecar and card from those figures. Nothing is left behind when a step fails.
"""

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console

from models.data.lesions import CLASSES, DEFAULT_ROOT, LabelledPhoto, Split, read_split
from models.data.letterbox import to_input
from models.errors import ModelsError
from models.evaluation.detector import as_table, evaluate, print_wide
from models.evaluation.metrics import PhotoTruth, best_f1_threshold, match_photo
from models.evaluation.report import Report
from models.evaluation.runner import OnnxDetector, detect_all, file_sha256
from models.export.card import render_card
from models.export.onnx_file import measure_parity, require_parity, write_onnx
from models.export.sidecar import DataSource, Measured, Sidecar, Training, sidecar_path, write_sidecar
from models.training.loop import load_average
from models.training.recipe import Recipe

PARITY_PHOTOS = 4
THRESHOLD_RULE = (
    "the score of the best F1 on the validation photographs, all classes pooled, a box counting only with the "
    "right class."
)
LICENCE = "non-commercial, as its data: evaluation and demonstration only"

app = typer.Typer(add_completion=False)


def choose_threshold(detector: OnnxDetector, photos: list[LabelledPhoto]) -> float:
    """Return the score threshold of the best F1 on `photos`, classes pooled."""
    found = detect_all(detector, photos)
    matches = [
        match_photo(PhotoTruth(p.boxes, p.classes), f, index)
        for index in range(len(CLASSES))
        for p, f in zip(photos, found, strict=True)
    ]
    return round(best_f1_threshold(matches), 3)


def describe_data(train: list[LabelledPhoto], val: list[LabelledPhoto]) -> DataSource:
    """Return the provenance of the weights."""
    return DataSource(
        name="face photographs of FFHQ with boxes",
        origin="GitHub ascl1u/acne-detection at a82608b (boxes) and Flickr-Faces-HQ (photographs)",
        licence="CC BY-NC-SA 4.0 (Flickr-Faces-HQ, NVIDIA); the licence of the boxes is not stated",
        allowed_use=(
            "Non-commercial: evaluation and demonstration only. A clinic's commercial use needs weights trained "
            "on its own consented data."
        ),
        train_photos=len(train),
        train_labels=sum(len(photo.classes) for photo in train),
        val_photos=len(val),
    )


def build_sidecar(
    onnx_path: Path, recipe: Recipe, training: Training, data: DataSource, threshold: float, report: Report
) -> Sidecar:
    """Return the sidecar of a freshly measured file."""
    return Sidecar(
        name=recipe.model.name,
        version=recipe.model.version,
        sha256=file_sha256(onnx_path),
        input_size=recipe.model.input_size_px,
        classes=CLASSES,
        score_threshold=threshold,
        threshold_rule=THRESHOLD_RULE,
        licence=LICENCE,
        data=data,
        training=training,
        metrics=Measured(
            split=Split.TEST.value,
            iou=0.5,
            intervals="95 % bootstrap over photographs",
            figures=asdict(report),
        ),
    )


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="best.pt or last.pt of a training folder")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    artifacts: Annotated[Path, typer.Option(help="Where model and sidecar go")] = Path("models/artifacts"),
    cards: Annotated[Path, typer.Option(help="Where the card goes")] = Path("models/cards"),
    size: Annotated[int | None, typer.Option(help="Input side; the recipe's when absent")] = None,
) -> None:
    """Export, prove, measure and describe a detector."""
    console = Console()
    torch.set_num_threads(1)
    try:
        network, recipe, step = load_average(checkpoint)
        if size is not None:
            recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"input_size_px": size})})
        sides = {split: read_split(data_root, split) for split in Split}
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / f"{recipe.model.name}.onnx"
            count = write_onnx(network, recipe.model.input_size_px, draft)
            some = [to_input(p.image, recipe.model.input_size_px)[0] for p in sides[Split.VAL][:PARITY_PHOTOS]]
            parity = measure_parity(network, draft, np.stack(some))
            require_parity(parity)
            console.print(f"parity: score {parity.score:.1e}, box {parity.box_px:.1e} px, {parity.rows} rows")
            detector = OnnxDetector(draft)
            threshold = choose_threshold(detector, sides[Split.VAL])
            report = evaluate(detector, sides[Split.TEST], threshold)
            training = Training(recipe=recipe.model_dump(mode="json"), step=step, parameters=count)
            data = describe_data(sides[Split.TRAIN], sides[Split.VAL])
            sidecar = build_sidecar(draft, recipe, training, data, threshold, report)
            artifacts.mkdir(parents=True, exist_ok=True)
            final = artifacts / draft.name
            shutil.copyfile(draft, final)
            write_sidecar(sidecar_path(final), sidecar)
            card = cards / f"{recipe.model.name}.md"
            card.write_text(render_card(sidecar), encoding="utf-8")
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    print_wide(console, as_table(f"{sidecar.name} {sidecar.version} on test", asdict(report)))
    console.print(f"threshold {threshold}; wrote {final}, {sidecar_path(final)}, {card}")


if __name__ == "__main__":
    app()
