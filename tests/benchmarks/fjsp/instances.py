"""Flexible job shops as published: jobs of operations, each on one of several machines, with its time on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

DEFAULT: Final = Path("../shared/data/operations/fjsp")

Way = tuple[int, int]
"""A machine and how long the operation takes on it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The best makespan anybody has found, and the greatest that is proven not to be beaten."""

    best: int
    lower: int


BRANDIMARTE: Final = {
    "mk01": Bounds(40, 40),
    "mk02": Bounds(26, 26),
    "mk03": Bounds(204, 204),
    "mk04": Bounds(60, 60),
    "mk05": Bounds(172, 172),
    "mk06": Bounds(57, 54),
    "mk07": Bounds(139, 139),
    "mk08": Bounds(523, 523),
    "mk09": Bounds(307, 307),
    "mk10": Bounds(189, 189),  # sources differ: 189 to 193
    "mk11": Bounds(609, 609),
    "mk12": Bounds(508, 508),
    "mk13": Bounds(382, 382),  # sources differ: 382 to 390
    "mk14": Bounds(694, 694),
    "mk15": Bounds(333, 332),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A step of a job, the ways it can be done, and what its job needs at least before and after it."""

    job: int
    position: int
    ways: tuple[Way, ...]
    head: int
    tail: int

    @property
    def shortest(self) -> int:
        """How long it takes at least."""
        return min(duration for _, duration in self.ways)


@dataclass(frozen=True)
class Instance:
    """Jobs of operations that follow each other, on machines that do one thing at a time."""

    name: str
    machines: int
    jobs: tuple[tuple[tuple[Way, ...], ...], ...]

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, job by job in the order of the job."""
        made: list[Operation] = []
        for number, job in enumerate(self.jobs):
            shortest = [min(duration for _, duration in ways) for ways in job]
            for position, ways in enumerate(job):
                head, tail = sum(shortest[:position]), sum(shortest[position + 1 :])
                made.append(Operation(number, position, ways, head, tail))
        return tuple(made)


def read(folder: Path, name: str) -> Instance:
    """Return an instance of the Brandimarte set."""
    lines = (folder / "brandimarte" / f"{name}.txt").read_text(encoding="ascii").splitlines()
    jobs, machines = (int(word) for word in lines[0].split()[:2])
    return Instance(name, machines, tuple(_job([int(word) for word in line.split()]) for line in lines[1 : jobs + 1]))


def _job(numbers: Sequence[int]) -> tuple[tuple[Way, ...], ...]:
    operations: list[tuple[Way, ...]] = []
    at = 1
    for _ in range(numbers[0]):
        count = numbers[at]
        ways = numbers[at + 1 : at + 1 + 2 * count]
        operations.append(tuple(zip(ways[::2], ways[1::2], strict=True)))
        at += 1 + 2 * count
    return tuple(operations)
