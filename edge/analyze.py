"""`medspa analyze`: what the box would say about a photograph, with no clinic set up and nothing stored."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from edge.config import AnalysisSettings
from edge.vision import Vision, load_vision
from shared.errors import MedSpaError
from shared.imaging.decode import ImageLimits, decode_image
from shared.vocabulary import GateProfileName, View


def analyze(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP files.", exists=True, dir_okay=False)],
    models: Annotated[Path, typer.Option(help="Folder of the face models fetched at set-up.")] = Path(".cache/models"),
    profile: Annotated[GateProfileName, typer.Option(help="Limits to hold it to.")] = GateProfileName.IMPORT,
    view: Annotated[View, typer.Option(help="View the photograph shows.")] = View.FRONT,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a photograph.")] = False,
) -> None:
    """Judge and analyse photographs; exit code 1 when one could not be read."""
    vision = load_vision(AnalysisSettings(face_models=models))
    console, unreadable = Console(), False
    for path in photos:
        report = _report(path, vision, profile, view)
        unreadable = unreadable or "error" in report
        if as_json:
            typer.echo(json.dumps(report))
        else:
            _show(console, report)
    if unreadable:
        raise typer.Exit(1)


def _report(path: Path, vision: Vision, profile: GateProfileName, view: View) -> dict[str, Any]:
    try:
        image = decode_image(path.read_bytes(), ImageLimits())
    except MedSpaError as error:
        return {"photo": path.name, "error": {"code": error.code, "sentence": error.sentence}}
    gate = vision.kiosk_gate if profile is GateProfileName.KIOSK else vision.import_gate
    faces = vision.landmarker.detect(image)
    verdict = gate.assess(image, faces, view)
    result = vision.pipeline.analyse(image, faces[0] if faces else None)
    return {
        "photo": path.name,
        "width": result.width,
        "height": result.height,
        "gate": {
            "profile": verdict.profile,
            "passed": verdict.passed,
            "failures": [asdict(failure) for failure in verdict.failures],
            "measures": {name: round(float(value), 4) for name, value in verdict.measures.items()},
        },
        "findings": [asdict(finding) for finding in result.findings],
        "measures": [asdict(measure) for measure in result.measures],
        "models": [asdict(model) for model in result.models],
    }


def _show(console: Console, report: dict[str, Any]) -> None:
    if "error" in report:
        console.print(f"{report['photo']}: {report['error']['sentence']}", style="red", highlight=False)
        return
    gate = report["gate"]
    verdict = "passed" if gate["passed"] else "; ".join(item["sentence"] for item in gate["failures"])
    table = Table(title=f"{report['photo']} · gate {gate['profile']}: {verdict}", title_justify="left")
    for heading in ("finding", "confidence", "region", "box in pixels"):
        table.add_column(heading)
    for item in report["findings"]:
        box = item["box"]
        place = f"{box['x']:.0f}, {box['y']:.0f}, {box['w']:.0f} x {box['h']:.0f}"
        table.add_row(item["type"], f"{item['confidence']:.2f}", item["region"] or "-", place)
    console.print(table)
    console.print("Supports a professional's review; not a diagnosis.", style="dim")
