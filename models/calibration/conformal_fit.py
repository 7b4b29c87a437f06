"""Quantiles that split-conformal sets are cut at, overall and by tone group."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.vision.conformal import lac_members
from shared.vision.parameters import ConformalTable

LEVEL = 0.9
# Below this many cases a group's own quantile is too uncertain to make its sets smaller than everybody's.
TRUSTED_CASES = 30


def conformal_quantile(scores: NDArray[np.float64], level: float) -> float:
    """Return the ceil((n + 1) · level)-th smallest score, or 1 (every class) when there are too few.

    With it, a new exchangeable case's score is at most the quantile with a probability of at least `level`
    (Vovk et al. 2005; Lei et al. 2018).
    """
    # Written this way because 10 · 0.9 and its like must not round up past the whole number they are.
    rank = math.ceil((scores.size + 1) * level - 1e-9)
    return float(np.sort(scores)[rank - 1]) if rank <= scores.size else 1.0


def fewest_cases(level: float) -> int:
    """Return how many cases a group needs before its own quantile says anything: 9 at 90 %."""
    return math.ceil(level / (1 - level) - 1e-9)


def fit_conformal(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], groups: Sequence[str], level: float = LEVEL
) -> ConformalTable:
    """Fit the quantiles on calibration cases: probabilities (N, C), true classes (N,), groups (N,).

    A group of fewer than 30 cases takes the overall quantile, or its own where that is higher; where it has not even
    the cases that a quantile needs, the highest score it showed stands for it.
    """
    scores = (1.0 - probabilities[np.arange(len(truth)), truth]).clip(0.0, 1.0)
    overall = conformal_quantile(scores, level)
    names = np.asarray(groups)
    by_group: dict[str, float] = {}
    counts: dict[str, int] = {}
    for name in sorted(set(groups)):
        own = scores[names == name]
        enough = own.size >= fewest_cases(level)
        quantile = conformal_quantile(own, level) if enough else float(own.max())
        by_group[name] = quantile if own.size >= TRUSTED_CASES else max(overall, quantile)
        counts[name] = own.size
    return ConformalTable(level=level, overall=overall, by_group=by_group, n=len(truth), n_by_group=counts)


def coverage(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], groups: Sequence[str], table: ConformalTable
) -> tuple[float, float]:
    """Return how often the sets hold the true class, and how many classes they hold on average; NaN without cases."""
    if len(truth) == 0:
        return float("nan"), float("nan")
    members = lac_members(probabilities, [table.quantile(group) for group in groups])
    return float(members[np.arange(len(truth)), truth].mean()), float(members.sum(axis=1).mean())
