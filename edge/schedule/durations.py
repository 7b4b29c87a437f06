"""How long things take, as a distribution: log-normal, from a few quantiles or from what was measured.

Treatment times are positive and skewed, and a log-normal fits them better than a normal does: J. H. May, D. P. Strum,
L. G. Vargas, "Fitting the Lognormal Distribution to Surgical Procedure Times", Decision Sciences 31 (2000); D. P. Strum
and others, "Estimating Times of Surgeries with Two Component Procedures", Anesthesiology 98 (2003).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, fmean
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.schedule.domain import GRID_MINUTES, up_to_grid

PLANNING_QUANTILE: Final = 0.68
"""Share of visits that the planned length covers, where the clinic does not say otherwise: beyond it every minute
less of waiting costs more revenue than before."""
SLACK_QUANTILE: Final = 0.9
"""Share of uses that should not make the next one late."""
MOST_MINUTES: Final = 12 * 60

_NORMAL: Final = NormalDist()
_MOST_OFF: Final = 1.5
_ROUNDING: Final = 1e-6  # a quantile that was computed from a whole number of minutes is that number again


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A length of time whose logarithm is normal; `median` in minutes, `sigma` of the logarithm."""

    median: float
    sigma: float

    def quantile(self, share: float) -> float:
        """Return the minutes that a share of all, between 0 and 1, do not exceed."""
        return self.median * math.exp(self.sigma * _NORMAL.inv_cdf(share))

    def planned(self, share: float) -> int:
        """Return that quantile, up to the next step of the planning grid and at least one step."""
        return max(GRID_MINUTES, up_to_grid(math.ceil(self.quantile(share) - _ROUNDING)))

    def with_quantile(self, share: float, minutes: float) -> "LogNormal":
        """Return the distribution of the same spread that has `minutes` as a quantile."""
        return LogNormal(minutes / math.exp(self.sigma * _NORMAL.inv_cdf(share)), self.sigma)


def through(quantiles: Mapping[float, float]) -> LogNormal:
    """Return the log-normal through quantiles: exact for two, by least squares of the logarithms for more.

    Args:
        quantiles: minutes by share; at least two, minutes ascending with the shares.
    """
    z = [_NORMAL.inv_cdf(share) for share in quantiles]
    logs = [math.log(minutes) for minutes in quantiles.values()]
    z_mean, log_mean = fmean(z), fmean(logs)
    slope = sum((x - z_mean) * (y - log_mean) for x, y in zip(z, logs, strict=True)) / sum((x - z_mean) ** 2 for x in z)
    return LogNormal(math.exp(log_mean - slope * z_mean), slope)


def together(parts: Sequence[LogNormal]) -> LogNormal:
    """Return how long stages take one after the other when a slow visit is slow in each of them.

    Quantiles then add up; the sum is taken as a log-normal through its median and its 0.9 quantile.
    """
    if len(parts) == 1:
        return parts[0]
    return through({share: sum(part.quantile(share) for part in parts) for share in (0.5, SLACK_QUANTILE)})


_QuantileMinutes = Annotated[float, Field(gt=0, le=MOST_MINUTES)]


class Duration(BaseModel):
    """A length of time as quantiles in minutes, written `{ p50 = 25, p80 = 35, p95 = 50 }`.

    Half of all visits take at most `p50`. One of `p80` and `p95` may be left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    p50: _QuantileMinutes
    p80: _QuantileMinutes | None = None
    p95: _QuantileMinutes | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        known = list(self._known().values())
        if len(known) == 1:
            raise ValueError("give `p80` or `p95`, too: one quantile does not say how much visits differ")
        if any(later <= earlier for earlier, later in pairwise(known)):
            raise ValueError("the quantiles must ascend: `p50` less than `p80` less than `p95`")
        fitted = self.distribution
        for share, minutes in self._known().items():
            if not 1 / _MOST_OFF < minutes / fitted.quantile(share) < _MOST_OFF:
                raise ValueError("the quantiles do not belong to one kind of visit: no log-normal comes near all three")
        return self

    @classmethod
    def of(cls, distribution: LogNormal) -> Self:
        """Return the quantiles of a distribution."""
        return cls(p50=distribution.median, p80=distribution.quantile(0.8), p95=distribution.quantile(0.95))

    @property
    def distribution(self) -> LogNormal:
        """The log-normal through them."""
        return through(self._known())

    def _known(self) -> dict[float, float]:
        given = {0.5: self.p50, 0.8: self.p80, 0.95: self.p95}
        return {share: minutes for share, minutes in given.items() if minutes is not None}
