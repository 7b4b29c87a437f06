"""What an analysis returns: things seen on a photograph, described by appearance only."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, Route

Contour: TypeAlias = tuple[tuple[float, float], ...]
"""Corners x, y of a closed polygon in pixels of the original photograph; empty when there is none."""


class Reason(StrEnum):
    """Why a result as a whole is routed no higher; findings have `shared.vision.risk.RouteReason`."""

    NO_FACE = "no_face"
    NO_FINDINGS = "no_findings"
    UNCALIBRATED = "uncalibrated"


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-parallel box in pixels of the original photograph; x, y is its top left corner."""

    x: float
    y: float
    w: float
    h: float

    @property
    def centre(self) -> tuple[float, float]:
        """The box's middle, x and y."""
        return self.x + self.w / 2, self.y + self.h / 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One visible feature.

    Attributes:
        type: what it looks like most; None when it is not assessed, as moles and other growths never are.
        confidence: calibrated probability that a feature of this type is there, 0 to 1.
        box: where it is.
        region: facial region of its centre; None outside all regions or without a face.
        raw_score: the detector's score before calibration, 0 to 1.
        type_set: types that cannot be ruled out at the conformal level, most probable first.
        route: what may be done with it.
        reasons: why it is not routed higher, values of `Reason` or of the routing rules.
        contour: its outline.
        area_px: area within the contour, in square pixels of the photograph.
        area_mm2: the same in square millimetres; None when the scale is unknown.
        area_share: the same as a share of the face outline's area, 0 to 1; None without a face.
        ood: distance from what the model was trained on, relative to the threshold: above 1 is unlike it.
        embedding: float32 (512,), the classifier's features; kept out of events and comparisons.
    """

    type: FindingType | None
    confidence: float
    box: Box
    region: FaceRegion | None
    raw_score: float = 0.0
    type_set: tuple[FindingType, ...] = ()
    route: Route = Route.REVIEW_REQUIRED
    reasons: tuple[str, ...] = ()
    contour: Contour = ()
    area_px: float = 0.0
    area_mm2: float | None = None
    area_share: float | None = None
    ood: float = 0.0
    embedding: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RegionMeasure:
    """Appearance of one facial region, comparable only within one person under the same light.

    A value is None when the region does not show enough skin, or not large enough, for it.

    Attributes:
        region: where.
        ita_degrees: individual typology angle of the median colour, in degrees.
        redness_a: median CIELAB a*, higher is redder.
        lightness: median CIELAB L*, 0 to 100.
        pixels: how many pixels were measured.
        erythema_index: redness from the ratio of red and green light.
        melanin_index: darkness from red light.
        spot_area_share: share of the region darker than its surroundings, 0 to 1.
        shine_share: share of the region that reflects the light source, 0 to 1.
        texture_energy: contrast of fine structure.
        line_energy: contrast of fine elongated structure.
    """

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int
    erythema_index: float | None = None
    melanin_index: float | None = None
    spot_area_share: float | None = None
    shine_share: float | None = None
    texture_energy: float | None = None
    line_energy: float | None = None


@dataclass(frozen=True, slots=True)
class RegionGrade:
    """How many features a region, or the whole face, shows.

    Attributes:
        region: where; None for the whole face.
        grade: the count in words.
        count: findings counted, weighted by nothing.
        count_low: lower end of the count's interval.
        count_high: upper end of the count's interval.
        inflammatory: how many of them are red or raised.
        expected: steady estimate of the count, for comparing visits; None when it is not estimated.
        rule: the published rule that turns counts into grades.
    """

    region: FaceRegion | None
    grade: AppearanceGrade
    count: int
    count_low: int
    count_high: int
    inflammatory: int
    expected: float | None = None
    rule: str = "hayashi-2008"


class ScaleSource(StrEnum):
    """Where the size of a pixel is known from."""

    INTER_EYE = "inter_eye"
    COLOUR_CARD = "colour_card"


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a pixel is on the skin.

    Attributes:
        mm_per_pixel: millimetres a pixel of the original photograph spans.
        relative_uncertainty: half width of its 95 % interval as a share of the value.
        source: what it was worked out from; from the eyes it is approximate.
    """

    mm_per_pixel: float
    relative_uncertainty: float
    source: ScaleSource


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model produced a result."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class BundleUsed:
    """Which model bundle produced a result, and what its licence allows."""

    name: str
    version: str
    licence: str
    allowed_use: str


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything one analysis found on a photograph.

    Attributes:
        findings: visible features, most confident first.
        measures: appearance of each facial region; empty without a face.
        models: the graphs that were run.
        width: width of the photograph in pixels.
        height: height of the photograph in pixels.
        grades: one for each region and one for the whole face; empty without a face.
        bundle: the bundle the graphs belong to.
        scale: the size of a pixel; None when unknown.
        route: what may be done with the result as a whole.
        reasons: why it is not routed higher, values of `Reason`.
    """

    findings: tuple[Finding, ...]
    measures: tuple[RegionMeasure, ...]
    models: tuple[ModelVersion, ...]
    width: int
    height: int
    grades: tuple[RegionGrade, ...] = ()
    bundle: BundleUsed | None = None
    scale: Scale | None = None
    route: Route = Route.REVIEW_REQUIRED
    reasons: tuple[str, ...] = ()
