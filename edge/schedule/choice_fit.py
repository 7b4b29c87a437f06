"""What choices between answers say about the weights: a conditional logit.

D. McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior", in P. Zarembka (ed.), Frontiers in
Econometrics (1974). Whoever decides takes an answer with a chance proportional to
`exp(-scale * points + shown first)`. Points are counted with unknown weights; they and the scale are known before as
log-normal, and the fit is the mode of what is known afterwards, with the spread that the curvature there gives. That
the first answer shown is easier to take has a coefficient of its own, so that taking it is not read as full agreement.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.schedule.choices import Choice

WEIGHT_SPREAD: Final = 0.7
"""Spread of the logarithm of a weight before any choice: two clinics in three are within a factor of two of the file.
Assumed."""
SCALE: Final = 1 / 30
"""Logits for a point: an answer worse by 30 points, a client who misses the preferred provider, is e times less
likely to be taken. Assumed, and little relied on: see `SCALE_SPREAD`."""
SCALE_SPREAD: Final = 1.5
FIRST_SPREAD: Final = 2.0
"""Spread of how much easier the first answer is taken, as a logarithm of odds; before any choice, not at all."""

_MOST_STEPS: Final = 500
_LONGEST: Final = 1.0
_NEAR: Final = 1e-12
_LEAST_SHARE: Final = 1e-9
_GAIN: Final = 1e-4

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fit:
    """What choices say.

    Attributes:
        logs: logarithm of each weight over the given one; `spreads` are their standard deviations.
        scale: logits for a point.
        first: how many times as often the first answer shown is taken as another that is as good.
        steepness: largest slope of what was minimised, in spreads of what was known before: 0 at the mode.
    """

    logs: tuple[float, ...]
    spreads: tuple[float, ...]
    scale: float
    first: float
    steepness: float


def fit(choices: Sequence[Choice], unit: float, weights: Sequence[float]) -> Fit:
    """Return what choices say about weights.

    Args:
        choices: in any order.
        unit: points for one unit of the first term, which is not fitted: the others are measured by it.
        weights: points for one unit of each other term, around which they are looked for; 0: not counted at all.
    """
    posterior = _Posterior.of(choices, unit, np.array(weights))
    at, bend = _mode(posterior)
    count = len(weights)
    spreads = np.sqrt(np.diag(np.linalg.inv(bend)))
    steepness = np.abs(posterior.slope(at) * posterior.spreads).max()
    scale, first = math.exp(at[count]), math.exp(at[count + 1])
    return Fit(tuple(at[:count].tolist()), tuple(spreads[:count].tolist()), scale, first, float(steepness))


@dataclass(frozen=True, slots=True)
class _Posterior:
    """Choices as arrays: by choice, option (the taken one is number 0) and, of `fitted`, weight.

    A point of it is the logarithms of the weights, the logarithm of the scale, and the coefficient of the first shown.
    """

    there: npt.NDArray[np.bool_]
    fixed: Array
    fitted: Array
    first: Array
    means: Array
    spreads: Array

    @classmethod
    def of(cls, choices: Sequence[Choice], unit: float, weights: Array) -> "_Posterior":
        # In an order of their own: sums of floats must not depend on the order in which choices were read.
        rows = [(choice.taken, *choice.others) for choice in sorted(choices)]
        shape, count = (len(rows), max(map(len, rows), default=1)), len(weights)
        there, fixed, first = np.zeros(shape, np.bool_), np.zeros(shape), np.zeros(shape)
        fitted = np.zeros((*shape, count))
        for row, options in enumerate(rows):
            for column, option in enumerate(options):
                there[row, column], first[row, column] = True, option.first
                fixed[row, column] = unit * option.units[0] + option.other
                fitted[row, column] = weights * option.units[1:]
        means = np.array([*np.zeros(count), math.log(SCALE), 0.0])
        spreads = np.array([*np.full(count, WEIGHT_SPREAD), SCALE_SPREAD, FIRST_SPREAD])
        return cls(there, fixed, fitted, first, means, spreads)

    def value(self, at: Array) -> float:
        """Return the negative logarithm of likelihood and prior, up to a constant."""
        utility = self._utility(at)
        most = utility.max(axis=1)
        logs = most + np.log(np.exp(utility - most[:, None]).sum(axis=1))
        return float((logs - utility[:, 0]).sum() + (((at - self.means) / self.spreads) ** 2).sum() / 2)

    def slope(self, at: Array) -> Array:
        """Return the gradient of `value`."""
        slopes = self._slopes(at)
        return (at - self.means) / self.spreads**2 - self._surplus(slopes, self._chances(at))

    def bend(self, at: Array) -> Array:
        """Return the Hessian of `value`, or where that is not positive definite its expectation, which always is."""
        slopes, chances = self._slopes(at), self._chances(at)
        centred = slopes - (chances[:, :, None] * slopes).sum(axis=1, keepdims=True)
        rows = (np.sqrt(chances)[:, :, None] * centred).reshape(-1, len(at))
        expected: Array = rows.T @ rows + np.diag(self.spreads**-2)
        # Each weight and the scale are exponentials, so their second derivatives are the first ones again.
        surplus, scale = self._surplus(slopes, chances), len(at) - 2
        curved = np.diag(np.append(surplus[:-1], 0.0))
        curved[:scale, scale] = curved[scale, :scale] = surplus[:scale]
        observed: Array = expected - curved
        try:
            np.linalg.cholesky(observed)
        except np.linalg.LinAlgError:
            return expected
        return observed

    def _utility(self, at: Array) -> Array:
        points = self.fixed + self.fitted @ np.exp(at[:-2])
        return np.where(self.there, at[-1] * self.first - math.exp(at[-2]) * points, -np.inf)

    def _chances(self, at: Array) -> Array:
        utility = self._utility(at)
        odds: Array = np.exp(utility - utility.max(axis=1, keepdims=True))
        chances: Array = odds / odds.sum(axis=1, keepdims=True)
        return chances

    def _slopes(self, at: Array) -> Array:
        weighed = -math.exp(at[-2]) * self.fitted * np.exp(at[:-2])
        whole = weighed.sum(axis=2) - math.exp(at[-2]) * self.fixed
        return np.concatenate([weighed, whole[:, :, None], self.first[:, :, None]], axis=2)

    @staticmethod
    def _surplus(slopes: Array, chances: Array) -> Array:
        """Return how much more of each slope the taken options have than was to be expected."""
        surplus: Array = (slopes[:, 0] - (chances[:, :, None] * slopes).sum(axis=1)).sum(axis=0)
        return surplus


def _mode(posterior: _Posterior) -> tuple[Array, Array]:
    """Return where the posterior is highest and its curvature there: Newton's steps, halved until they gain."""
    at = posterior.means
    for _ in range(_MOST_STEPS):
        slope, bend = posterior.slope(at), posterior.bend(at)
        step = np.linalg.solve(bend, slope)
        step *= min(1.0, _LONGEST / max(np.abs(step).max(), _NEAR))
        promised = float(slope @ step)
        share, value = 1.0, posterior.value(at)
        while share > _LEAST_SHARE and posterior.value(at - share * step) > value - _GAIN * share * promised:
            share /= 2
        if promised < _NEAR * (1 + value) or share <= _LEAST_SHARE:
            break
        at = at - share * step
    return at, posterior.bend(at)
