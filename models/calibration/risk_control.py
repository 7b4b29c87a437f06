"""The lowest confidence from which on the share of wrong findings is bounded.

Thresholds are tested from the strictest down, each against "more than alpha of the findings kept are wrong", and
the walk ends at the first that cannot be rejected (fixed-sequence testing: Bates et al. 2021, arXiv 2101.02703;
Angelopoulos et al. 2021, arXiv 2110.01052). Where a walk begins must not depend on what was right or wrong, so it
is set by how many findings are kept; several walks share the allowed error.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from shared.vision.risk import clopper_pearson_upper

# Fixed before any data: from 0.99 down to 0.01.
GRID: tuple[float, ...] = tuple(round(step / 100, 2) for step in range(99, 0, -1))
# Multiples of the fewest findings that could ever pass; early walks serve good models, late ones noisy starts.
_STARTS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Cases:
    """Findings that nothing but their confidence keeps from a route.

    `confidence` (N,), `wrong` (N,): off any label or of another type, `photo` (N,): index of its photograph.
    """

    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    photo: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold, the upper bound of the share of wrong findings from it on, and how many there were.

    Without a threshold: the lowest bound seen on the grid, and how many cases there were in all.
    """

    threshold: float | None
    upper: float
    n: int


def independent_counts(wrong: NDArray[np.bool_], photo: NDArray[np.int64]) -> tuple[int, int]:
    """Return errors and trials as if findings were independent, which those of one photograph are not.

    The counts are divided by the design effect of the clusters, never multiplied (Korn and Graubard 1998). Where
    nothing, or everything, is wrong no effect can be seen, and each photograph counts once.
    """
    _, cluster = np.unique(photo, return_inverse=True)
    clusters = int(cluster.max(initial=-1)) + 1
    trials, errors = wrong.size, int(wrong.sum())
    if errors in (0, trials):
        return (clusters if errors else 0), clusters
    rate = errors / trials
    residuals = np.bincount(cluster, wrong - rate)
    if clusters < 2:
        return 1, 1
    clustered = clusters / (clusters - 1) * float((residuals**2).sum()) / trials**2
    effect = max(1.0, clustered / (rate * (1 - rate) / trials))
    fewer = math.floor(trials / effect)
    return min(fewer, math.ceil(rate * fewer - 1e-9)), fewer


def upper_bound(cases: Cases, threshold: float, delta: float) -> float:
    """Return the Clopper-Pearson bound of the share of wrong findings at a threshold, 1 without any."""
    kept = cases.confidence >= threshold
    return clopper_pearson_upper(*independent_counts(cases.wrong[kept], cases.photo[kept]), delta)


def fewest_findings(alpha: float, delta: float) -> int:
    """Return how many findings without an error bound the rate by alpha: 59 for 5 % with 95 % probability."""
    return math.ceil(math.log(delta) / math.log1p(-alpha))


def control_risk(cases: Cases, alpha: float, delta: float) -> Bound:
    """Return the lowest threshold of the grid whose share of wrong findings is at most alpha.

    With probability at least 1 - delta over the calibration cases the returned threshold holds its promise on new
    photographs like them. For independent findings that is exact; findings of one photograph are not, and their
    design effect stands in for that. The bound returned is the one of the walk, at its part of delta.
    """
    share = delta / len(_STARTS)
    kept = np.array([(cases.confidence >= threshold).sum() for threshold in GRID])

    @cache
    def bound_at(index: int) -> float:
        return upper_bound(cases, GRID[index], share)

    starts = [int((kept < times * fewest_findings(alpha, share)).sum()) for times in _STARTS]
    end = max(_walk(start, bound_at, alpha) for start in starts)
    if end < 0:
        return Bound(None, min(map(bound_at, range(len(GRID)))), cases.confidence.size)
    return Bound(GRID[end], bound_at(end), int(kept[end]))


def _walk(start: int, bound_at: Callable[[int], float], alpha: float) -> int:
    """Return the index of the last threshold passed in a row from `start` on, or -1."""
    end = -1
    for index in range(start, len(GRID)):
        if bound_at(index) > alpha:
            break
        end = index
    return end
