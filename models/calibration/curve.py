"""From a detector's raw score to the probability that a reader would have labelled the place."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from shared.vision.calibration import calibrated
from shared.vision.parameters import IsotonicCurve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A probability is never reported as certain: the nearest to 0 and 1 that the losses here are taken at.
_EDGE = 1e-6
_PLATT_POINTS = 65


def fit_isotonic(scores: Floats, hits: Flags) -> IsotonicCurve:
    """Fit the rising step curve of least squared error by pooling adjacent violators (Zadrozny and Elkan 2002).

    Each pool becomes a flat piece between its lowest and highest score; straight lines join the pools.

    Raises:
        ValueError: there is no score.
    """
    if scores.size == 0:
        raise ValueError("no detection to calibrate on")
    values, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rates = np.bincount(place, hits.astype(np.float64)) / counts
    # Each pool: rate, weight, first and last value.
    pools: list[tuple[float, float, int, int]] = []
    for index, (rate, count) in enumerate(zip(rates, counts, strict=True)):
        pool = (float(rate), float(count), index, index)
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            weight = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / weight, weight, before[2], pool[3])
        pools.append(pool)
    points = {float(values[i]): rate for rate, _, first, last in pools for i in (first, last)}
    return IsotonicCurve(x=tuple(points), y=tuple(min(max(y, 0.0), 1.0) for y in points.values()), n=scores.size)


def fit_platt(scores: Floats, hits: Flags) -> IsotonicCurve:
    """Fit a logistic curve of the score's logit by maximum likelihood (Platt 1999), and return points of it.

    The targets are Platt's, drawn in from 0 and 1, so that separable cases stay finite. The slope is kept from
    falling: a better score is never worth less.

    Raises:
        ValueError: there is no score.
    """
    if scores.size == 0:
        raise ValueError("no detection to calibrate on")
    hit_count = int(hits.sum())
    targets = np.where(hits, (hit_count + 1) / (hit_count + 2), 1 / (hits.size - hit_count + 2))
    x = logit(scores.clip(_EDGE, 1 - _EDGE))

    def loss(ab: Floats) -> float:
        z = ab[0] * x + ab[1]
        return float(np.mean(np.logaddexp(0, z) - targets * z))

    best = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0, None), (None, None)]).x
    grid = np.unique(np.concatenate([np.linspace(0, 1, _PLATT_POINTS), np.geomspace(1e-4, 1e-2, 9)]))
    values = np.maximum.accumulate(expit(best[0] * logit(grid.clip(_EDGE, 1 - _EDGE)) + best[1]))
    return IsotonicCurve(x=tuple(map(float, grid)), y=tuple(map(float, values)), n=scores.size)


FITS: dict[str, Callable[[Floats, Flags], IsotonicCurve]] = {"isotonic": fit_isotonic, "platt": fit_platt}


def log_loss(probabilities: Floats, hits: Flags) -> float:
    """Return the mean negative log-likelihood, each probability kept a millionth from 0 and 1."""
    p = probabilities.clip(_EDGE, 1 - _EDGE)
    return float(-np.mean(np.where(hits, np.log(p), np.log1p(-p))))


def out_of_fold(
    fit: Callable[[Floats, Flags], IsotonicCurve], scores: Floats, hits: Flags, folds: NDArray[np.int64]
) -> Floats:
    """Return each case's probability by a curve fitted without its fold.

    Raises:
        ValueError: all cases stand in one fold.
    """
    result = np.empty(scores.size)
    for fold in np.unique(folds):
        inside = folds == fold
        result[inside] = calibrated(fit(scores[~inside], hits[~inside]), scores[inside])
    return result


def best_fit(scores: Floats, hits: Flags, folds: NDArray[np.int64]) -> str:
    """Return which of `FITS` explains held-out folds best, by log-likelihood."""
    return min(FITS, key=lambda name: log_loss(out_of_fold(FITS[name], scores, hits, folds), hits))
