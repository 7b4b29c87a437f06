"""How well a measure repeats itself, and whether a change is larger than that.

Two captures of the same face a minute apart differ although the skin does not. The repeatability coefficient
is the difference that 95 % of such pairs stay below (Bland and Altman, "Measuring agreement in method
comparison studies", Stat Methods Med Res 1999, section 2): 1.96 · √2 · s, with s the within-subject standard
deviation. A change between two visits means something only beyond it.
"""

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

RepeatUnit: TypeAlias = Literal["relative", "absolute"]
"""What a coefficient is measured in: a share of the two values' mean, or the measure's own unit."""

_TWO_SIDED_95 = 1.96


def exceeds(before: float, after: float, coefficient: float, unit: RepeatUnit = "relative") -> bool:
    """Tell whether a change is larger than repeated captures of unchanged skin differ in 95 of 100 cases.

    Args:
        before: the earlier value.
        after: the later value.
        coefficient: the 95 % repeatability coefficient of this measure, at least 0.
        unit: "relative" when the coefficient is a share of the two values' mean, "absolute" in the measure's unit.

    Raises:
        ValueError: a number is not finite or the coefficient is negative.
    """
    if not all(math.isfinite(value) for value in (before, after, coefficient)) or coefficient < 0:
        raise ValueError("a change needs finite values and a coefficient of at least 0")
    scale = (abs(before) + abs(after)) / 2 if unit == "relative" else 1.0
    return abs(after - before) > coefficient * scale


def relative_differences(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return |first - second| over the pair's mean magnitude, 0 to 2; 0 where both are 0.

    Raises:
        ValueError: the two are not of one length, are empty or hold a number that is not finite.
    """
    one, two = _pairs(first, second)
    scale = (np.abs(one) + np.abs(two)) / 2
    return np.divide(np.abs(one - two), scale, out=np.zeros_like(scale), where=scale > 0)


def repeatability_coefficient(first: ArrayLike, second: ArrayLike, unit: RepeatUnit = "absolute") -> float:
    """Return the 95 % repeatability coefficient of pairs of captures of the same faces.

    With d the differences of the pairs the within-subject variance is mean(d²) / 2, so the coefficient is
    1.96 · √(mean d²). "relative" takes d as a share of each pair's mean.

    Raises:
        ValueError: the two are not of one length, are empty or hold a number that is not finite.
    """
    one, two = _pairs(first, second)
    differences = relative_differences(one, two) if unit == "relative" else one - two
    return _TWO_SIDED_95 * float(np.sqrt(np.mean(differences**2)))


def intraclass_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Return how much of the spread lies between faces and not between captures, at most 1.

    ICC(1) of a one-way random model: the captures of a face have no order (McGraw and Wong, "Forming
    inferences about some intraclass correlation coefficients", Psychol Methods 1996). 0 when nothing varies.

    Raises:
        ValueError: fewer than two pairs, or as for `relative_differences`.
    """
    one, two = _pairs(first, second)
    if one.size < 2:
        raise ValueError("an intraclass correlation needs at least two pairs")
    middles = (one + two) / 2
    between = 2 * float(np.var(middles, ddof=1))
    within = float(np.mean((one - two) ** 2)) / 2
    return (between - within) / (between + within) if between + within > 0 else 0.0


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1 or one.size == 0:
        raise ValueError("repeated measurements come in pairs: two lists of one length, not empty")
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise ValueError("a measurement is not a finite number")
    return one, two
