"""Evaluate the shipped bundles: `python -m models.evaluation`.

Runs every graph and every fitted number on the held-out side, prints the main table, and writes
reports/eval.json and reports/eval.html (with pictures).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from models.data.lesions import DEFAULT_ROOT, Split
from models.errors import ModelsError
from models.evaluation.bootstrap import Interval, bootstrap
from models.evaluation.bundle_study import BundleStudy, HeldOutSide, Studied, detect_all, read_side, study_bundle
from models.evaluation.html_report import Extra, render
from models.evaluation.metrics import average_precision, match_photo
from models.evaluation.pictures import Picture, masks_beside, photo_with_findings
from models.evaluation.release_gate import gates
from models.evaluation.segmenter_report import dices, found_masks
from models.evaluation.segmenter_runner import OnnxSegmenter
from shared.errors import MedSpaError
from shared.vision.bundle import Bundle, GraphRole, read_bundle

BUNDLES = Path("models/bundles")
RELEASE = Path("models/artifacts/lesion_yolov10n.onnx")
ABLATION = Path("models/cards/ablation.json")
REPEATABILITY = Path("reports/repeatability.json")
_GALLERY = 4
_MASKS_IN_A_ROW = 6

app = typer.Typer(add_completion=False)


def other_detectors(side: HeldOutSide) -> dict[str, Interval]:
    """Return mAP50 of the detector that was released before."""
    if not RELEASE.is_file():
        return {}
    found = detect_all(RELEASE, side)
    matches = [match_photo(t, f, None) for t, f in zip(side.truths, found, strict=True)]
    value = bootstrap(len(matches), lambda index: float(average_precision([matches[i] for i in index])[0]))
    return {"release 0.1.0, repeats merged too": value}


def gallery(studied: Studied, side: HeldOutSide) -> list[Picture]:
    """Return the photographs with the best and the worst agreement between labels and findings."""
    threshold = studied.study.detection.threshold
    scored: list[tuple[float, int]] = []
    for index, (truth, found) in enumerate(zip(side.truths, studied.found, strict=True)):
        match = match_photo(truth, found, None)
        kept = match.scores >= threshold
        hits = int(match.hits[0, kept].sum())
        scored.append((2 * hits / max(match.labels + int(kept.sum()), 1), index))
    order = [index for _, index in sorted(scored, reverse=True)]
    pictures = []
    for words, chosen in (("best agreement", order[:_GALLERY]), ("worst agreement", order[-_GALLERY:])):
        for index in chosen:
            photo = side.photos[index]
            caption = f"{studied.study.name}, {words}: {photo.name}, tone {photo.tone}"
            truth, found = side.truths[index], studied.found[index]
            pictures.append(photo_with_findings(photo.image, truth, found, threshold, caption))
    return pictures


def outlines(bundle: Bundle, side: HeldOutSide) -> list[Picture]:
    """Return a row of typical and a row of the worst outlines of each group."""
    segmenter = OnnxSegmenter(bundle.graph(GraphRole.SEGMENTER))
    pictures = []
    for name, crops in side.outlined.crops.items():
        masks = found_masks(segmenter.probabilities, crops, bundle.parameters.segmenter.threshold)
        order = np.argsort(dices(masks, crops))
        middle = len(order) // 2
        for words, chosen in (
            ("worst", order[:_MASKS_IN_A_ROW]),
            ("typical", order[middle : middle + _MASKS_IN_A_ROW]),
        ):
            caption = (
                f"{bundle.manifest.name}, {name.replace('_', ' ')}, {words} outlines: labelled yellow, found green"
            )
            pictures.append(masks_beside([crops[i] for i in chosen], [masks[i] for i in chosen], caption))
    return pictures


def main_table(studies: Sequence[BundleStudy], others: dict[str, Interval]) -> Table:
    """Return the figures that the bundles are compared by."""
    table = Table(title="held-out photographs", show_lines=True)
    for head in ("figure", *(study.name for study in studies)):
        table.add_column(head)
    rows: list[tuple[str, list[str]]] = [
        ("mAP50, any visible feature", [_cell(s.detection.map50) for s in studies]),
        ("mAP50-95", [_cell(s.detection.map50_95) for s in studies]),
        ("recall at 2 false a photo", [_cell(s.detection.recall_at_two_false) for s in studies]),
        ("two captures: count differs by", [_cell(s.consistency.count_difference) for s in studies]),
        ("two captures: all counts together", [f"{s.consistency.total_difference:.3f}" for s in studies]),
        ("tone gap in recall", [_gap(s) for s in studies]),
        ("AUC of types", [f"{s.classification.figures.auc_macro:.3f}" for s in studies]),
        ("balanced accuracy", [f"{s.classification.figures.balanced_accuracy:.3f}" for s in studies]),
        ("ECE before, after", [_ece(s) for s in studies]),
        ("coverage of 90 % sets, mean size", [_coverage(s) for s in studies]),
        *(
            (f"Dice {name}", [_cell(s.segmentation.groups[name].dice) for s in studies])
            for name in studies[0].segmentation.groups
        ),
    ]
    for name, cells in rows:
        table.add_row(name, *cells)
    for name, value in others.items():
        table.add_row(f"mAP50, {name}", _cell(value), *[""] * (len(studies) - 1))
    return table


def gate_table(study: BundleStudy, repeatability: Sequence[Mapping[str, object]]) -> Table:
    """Return what stands between a bundle and its release."""
    table = Table(title=f"release gates of {study.name}")
    for head in ("bar", "seen", "wanted", "passed"):
        table.add_column(head)
    for gate in gates(study, repeatability):
        table.add_row(gate.name, gate.seen, gate.bar, "yes" if gate.passed else "NO")
    return table


def _cell(value: Interval) -> str:
    return "-" if value.value is None else f"{value.value:.3f} ({value.low:.3f}-{value.high:.3f})"


def _gap(study: BundleStudy) -> str:
    gap = next(g for g in study.detection.gaps if g.dimension == "tone")
    return f"{gap.all_groups:.3f} ({gap.worst} worst)"


def _ece(study: BundleStudy) -> str:
    return f"{study.classification.raw_ece:.3f}, {study.classification.figures.ece:.3f}"


def _coverage(study: BundleStudy) -> str:
    every = study.classification.sets[0]
    return f"{_cell(every.coverage)}, {every.mean_size:.2f}"


def _told(status: Status, name: str) -> Callable[[str], None]:
    """Return what shows the step that a bundle's study has come to."""
    return lambda step: status.update(f"{name}: {step}")


