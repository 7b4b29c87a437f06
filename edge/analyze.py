"""`medspa analyze`: what the box would say about a photograph, with no clinic set up and nothing stored."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from shared.errors import MedSpaError, Rejected
from shared.vocabulary import GateProfileName, View

if TYPE_CHECKING:
    from edge.analysis.detector import Sight
    from edge.analysis.domain import AnalysisResult, Finding, Scale
    from edge.vision import Vision

_TOGETHER: Final = 4


def analyze(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP files.", exists=True, dir_okay=False)],
    models: Annotated[Path, typer.Option(help="Folder of the face models fetched at set-up.")] = Path(".cache/models"),
    bundle: Annotated[Path | None, typer.Option(help="Folder of the model bundle; the shipped one by default.")] = None,
    profile: Annotated[GateProfileName, typer.Option(help="Limits to hold it to.")] = GateProfileName.IMPORT,
    view: Annotated[View, typer.Option(help="View the photograph shows.")] = View.FRONT,
    card_mm: Annotated[float | None, typer.Option(help="Length of a colour card in the picture, in mm.")] = None,
    card_pixels: Annotated[float | None, typer.Option(help="The same length in pixels of the picture.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a photograph.")] = False,
) -> None:
    """Judge and analyse photographs; exit code 1 when one could not be read."""
    # Loads every model library; `medspa --help` and the other commands need none.
    from edge.analysis.settings import AnalysisSettings  # noqa: PLC0415
    from edge.vision import load_vision  # noqa: PLC0415

    scale = _card(card_mm, card_pixels)
    vision = load_vision(AnalysisSettings(face_models=models, bundle=bundle))
    console, unreadable = Console(), False
    for report in _reports(photos, vision, _Wish(profile, view, scale)):
        unreadable = unreadable or "error" in report
        if as_json:
            typer.echo(json.dumps(report))
        else:
            _show(console, report)
    if unreadable:
        raise typer.Exit(1)


def _card(length_mm: float | None, length_pixels: float | None) -> "Scale | None":
    from edge.analysis.scale import scale_from_card  # noqa: PLC0415

    if length_mm is None and length_pixels is None:
        return None
    if length_mm is None or length_pixels is None or length_mm <= 0 or length_pixels <= 0:
        raise Rejected("card_incomplete", "Give both --card-mm and --card-pixels, and both above 0.")
    return scale_from_card(length_mm, length_pixels)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for beside the photographs."""

    profile: GateProfileName
    view: View
    scale: "Scale | None"


def _reports(photos: Sequence[Path], vision: "Vision", wish: _Wish) -> Iterator[dict[str, Any]]:
    """Yield a report for each photograph, in their order.

    Of several, the next ones are read while those before them are analysed together.
    """
    from edge.analysis.batching import BatchLimits, MicroBatcher  # noqa: PLC0415

    if len(photos) == 1:
        sight, report = _seen(photos[0], vision, wish)
        yield report if sight is None else report | _said(vision.pipeline.analyse(sight.image, sight.face, sight.scale))
        return
    batcher = MicroBatcher(vision.pipeline.analyse_many, BatchLimits(most=_TOGETHER))
    waiting: deque[tuple[dict[str, Any], Future[AnalysisResult] | None]] = deque()
    batcher.start()
    try:
        for path in photos:
            sight, report = _seen(path, vision, wish)
            waiting.append((report, None if sight is None else batcher.submit(sight)))
            # Each photograph that waits takes its pixels in memory.
            if len(waiting) > _TOGETHER:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())
    finally:
        batcher.stop()


def _finished(report: dict[str, Any], answer: "Future[AnalysisResult] | None") -> dict[str, Any]:
    return report if answer is None else report | _said(answer.result())


def _seen(path: Path, vision: "Vision", wish: _Wish) -> tuple["Sight | None", dict[str, Any]]:
    """Return a photograph with its face and the report's beginning; only the error when it is unreadable."""
    from edge.analysis.detector import Sight  # noqa: PLC0415
    from shared.imaging.decode import ImageLimits, decode_image  # noqa: PLC0415

    try:
        image = decode_image(path.read_bytes(), ImageLimits())
    except MedSpaError as error:
        return None, {"photo": path.name, "error": {"code": error.code, "sentence": error.sentence}}
    gate = vision.kiosk_gate if wish.profile is GateProfileName.KIOSK else vision.import_gate
    faces = vision.landmarker.detect(image)
    verdict = gate.assess(image, faces, wish.view)
    return Sight(image, faces[0] if faces else None, wish.scale), {
        "photo": path.name,
        "width": image.shape[1],
        "height": image.shape[0],
        "gate": {
            "profile": verdict.profile,
            "passed": verdict.passed,
            "failures": [asdict(failure) for failure in verdict.failures],
            "measures": {name: round(float(value), 4) for name, value in verdict.measures.items()},
        },
    }


def _said(result: "AnalysisResult") -> dict[str, Any]:
    return {
        "route": result.route,
        "reasons": list(result.reasons),
        "findings": [_finding(finding) for finding in result.findings],
        "grades": [asdict(grade) for grade in result.grades],
        "measures": [asdict(measure) for measure in result.measures],
        "scale": result.scale and asdict(result.scale),
        "bundle": result.bundle and asdict(result.bundle),
        "models": [asdict(model) for model in result.models],
    }


def _finding(finding: "Finding") -> dict[str, Any]:
    # What identifies a face stays inside.
    fields = {name: getattr(finding, name) for name in type(finding).__slots__ if name != "embedding"}
    return fields | {"box": asdict(finding.box)}


def _show(console: Console, report: dict[str, Any]) -> None:
    if "error" in report:
        console.print(f"{report['photo']}: {report['error']['sentence']}", style="red", highlight=False)
        return
    gate = report["gate"]
    verdict = "passed" if gate["passed"] else "; ".join(item["sentence"] for item in gate["failures"])
    table = Table(title=f"{report['photo']} · gate {gate['profile']}: {verdict}", title_justify="left")
    for heading in ("type", "confidence", "route", "region", "area", "box in pixels"):
        table.add_column(heading)
    for item in report["findings"]:
        table.add_row(*_row(item))
    console.print(table)
    whole = next((item for item in report["grades"] if item["region"] is None), None)
    if whole is not None:
        counted = f"{whole['count']} counted, {whole['count_low']} to {whole['count_high']} likely"
        console.print(f"Face: {_words(whole['grade'])} ({counted})", highlight=False)
    why = f" ({', '.join(map(_words, report['reasons']))})" if report["reasons"] else ""
    console.print(f"Route: {_words(report['route'])}{why}", highlight=False)
    if report["bundle"] is not None:
        used = report["bundle"]
        console.print(
            f"Models: {used['name']} {used['version']}, {used['licence']}. {used['allowed_use']}", style="dim"
        )
    console.print("Supports a professional's review; not a diagnosis.", style="dim")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    box = item["box"]
    place = f"{box['x']:.0f}, {box['y']:.0f}, {box['w']:.0f} x {box['h']:.0f}"
    if item["area_mm2"] is not None:
        area = f"about {item['area_mm2']:.1f} mm²"
    elif item["area_share"] is not None:
        area = f"{item['area_share']:.2%} of the face"
    else:
        area = f"{item['area_px']:.0f} px²" if item["area_px"] else "-"
    sure = f"{item['confidence']:.2f}"
    return _words(item["type"] or "-"), sure, _words(item["route"]), _words(item["region"] or "-"), area, place


def _words(code: str) -> str:
    return code.replace("_", " ")
