"""A candidate beside the live models, both held against the reviewer; sums only, never one person's result.

The reviewer started from what the live models had outlined and never saw the candidate. So the live side is
favoured, above all in the place of boxes; a candidate is matched from IoU 0.3 on to take some of that back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from edge.review.domain import Box, BundleRef
from edge.review.groups import Circumstances, Dimension
from edge.review.intervals import Kappa, Share, cohen_kappa, share
from shared.vocabulary import FindingType

MATCH_IOU: Final = 0.3


@dataclass(frozen=True, slots=True)
class Seen:
    """One outline with its type; None where it is not assessed."""

    box: Box
    type: FindingType | None


@dataclass(frozen=True, slots=True)
class Run:
    """What one side outlined on a photograph and how long it took."""

    findings: tuple[Seen, ...]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class ShadowCase:
    """One signed photograph that both sides analysed.

    Attributes:
        live_bundle: the models whose result was reviewed.
        circumstances: how the photograph was taken.
        live: what they outlined.
        candidate: what the candidate outlined.
        confirmed: what the signed result shows.
        removed: what the reviewer took out of the live models' result.
    """

    live_bundle: BundleRef
    circumstances: Circumstances
    live: Run
    candidate: Run
    confirmed: tuple[Seen, ...]
    removed: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One side against the reviewer.

    Attributes:
        recall: findings of the signed results that it outlined.
        removed_again: findings the reviewer removed that it outlined; of the live side all of them, by definition.
        same_type: matched findings it calls what the reviewer calls them.
        types: the same beyond chance.
        count_difference: mean of its count minus the reviewer's; None without photographs.
        median_ms: median time of an analysis in milliseconds; None without photographs.
        p95_ms: time that 95 % of analyses stay within.
    """

    recall: Share
    removed_again: Share
    same_type: Share
    types: Kappa
    count_difference: float | None
    median_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class TwoSides:
    """Both sides on the same photographs."""

    captures: int
    live: Side
    candidate: Side


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A candidate against one live bundle: overall, and by dimension and group."""

    candidate: BundleRef
    live: BundleRef
    overall: TwoSides
    groups: Mapping[Dimension, Mapping[str, TwoSides]]


def compare(candidate: BundleRef, cases: Sequence[ShadowCase]) -> tuple[ShadowReport, ...]:
    """Return one report for each live bundle the candidate ran beside, in order of first appearance."""
    reports = []
    for live in dict.fromkeys(case.live_bundle for case in cases):
        chosen = [case for case in cases if case.live_bundle == live]
        groups = {each: _grouped(chosen, each) for each in Dimension}
        reports.append(ShadowReport(candidate, live, _two_sides(chosen), groups))
    return tuple(reports)


def matches(ours: Sequence[Seen], theirs: Sequence[Seen]) -> list[tuple[Seen, Seen]]:
    """Return pairs that overlap by `MATCH_IOU` or more, best first, each outline in one pair at most."""
    overlaps = sorted(
        ((overlap, i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs) if (overlap := iou(a.box, b.box))),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    pairs: list[tuple[Seen, Seen]] = []
    taken_ours: set[int] = set()
    taken_theirs: set[int] = set()
    for overlap, i, j in overlaps:
        if overlap >= MATCH_IOU and i not in taken_ours and j not in taken_theirs:
            taken_ours.add(i)
            taken_theirs.add(j)
            pairs.append((ours[i], theirs[j]))
    return pairs


def iou(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union, 0 to 1."""
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    # Rounding can make the union a hair smaller than the intersection of equal boxes.
    return min(1.0, common / max(a.w * a.h + b.w * b.h - common, common))


def _grouped(cases: Sequence[ShadowCase], dimension: Dimension) -> dict[str, TwoSides]:
    names = sorted({case.circumstances.group(dimension) for case in cases})
    return {name: _two_sides([case for case in cases if case.circumstances.group(dimension) == name]) for name in names}


def _two_sides(cases: Sequence[ShadowCase]) -> TwoSides:
    live = _side(cases, [case.live for case in cases])
    return TwoSides(len(cases), live, _side(cases, [case.candidate for case in cases]))


def _side(cases: Sequence[ShadowCase], runs: Sequence[Run]) -> Side:
    found = [matches(case.confirmed, run.findings) for case, run in zip(cases, runs, strict=True)]
    again = sum(len(matches(case.removed, run.findings)) for case, run in zip(cases, runs, strict=True))
    typed = [(a.type, b.type) for pairs in found for a, b in pairs if a.type is not None and b.type is not None]
    differences = [len(run.findings) - len(case.confirmed) for case, run in zip(cases, runs, strict=True)]
    times = sorted(run.milliseconds for run in runs)
    return Side(
        recall=share(sum(map(len, found)), sum(len(case.confirmed) for case in cases)),
        removed_again=share(again, sum(len(case.removed) for case in cases)),
        same_type=share(sum(a is b for a, b in typed), len(typed)),
        types=cohen_kappa(typed),
        count_difference=fmean(differences) if differences else None,
        median_ms=median(times) if times else None,
        p95_ms=times[math.ceil(0.95 * len(times)) - 1] if times else None,
    )
