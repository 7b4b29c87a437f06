"""A flexible job shop as a day of the engine: operations are visits, machines resources, ways templates, jobs chains.

The engine adds up costs, so the greatest of all ends is put as lateness behind a target that lies below the best
makespan: once nothing is late, the target is met.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.schedule.engine.problem import Alternative, Costs, Part, Place, Problem, Resource, Shape, Template, Visit
from tests.benchmarks.fjsp.instances import Instance, Operation, Way
from tests.benchmarks.fjsp.schedules import Schedule, Slot

_OUT: Final = 1 << 20
"""What the search counts an operation without a place: more than any place costs."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """What the search pays per time unit of an operation's end, of its lateness, and for an unwished machine."""

    end: int = 1
    late: int = 10
    unwished: int = 20


def pressed(instance: Instance, target: int, horizon: int, wishes: Sequence[int] | None, pressure: Pressure) -> Problem:
    """Return the day for ruin and recreate: everything early, nothing late, machines as wished.

    Args:
        instance: the job shop.
        target: makespan that is looked for; an operation is late when its job cannot end by then.
        horizon: makespan that is possible.
        wishes: by operation, the way that balances the machines, if there is one.
        pressure: weights of the three.
    """

    def starts(operation: Operation) -> Costs:
        cells = np.arange(horizon - operation.tail + 1, dtype=np.int64)
        late: Costs = np.maximum(0, cells + operation.shortest + operation.tail - target)
        costs: Costs = pressure.end * cells + pressure.late * late
        return costs

    def choices(number: int, operation: Operation) -> Costs:
        longer = [pressure.end * (duration - operation.shortest) for _, duration in operation.ways]
        if wishes is not None:
            longer = [cost + pressure.unwished * (way != wishes[number]) for way, cost in enumerate(longer)]
        return np.array(longer, np.int64)

    return _problem(instance, horizon, starts, choices)


def late(instance: Instance, target: int, horizon: int) -> Problem:
    """Return the day whose cost is the jobs' lateness behind the target, and nothing else.

    Behind each job comes a visit that marks its end, on a resource of its own: what it costs to be late does not
    depend on how the last operation is done.
    """
    nothing = [np.zeros(len(operation.ways), np.int64) for operation in instance.operations]
    day = _problem(
        instance, horizon, lambda operation: np.zeros(horizon - operation.tail + 1, np.int64), lambda n, _: nothing[n]
    )
    cost = np.maximum(0, np.arange(horizon + 1, dtype=np.int64) - target)
    lasts = [number for number, operation in enumerate(instance.operations) if operation.tail == 0]
    ends = [_shape(((instance.machines + job, 1),)) for job in range(len(lasts))]
    marks = [
        Visit(
            len(day.shapes) + job,
            0,
            horizon + 1,
            cost,
            np.zeros(1, np.int64),
            drop_rank=1,
            drop_energy=_OUT,
            before=last,
        )
        for job, last in enumerate(lasts)
    ]
    resources = [Resource()] * (instance.machines + len(lasts))
    return Problem(horizon + 1, horizon + 1, resources, [*day.shapes, *ends], [*day.visits, *marks])


def marked(instance: Instance, schedule: Schedule) -> tuple[Place, ...]:
    """Return a schedule as places of `late`, the ends of the jobs marked."""
    ends = [
        slot.start + operation.ways[slot.way][1]
        for operation, slot in zip(instance.operations, schedule, strict=True)
        if operation.tail == 0
    ]
    return (*places(schedule), *(Place(end, 0, (0,)) for end in ends))


def places(schedule: Schedule) -> tuple[Place, ...]:
    """Return a schedule as the engine's places."""
    return tuple(Place(slot.start, slot.way, (slot.way,)) for slot in schedule)


def schedule_of(places: Sequence[Place | None]) -> Schedule | None:
    """Return the engine's places as a schedule; none while an operation is out."""
    slots = tuple(Slot(place.start, place.template) for place in places if place is not None)
    return slots if len(slots) == len(places) else None


def _problem(
    instance: Instance,
    horizon: int,
    starts: Callable[[Operation], Costs],
    choices: Callable[[int, Operation], Costs],
) -> Problem:
    kinds = {operation.ways: None for operation in instance.operations}
    shape_of = {ways: number for number, ways in enumerate(kinds)}
    longest = max(operation.head for operation in instance.operations)
    visits = [
        Visit(
            shape=shape_of[operation.ways],
            # The engine knows how early its chain lets a visit start. Open to 0, the visits with most work behind
            # them are the ones with least slack, which it puts in first.
            earliest=0,
            latest=horizon - operation.tail,
            start_cost=starts(operation),
            choice_cost=choices(number, operation),
            drop_rank=1,
            # Of the more important it puts in the first ones of a job first.
            drop_energy=_OUT + longest - operation.head,
            before=number - 1 if operation.position else -1,
        )
        for number, operation in enumerate(instance.operations)
    ]
    return Problem(horizon, horizon, [Resource()] * instance.machines, [_shape(ways) for ways in kinds], visits)


def _shape(ways: tuple[Way, ...]) -> Shape:
    return Shape(tuple(Template(d, ((Alternative((Part(machine, 0, d),), 0),),)) for machine, d in ways))
