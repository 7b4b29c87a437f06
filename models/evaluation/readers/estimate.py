"""A figure with the interval it deserves: none where too few photographs stand behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bootstrap import bootstrap
from models.evaluation.conditions import SMALL

MINIMUM = 10  # resampling fewer photographs than this gives intervals that hold far less often than they promise

Statistic: TypeAlias = Callable[[NDArray[np.int64]], float]
"""Returns a figure of the photographs with these indices, repeats counted; NaN where undefined."""


class Standing(StrEnum):
    """How much a figure can bear."""

    ENOUGH = "enough"
    SMALL = "small"
    TOO_FEW = "too_few"
    UNDEFINED = "undefined"
    NOT_GIVEN = "not_given"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its 95 % bootstrap interval over photographs, and what it rests on.

    Attributes:
        value: the figure; None where undefined or not given.
        low: lower bound; None below 10 photographs.
        high: upper bound; likewise.
        photographs: how many photographs were resampled.
        cases: how many things were compared on them; the figure's table says which.
        standing: small below 30 photographs, too few below 10.
    """

    value: float | None
    low: float | None
    high: float | None
    photographs: int
    cases: int
    standing: Standing


NOT_GIVEN = Estimate(None, None, None, 0, 0, Standing.NOT_GIVEN)


def estimate(photographs: int, cases: int, statistic: Statistic) -> Estimate:
    """Return `statistic` of all photographs with its interval, or without where they are too few."""
    if not photographs:
        return NOT_GIVEN
    if photographs < MINIMUM:
        value = statistic(np.arange(photographs))
        if np.isnan(value):
            return Estimate(None, None, None, photographs, cases, Standing.UNDEFINED)
        return Estimate(round(float(value), 4), None, None, photographs, cases, Standing.TOO_FEW)
    found = bootstrap(photographs, statistic)
    standing = Standing.SMALL if photographs < SMALL else Standing.ENOUGH
    if found.value is None:
        standing = Standing.UNDEFINED
    return Estimate(found.value, found.low, found.high, photographs, cases, standing)


def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> Estimate:
    """Return Σ part / Σ whole of one value each a photograph; photographs whose whole is 0 are left out."""
    kept = whole > 0
    part, whole = part[kept], whole[kept]
    return estimate(len(whole), int(whole.sum()), lambda index: float(part[index].sum() / whole[index].sum()))
