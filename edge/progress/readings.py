"""What one analysis says in numbers, by measure and region, under the names the repeatability table uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.events.catalogue.capture import AnalysisCompleted, RegionGraded, RegionMeasured
from shared.vocabulary import FaceRegion


class Measure(StrEnum):
    """What is followed from visit to visit; the values are the keys of a bundle's repeatability table."""

    COUNT = "count"
    REDNESS = "redness"
    PIGMENTATION = "pigmentation"
    SHINE = "shine"
    TEXTURE = "texture"
    FINE_LINES = "fine_lines"
    SPOT_AREA = "spot_area"
    LESION_AREA = "lesion_area"


# Which field of a region's measures each of them is; counts and areas of single features come from elsewhere.
_FIELDS: Final[Mapping[Measure, str]] = MappingProxyType(
    {
        Measure.REDNESS: "erythema_index",
        Measure.PIGMENTATION: "melanin_index",
        Measure.SHINE: "shine_share",
        Measure.TEXTURE: "texture_energy",
        Measure.FINE_LINES: "line_energy",
        Measure.SPOT_AREA: "spot_area_share",
    }
)
LIGHT_MEASURES: Final[tuple[Measure, ...]] = tuple(_FIELDS)
"""Measures that the light moves as much as the skin does."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value; `low` and `high` are the ends of a count's interval."""

    value: float
    low: float | None = None
    high: float | None = None


Place = tuple[Measure, FaceRegion | None]
"""What is read and where; None is the whole face."""


def readings(analysis: AnalysisCompleted, regions: Iterable[FaceRegion] | None = None) -> dict[Place, Reading]:
    """Return every reading of an analysis.

    Args:
        analysis: what was found and measured.
        regions: the regions that make up the whole face's colour and texture; all measured ones by default. Two
            analyses are comparable as a whole only over the same regions.
    """
    found: dict[Place, Reading] = {}
    for grade in analysis.grades:
        found[Measure.COUNT, grade.region] = _count(grade)
    if (Measure.COUNT, None) not in found:
        count = sum(item.type is not None for item in analysis.findings)
        found[Measure.COUNT, None] = Reading(count, count, count)
    allowed = None if regions is None else set(regions)
    for measure, field in _FIELDS.items():
        known = [(item, value) for item in analysis.measures if (value := getattr(item, field)) is not None]
        for item, value in known:
            found[measure, item.region] = Reading(value)
        whole = _mean([pair for pair in known if allowed is None or pair[0].region in allowed])
        if whole is not None:
            found[measure, None] = Reading(whole)
    return found


def _count(grade: RegionGraded) -> Reading:
    """Return the steady estimate where there is one, with the interval that the findings' doubt leaves."""
    value = grade.count if grade.expected is None else grade.expected
    return Reading(value, min(grade.count_low, value), max(grade.count_high, value))


def shared_regions(first: AnalysisCompleted, second: AnalysisCompleted) -> frozenset[FaceRegion]:
    """Return the regions that both analyses measured."""
    return frozenset(item.region for item in first.measures) & frozenset(item.region for item in second.measures)


def _mean(known: list[tuple[RegionMeasured, float]]) -> float | None:
    """Return the mean over regions, each counting by its pixels."""
    pixels = sum(item.pixels for item, _ in known)
    return sum(item.pixels * value for item, value in known) / pixels if pixels else None