def _read(path: Path) -> Any:
    """Return a JSON report made elsewhere, an empty list where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def rows_of(report: Any, bundle: Bundle) -> list[dict[str, object]]:
    """Return a repeatability report's rows, none where it was measured with other graphs than this bundle's."""
    if not report:
        return []
    ours = {bundle.manifest.files[bundle.graph(role).name] for role in GraphRole}
    return list(report["rows"]) if {model["sha256"] for model in report["models"]} == ours else []


@app.command()
def main(
    bundles: Annotated[Path, typer.Option(help="Folder of bundles")] = BUNDLES,
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    split: Annotated[Split, typer.Option(help="Side of the data; figures to quote come from test")] = Split.TEST,
    out: Annotated[Path, typer.Option(help="Folder for eval.json and eval.html")] = Path("reports"),
) -> None:
    """Measure the bundles on photographs they never saw."""
    console = Console(width=120)
    read: list[Bundle] = []
    studied: list[Studied] = []
    pictures: list[Picture] = []
    try:
        side = read_side(data_root, split)
        for folder in sorted(path for path in bundles.iterdir() if path.is_dir()):
            bundle = read_bundle(folder)
            read.append(bundle)
            with console.status(f"{bundle.manifest.name}: reading") as status:
                name = bundle.manifest.name
                one = study_bundle(bundle, side, data_root, split, _told(status, name))
            studied.append(one)
            pictures += gallery(one, side) + outlines(bundle, side)
        others = other_detectors(side)
    except (ModelsError, MedSpaError) as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    studies = [one.study for one in studied]
    report = _read(REPEATABILITY)
    rows = {bundle.manifest.name: rows_of(report, bundle) for bundle in read}
    extra = Extra(others, _read(ABLATION) or {}, rows, pictures)
    out.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {
        "split": split.value,
        "photos": len(side.photos),
        "bundles": [asdict(study) for study in studies],
    }
    document["gates"] = {study.name: [asdict(gate) for gate in gates(study, rows[study.name])] for study in studies}
    document["others"] = {name: asdict(value) for name, value in others.items()}
    (out / "eval.json").write_text(json.dumps(document, indent=1, default=_plain) + "\n", encoding="utf-8")
    (out / "eval.html").write_text(render(studies, extra, split.value, len(side.photos)), encoding="utf-8")
    console.print(main_table(studies, others))
    for study in studies:
        console.print(gate_table(study, rows[study.name]))
        if not rows[study.name]:
            console.print(f"how {study.name} repeats itself was not measured: make bench-repeat")
    console.print(f"written to {out / 'eval.json'} and {out / 'eval.html'}")


def _plain(value: object) -> object:
    """Return an array or a pydantic model as JSON can hold it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


if __name__ == "__main__":
    app()
