# mypy: disable-error-code="untyped-decorator"
"""Export a trained classifier: `python -m models.export.classifier --checkpoint <folder>/last.pt`.

Writes the FP32 graph, the INT8 graph that ships, and a report that holds the two against the trained network.
Nothing is left behind when the graphs do not say what the network says.
"""

import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console

from models.classification.resnet import ResNet18, for_deployment
from models.count import count_parameters
from models.data.lesions import DEFAULT_ROOT, Split
from models.data.type_crops import SIZE
from models.data.type_sources import TypeCrops, exact_crops, read_growths, read_photographs
from models.errors import ArtifactCorruptError, ModelsError
from models.evaluation.classification_metrics import ClassificationFigures, measure
from models.evaluation.classifier_runner import INPUT_NAME, OUTPUT_NAMES, OnnxClassifier
from models.evaluation.runner import file_sha256
from models.export.classifier_card import render_card
from models.export.graph_file import write_graph
from models.export.quantise import (
    Feed,
    QuantiseSettings,
    WeightRange,
    int8_share_of_macs,
    quantise_static,
)
from models.training.classifier import read_held_out, read_sources
from models.training.classifier_loop import load_classifier, probabilities, step_batch
from models.training.classifier_recipe import ClassifierRecipe
from shared.vision.parameters import CROP_CLASSES

CALIBRATION_CROPS = 384
FP32_NAME, INT8_NAME, REPORT_NAME = "classifier.fp32.onnx", "classifier.onnx", "classifier.json"
CARD_NAME = "classifier.md"
# The mean over places and the last product stay in float: they cost nothing, and the features stay fine.
INT8_OPS = ("Conv", "Relu", "MaxPool", "Add")
LEAST_INT8_SHARE = 0.95
MOST_FP32_DIFFERENCE = 1e-4
LEAST_AGREEMENT = 0.95
MOST_ACCURACY_LOST = 0.01

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One graph against the trained network on the same crops; differences are of probabilities."""

    crops: int
    accuracy_network: float
    accuracy_graph: float
    same_class: float
    largest_difference: float
    mean_difference: float


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported, how faithful it is, and the INT8 graph's figures; `test` chose nothing."""

    name: str
    version: str
    step: int
    parameters: int
    sha256: str
    int8_share_of_macs: float
    weights: str
    recipe: dict[str, Any]
    fp32: Comparison
    int8: Comparison
    validation: dict[str, ClassificationFigures]
    test: ClassificationFigures | None


def write_classifier(network: ResNet18, path: Path) -> int:
    """Export with normalisations merged, FP32, opset 18; return the number of weights that ship.

    Input `crops` float (N, 3, 64, 64), RGB in 0..1; outputs `logits` (N, 5) and `features` (N, 512); N is free.
    """
    deployed = for_deployment(network).to(memory_format=torch.contiguous_format)
    write_graph(deployed, torch.zeros(2, 3, SIZE, SIZE), path, INPUT_NAME, OUTPUT_NAMES)
    return count_parameters(deployed)


def compare(network: NDArray[np.float64], graph: NDArray[np.float64], labels: NDArray[np.int64]) -> Comparison:
    """Hold a graph's probabilities (N, 5) against the network's; N must not be zero."""
    apart = np.abs(network - graph)
    return Comparison(
        crops=len(labels),
        accuracy_network=float((network.argmax(axis=1) == labels).mean()),
        accuracy_graph=float((graph.argmax(axis=1) == labels).mean()),
        same_class=float((network.argmax(axis=1) == graph.argmax(axis=1)).mean()),
        largest_difference=float(apart.max()),
        mean_difference=float(apart.mean()),
    )


def require_faithful(fp32: Comparison, int8: Comparison, share: float) -> None:
    """Refuse graphs that say something else than the network, or that hardly run in INT8.

    Raises:
        ArtifactCorruptError: a figure is out of its bound.
    """
    lost = int8.accuracy_network - int8.accuracy_graph
    if not fp32.largest_difference <= MOST_FP32_DIFFERENCE:
        raise ArtifactCorruptError(f"the FP32 graph is off by {fp32.largest_difference:.1e}: do not release it")
    if not (int8.same_class >= LEAST_AGREEMENT and lost <= MOST_ACCURACY_LOST):
        raise ArtifactCorruptError(
            f"the INT8 graph agrees on {int8.same_class:.1%} and loses {lost:.1%} of accuracy: "
            "quantise with other settings"
        )
    if not share >= LEAST_INT8_SHARE:
        raise ArtifactCorruptError(f"only {share:.1%} of the work runs in INT8: quantise more of the graph")


