"""Evaluate an exported detector: `python -m models.evaluation.detector`.

Runs the ONNX file through ONNX Runtime on held-out photographs, writes a JSON report and prints a table.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from models.data.lesions import DEFAULT_ROOT, LabelledPhoto, Split, read_split
from models.errors import ModelsError
from models.evaluation.metrics import PhotoTruth
from models.evaluation.report import Report, build_report, named_rows
from models.evaluation.runner import OnnxDetector
from models.export.sidecar import read_sidecar, sidecar_path

DEFAULT_MODEL = Path("models/artifacts/lesion_yolov10n.onnx")
DEFAULT_OUT = Path("reports/eval.json")
TABLE_COLUMNS = 124

app = typer.Typer(add_completion=False)


def evaluate(detector: OnnxDetector, photos: list[LabelledPhoto], threshold: float) -> Report:
    """Detect on all photographs, with a progress bar, and measure."""
    found = [detector.detect_raw(p.image) for p in track(photos, description="detecting", transient=True)]
    truths = [PhotoTruth(photo.boxes, photo.classes) for photo in photos]
    return build_report(truths, [photo.tone for photo in photos], found, threshold)


def cell(interval: dict[str, Any]) -> str:
    """Return the value over its interval with three digits, or a dash where undefined."""
    if interval["value"] is None:
        return "-"
    return f"{interval['value']:.3f}\n{interval['low']:.3f}-{interval['high']:.3f}"


def as_table(title: str, report: dict[str, Any]) -> Table:
    """Return the figures as a table for people."""
    table = Table(title=title, show_lines=True, padding=(0, 0))
    heads = ("group", "photos", "labels", "mAP50", "mAP50-95", "recall", "precision ≥", "false/photo ≤")
    for head in heads:
        table.add_column(head, justify="left" if head == "group" else "right")
    keys = ("map50", "map50_95", "recall", "precision", "false_positives_per_photo")
    for name, row in named_rows(report):
        table.add_row(name, str(row["photos"]), str(row["labels"]), *(cell(row[key]) for key in keys))
    return table


def print_wide(console: Console, table: Table) -> None:
    """Print a table without folding its figures, also where output goes to a file."""
    Console(file=console.file, width=max(console.width, TABLE_COLUMNS)).print(table)


@app.command()
def main(
    model: Annotated[Path, typer.Option(help="ONNX file with its JSON sidecar beside it")] = DEFAULT_MODEL,
    data_root: Annotated[Path, typer.Option(help="Folder that holds images/")] = DEFAULT_ROOT,
    split: Annotated[Split, typer.Option(help="Side of the data; figures to quote come from test")] = Split.TEST,
    out: Annotated[Path, typer.Option(help="JSON report to write")] = DEFAULT_OUT,
) -> None:
    """Measure the exported detector on photographs it never saw."""
    console = Console()
    try:
        sidecar = read_sidecar(sidecar_path(model))
        detector = OnnxDetector(model, sidecar.sha256)
        photos = read_split(data_root, split)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    report = asdict(evaluate(detector, photos, sidecar.score_threshold))
    document = {
        "model": {"name": sidecar.name, "version": sidecar.version, "sha256": sidecar.sha256},
        "split": split.value,
        "score_threshold": sidecar.score_threshold,
        "iou": 0.5,
        "intervals": "95 % bootstrap over photographs",
        "figures": report,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print_wide(console, as_table(f"{sidecar.name} {sidecar.version} on {split.value}", report))
    console.print(f"at score ≥ {sidecar.score_threshold}, IoU 0.5; repeated boxes {report['repeated_share']:.1%}")
    console.print(f"written to {out}")


if __name__ == "__main__":
    app()
