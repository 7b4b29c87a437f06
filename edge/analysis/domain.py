"""What an analysis returns: things seen on a photograph, described by appearance only."""

from dataclasses import dataclass

from shared.vocabulary import FaceRegion, FindingType


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-parallel box in pixels of the original photograph; x, y is its top left corner."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One visible feature.

    Attributes:
        type: what it looks like.
        confidence: the detector's score, 0 to 1; not a calibrated probability.
        box: where it is.
        region: facial region of its centre; None outside all regions or without a face.
    """

    type: FindingType
    confidence: float
    box: Box
    region: FaceRegion | None


@dataclass(frozen=True, slots=True)
class RegionMeasure:
    """Colour of one facial region, comparable only within one person under the same light.

    Attributes:
        region: where.
        ita_degrees: individual typology angle of the median colour, in degrees.
        redness_a: median CIELAB a*, higher is redder.
        lightness: median CIELAB L*, 0 to 100.
        pixels: how many pixels were measured.
    """

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which model produced a result."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """Everything one analysis found on a photograph of width by height pixels."""

    findings: tuple[Finding, ...]
    measures: tuple[RegionMeasure, ...]
    models: tuple[ModelVersion, ...]
    width: int
    height: int
