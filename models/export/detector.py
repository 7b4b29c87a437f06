"""Export a trained detector: `python -m models.export.detector --checkpoint <folder>/best.pt --out <folder>`.

Writes the FP32 graph, the INT8 graph that ships, a report that holds the two against the trained network on
validation pictures, and the card with the figures of the test side, which chooses nothing. Nothing is left behind
when the graphs do not say what the network says.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import torch
import typer
from onnxruntime.quantization import CalibrationMethod
from rich.console import Console

from models.calibration.findings import detect, match
from models.calibration.photographs import read_photographs
from models.data.detection import BoxedPhoto, read_sources, read_validation
from models.data.lesions import DEFAULT_ROOT, Split
from models.data.letterbox import to_input
from models.errors import ArtifactCorruptError, ModelsError
from models.evaluation.conditions import read_conditions
from models.evaluation.detection_study import DetectionStudy, study_detector
from models.evaluation.metrics import PhotoTruth, average_precision, best_f1_threshold, match_photo
from models.evaluation.runner import INPUT_NAME, OnnxDetector, file_sha256, merged
from models.export.detector_card import render_card
from models.export.onnx_file import Parity, measure_parity, require_parity, write_onnx
from models.export.quantise import Feed, QuantiseSettings, WeightRange, int8_share_of_macs, quantise_static
from models.training.networks import load_average
from models.training.recipe import Recipe
from shared.vision.parameters import CROP_CLASSES

FP32_NAME, INT8_NAME, REPORT_NAME, CARD_NAME = "detector.fp32.onnx", "detector.onnx", "detector.json", "detector.md"
PARITY_PICTURES = 4
CALIBRATION_PICTURES = 64
LEAST_INT8_SHARE = 0.95
MOST_MAP50_LOST = 0.005
_LAST_LAYERS = tuple(f"head.one_to_one.{tower}.{level}.2.weight" for tower in ("box", "cls") for level in range(3))

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Precision:
    """mAP50 and mAP50-95 of any visible feature on the validation pictures; `merged` is mAP50 as the product uses it.

    The graph is judged by its own boxes: merging repeats turns on whether two of them overlap by a half, so a
    rounding that moves none of them visibly can still part a pair.
    """

    map50: float
    map50_95: float
    merged: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported and how faithful the INT8 graph is; the test side is not looked at."""

    name: str
    version: str
    step: int
    parameters: int
    input_size: int
    sha256: str
    int8_share_of_macs: float
    weights: str
    parity: Parity
    validation_pictures: int
    fp32: Precision
    int8: Precision
    recipe: dict[str, object]


def decode_nodes(path: Path) -> tuple[str, ...]:
    """Return the names of all nodes after the head's last convolutions: the decode, which stays in float.

    Raises:
        ArtifactCorruptError: the graph has no such head.
    """
    graph = onnx.load(str(path)).graph
    tainted: set[str] = set()
    names: list[str] = []
    for node in graph.node:
        last = any(value.endswith(_LAST_LAYERS) for value in node.input)
        if not last and tainted.intersection(node.input):
            names.append(node.name)
        if last or tainted.intersection(node.input):
            tainted.update(node.output)
    if not names:
        raise ArtifactCorruptError(f"{path} has no one-to-one head: it is no detector of this project")
    return tuple(names)


def calibration_feeds(pictures: Sequence[BoxedPhoto], size: int) -> Iterator[Feed]:
    """Yield whole training pictures as at run time, evenly spread over the set."""
    for index in np.linspace(0, len(pictures) - 1, min(CALIBRATION_PICTURES, len(pictures))).astype(int):
        yield {INPUT_NAME: to_input(pictures[index].image, size)[0][None]}


def precision(path: Path, pictures: Sequence[BoxedPhoto]) -> Precision:
    """Measure a graph on pictures."""
    detector = OnnxDetector(path)
    truths = [PhotoTruth(p.boxes, np.zeros(len(p.boxes), np.int64)) for p in pictures]
    found = [detector.detect_raw(p.image) for p in pictures]
    raw = average_precision([match_photo(t, f, None) for t, f in zip(truths, found, strict=True)])
    joined = average_precision([match_photo(t, merged(f), None) for t, f in zip(truths, found, strict=True)])
    return Precision(round(float(raw[0]), 4), round(float(raw.mean()), 4), round(float(joined[0]), 4))


def require_faithful(report: ExportReport) -> None:
    """Refuse an INT8 graph that finds less, or that hardly runs in INT8.

    Raises:
        ArtifactCorruptError: a figure is out of its bound.
    """
    lost = report.fp32.map50 - report.int8.map50
    if not lost <= MOST_MAP50_LOST:
        raise ArtifactCorruptError(f"the INT8 graph loses {lost:.4f} of mAP50: quantise with other settings")
    if not report.int8_share_of_macs >= LEAST_INT8_SHARE:
        raise ArtifactCorruptError(f"only {report.int8_share_of_macs:.1%} of the work runs in INT8")


