"""How much longer or shorter each provider takes than the others, drawn towards the usual pace the less is known.

The logarithm of what one person does for a visit is the service's, plus the provider's, plus what the provider has
with this service alone, plus chance. The last three are normal around 0, so that every figure is pooled: with few
visits it stays near 0, with many it is the provider's own (B. Efron, C. Morris, "Data Analysis Using Stein's
Estimator and Its Generalizations", Journal of the American Statistical Association 70, 1975). How far providers
differ is estimated from the same visits; since that is never known well, the answer is an average over how far they
might, each by how well it explains the visits, and the ranges are as wide as that makes them (C. N. Morris,
"Parametric Empirical Bayes Inference: Theory and Applications", the same journal 78, 1983). How far they may is,
before any visit is seen, half-Cauchy (A. Gelman, "Prior Distributions for Variance Parameters in Hierarchical Models",
Bayesian Analysis 1, 2006). That the provider matters for how long a procedure takes, beside the procedure itself, is
measured by D. P. Strum, A. R. Sampson, J. H. May, L. G. Vargas, "Surgeon and Type of Anesthesia Predict Variability
in Surgical Procedure Times", Anesthesiology 92 (2000).

The usual pace is the mean of all providers who are compared with each other, one by the services that both give or by
way of others. A service that one provider alone gives says nothing of their pace.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

PROVIDER_SPREAD: Final = 0.15
"""How far the logarithms of providers' paces may well spread: as probably less as more. Assumed."""
OWN_SPREAD: Final = 0.08
"""The same of what a provider has with a single service beside that. Assumed."""

_PROVIDER_SPREADS: Final = tuple(0.01 + 0.04 * step for step in range(10))
_OWN_SPREADS: Final = tuple(0.005 + 0.035 * step for step in range(6))

_Floats = npt.NDArray[np.float64]
_Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one provider's visits for one service show: how many, and the mean of the logarithms of their lengths.

    `provider` and `service` are numbers from 0; `variance` is that of a single logarithm around its mean.
    """

    provider: int
    service: int
    count: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Known:
    """A figure with its standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Fit:
    """Logarithms: 0 is the usual pace.

    Attributes:
        providers: of each provider over all services.
        cells: of each provider with each service, in the order of the cells; `own` is what that has beside the
            provider's pace over all.
    """

    providers: tuple[Known, ...]
    cells: tuple[Known, ...]
    own: tuple[Known, ...]


def fit(
    cells: Sequence[Cell],
    between: Sequence[float] = _PROVIDER_SPREADS,
    alone: Sequence[float] = _OWN_SPREADS,
) -> Fit:
    """Return what the cells show of each provider; nothing where there are none.

    Args:
        cells: at most one for a provider and a service.
        between: how far the logarithms of providers may spread, each above 0.
        alone: the same of what a provider has with a single service beside that.
    """
    if not cells:
        return Fit((), (), ())
    visits = _Visits(cells)
    answers = [visits.at(one, other) for one, other in product(between, alone)]
    best = max(answer.score for answer in answers)
    shares = np.array([math.exp(answer.score - best) for answer in answers])
    shares /= shares.sum()
    people = _mixed(shares, [(answer.people, answer.people_variance) for answer in answers])
    whole = _mixed(shares, [(answer.cells, answer.cells_variance) for answer in answers])
    own = _mixed(shares, [(answer.own, answer.own_variance) for answer in answers])
    return Fit(people, whole, own)


@dataclass(frozen=True, slots=True)
class _Answer:
    score: float
    people: _Floats
    people_variance: _Floats
    cells: _Floats
    cells_variance: _Floats
    own: _Floats
    own_variance: _Floats


class _Visits:
    """The cells as arrays; the unknowns are the services' logarithms, any as likely as any, and then the providers'."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.services = 1 + max(cell.service for cell in cells)
        self.providers = 1 + max(cell.provider for cell in cells)
        self.service: _Whole = np.array([cell.service for cell in cells], np.int64)
        self.provider: _Whole = np.array([self.services + cell.provider for cell in cells], np.int64)
        self.mean = np.array([cell.mean for cell in cells], np.float64)
        self.variance = np.array([cell.variance / cell.count for cell in cells], np.float64)
        size = self.services + self.providers
        groups = _compared(cells)
        alike = np.array([[one == other for other in groups] for one in groups], np.float64)
        # Rows take the mean of those who are compared from each provider, or cell; columns are the unknowns.
        self.usual: _Floats = np.zeros((self.providers, size))
        self.usual[:, self.services :] = alike / alike.sum(axis=1, keepdims=True)
        self.own_rows = np.eye(self.providers, size, self.services) - self.usual

    def at(self, between: float, own: float) -> _Answer:
        """Return the answer if the logarithms spread so far between providers, and with single services beside that."""
        size = self.services + self.providers
        weight = 1 / (self.variance + own**2)
        matrix, side = np.zeros((size, size)), np.zeros(size)
        for rows in (self.service, self.provider):
            np.add.at(side, rows, weight * self.mean)
            for columns in (self.service, self.provider):
                np.add.at(matrix, (rows, columns), weight)
        matrix[range(self.services, size), range(self.services, size)] += between**-2
        inverse: _Floats = np.asarray(np.linalg.inv(matrix), np.float64)
        solved = inverse @ side
        left = float(weight @ self.mean**2 - side @ solved)
        sizes = float(np.linalg.slogdet(matrix)[1]) - float(np.log(weight).sum())
        likely = -(left + sizes + 2 * self.providers * math.log(between)) / 2
        prior = -math.log1p((between / PROVIDER_SPREAD) ** 2) - math.log1p((own / OWN_SPREAD) ** 2)
        # What a cell has of its own is the share `drawn` of what service and provider leave of it.
        drawn = own**2 * weight
        rest = own**2 * (1 - drawn)
        beside, cells = np.zeros((len(drawn), size)), self.own_rows[self.provider - self.services]
        beside[range(len(drawn)), self.service] = -drawn
        beside[range(len(drawn)), self.provider] = -drawn
        return _Answer(
            likely + prior,
            self.own_rows @ solved,
            _variances(self.own_rows, inverse),
            (cells + beside) @ solved + drawn * self.mean,
            rest + _variances(cells + beside, inverse),
            beside @ solved + drawn * self.mean,
            rest + _variances(beside, inverse),
        )


def _variances(rows: _Floats, covariance: _Floats) -> _Floats:
    variances: _Floats = ((rows @ covariance) * rows).sum(axis=1)
    return variances


def _compared(cells: Sequence[Cell]) -> list[int]:
    """Return a number for each provider, equal for those who are compared with each other."""
    groups = list(range(1 + max(cell.provider for cell in cells)))
    first: dict[int, int] = {}
    for cell in cells:
        one, other = groups[cell.provider], groups[first.setdefault(cell.service, cell.provider)]
        groups = [other if group == one else group for group in groups]
    return groups


def _mixed(shares: _Floats, parts: Sequence[tuple[_Floats, _Floats]]) -> tuple[Known, ...]:
    means, variances = np.array([mean for mean, _ in parts]), np.array([variance for _, variance in parts])
    mean = shares @ means
    variance = shares @ (variances + means**2) - mean**2
    pairs = zip(mean.tolist(), np.sqrt(np.maximum(variance, 0)).tolist(), strict=True)
    return tuple(Known(float(middle), float(deviation)) for middle, deviation in pairs)


def numbered(names: Sequence[str]) -> Mapping[str, int]:
    """Return names with numbers from 0, each name once."""
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
