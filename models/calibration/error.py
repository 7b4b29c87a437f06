"""How far stated probabilities lie from what happened."""

import numpy as np
from numpy.typing import NDArray

BINS = 15


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal width; NaN without cases.

    The mean gap between stated and observed frequency, weighted by cases. Of a classifier's top class it is the
    ECE (Naeini et al. 2015); of detections matched at IoU 0.5, `right` being "on a label", it is the D-ECE of
    confidence (Küppers et al. 2020, arXiv 2004.13546).
    """
    if confidence.size == 0:
        return float("nan")
    values = confidence.astype(np.float64)
    place = (np.ceil(values * bins).astype(np.int64) - 1).clip(0, bins - 1)
    gaps = np.bincount(place, values - right, bins)
    return float(np.abs(gaps).sum() / values.size)
