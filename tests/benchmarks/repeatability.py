"""How well the box repeats itself: `python -m tests.benchmarks.repeatability [--faces N] [--split test|val]`.

Each held-out face is captured twice more by simulation (`shared/vision/repeat_capture.toml`, seeds from the file
names); landmarks, measures and findings come from what the box runs. Writes reports/repeatability.json.
`--table FILE` also writes the coefficients for a bundle's parameters and needs `--split val`: parameters never
see the test side. Simulated captures hold the face, the lamps and the camera still; real ones differ by more.
"""

import argparse
import csv
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from edge.analysis.domain import AnalysisResult, Box, RegionMeasure
from edge.analysis.measures import measure_regions
from edge.analysis.settings import AnalysisSettings
from edge.vision import Vision, load_vision
from shared.imaging.image import RgbImage
from shared.vision.repeat_capture import apply, read_limits
from shared.vocabulary import View
from tests.benchmarks.repeat_rows import GENERATED, TARGETS, WHOLE_FACE, Repeat, Row, rows, shown, table_for_bundle
from tests.support.faces import PHOTOGRAPHS, photograph

REPORT = Path("reports/repeatability.json")
SOURCES = ("ffhq_acne_spots", "us_official_portraits", "sfhq_t2i_faces")
MEASURES = (
    "erythema_index",
    "redness_a",
    "melanin_index",
    "spot_area_share",
    "shine_share",
    "texture_energy",
    "line_energy",
    "lightness",
)
SAME_IOU = 0.3  # small boxes moved by a few pixels still overlap by this much


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A photograph that nothing was fitted on, and the tone a viewer saw."""

    source: str
    name: str
    tone: str


def held_out(split: str, most: int | None) -> list[HeldOut]:
    """Return the faces of a side, evenly spread over the sources when only some are wanted."""
    found = []
    for source in SOURCES:
        with (PHOTOGRAPHS / source / "split.csv").open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["split"] == split]
        found += [HeldOut(source, row["image"], row.get("tone_visual") or GENERATED) for row in rows]
    if most is None or most >= len(found):
        return found
    return [found[index] for index in np.linspace(0, len(found) - 1, most).round().astype(int)]


def captures(face: HeldOut) -> Iterator[RgbImage]:
    """Yield the photograph and two captures of it."""
    image, limits = photograph(face.source, face.name), read_limits()
    yield image
    for number in (1, 2):
        yield apply(image, np.random.default_rng([zlib.crc32(face.name.encode()), number]), limits)


def repeats(face: HeldOut, vision: Vision) -> Iterator[Repeat]:
    """Yield every value that the photograph and both captures have, and the area of every feature seen on all."""
    seen: list[dict[tuple[str, str], float]] = []
    results: list[AnalysisResult] = []
    passed = False
    for image in captures(face):
        faces = vision.landmarker.detect(image)
        if not faces:
            return
        if not seen:
            passed = vision.import_gate.assess(image, faces, View.FRONT).passed
        results.append(vision.pipeline.analyse(image, faces[0]))
        seen.append({**appearance(results[-1].measures), **counts(results[-1])})
    for key in sorted(set.intersection(*(set(each) for each in seen))):
        yield Repeat(*key, face.tone, passed, *(each[key] for each in seen))
    for areas in areas_of_the_same(results):
        yield Repeat("lesion_area", WHOLE_FACE, face.tone, passed, *areas)


def areas_of_the_same(results: Sequence[AnalysisResult]) -> Iterator[tuple[float, float, float]]:
    """Yield the outlined areas, in pixels, of each feature that the photograph and both captures show."""
    first, *others = ([item for item in result.findings if item.area_px > 0] for result in results)
    for item in first:
        same = [max(other, key=lambda each: _overlap(item.box, each.box), default=None) for other in others]
        one, two = same
        if one and two and min(_overlap(item.box, one.box), _overlap(item.box, two.box)) >= SAME_IOU:
            yield item.area_px, one.area_px, two.area_px


def _overlap(one: Box, two: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one.x + one.w, two.x + two.w) - max(one.x, two.x)
    height = min(one.y + one.h, two.y + two.h) - max(one.y, two.y)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (one.w * one.h + two.w * two.h - shared)


def appearance(measures: Sequence[RegionMeasure]) -> dict[tuple[str, str], float]:
    """Return the measures of each region, and of the whole face by the pixels measured."""
    found = {}
    for name in MEASURES:
        known = [(item, value) for item in measures if (value := getattr(item, name)) is not None]
        found.update({(name, item.region.value): float(value) for item, value in known})
        pixels = sum(item.pixels for item, _ in known)
        if pixels:
            found[name, WHOLE_FACE] = sum(item.pixels * value for item, value in known) / pixels
    return found


def counts(result: AnalysisResult) -> dict[tuple[str, str], float]:
    """Return the counts that visits are compared by, the graded ones, and for the whole face what is found."""
    found = {}
    for grade in result.grades:
        place = grade.region.value if grade.region else WHOLE_FACE
        found["count_graded", place] = float(grade.count)
        found["count", place] = float(grade.count) if grade.expected is None else grade.expected
    found["count_found", WHOLE_FACE] = float(sum(item.type is not None for item in result.findings))
    return found


def measuring_ms(faces: Sequence[HeldOut], vision: Vision, most: int = 10) -> float:
    """Return the median CPU milliseconds that measuring a face takes, on one thread."""
    taken = []
    for face in faces[:most]:
        image = photograph(face.source, face.name)
        for found in vision.landmarker.detect(image)[:1]:
            for _ in range(3):
                began = time.process_time()
                measure_regions(image, found)
                taken.append(1000 * (time.process_time() - began))
    return float(np.median(taken)) if taken else 0.0


def rounded(row: Row) -> dict[str, object]:
    """Return a row as JSON holds it, four digits of each figure."""
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in asdict(row).items()}


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=None, help="this many faces; all by default")
    parser.add_argument("--split", choices=("test", "val"), default="test")
    parser.add_argument("--bundle", type=Path, default=None, help="bundle to count with; the product's by default")
    parser.add_argument("--table", type=Path, default=None, help="write the coefficients for a bundle's parameters")
    parser.add_argument("--report", type=Path, default=REPORT)
    wanted = parser.parse_args()
    if wanted.table is not None and wanted.split != "val":
        parser.error("--table needs --split val: parameters never see the test side")
    vision = load_vision(AnalysisSettings(bundle=wanted.bundle, face_models=Path(".cache/models")))
    faces = held_out(wanted.split, wanted.faces)
    found = [each for face in track(faces, "captures") for each in repeats(face, vision)]
    every, accepted = rows(found), rows(each for each in found if each.passed)
    console = Console(width=150)
    console.print(shown(every, f"{wanted.split}: all faces"))
    console.print(shown([each for each in accepted if each.region == WHOLE_FACE], "those the import gate accepts"))
    milliseconds = measuring_ms(faces, vision)
    console.print(f"measuring a face takes {milliseconds:.0f} ms of one core")
    document = {
        "split": wanted.split,
        "faces": len(faces),
        "limits": read_limits().model_dump(),
        "models": [asdict(version) for version in vision.versions],
        "targets": TARGETS,
        "measuring_cpu_ms": milliseconds,
        "rows": [rounded(each) for each in every],
        "rows_of_accepted_faces": [rounded(each) for each in accepted],
    }
    wanted.report.parent.mkdir(parents=True, exist_ok=True)
    wanted.report.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if wanted.table is not None:
        table = {name: each.model_dump() for name, each in table_for_bundle(found).items()}
        wanted.table.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