def export(checkpoint: Path, data_root: Path, folder: Path, settings: QuantiseSettings) -> ExportReport:
    """Write both graphs into `folder` and return what they are worth.

    Raises:
        ModelsError: a step failed or a graph is not faithful.
    """
    network, recipe, step = load_average(checkpoint)
    size, data = recipe.model.input_size_px, recipe.data
    pictures = read_validation(data_root, data.rendered_folder, data.rendered)
    fp32, int8 = folder / FP32_NAME, folder / INT8_NAME
    count = write_onnx(network, size, fp32)
    some = np.stack([to_input(p.image, size)[0] for p in pictures[:PARITY_PICTURES]])
    parity = measure_parity(network, fp32, some)
    require_parity(parity)
    chosen = replace(settings, exclude_nodes=decode_nodes(fp32))
    quantise_static(fp32, int8, calibration_feeds(_training(recipe, data_root), size), chosen)
    return ExportReport(
        name=recipe.model.name,
        version=recipe.model.version,
        step=step,
        parameters=count,
        input_size=size,
        sha256=file_sha256(int8),
        int8_share_of_macs=round(int8_share_of_macs(int8), 4),
        weights=settings.weights.value,
        parity=parity,
        validation_pictures=len(pictures),
        fp32=precision(fp32, pictures),
        int8=precision(int8, pictures),
        recipe=recipe.model_dump(mode="json"),
    )


def study_test_side(graph: Path, data_root: Path) -> tuple[DetectionStudy, int]:
    """Return the figures of the test side at the best F1 threshold of the validation side, and its photographs."""
    validation, side = read_photographs(data_root, Split.VAL), read_photographs(data_root, Split.TEST)
    detector = OnnxDetector(graph)
    threshold = best_f1_threshold([match(photo, detect(detector, photo)) for photo in validation])
    conditions = read_conditions(data_root, Split.TEST)
    truths = [PhotoTruth(photo.outlined, photo.labels) for photo in side]
    found = [detect(detector, photo) for photo in side]
    types = [kind.value for kind in CROP_CLASSES]
    return study_detector(truths, found, [conditions[photo.name] for photo in side], types, threshold), len(side)


def _training(recipe: Recipe, data_root: Path) -> Sequence[BoxedPhoto]:
    """Return the pictures the network learnt from last."""
    data = recipe.data
    sources = read_sources(data_root, data.rendered_folder, 0.0 if data.rendered < 1 else 1.0, 0)
    return sources.photographs or sources.rendered


def _settings(weights: WeightRange, percentile: float | None) -> QuantiseSettings:
    """Return how to quantise."""
    if percentile is None:
        return QuantiseSettings(weights=weights)
    return QuantiseSettings(weights=weights, method=CalibrationMethod.Percentile, percentile=percentile)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="best.pt or last.pt of a training folder")],
    out: Annotated[Path, typer.Option(help="Folder for the two graphs and the report")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    weights: Annotated[WeightRange, typer.Option(help="Range of the INT8 weights")] = WeightRange.SEVEN_BITS,
    percentile: Annotated[
        float | None, typer.Option(help="Share of activations that a range covers; all when not given")
    ] = None,
    *,
    only_fp32: Annotated[bool, typer.Option("--only-fp32", help="No INT8 graph and no card: for comparisons")] = False,
) -> None:
    """Export, quantise and hold a detector to what was trained."""
    console = Console()
    torch.set_num_threads(1)
    try:
        if only_fp32:
            network, recipe, _ = load_average(checkpoint)
            out.mkdir(parents=True, exist_ok=True)
            write_onnx(network, recipe.model.input_size_px, out / FP32_NAME)
            console.print(f"written to {out / FP32_NAME}")
            return
        with tempfile.TemporaryDirectory() as draft:
            report = export(checkpoint, data_root, Path(draft), _settings(weights, percentile))
            require_faithful(report)
            study, photos = study_test_side(Path(draft) / INT8_NAME, data_root)
            out.mkdir(parents=True, exist_ok=True)
            for name in (FP32_NAME, INT8_NAME):
                shutil.copyfile(Path(draft) / name, out / name)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    document = asdict(report)
    (out / REPORT_NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (out / CARD_NAME).write_text(render_card(document, asdict(study), photos), encoding="utf-8")
    console.print(f"test side: mAP50 {study.map50.value}")
    console.print(f"mAP50 on {report.validation_pictures} pictures: FP32 {report.fp32.map50}, INT8 {report.int8.map50}")
    console.print(f"{report.int8_share_of_macs:.1%} of the multiply-adds run in INT8; written to {out}")


if __name__ == "__main__":
    app()