def calibration_feeds(recipe: ClassifierRecipe, root: Path) -> Iterator[Feed]:
    """Yield training crops of the last stage, drawn as the network learnt from them."""
    sources = read_sources(recipe, root)
    for back in range(1, 1 + -(-CALIBRATION_CROPS // recipe.optimiser.batch)):
        images, _ = step_batch(recipe, sources, recipe.steps - back)
        yield {INPUT_NAME: np.ascontiguousarray(images.numpy())}


def read_test(recipe: ClassifierRecipe, root: Path) -> TypeCrops | None:
    """Return the test crops of real photographs, None when the recipe leaves photographs alone."""
    if not recipe.data.measure_on_photographs:
        return None
    return exact_crops([*read_photographs(root, Split.TEST), *read_growths(root, Split.TEST)])


def export(checkpoint: Path, root: Path, folder: Path, settings: QuantiseSettings) -> ExportReport:
    """Write both graphs into a folder and return the report.

    Raises:
        DataMissingError, DataCorruptError: the checkpoint or a data set is not as described.
        ArtifactCorruptError: a graph is not faithful.
    """
    network, recipe, step = load_classifier(checkpoint)
    held_out = read_held_out(recipe, root)
    parameters = write_classifier(network, folder / FP32_NAME)
    quantise_static(folder / FP32_NAME, folder / INT8_NAME, calibration_feeds(recipe, root), settings)
    exact, shipped = OnnxClassifier(folder / FP32_NAME), OnnxClassifier(folder / INT8_NAME)
    crops = _joined(list(held_out.values()))
    truth, images = probabilities(network, crops), crops.network_input()
    fp32 = compare(truth, exact.probabilities(images), crops.labels)
    int8 = compare(truth, shipped.probabilities(images), crops.labels)
    share = int8_share_of_macs(folder / INT8_NAME)
    require_faithful(fp32, int8, share)
    test = read_test(recipe, root)
    return ExportReport(
        name=recipe.model.name,
        version=recipe.model.version,
        step=step,
        parameters=parameters,
        sha256=file_sha256(folder / INT8_NAME),
        int8_share_of_macs=share,
        weights=settings.weights.value,
        recipe=recipe.model_dump(mode="json"),
        fp32=fp32,
        int8=int8,
        validation={name: _figures(shipped, part) for name, part in held_out.items()},
        test=None if test is None else _figures(shipped, test),
    )


def _joined(parts: list[TypeCrops]) -> TypeCrops:
    return TypeCrops(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        tuple(tone for part in parts for tone in part.tones),
    )


def _figures(classifier: OnnxClassifier, crops: TypeCrops) -> ClassificationFigures:
    names = tuple(name.value for name in CROP_CLASSES)
    return measure(classifier.probabilities(crops.network_input()), crops.labels, names)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="last.pt of a training folder")],
    out: Annotated[Path, typer.Option(help="Folder for both graphs and the report")],
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/ and weights/")] = DEFAULT_ROOT,
    weights: Annotated[WeightRange, typer.Option(help="How INT8 weights are stored")] = WeightRange.SEVEN_BITS,
) -> None:
    """Export, quantise, prove and measure a classifier."""
    console = Console()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings = QuantiseSettings(op_types=INT8_OPS, weights=weights)
            report = export(checkpoint, data_root, Path(folder), settings)
            out.mkdir(parents=True, exist_ok=True)
            for name in (FP32_NAME, INT8_NAME):
                shutil.copyfile(Path(folder) / name, out / name)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    # NaN stands for "cannot be told" in the figures and has no JSON form.
    document = _plain(asdict(report))
    (out / REPORT_NAME).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    (out / CARD_NAME).write_text(render_card(document), encoding="utf-8")
    console.print(
        f"FP32 off by {report.fp32.largest_difference:.1e}; INT8 ({report.int8_share_of_macs:.1%} of the work) off by "
        f"{report.int8.largest_difference:.3f} at most, same class on {report.int8.same_class:.1%}, accuracy "
        f"{report.int8.accuracy_graph:.4f} against {report.int8.accuracy_network:.4f}"
    )
    for name, figures in {**report.validation, "test": report.test}.items():
        if figures is not None:
            console.print(f"{name}: AUC {figures.auc_macro:.4f}, balanced accuracy {figures.balanced_accuracy:.4f}")
    console.print(f"wrote {out / INT8_NAME}, {out / FP32_NAME}, {out / REPORT_NAME}, {out / CARD_NAME}")


def _plain(value: Any) -> Any:
    """Replace NaN by None throughout."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    app()
