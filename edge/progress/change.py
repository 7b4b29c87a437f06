"""Change between two visits, told only where it exceeds what repeated photographs of unchanged skin differ by.

Everything is said about appearance. For counts the findings' own doubt has to leave room for no other answer as
well: the two counts' intervals must not meet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from edge.progress.readings import Measure, Place, Reading
from shared.events.catalogue.capture import AnalysisCompleted
from shared.vision.parameters import Repeatability
from shared.vision.repeatability import exceeds
from shared.vocabulary import FaceRegion

Repeats: TypeAlias = Mapping[str, Repeatability]
"""The repeatability table of a bundle: measure name to its 95 % coefficient."""

RepeatsOf: TypeAlias = Callable[[AnalysisCompleted], Repeats]
"""The table of the models behind an analysis; empty when it is not known on this box."""


class Direction(StrEnum):
    """What became of a value."""

    MORE = "more"
    LESS = "less"
    WITHIN = "within"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """One value on two visits.

    Attributes:
        measure: what was read.
        region: where; None for the whole face.
        before: on the earlier visit.
        after: on the later visit.
        allowance: how far two readings of unchanged skin may lie apart, in the measure's unit; None when unknown.
        direction: MORE or LESS only beyond that.
        sentence: the same for people.
    """

    measure: Measure
    region: FaceRegion | None
    before: float
    after: float
    allowance: float | None
    direction: Direction
    sentence: str


def changes(before: Mapping[Place, Reading], after: Mapping[Place, Reading], repeats: Repeats) -> tuple[Change, ...]:
    """Return what became of every value that both visits have: whole face first, then by region."""
    places = sorted(before.keys() & after.keys(), key=_order)
    return tuple(_change(place, before[place], after[place], repeats.get(place[0])) for place in places)


def area_change(before: float, after: float, repeats: Repeats) -> tuple[Direction, str]:
    """Return what became of one feature's area, both in one unit, and a sentence about it."""
    known = repeats.get(Measure.LESION_AREA)
    if known is None or min(before, after) <= 0:
        return Direction.UNKNOWN, "Its size is not compared."
    direction = _direction(before, after, known)
    if direction is Direction.WITHIN:
        return direction, "Its size shows no change beyond repeatability."
    word = "larger" if direction is Direction.MORE else "smaller"
    return direction, f"It looks {abs(after / before - 1):.0%} {word} than before."


def allowance(before: float, after: float, known: Repeatability) -> float:
    """Return how far two readings of unchanged skin around these values may lie apart."""
    return known.coefficient * ((abs(before) + abs(after)) / 2 if known.unit == "relative" else 1.0)


def _change(place: Place, before: Reading, after: Reading, known: Repeatability | None) -> Change:
    measure, region = place
    if known is None:
        sentence = f"{_name(measure, region)}: not compared, because its repeatability is not known."
        return Change(measure, region, before.value, after.value, None, Direction.UNKNOWN, sentence)
    direction = _direction(before.value, after.value, known)
    if _meet(before, after):
        direction = Direction.WITHIN
    bound = allowance(before.value, after.value, known)
    sentence = _sentence(measure, region, direction, before.value, after.value)
    return Change(measure, region, before.value, after.value, bound, direction, sentence)


def _direction(before: float, after: float, known: Repeatability) -> Direction:
    if not exceeds(before, after, known.coefficient, known.unit):
        return Direction.WITHIN
    return Direction.MORE if after > before else Direction.LESS


def _meet(before: Reading, after: Reading) -> bool:
    """Return whether two counts' intervals leave one answer for both."""
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return False
    return before.low <= after.high and after.low <= before.high


_NAMES: Final = {
    Measure.COUNT: "Features seen",
    Measure.REDNESS: "Redness",
    Measure.PIGMENTATION: "Brown colour",
    Measure.SHINE: "Shine",
    Measure.TEXTURE: "Texture",
    Measure.FINE_LINES: "Fine lines",
    Measure.SPOT_AREA: "Area of darker spots",
    Measure.LESION_AREA: "Size of a feature",
}
_WORDS: Final = {
    Measure.REDNESS: ("looks redder", "looks less red"),
    Measure.PIGMENTATION: ("looks browner", "looks less brown"),
    Measure.SHINE: ("shines more", "shines less"),
    Measure.TEXTURE: ("looks coarser", "looks smoother"),
    Measure.FINE_LINES: ("shows stronger fine lines", "shows softer fine lines"),
    Measure.SPOT_AREA: ("shows more area of darker spots", "shows less area of darker spots"),
}


_AROUND_EYES: Final = {
    FaceRegion.LEFT_PERIORBITAL: "area around the left eye",
    FaceRegion.RIGHT_PERIORBITAL: "area around the right eye",
}


def _sentence(measure: Measure, region: FaceRegion | None, direction: Direction, before: float, after: float) -> str:
    if direction is Direction.WITHIN:
        return f"{_name(measure, region)}: no change beyond repeatability."
    more = direction is Direction.MORE
    if measure is Measure.COUNT:
        word = "More" if more else "Fewer"
        return f"{word} features seen on the {_place(region)}: {_number(after)} instead of {_number(before)}."
    return f"The {_place(region)} {_WORDS[measure][0 if more else 1]} than before."


def _name(measure: Measure, region: FaceRegion | None) -> str:
    return _NAMES[measure] if region is None else f"{_NAMES[measure]}, {_place(region)}"


def _place(region: FaceRegion | None) -> str:
    if region is None:
        return "face"
    return _AROUND_EYES.get(region) or region.replace("_", " ")


def _order(place: Place) -> tuple[int, int]:
    measure, region = place
    return (0 if region is None else 1 + list(FaceRegion).index(region), list(Measure).index(measure))


def _number(count: float) -> str:
    """Return a count as it is told: an estimate with one digit behind the point."""
    return f"{count:.0f}" if float(count).is_integer() else f"about {count:.1f}"
