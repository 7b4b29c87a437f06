"""Measure an exported segmenter: `python -m models.evaluation.segmenter --model <folder>/segmenter.onnx`.

With `--against` a second graph is measured on the same crops, and the difference in Dice crop by crop.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from models.data.lesions import DEFAULT_ROOT, Split
from models.data.mask_crops import OutlinedCrop, box_crop, whole_crop
from models.data.masks import MaskSource, OutlinedPhoto, read_outlined
from models.errors import ModelsError
from models.evaluation.bootstrap import mean_interval
from models.evaluation.segmenter_report import (
    MaskFigures,
    Probabilities,
    StabilityFigures,
    dices,
    found_masks,
    measure,
    measure_stability,
)
from models.evaluation.segmenter_runner import OnnxSegmenter
from shared.vision.repeat_capture import read_limits

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class SegmenterReport:
    """Figures by group, such as `pad_box` or `isic_whole`, and steadiness by data set."""

    threshold: float
    groups: dict[str, MaskFigures]
    stability: dict[str, StabilityFigures]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Photographs of one side by data set, and their crops by group."""

    photos: dict[str, list[OutlinedPhoto]]
    crops: dict[str, list[OutlinedCrop]]


def read_held_out(root: Path, split: Split) -> HeldOut:
    """Read both labelled data sets; dermoscopy also as whole pictures, as its benchmarks score it.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    photos = {source.value: read_outlined(root, source, split) for source in (MaskSource.ISIC, MaskSource.PAD)}
    crops = {f"{name}_box": [box_crop(photo) for photo in some] for name, some in photos.items()}
    crops["isic_whole"] = [whole_crop(photo) for photo in photos[MaskSource.ISIC]]
    return HeldOut(photos, crops)


def evaluate(segment: Probabilities, held_out: HeldOut, threshold: float) -> SegmenterReport:
    """Measure every group."""
    groups = {name: measure(found_masks(segment, crops, threshold), crops) for name, crops in held_out.crops.items()}
    limits = read_limits()
    stability = {
        name: measure_stability(segment, photos, threshold, limits) for name, photos in held_out.photos.items()
    }
    return SegmenterReport(threshold, groups, stability)


def differences(
    segment: Probabilities, against: Probabilities, held_out: HeldOut, thresholds: tuple[float, float]
) -> dict[str, Any]:
    """Return the mean difference in Dice by group, `segment` less `against`, paired crop by crop."""
    found = {}
    for name, crops in held_out.crops.items():
        ours = dices(found_masks(segment, crops, thresholds[0]), crops)
        theirs = dices(found_masks(against, crops, thresholds[1]), crops)
        found[name] = asdict(mean_interval(list(np.subtract(ours, theirs))))
    return found


def as_table(title: str, report: SegmenterReport) -> Table:
    """Return the figures as a table."""
    table = Table("group", "crops", "Dice", "IoU", "surface Dice at 2 px", "HD95 px", title=title)
    for name, row in report.groups.items():
        cells = (row.dice, row.iou, row.surface_dice, row.hd95)
        table.add_row(name, str(row.crops), *(f"{c.value} ({c.low} to {c.high})" for c in cells))
    return table


def threshold_of(model: Path, given: float | None) -> float:
    """Return the threshold given, or the one chosen at export and written beside the graph."""
    beside = model.with_suffix(".json")
    if given is None and beside.is_file():
        return float(json.loads(beside.read_text(encoding="utf-8"))["threshold"])
    return 0.5 if given is None else given


@app.command()
def main(
    model: Annotated[Path, typer.Option(help="Exported graph")],
    against: Annotated[Path | None, typer.Option(help="Graph to compare with, crop by crop")] = None,
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    split: Annotated[Split, typer.Option(help="Side to measure on")] = Split.TEST,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="The exported one if absent")] = None,
    out: Annotated[Path | None, typer.Option(help="JSON file for the figures")] = None,
) -> None:
    """Measure a segmenter on photographs it never saw."""
    console = Console(width=140)
    cv2.setNumThreads(1)
    try:
        held_out, ours = read_held_out(data_root, split), OnnxSegmenter(model)
        report = evaluate(ours.probabilities, held_out, threshold_of(model, threshold))
        document: dict[str, Any] = {"sha256": ours.sha256, "split": split.value} | asdict(report)
        console.print(as_table(f"{model.name} on {split.value}, probability {report.threshold}", report))
        for name, steady in report.stability.items():
            console.print(
                f"{name} captured again: Dice {steady.dice.value}, edges {steady.edge_px.value} px apart, area "
                f"repeatability {steady.area_repeatability.value}"
            )
        if against is not None:
            thresholds = (report.threshold, threshold_of(against, threshold))
            document["difference"] = differences(
                ours.probabilities, OnnxSegmenter(against).probabilities, held_out, thresholds
            )
            console.print(f"Dice less that of {against}: {document['difference']}")
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    if out is not None:
        out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app()
