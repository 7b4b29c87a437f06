"""Which weights a clinic's own choices change, by a rule that says when they are too few.

A weight changes only if enough choices tell about it and it is known clearly better than before them; the rest stays.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.schedule.choice_fit import WEIGHT_SPREAD, Fit, fit
from edge.schedule.choices import Choice
from edge.schedule.weights import LEARNT, Weights, countable, largest, unit_points

LEAST_CHOICES: Final = 20
"""So many choices between answers that differ in a term have to tell about its weight. Assumed."""
KNOWN_BETTER: Final = 0.7
"""A weight is known if its logarithm's spread is at most this share of the spread before any choice: what holds it
with 95 % has shrunk from a factor of 4 either way to one of 2.6. Assumed."""
MOST_FACTOR: Final = 3.0
"""One calibration changes a weight by no more than this factor, so that a person sees each step of a long way."""

_RANGE: Final = 1.96  # standard deviations that hold 95 %


@dataclass(frozen=True, slots=True)
class LearntWeight:
    """A weight by the clinic's choices, in points for one unit.

    Attributes:
        given: the weight in the clinic's file that it was learnt around; with another there, it counts no longer.
        low, high: hold what the choices say with 95 %.
        choices: how many tell about it.
    """

    weight: float
    given: float
    low: float
    high: float
    choices: int


LearntWeights = Mapping[str, LearntWeight]


class Verdict(StrEnum):
    """What becomes of a weight."""

    KNOWN = "known"
    BOUNDED = "bounded"
    TOO_FEW = "too_few"
    TOO_VAGUE = "too_vague"


@dataclass(frozen=True, slots=True)
class WeightChange:
    """What choices do to one weight: `old` and `new` are points for one unit, `fitted` what they say by themselves."""

    name: str
    old: float
    new: float
    fitted: float
    low: float
    high: float
    choices: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a calibration makes of the weights.

    Attributes:
        changes: of each weight that can be learnt, in order; those that cost nothing by the clinic's file are not.
        weights: what to plan with, by name.
        first: how many times as often the first answer shown is taken as another that is as good.
    """

    changes: tuple[WeightChange, ...]
    weights: LearntWeights
    first: float


def with_learnt(given: Weights, learnt: LearntWeights) -> Weights:
    """Return a clinic's weights with those that it has learnt; what its file has changed since counts as the file."""
    standing = _standing(given, learnt)
    return given.model_copy(update={name: part.weight for name, part in standing.items()}) if standing else given


def learn(given: Weights, learnt: LearntWeights, choices: Sequence[Choice]) -> Learnt:
    """Return what choices make of the weights.

    What was known before is the clinic's file; weights learnt earlier are not, so that nothing counts twice. They say
    from where the factor of one calibration counts, and stay where the choices do not tell more.

    Args:
        given: the weights of the clinic's file.
        learnt: what was learnt before and counts until now.
        choices: all that are to count, in any order.
    """
    counted = unit_points(given)
    before = {name: float(getattr(given, name)) if name in counted else 0.0 for name in LEARNT}
    names = [name for name in LEARNT if before[name]]
    found = fit(choices, given.wait, list(before.values()))
    standing = _standing(given, learnt)
    now = with_learnt(given, learnt)
    changes = tuple(_change(name, before[name], float(getattr(now, name)), found, choices) for name in names)
    weights = dict(standing)
    for change in changes:
        if change.verdict in (Verdict.KNOWN, Verdict.BOUNDED):
            weights[change.name] = LearntWeight(
                change.new, before[change.name], change.low, change.high, change.choices
            )
    return Learnt(changes, weights, found.first)


def _standing(given: Weights, learnt: LearntWeights) -> LearntWeights:
    return {name: part for name, part in learnt.items() if name in LEARNT and getattr(given, name) == part.given}


def _change(name: str, given: float, old: float, found: Fit, choices: Sequence[Choice]) -> WeightChange:
    number = LEARNT.index(name)
    log, spread, telling = found.logs[number], found.spreads[number], _telling(name, choices)
    fitted, low, high = (given * math.exp(log + _RANGE * way * spread) for way in (0, -1, 1))
    new, verdict = old, Verdict.TOO_FEW
    if telling >= LEAST_CHOICES:
        verdict = Verdict.TOO_VAGUE
        if spread <= KNOWN_BETTER * WEIGHT_SPREAD:
            new = _bounded(name, old, fitted)
            verdict = Verdict.KNOWN if old / MOST_FACTOR <= fitted <= old * MOST_FACTOR else Verdict.BOUNDED
    return WeightChange(name, old, new, fitted, low, high, telling, verdict)


def _bounded(name: str, old: float, fitted: float) -> float:
    within = min(max(fitted, old / MOST_FACTOR), old * MOST_FACTOR, largest(name))
    # No weight is rounded away: what costs nothing can never be learnt again.
    return countable(name, within) or old


def _telling(name: str, choices: Sequence[Choice]) -> int:
    place = 1 + LEARNT.index(name)
    return sum(any(option.units[place] != one.taken.units[place] for option in one.others) for one in choices)
