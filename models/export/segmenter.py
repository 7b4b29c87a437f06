# mypy: disable-error-code="untyped-decorator"
"""Export a trained segmenter: `python -m models.export.segmenter --checkpoint <folder>/best.pt --out <folder>`.

Writes the FP32 graph, the graph with INT8 products that ships, a report that holds both against the trained
network, and the model card. The threshold is chosen on val; test is measured last and chooses nothing. Nothing is
left behind when a graph does not say what the network says.
"""

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from models.count import count_parameters
from models.data.lesions import DEFAULT_ROOT, Split
from models.data.mask_crops import SIZE, OutlinedCrop, as_input
from models.errors import ArtifactCorruptError, ModelsError
from models.evaluation.runner import file_sha256
from models.evaluation.segmenter import SegmenterReport, as_table, evaluate, read_held_out
from models.evaluation.segmenter_report import MaskFigures, best_threshold, dices, found_masks, measure
from models.evaluation.segmenter_runner import INPUT_NAME, OUTPUT_NAME, OnnxSegmenter
from models.export.graph_file import write_graph
from models.export.quantise_dynamic import quantise_dynamic
from models.export.segmenter_card import render_card
from models.training.segmenter_task import load_segmenter, probabilities, read_validation

FP32_NAME, INT8_NAME, REPORT_NAME, CARD_NAME = (
    "segmenter.fp32.onnx",
    "segmenter.onnx",
    "segmenter.json",
    "segmenter.md",
)
MOST_FP32_DIFFERENCE = 1e-3
MOST_DICE_LOST = 0.005

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class MaskParity:
    """One graph against the trained network on the same validation crops.

    Attributes:
        crops: how many.
        largest_difference: of probabilities, over all pixels.
        same_mask: mean Dice between the network's masks and the graph's.
        dice_network: mean Dice of the network's masks with the truth.
        dice_graph: mean Dice of the graph's masks with the truth.
        crop_ms: processor milliseconds of one crop on one thread, eight crops in one call.
    """

    crops: int
    largest_difference: float
    same_mask: float
    dice_network: float
    dice_graph: float
    crop_ms: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported, how faithful it is, and the figures of the graph that ships; `test` chose nothing."""

    name: str
    version: str
    architecture: str
    step: int
    parameters: int
    sha256: str
    precision: str
    threshold: float
    recipe: dict[str, Any]
    fp32: MaskParity
    int8: MaskParity
    validation: dict[str, MaskFigures]
    test: SegmenterReport


def write_segmenter(network: nn.Module, path: Path) -> int:
    """Export in FP32, opset 18; return the number of weights.

    Input `crops` float (N, 3, 128, 128), RGB in 0..1; output `mask_logits` (N, 1, 128, 128); N is free.
    """
    plain = network.eval().to(memory_format=torch.contiguous_format)
    write_graph(plain, torch.zeros(2, 3, SIZE, SIZE), path, INPUT_NAME, (OUTPUT_NAME,))
    return count_parameters(plain)


def compare(
    network: NDArray[np.float32], graph: OnnxSegmenter, crops: list[OutlinedCrop], threshold: float
) -> MaskParity:
    """Hold a graph against the network's probabilities (N, S, S) of the same crops."""
    images = as_input(crops)
    ours = [(mask >= threshold) & crop.inside for mask, crop in zip(network, crops, strict=True)]
    theirs = found_masks(graph.probabilities, crops, threshold)
    agreed = [OutlinedCrop(crop.image, mask, crop.inside) for crop, mask in zip(crops, ours, strict=True)]
    return MaskParity(
        crops=len(crops),
        largest_difference=float(np.abs(network - graph.probabilities(images)).max()),
        same_mask=float(np.mean(dices(theirs, agreed))),
        dice_network=float(np.mean(dices(ours, crops))),
        dice_graph=float(np.mean(dices(theirs, crops))),
        crop_ms=round(graph.milliseconds(images[:8]), 2),
    )


def require_faithful(fp32: MaskParity, int8: MaskParity) -> None:
    """Refuse graphs that outline something else than the network.

    Raises:
        ArtifactCorruptError: a figure is out of its bound.
    """
    if not fp32.largest_difference <= MOST_FP32_DIFFERENCE:
        raise ArtifactCorruptError(f"the FP32 graph is off by {fp32.largest_difference:.1e}: do not release it")
    lost = int8.dice_network - int8.dice_graph
    if not lost <= MOST_DICE_LOST:
        raise ArtifactCorruptError(f"the INT8 graph loses {lost:.4f} of Dice: ship the FP32 graph instead")


def export(checkpoint: Path, root: Path, folder: Path) -> ExportReport:
    """Write both graphs into a folder and return the report.

    Raises:
        DataMissingError, DataCorruptError: the checkpoint or a data set is not as described.
        ArtifactCorruptError: a graph is not faithful.
    """
    network, recipe, step = load_segmenter(checkpoint)
    validation = read_validation(recipe, root)
    parameters = write_segmenter(network, folder / FP32_NAME)
    quantise_dynamic(folder / FP32_NAME, folder / INT8_NAME)
    shipped = OnnxSegmenter(folder / INT8_NAME)
    boxes = {name: crops for name, crops in validation.items() if name.endswith("_box")}
    threshold = best_threshold(shipped.probabilities, list(boxes.values()))
    fp32, int8 = _parities(network, folder, [crop for crops in boxes.values() for crop in crops], threshold)
    require_faithful(fp32, int8)
    return ExportReport(
        name=recipe.model.name,
        version=recipe.model.version,
        architecture=recipe.model.architecture.value,
        step=step,
        parameters=parameters,
        sha256=file_sha256(folder / INT8_NAME),
        precision="int8-dynamic",
        threshold=threshold,
        recipe=recipe.model_dump(mode="json"),
        fp32=fp32,
        int8=int8,
        validation={
            name: measure(found_masks(shipped.probabilities, crops, threshold), crops)
            for name, crops in validation.items()
        },
        test=evaluate(shipped.probabilities, read_held_out(root, Split.TEST), threshold),
    )


def _parities(
    network: nn.Module, folder: Path, crops: list[OutlinedCrop], threshold: float
) -> tuple[MaskParity, MaskParity]:
    """Return how faithful both graphs of a folder are."""
    truth = probabilities(network, crops)
    exact, shipped = OnnxSegmenter(folder / FP32_NAME), OnnxSegmenter(folder / INT8_NAME)
    return compare(truth, exact, crops, threshold), compare(truth, shipped, crops, threshold)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="best.pt of a training folder")],
    out: Annotated[Path, typer.Option(help="Folder for both graphs, the report and the card")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
) -> None:
    """Export, quantise, prove, measure and describe a segmenter."""
    console = Console(width=140)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = export(checkpoint, data_root, Path(folder))
            out.mkdir(parents=True, exist_ok=True)
            for name in (FP32_NAME, INT8_NAME):
                shutil.copyfile(Path(folder) / name, out / name)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    document = asdict(report)
    (out / REPORT_NAME).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    (out / CARD_NAME).write_text(render_card(document), encoding="utf-8")
    console.print(
        f"FP32 off by {report.fp32.largest_difference:.1e}, {report.fp32.crop_ms} ms; INT8 Dice "
        f"{report.int8.dice_graph:.4f} against {report.int8.dice_network:.4f}, {report.int8.crop_ms} ms"
    )
    console.print(as_table(f"{report.name} on test, probability {report.threshold}", report.test))
    console.print(f"wrote {out / INT8_NAME}, {out / FP32_NAME}, {out / REPORT_NAME}, {out / CARD_NAME}")


if __name__ == "__main__":
    app()
