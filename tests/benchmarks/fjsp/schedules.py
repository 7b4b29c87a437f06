"""Schedules of a flexible job shop, and the checker that every one of them must pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tests.benchmarks.fjsp.instances import Instance


@dataclass(frozen=True, slots=True)
class Slot:
    """When an operation starts, and which of its ways it is done."""

    start: int
    way: int


Schedule = tuple[Slot, ...]
"""A slot per operation of the instance, in its order."""


class ImpossibleSchedule(AssertionError):
    """A schedule breaks a rule of the job shop."""


def makespan(instance: Instance, schedule: Sequence[Slot]) -> int:
    """Return when the last operation of a schedule ends; it knows nothing of the engine.

    Raises:
        ImpossibleSchedule: an operation is missing or too early, or a machine does two things at once.
    """
    if len(schedule) != sum(len(job) for job in instance.jobs):
        raise ImpossibleSchedule("an operation is missing")
    taken: dict[tuple[int, int], int] = {}
    last = number = 0
    for job in instance.jobs:
        ready = 0
        for ways in job:
            slot = schedule[number]
            machine, duration = ways[slot.way]
            if slot.start < ready:
                raise ImpossibleSchedule(f"operation {number} starts before the one before it has ended")
            for time in range(slot.start, slot.start + duration):
                if taken.setdefault((machine, time), number) != number:
                    raise ImpossibleSchedule(f"machine {machine} does two things at {time}")
            ready = slot.start + duration
            number += 1
        last = max(last, ready)
    return last


def compact(instance: Instance, schedule: Schedule) -> Schedule:
    """Return a schedule with every operation as early as its turn allows; it never ends later."""
    machines, jobs = [0] * instance.machines, [0] * len(instance.jobs)
    slots = list(schedule)
    for _, number in sorted((slot.start, number) for number, slot in enumerate(schedule)):
        operation, way = instance.operations[number], schedule[number].way
        machine, duration = operation.ways[way]
        start = max(machines[machine], jobs[operation.job])
        machines[machine] = jobs[operation.job] = start + duration
        slots[number] = Slot(start, way)
    return tuple(slots)


def dispatch(instance: Instance, ways: Sequence[int] | None = None) -> Schedule:
    """Return a first schedule: what can start next, of the job with most left to do, on `ways` where given."""
    machines, jobs = [0] * instance.machines, [0] * len(instance.jobs)
    firsts = list(accumulate((len(job) for job in instance.jobs), initial=0))
    waiting = firsts[:-1]
    slots: list[Slot] = [Slot(0, 0)] * firsts[-1]
    for _ in slots:
        offers: list[tuple[int, int, int, int, int]] = []
        for job, number in enumerate(waiting):
            if number == firsts[job + 1]:
                continue
            operation = instance.operations[number]
            for way in range(len(operation.ways)) if ways is None else [ways[number]]:
                machine, duration = operation.ways[way]
                start = max(machines[machine], jobs[job])
                offers.append((start, -operation.tail - duration, start + duration, number, way))
        start, _, end, number, way = min(offers)
        operation = instance.operations[number]
        machines[operation.ways[way][0]] = jobs[operation.job] = end
        waiting[operation.job] += 1
        slots[number] = Slot(start, way)
    return tuple(slots)
