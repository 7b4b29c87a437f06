"""What the quality gate answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.vocabulary import GateProfileName


class GateCode(StrEnum):
    """Why a frame is not good enough; stable names for programs."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TURNED = "turned"
    TILTED = "tilted"
    LEANING = "leaning"
    TOO_FAR = "too_far"
    TOO_CLOSE = "too_close"
    OFF_CENTRE = "off_centre"
    CUT_OFF = "cut_off"
    LOW_RESOLUTION = "low_resolution"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    OVER_EXPOSED = "over_exposed"
    UNDER_EXPOSED = "under_exposed"
    UNEVEN_LIGHT = "uneven_light"
    BLURRED = "blurred"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class GateFailure:
    """One thing that is not good enough.

    Attributes:
        code: what it is.
        sentence: what the client should do about it.
        measure: the value measured; None where there is nothing to measure.
        limit: what was asked for, in words with units.
    """

    code: GateCode
    sentence: str
    measure: float | None
    limit: str


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Whether a frame may be kept, and why not.

    Attributes:
        passed: true exactly when `failures` is empty.
        failures: most important first.
        measures: every value measured, by name; units are in the names.
        profile: the limits it was held to.
    """

    passed: bool
    failures: tuple[GateFailure, ...]
    measures: Mapping[str, float]
    profile: GateProfileName
