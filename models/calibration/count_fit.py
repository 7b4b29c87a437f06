"""What a sum of raw scores is worth in features, by people's counts on validation photographs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration.photographs import CalibrationPhoto
from shared.vision.looks import Look
from shared.vision.steady_count import Candidates

Floats = NDArray[np.float64]


def score_sum(looks: Sequence[Look]) -> float:
    """Return the sum of raw scores on one photograph, the mean over the looks at it."""
    return float(Candidates.of(looks).weights.sum())


def fit_count(sums: Floats, labels: NDArray[np.int64]) -> float | None:
    """Return features per unit of summed score: labels (N,) over sums (N,), both of all photographs together.

    None where nothing was labelled or nothing scored: then counts are not estimated.
    """
    total, counted = float(sums.sum()), int(labels.sum())
    return counted / total if total > 0 and counted > 0 else None


def labelled_counts(photos: Sequence[CalibrationPhoto]) -> NDArray[np.int64]:
    """Return how many features people boxed on each photograph, growths left out, (N,)."""
    return np.array([len(photo.outlined) for photo in photos], np.int64)
