"""What readers did otherwise when they saw the model's findings: how often, which way, and how fast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.readers.estimate import NOT_GIVEN, Estimate, estimate, share
from models.evaluation.readers.figures import GRADES
from models.evaluation.readers.matching import match
from models.evaluation.readers.readings import Mode, Reading, Readings


@dataclass(frozen=True, slots=True)
class Change:
    """How one assisted reading differs from the same reader's unassisted one.

    Attributes:
        added: features only with assistance, at least 0.
        removed: features only without.
        retyped: features in both, called something else; 0 in a file of counts.
        graded: steps the grade rose, negative where it fell; 0 where one of the two has none.
    """

    added: int
    removed: int
    retyped: int
    graded: int

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.retyped or self.graded)


@dataclass(frozen=True, slots=True)
class ReaderChange:
    """One reader's changes, summed over the photographs read both ways, and median seconds a reading."""

    reader: str
    photographs: int
    changed: int
    added: int
    removed: int
    retyped: int
    seconds_unassisted: float | None
    seconds_assisted: float | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes over all readers.

    Attributes:
        readings: readings done both ways.
        changed: share of them in which anything differs.
        added: features added, a reading.
        removed: features removed, a reading.
        retyped: features called something else, a reading.
        grade_higher: readings whose grade rose.
        grade_lower: readings whose grade fell.
        by_reader: the same by reader, in the order of their codes.
    """

    readings: int
    changed: Estimate
    added: Estimate
    removed: Estimate
    retyped: Estimate
    grade_higher: int
    grade_lower: int
    by_reader: tuple[ReaderChange, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a reading.

    Attributes:
        unassisted: median of every unassisted reading that was timed.
        assisted: likewise with assistance.
        ratio: median with over median without assistance, of readings timed both ways; below 1 is faster.
    """

    unassisted: Estimate
    assisted: Estimate
    ratio: Estimate


def change(without: Reading, helped: Reading) -> Change:
    """Return how two readings of one photograph by one reader differ."""
    graded = 0
    if without.grade is not None and helped.grade is not None:
        graded = GRADES.index(helped.grade) - GRADES.index(without.grade)
    if without.counts is not None and helped.counts is not None:
        steps = [helped.counts[name] - number for name, number in without.counts.items()]
        return Change(sum(s for s in steps if s > 0), -sum(s for s in steps if s < 0), 0, graded)
    before, after = without.features, helped.features
    laid = match(before, after)
    retyped = sum(before[i].type is not after[j].type for i, j in laid.pairs)
    return Change(len(laid.only_second), len(laid.only_first), retyped, graded)


def measure_changes(readings: Readings) -> Changes:
    """Return what changed in the readings done both ways; every figure is "not given" where there are none."""
    pairs = readings.pairs()
    changes = [(without.photograph, change(without, helped)) for without, helped in pairs]
    return Changes(
        readings=len(pairs),
        changed=_a_reading([(name, each.changed) for name, each in changes]),
        added=_a_reading([(name, each.added) for name, each in changes]),
        removed=_a_reading([(name, each.removed) for name, each in changes]),
        retyped=_a_reading([(name, each.retyped) for name, each in changes]),
        grade_higher=sum(each.graded > 0 for _, each in changes),
        grade_lower=sum(each.graded < 0 for _, each in changes),
        by_reader=tuple(_of_reader(reader, pairs) for reader in sorted({a.reader for a, _ in pairs})),
    )


def _a_reading(values: Sequence[tuple[str, int]]) -> Estimate:
    """Return the mean of one value a reading, resampled by photograph."""
    sums: dict[str, list[float]] = {}
    for photograph, value in values:
        into = sums.setdefault(photograph, [0.0, 0.0])
        into[0] += value
        into[1] += 1
    table = np.array([sums[name] for name in sorted(sums)], np.float64).reshape(-1, 2)
    return share(table[:, 0], table[:, 1])


def _of_reader(reader: str, pairs: Sequence[tuple[Reading, Reading]]) -> ReaderChange:
    own = [pair for pair in pairs if pair[0].reader == reader]
    changes = [change(*pair) for pair in own]
    timed = [(a.seconds, b.seconds) for a, b in own if a.seconds is not None and b.seconds is not None]
    before, after = (float(np.median(column)) for column in zip(*timed, strict=True)) if timed else (None, None)
    return ReaderChange(
        reader,
        len(own),
        sum(each.changed for each in changes),
        sum(each.added for each in changes),
        sum(each.removed for each in changes),
        sum(each.retyped for each in changes),
        before,
        after,
    )


def measure_times(readings: Readings) -> Times:
    """Return how long readings took, where that was given."""
    seconds = {
        mode: _seconds([row for row in readings.rows if row.mode is mode]) for mode in (Mode.UNASSISTED, Mode.ASSISTED)
    }
    both = [pair for pair in readings.pairs() if all(each.seconds is not None for each in pair)]
    before, after = (_seconds([pair[side] for pair in both]) for side in (0, 1))
    names = sorted(before)

    def ratio(index: NDArray[np.int64]) -> float:
        return _median(after, names, index) / _median(before, names, index)

    timed = estimate(len(names), len(both), ratio) if names else NOT_GIVEN
    return Times(_typical(seconds[Mode.UNASSISTED]), _typical(seconds[Mode.ASSISTED]), timed)


def _seconds(rows: Sequence[Reading]) -> dict[str, list[float]]:
    """Return the seconds of timed readings by photograph."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.seconds is not None:
            found.setdefault(row.photograph, []).append(row.seconds)
    return found


def _typical(seconds: Mapping[str, list[float]]) -> Estimate:
    names = sorted(seconds)
    cases = sum(len(each) for each in seconds.values())
    return estimate(len(names), cases, lambda index: _median(seconds, names, index))


def _median(seconds: Mapping[str, list[float]], names: Sequence[str], index: NDArray[np.int64]) -> float:
    return float(np.median(np.concatenate([seconds[names[int(i)]] for i in index])))
