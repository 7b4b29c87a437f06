"""Fitting what is known: a Gaussian per class over projected features, and how far known features lie."""

import numpy as np
from numpy.typing import NDArray

from models.calibration.conformal_fit import conformal_quantile
from shared.vision.ood import OodModel

Floats = NDArray[np.float64]
DIMENSIONS = 64
KNOWN_SHARE = 0.99


def shrunk_covariance(centred: Floats) -> Floats:
    """Return the covariance (D, D) of centred rows (N, D), drawn towards a multiple of the identity.

    The share of the identity is the one of least expected squared error (Ledoit and Wolf 2004).
    """
    n, dims = centred.shape
    sample = centred.T @ centred / n
    level = np.trace(sample) / dims
    spread = float(((sample - level * np.eye(dims)) ** 2).sum())
    noise = float(((centred**2).sum(axis=1) ** 2).sum() / n - (sample**2).sum()) / n
    share = min(noise / spread, 1.0) if spread > 0 else 1.0
    return np.asarray((1 - share) * sample + share * level * np.eye(dims), np.float64)


def fit_ood(features: NDArray[np.floating], classes: NDArray[np.int64], count: int) -> OodModel:
    """Fit projection, class means and shared precision on features (N, F) of known classes (N,) below `count`.

    The projection keeps the 64 directions of most variance, or fewer where the rows span fewer. A class without
    rows has a mean of NaN.

    Raises:
        ValueError: fewer than three rows, or the rows of each class are all alike.
    """
    rows = features.astype(np.float64)
    mean = rows.mean(axis=0) if len(rows) else rows.sum(axis=0)
    _, strengths, directions = np.linalg.svd(rows - mean, full_matrices=False)
    rank = int((strengths > 1e-9 * max(float(strengths.max(initial=0.0)), 1e-12)).sum())
    if len(rows) < 3 or rank == 0:
        raise ValueError("at least three different crops are needed to know what is usual")
    projection = directions[: min(DIMENSIONS, rank)].T
    projected = (rows - mean) @ projection
    means = np.full((count, projection.shape[1]), np.nan)
    for index in np.unique(classes):
        means[index] = projected[classes == index].mean(axis=0)
    within = projected - means[classes]
    # Differences at the size of rounding would make every other crop infinitely strange.
    if (within**2).sum() <= 1e-12 * (projected**2).sum():
        raise ValueError("at least two different crops of one class are needed to know what is usual")
    precision = np.linalg.inv(shrunk_covariance(within))
    return OodModel(projection, mean, means, (precision + precision.T) / 2)


def ood_threshold(distances: Floats, share: float = KNOWN_SHARE) -> float:
    """Return the distance that a new known feature exceeds with probability 1 - `share` at most.

    With fewer than 99 known features that cannot be promised; then it is the largest distance seen.

    Raises:
        ValueError: there is no distance.
    """
    if distances.size == 0:
        raise ValueError("no labelled feature was detected: nothing is known to be usual")
    enough = distances.size >= share / (1 - share) - 1e-9
    return conformal_quantile(distances, share) if enough else float(distances.max())
