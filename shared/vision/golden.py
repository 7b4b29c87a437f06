"""Proof that a machine computes what was released: drawn inputs and the outputs they must give.

The inputs are drawn with whole numbers only, so they are the same to the bit everywhere; no photograph travels.
Outputs may differ by rounding between processors, so they are compared within a tolerance.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.imaging.image import RgbImage
from shared.vision.bundle import Bundle, GraphRole
from shared.vision.errors import BundleCorrupt

Run: TypeAlias = Callable[[GraphRole, NDArray[np.float32]], Mapping[str, NDArray[np.float32]]]
"""Runs the graph of a role on its input (1, 3, S, S) and returns its outputs by name."""

SEED = 1
TOLERANCE = 0.10
_PICTURES = {GraphRole.DETECTOR: 1, GraphRole.CLASSIFIER: 4, GraphRole.SEGMENTER: 2}
_DECIMALS = 5
_KEPT_VALUES = 256
_KEPT_ROWS = 10
_DETECTIONS = "detections"


class GoldenOutput(BaseModel):
    """A sample of an output: evenly spaced values, or the best rows of `detections`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[int, ...]
    values: tuple[float, ...]


class GoldenCase(BaseModel):
    """One drawn input, by its hash, and what its graph makes of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: GraphRole
    number: int = Field(ge=0)
    side: int = Field(ge=32)
    sha256: str
    outputs: dict[str, GoldenOutput]


class Golden(BaseModel):
    """All cases of a bundle.

    `tolerance` is the largest root-mean-square difference relative to the values' own, and for boxes the largest
    difference of score; boxes must also overlap by an IoU of 0.5.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    tolerance: float = Field(gt=0, lt=1)
    cases: tuple[GoldenCase, ...] = Field(min_length=1)


def draw_input(role: GraphRole, number: int, side: int) -> RgbImage:
    """Draw picture `number` of a role (side, side, 3): shaded skin colour, grain, and reddish or brown marks."""
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    state = SEED * 1_000_003 + number * 7_919 + len(role)
    grain = (((x * 73_856_093) ^ (y * 19_349_663) ^ (state * 83_492_791)) >> 7) % 17 - 8
    shade = 256 - (x * 40 + y * 56) // side
    picture = np.array([205, 165, 145], np.int64) * shade[..., None] // 256 + grain[..., None]
    for centre_x, centre_y, radius, colour in _marks(role, state, side):
        # Outside this window the mark weighs nothing.
        window = np.s_[max(0, centre_y - radius) : centre_y + radius, max(0, centre_x - radius) : centre_x + radius]
        apart = (x[window] - centre_x) ** 2 + (y[window] - centre_y) ** 2
        weight = (256 - 256 * apart // (radius * radius)).clip(0, 256)[..., None]
        picture[window] = (picture[window] * (256 - weight) + np.array(colour, np.int64) * weight) // 256
    return np.asarray(picture.clip(0, 255), np.uint8)


def _marks(role: GraphRole, state: int, side: int) -> list[tuple[int, int, int, tuple[int, int, int]]]:
    """Return centre, radius and colour of the marks: many small ones for the detector, one large one else."""
    colours = ((150, 60, 55), (110, 70, 50), (190, 90, 80))
    if role is not GraphRole.DETECTOR:
        return [(side // 2, side // 2, side // 4 + state % 5, colours[state % 3])]
    marks = []
    for index in range(24):
        # Numerical Recipes' 32-bit generator; any fixed one would do.
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        marks.append(((state >> 8) % side, (state >> 18) % side, 5 + index % 12, colours[index % 3]))
    return marks


def make_golden(sides: Mapping[GraphRole, int], run: Run) -> Golden:
    """Run every graph on its drawn inputs, of the given sides in pixels, and keep what they give."""
    cases = []
    for role, pictures in _PICTURES.items():
        for number in range(pictures):
            picture = draw_input(role, number, sides[role])
            outputs = {name: _kept(name, value) for name, value in run(role, _as_input(picture)).items()}
            cases.append(
                GoldenCase(role=role, number=number, side=sides[role], sha256=_sha256(picture), outputs=outputs)
            )
    return Golden(tolerance=TOLERANCE, cases=tuple(cases))


def read_golden(path: Path) -> Golden:
    """Read `golden.json`.

    Raises:
        BundleCorrupt: it is absent or not of the expected shape.
    """
    try:
        return Golden.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BundleCorrupt(f"{path} holds no golden cases: install the bundle again") from error


def check_golden(bundle: Bundle, run: Run) -> list[str]:
    """Return a sentence for every case this machine does not compute as released; none is a pass.

    Raises:
        BundleCorrupt: the bundle's golden file cannot be read.
    """
    golden = read_golden(bundle.golden)
    faults = []
    for case in golden.cases:
        picture = draw_input(case.role, case.number, case.side)
        if _sha256(picture) != case.sha256:
            faults.append(f"{case.role} {case.number}: the input is drawn differently here; update the software")
            continue
        outputs = run(case.role, _as_input(picture))
        for name, expected in case.outputs.items():
            fault = _fault(name, expected, outputs.get(name), golden.tolerance)
            if fault:
                faults.append(f"{case.role} {case.number}: output {name} {fault}")
    return faults


def _fault(name: str, expected: GoldenOutput, actual: NDArray[np.float32] | None, tolerance: float) -> str | None:
    """Return what is wrong with an output, or None."""
    if actual is None:
        return "is not given"
    if actual.shape != expected.shape:
        return f"has shape {actual.shape}, not {expected.shape}"
    values = np.asarray(expected.values)
    if name == _DETECTIONS:
        rows = values.reshape(-1, 5)
        lost = sum(not _is_met(row, actual[0], tolerance) for row in rows)
        return f"lacks {lost} of the {len(rows)} best boxes" if lost else None
    size = max(float(np.sqrt(np.mean(values**2))), 10.0**-_DECIMALS)
    off = float(np.sqrt(np.mean((_sampled(actual) - values) ** 2))) / size
    # Written so that an output that is not a number is a fault too.
    return None if off <= tolerance else f"is off by {off:.2f} of its size, beyond {tolerance:.2f}"


def _is_met(row: NDArray[np.float64], found: NDArray[np.float32], tolerance: float) -> bool:
    """Does a box of nearly this score overlap the expected one by an IoU of 0.5? Rows may come in any order."""
    boxes = found[:, :4].astype(np.float64)
    corner = np.maximum(boxes[:, :2], row[:2])
    overlap = (np.minimum(boxes[:, 2:], row[2:4]) - corner).clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1) + (row[2:4] - row[:2]).prod()
    same_score = np.abs(found[:, 4] - row[4]) <= tolerance
    return bool((same_score & (2 * overlap >= areas - overlap)).any())


def _kept(name: str, value: NDArray[np.float32]) -> GoldenOutput:
    kept = _best_rows(value[0]) if name == _DETECTIONS else _sampled(value)
    return GoldenOutput(shape=value.shape, values=tuple(round(float(v), _DECIMALS) for v in kept.ravel()))


def _sampled(value: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return about 256 evenly spaced values; the odd step never runs down one column only."""
    return value.ravel()[:: max(1, value.size // _KEPT_VALUES) | 1].astype(np.float64)


def _best_rows(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return corners and score (K, 5) of the best-scored rows of (N, 6)."""
    return rows[np.argsort(-rows[:, 4], kind="stable")[:_KEPT_ROWS], :5].astype(np.float64)


def _as_input(picture: RgbImage) -> NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)


def _sha256(picture: RgbImage) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()
