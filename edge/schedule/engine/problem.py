"""What the engine is asked: visits, each in one of several shapes, on resources, in cells of time.

Costs have two levels. Ranks are compared first, whatever the costs; energies steer the search through days that are
worse on the first level, so that it can come out better behind them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

MOST_NEEDS: Final = 16
NEVER: Final = (1 << 63) - 1

Costs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resource:
    """Somebody or something that can do one thing at a time; times are Python integers used as bitsets of cells.

    Attributes:
        closed: cells in which it cannot work; a rest may run into them.
        occupied: cells taken beforehand, rests included.
        begun: first cells of the uses in `occupied`.
        brittle_cells: two uses with less than this between them are one brittle chain, and cost `brittle_cost`.
        idle_cost: of each free cell between its first and its last use of a day.
        load_cost: of the square of its occupied cells; evens out who works how much.
    """

    closed: int = 0
    occupied: int = 0
    begun: int = 0
    brittle_cells: int = 0
    brittle_cost: int = 0
    idle_cost: int = 0
    load_cost: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A use of a resource: `length` cells from `offset` after the visit's start, then `rest` cells of its own.

    Time that `counts` not is taken, but is no work: no cost of the resource sees it.
    """

    resource: int
    offset: int
    length: int
    rest: int = 0
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to meet a need; `face` is equal for ways that a client does not tell apart."""

    parts: tuple[Part, ...]
    face: int


@dataclass(frozen=True, slots=True)
class Template:
    """A visit of `length` cells; each need is met by exactly one of its alternatives."""

    length: int
    needs: tuple[tuple[Alternative, ...], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What visits of one service look like: templates of different lengths, with the same needs in the same order."""

    templates: tuple[Template, ...]

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """Every alternative, in the order that choices count them."""
        return tuple(a for template in self.templates for need in template.needs for a in need)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit is: first cell, template of its shape, and per need the alternative's number in the shape."""

    start: int
    template: int
    choice: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who wants a place.

    Attributes:
        shape: number of the shape.
        earliest: first cell it may start in; `latest` is the cell it must have ended by.
        start_cost: by cell from `earliest`, at least up to the last possible start.
        choice_cost: by alternative of the shape; none may be negative.
        former: where it was; elsewhere it counts as moved.
        drop_rank, drop_cost: what being without a place counts; `drop_energy` while searching, added to the cost.
        move_rank, move_cost: what a move counts; `move_energy` while searching, added to the cost.
        before: visit that must end `gap` cells before this one starts, or -1.
    """

    shape: int
    earliest: int
    latest: int
    start_cost: Costs
    choice_cost: Costs
    former: Place | None = None
    drop_rank: int = 0
    drop_cost: int = 0
    drop_energy: int = 0
    move_rank: int = 0
    move_cost: int = 0
    move_energy: int = 0
    before: int = -1
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A whole question.

    Attributes:
        cells: of all the days together.
        day_cells: of one day, the last of which may be shorter; what is free between two days is no idle time.
    """

    cells: int
    day_cells: int
    resources: Sequence[Resource]
    shapes: Sequence[Shape]
    visits: Sequence[Visit]


@dataclass(frozen=True, slots=True)
class Worth:
    """How good a day is: `rank` is compared first, then `cost`; less is better."""

    rank: int
    cost: int
    energy: int

    @property
    def level(self) -> tuple[int, int]:
        """What decides between two days."""
        return self.rank, self.cost


@dataclass(frozen=True, slots=True)
class Answer:
    """A day: its worth and, per visit, a place or none."""

    worth: Worth
    places: tuple[Place | None, ...]


@dataclass(frozen=True, slots=True)
class Effort:
    """How far and how boldly one call searches.

    Attributes:
        iterations: days tried at most.
        until_ns: on the clock of `time.monotonic_ns`; 0 for no limit.
        temperature: energy by which a worse day may be kept, times -ln of a random number.
        most_removed: visits taken out at a time, at most.
        blink: of 65,536 possible starts, how many are overlooked.
    """

    iterations: int
    until_ns: int = 0
    temperature: int = 0
    most_removed: int = 12
    blink: int = 655


class Engine(Protocol):
    """One search under way; used by one thread."""

    def set(self, places: Sequence[Place | None]) -> None:
        """Start from a day; its places must fit together."""
        ...

    def repair(self) -> None:
        """Put each visit that is out into its best place, moving nobody."""
        ...

    def search(self, effort: Effort) -> int:
        """Look for a better day and return how many were tried."""
        ...

    def back_to_best(self) -> None:
        """Go on from the best day found."""
        ...

    def best(self) -> Answer:
        """Return the best day found."""
        ...

    def offers(self, visit: int) -> list[tuple[int, Place]]:
        """Return each place in which a visit could be, with its energy, by start; nobody else moves."""
        ...
