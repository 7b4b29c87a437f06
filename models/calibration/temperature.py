"""One temperature for all logits of a classifier."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

_LOWEST, _HIGHEST = 0.05, 20.0


def negative_log_likelihood(logits: NDArray[np.floating], truth: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood of the true classes (N,) under logits (N, C) over a temperature."""
    scaled = logits.astype(np.float64) / temperature
    return float(np.mean(logsumexp(scaled, axis=1) - scaled[np.arange(len(truth)), truth]))


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """Return the temperature of the highest likelihood, between 0.05 and 20 (Guo et al. 2017, arXiv 1706.04599).

    Raises:
        ValueError: there is no case.
    """
    if len(truth) == 0:
        raise ValueError("no labelled feature was detected: a temperature needs at least one")
    best = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, truth, float(np.exp(log_t))),
        bounds=(float(np.log(_LOWEST)), float(np.log(_HIGHEST))),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(best.x))
