"""What became of every outlined feature between two visits, told in the pixels of one photograph."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from edge.progress.change import Direction, Repeats, area_change
from edge.progress.matching import Costs, Matching, Spot, match
from edge.progress.registration import Registration
from edge.progress.transforms import Coordinates
from edge.review.domain import Box, ReviewedFinding
from shared.vocabulary import FaceRegion, FindingType

# A feature this far outside the other face's outline, in shares of the inter-eye distance, is not on it.
_RIM: Final = 0.02


class MarkKind(StrEnum):
    """What became of a feature."""

    PERSISTING = "persisting"
    NEW = "new"
    RESOLVED = "resolved"
    AMBIGUOUS = "ambiguous"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Mark:
    """One feature, or one on both visits.

    Attributes:
        kind: what became of it; NEW is outlined on the later visit only, RESOLVED on the earlier one only,
            HIDDEN lies beside the part of the face that both photographs show.
        number: its number on this photograph; None when it is outlined on the other only.
        other_number: its number on the other photograph; None when it is outlined on this one only.
        type: what it looks like, on this photograph where it is there; None when it is not assessed.
        region: facial region.
        box: where it is, or would be, in pixels of this photograph.
        size: what became of its area; UNKNOWN unless it persists and both outlines are known.
        sentence: the same for people.
    """

    kind: MarkKind
    number: int | None
    other_number: int | None
    type: FindingType | None
    region: FaceRegion | None
    box: Box
    size: Direction
    sentence: str


@dataclass(frozen=True, slots=True)
class Side:
    """The features of one photograph and its size in pixels."""

    features: Sequence[ReviewedFinding]
    width: int
    height: int


def marks(this: Side, other: Side, laid: Registration, repeats: Repeats, *, this_is_later: bool) -> tuple[Mark, ...]:
    """Return a mark for every feature of both photographs; `laid` takes `other` onto `this`."""
    mapped = laid.to_reference(_centres(other.features))
    back = laid.to_moving(_centres(this.features))
    shown_here = _inside(mapped, laid.outline, this, laid.inter_eye)
    shown_there = _inside(back, laid.moving_outline, other, laid.moving_inter_eye)
    here = [item for item, shown in zip(this.features, shown_there, strict=True) if shown]
    there = [item for item, shown in zip(other.features, shown_here, strict=True) if shown]
    distances = _distances(here, there, laid)
    matching = match(
        [_spot(item, laid.inter_eye) for item in here],
        [_spot(item, laid.moving_inter_eye) for item in there],
        distances,
        laid.uncertainty_share,
    )
    teller = _Teller(this.features, other.features, mapped, laid, repeats, this_is_later)
    hidden_here = [item.number for item, shown in zip(this.features, shown_there, strict=True) if not shown]
    hidden_there = [item.number for item, shown in zip(other.features, shown_here, strict=True) if not shown]
    return teller.tell(matching, hidden_here, hidden_there)


def summary(told: Sequence[Mark]) -> str:
    """Return in a sentence what became of all features."""
    counts = Counter(mark.kind for mark in told)
    if not told:
        return "No features are outlined on either photograph."
    parts = [
        f"{counts[MarkKind.PERSISTING]} on both",
        f"{counts[MarkKind.NEW]} on the later photograph only",
        f"{counts[MarkKind.RESOLVED]} on the earlier one only",
    ]
    sentence = f"Outlined features: {', '.join(parts)}."
    unsure = counts[MarkKind.AMBIGUOUS] + counts[MarkKind.HIDDEN]
    return f"{sentence} For {unsure} it cannot be told." if unsure else sentence


class _Teller:
    """Turns numbers into marks."""

    def __init__(
        self,
        this: Sequence[ReviewedFinding],
        other: Sequence[ReviewedFinding],
        mapped: Coordinates,
        laid: Registration,
        repeats: Repeats,
        this_is_later: bool,
    ) -> None:
        self._this = {item.number: item for item in this}
        self._other = {item.number: item for item in other}
        self._mapped = {item.number: (float(x), float(y)) for item, (x, y) in zip(other, mapped, strict=True)}
        self._laid = laid
        self._repeats = repeats
        self._later = this_is_later

    def tell(self, found: Matching, hidden_here: Sequence[int], hidden_there: Sequence[int]) -> tuple[Mark, ...]:
        only_this = MarkKind.NEW if self._later else MarkKind.RESOLVED
        only_other = MarkKind.RESOLVED if self._later else MarkKind.NEW
        told = [self._persisting(pair.first, pair.second) for pair in found.persisting]
        told += [self._here(number, only_this) for number in found.resolved]
        told += [self._there(number, only_other) for number in found.new]
        for group in found.ambiguous:
            told += [self._here(number, MarkKind.AMBIGUOUS) for number in group.first]
            told += [self._there(number, MarkKind.AMBIGUOUS) for number in group.second]
        told += [self._here(number, MarkKind.HIDDEN) for number in hidden_here]
        told += [self._there(number, MarkKind.HIDDEN) for number in hidden_there]
        return tuple(told)

    def _persisting(self, number: int, other_number: int) -> Mark:
        here, there = self._this[number], self._other[other_number]
        size, about_size = self._size(here, there)
        sentence = f"{_name(here.type)} outlined on both photographs. {about_size}"
        if here.type is not there.type:
            before, after = (there, here) if self._later else (here, there)
            sentence = f"Outlined on both: {_name(before.type).lower()} before, {_name(after.type).lower()} now."
        return Mark(MarkKind.PERSISTING, number, other_number, here.type, here.region, here.box, size, sentence)

    def _here(self, number: int, kind: MarkKind) -> Mark:
        item = self._this[number]
        sentence = f"{_name(item.type)}{_SENTENCES[kind]}"
        return Mark(kind, number, None, item.type, item.region, item.box, Direction.UNKNOWN, sentence)

    def _there(self, number: int, kind: MarkKind) -> Mark:
        item, (x, y) = self._other[number], self._mapped[number]
        width, height = item.box.w * self._laid.scale, item.box.h * self._laid.scale
        box = Box(x - width / 2, y - height / 2, width, height)
        sentence = f"{_name(item.type)}{_SENTENCES[kind]}"
        return Mark(kind, None, number, item.type, item.region, box, Direction.UNKNOWN, sentence)

    def _size(self, here: ReviewedFinding, there: ReviewedFinding) -> tuple[Direction, str]:
        if here.type is None:
            return Direction.UNKNOWN, "Moles and other growths are not assessed; look at it in person."
        areas = _area(here), _area(there) * self._laid.scale**2
        before, after = areas[::-1] if self._later else areas
        return area_change(before, after, self._repeats)


_SENTENCES: Final = {
    MarkKind.NEW: " outlined on the later photograph only.",
    MarkKind.RESOLVED: " outlined on the earlier photograph only.",
    MarkKind.AMBIGUOUS: ": it cannot be told which of its neighbours on the other photograph it is, if any.",
    MarkKind.HIDDEN: " beside the part of the face that both photographs show.",
}


def _name(kind: FindingType | None) -> str:
    return "A feature that is not assessed" if kind is None else f"{kind[:1].upper()}{kind[1:]}"


def _spot(item: ReviewedFinding, inter_eye: float) -> Spot:
    types = set(item.proposed.type_set) if item.proposed is not None and not item.retyped else set()
    if item.type is not None:
        types.add(item.type)
    return Spot(item.number, item.type, frozenset(types), max(item.box.w, item.box.h) / inter_eye)


def _centres(features: Sequence[ReviewedFinding]) -> Coordinates:
    return np.array([(item.box.x + item.box.w / 2, item.box.y + item.box.h / 2) for item in features]).reshape(-1, 2)


def _distances(here: Sequence[ReviewedFinding], there: Sequence[ReviewedFinding], laid: Registration) -> Costs:
    """Return every distance over the inter-eye distance, as the mean of both directions: neither is the true one."""
    this, other = _centres(here), _centres(there)
    ahead = np.linalg.norm(this[:, None] - laid.to_reference(other)[None], axis=2) / laid.inter_eye
    back = np.linalg.norm(laid.to_moving(this)[:, None] - other[None], axis=2) / laid.moving_inter_eye
    mean: Costs = (ahead + back) / 2
    return mean


def _inside(points: Coordinates, outline: Coordinates, side: Side, inter_eye: float) -> list[bool]:
    polygon, rim = outline.astype(np.float32), -_RIM * inter_eye
    return [
        0 <= x < side.width
        and 0 <= y < side.height
        and cv2.pointPolygonTest(polygon, (float(x), float(y)), measureDist=True) >= rim
        for x, y in points
    ]


def _area(item: ReviewedFinding) -> float:
    if not item.contour:
        return 0.0
    return float(cv2.contourArea(np.array(item.contour, dtype=np.float32)))
