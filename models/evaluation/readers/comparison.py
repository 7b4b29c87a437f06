"""Agreement between readers in both modes, and what assistance changed about it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.readers.estimate import Estimate, estimate
from models.evaluation.readers.figures import Rule, pair_table
from models.evaluation.readers.readings import Mode, Photo, Readings


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of agreement.

    Attributes:
        name: place, type, count, grade, or a column of counts.
        unassisted: from every unassisted reading.
        assisted: from every assisted reading.
        difference: assisted less unassisted, from readings that their reader did both ways; it equals the
            difference of the other two when everybody read everything both ways.
    """

    name: str
    unassisted: Estimate
    assisted: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Positive agreement of two readers on places, 0 to 1; None where both named nothing or never met."""

    first: str
    second: str
    unassisted: float | None
    assisted: float | None


def compare(rule: Rule, readings: Readings) -> Comparison:
    """Return one figure in both modes and its difference."""
    paired = readings.paired()
    return Comparison(
        rule.name,
        _one_mode(rule, readings.photos(Mode.UNASSISTED)),
        _one_mode(rule, readings.photos(Mode.ASSISTED)),
        _difference(rule, paired.photos(Mode.UNASSISTED), paired.photos(Mode.ASSISTED)),
    )


def _one_mode(rule: Rule, photos: Mapping[str, Photo]) -> Estimate:
    usable = sorted(rule.usable(photos))
    cases, statistic = rule.statistic([photos[name] for name in usable])
    return estimate(len(usable), cases, statistic)


def _difference(rule: Rule, without: Mapping[str, Photo], helped: Mapping[str, Photo]) -> Estimate:
    """Resample the photographs of both modes together: they are the same ones."""
    usable = sorted(rule.usable(without) & rule.usable(helped))
    cases_before, before = rule.statistic([without[name] for name in usable])
    cases_after, after = rule.statistic([helped[name] for name in usable])

    def difference(index: NDArray[np.int64]) -> float:
        return after(index) - before(index)

    return estimate(len(usable), cases_before + cases_after, difference)


def compare_pairs(readings: Readings) -> tuple[PairAgreement, ...]:
    """Return every pair of readers that read a photograph in the same mode, by their codes."""
    without, helped = (pair_table(readings.photos(mode)) for mode in (Mode.UNASSISTED, Mode.ASSISTED))
    return tuple(
        PairAgreement(*pair, _shown(without.get(pair)), _shown(helped.get(pair)))
        for pair in sorted(without.keys() | helped.keys())
    )


def _shown(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)
