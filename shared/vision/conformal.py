"""Sets of types that hold the true one with a chosen frequency.

Split-conformal prediction with the least ambiguous sets (LAC): every class whose probability is at least one
minus a quantile found on calibration cases (Sadinle, Lei, Wasserman 2019, arXiv 1609.00451).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.vision.parameters import ConformalTable, CropClass

# The quantile is itself one minus a probability; rounding must not drop the class it came from.
_ROUNDING = 1e-9


def lac_members(probabilities: ArrayLike, quantile: ArrayLike) -> NDArray[np.bool_]:
    """Return which classes (N, C) belong to the sets, for probabilities (N, C) and a quantile or one per row (N,).

    A set may be empty: then no class is as probable as the true one usually is.
    """
    cut = 1.0 - np.asarray(quantile, np.float64) - _ROUNDING
    return np.asarray(np.asarray(probabilities, np.float64) >= cut[..., None])


def type_set(
    probabilities: ArrayLike, classes: Sequence[CropClass], table: ConformalTable, group: str | None
) -> tuple[CropClass, ...]:
    """Return the classes one crop may be, the most probable first, for probabilities (C,) and a tone group."""
    values = np.asarray(probabilities, np.float64)
    members = lac_members(values, table.quantile(group))
    order = np.argsort(-values, kind="stable")
    return tuple(classes[int(i)] for i in order if members[int(i)])
