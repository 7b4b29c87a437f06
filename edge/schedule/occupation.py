"""Stretches of time that visits take, as bitsets and as spans."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import groupby
from operator import or_

from edge.schedule.demand import Resource, cells
from edge.schedule.domain import GRID_MINUTES, Appointment, ResourceKind, Span


def uses_of(visits: Iterable[Appointment]) -> Mapping[Resource, list[tuple[Appointment, Span]]]:
    """Return who uses what when, stages that follow each other on the same as one use."""
    found: dict[Resource, list[tuple[Appointment, Span]]] = defaultdict(list)
    for visit in visits:
        for kind, names in (
            (ResourceKind.PROVIDER, [stage.provider for stage in visit.stages]),
            (ResourceKind.ROOM, [stage.room for stage in visit.stages]),
            (ResourceKind.DEVICE, [stage.device for stage in visit.stages]),
        ):
            for name, run in groupby(zip(names, visit.stages, strict=True), key=lambda pair: pair[0]):
                stages = [stage for _, stage in run]
                if name is not None:
                    found[kind, name].append((visit, Span(stages[0].start, stages[-1].end)))
    return found


def bits_of(spans: Iterable[Span]) -> int:
    """Return the cells of some stretches."""
    return reduce(or_, map(cells, spans), 0)


def has_run(bits: int, minutes: int) -> bool:
    """Tell whether some stretch of so many minutes is set throughout."""
    for _ in range(-(-minutes // GRID_MINUTES) - 1):
        bits &= bits >> 1
    return bits != 0


def rested(span: Span, rest: int) -> Span:
    """Return a use with the rest after it."""
    return Span(span.start, span.end + rest)
