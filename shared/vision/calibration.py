"""From raw scores and logits to probabilities, with numbers fitted elsewhere (`models/calibration`)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.vision.parameters import IsotonicCurve


def calibrated(curve: IsotonicCurve, scores: ArrayLike) -> NDArray[np.float64]:
    """Return the probability that each raw score stands for a feature a reader would have labelled."""
    return np.asarray(np.interp(np.asarray(scores, np.float64), curve.x, curve.y), np.float64)


def softmax(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return probabilities (N, C) of logits (N, C) divided by a temperature (Guo et al. 2017, arXiv 1706.04599).

    Raises:
        ValueError: the temperature is not positive.
    """
    if temperature <= 0:
        raise ValueError("the temperature must be positive")
    scaled = np.asarray(logits, np.float64) / temperature
    # Shifting by the largest logit changes no probability and keeps the exponential finite.
    weights = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), np.float64)


def sigmoid(logits: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of each logit, any shape; no logit overflows."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -np.asarray(logits, np.float64))), np.float64)
