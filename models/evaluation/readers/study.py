"""Everything that is told of one file of readings."""

from dataclasses import dataclass

from models.evaluation.readers.automation import Automation, measure_automation
from models.evaluation.readers.changes import Changes, Times, measure_changes, measure_times
from models.evaluation.readers.comparison import Comparison, PairAgreement, compare, compare_pairs
from models.evaluation.readers.figures import COUNT, GRADE, PLACE, TYPE, region_rule
from models.evaluation.readers.readings import Mode, Readings, Shape


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """The report of one file.

    Attributes:
        shape: whether readings were outlines or counts.
        readers: codes of the people.
        photographs: how many people read.
        readings: how many there are in each mode, by the mode's name.
        paired: readings of people that were done both ways, each pair counted once.
        agreement: place and type of outlines; count and grade of both shapes.
        regions: agreement on the count of each region; empty for outlines and for counts of the whole face.
        pairs: agreement of each pair of readers on places; empty for counts.
        changes: what readers did otherwise with assistance.
        times: how long readings took.
        automation: how far assisted readings follow the model; None without its findings.
    """

    shape: Shape
    readers: tuple[str, ...]
    photographs: int
    readings: dict[str, int]
    paired: int
    agreement: tuple[Comparison, ...]
    regions: tuple[Comparison, ...]
    pairs: tuple[PairAgreement, ...]
    changes: Changes
    times: Times
    automation: Automation | None


def study(readings: Readings) -> ReaderStudy:
    """Measure a file of readings; the same readings in any order give the same figures."""
    outlined = readings.shape is Shape.OUTLINES
    rules = (PLACE, TYPE, COUNT, GRADE) if outlined else (COUNT, GRADE)
    columns = sorted({column for row in readings.rows for column in row.counts or ()})
    return ReaderStudy(
        shape=readings.shape,
        readers=readings.readers,
        photographs=len(readings.photographs),
        readings={mode.value: sum(row.mode is mode for row in readings.rows) for mode in Mode},
        paired=len(readings.pairs()),
        agreement=tuple(compare(rule, readings) for rule in rules),
        regions=tuple(compare(region_rule(column), readings) for column in columns) if len(columns) > 1 else (),
        pairs=compare_pairs(readings) if outlined else (),
        changes=measure_changes(readings),
        times=measure_times(readings),
        automation=measure_automation(readings) if outlined else None,
    )
