"""Percentile bootstrap over photographs: the unit that was drawn is the photograph, not the box (Efron 1979)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500
COVERAGE = 0.95
_SEED = 7


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds of its 95 % bootstrap interval; None where undefined."""

    value: float | None
    low: float | None
    high: float | None


def bootstrap(n: int, statistic: Callable[[NDArray[np.int64]], float], resamples: int = RESAMPLES) -> Interval:
    """Return `statistic` of the indices 0 … n-1 and its interval over resamples of them.

    Undefined resamples (NaN) are left out; the seed is fixed, so the same input gives the same figures.
    """
    if n == 0:
        return Interval(None, None, None)
    value = statistic(np.arange(n))
    rng = np.random.default_rng(_SEED)
    drawn = np.array([statistic(rng.integers(n, size=n)) for _ in range(resamples)])
    finite = drawn[~np.isnan(drawn)]
    if np.isnan(value) or finite.size == 0:
        return Interval(None, None, None)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(round(float(value), 4), round(float(low), 4), round(float(high), 4))


def mean_interval(values: Sequence[float] | NDArray[np.float64], resamples: int = RESAMPLES) -> Interval:
    """Return the mean of one value a photograph, with its interval; NaN values are left out."""
    array = np.asarray(values, np.float64)
    array = array[~np.isnan(array)]
    return bootstrap(len(array), lambda index: float(array[index].mean()), resamples)
