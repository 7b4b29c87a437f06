"""Opens each state that a power cut could have left, on every core."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.disk.folders import quick_folder
from tests.faults.disk.states import Fate, State, lay_out
from tests.support.cores import Cores

Opened = Callable[[Path, tuple[str, ...]], int | None]


@dataclass(frozen=True, slots=True)
class Explored:
    """What one opened state was.

    Attributes:
        fate: what had become of its unsynced writes.
        acknowledged: how many events had been acknowledged.
        result: what opening it returned.
    """

    fate: Fate
    acknowledged: int
    result: int | None


@dataclass(frozen=True, slots=True)
class Explorer:
    """Lays states out and has each opened by a function of a module, which raises when it does not hold.

    Attributes:
        cores: where.
        recorded_in: the folder that the program worked in.
        opened: takes the folder of a state and what had been acknowledged.
        seed: what chance began with, for the message.
    """

    cores: Cores
    recorded_in: Path
    opened: Opened
    seed: int

    def explore(self, found: Iterable[State], what: str) -> Iterator[Explored]:
        """Open each state.

        Raises:
            AssertionError: one does not hold; the message says which.
        """
        yield from self.cores.each(partial(_open, self.recorded_in, self.opened, self.seed), found, what)


def some_of_each_fate(found: list[State], chance: random.Random, each: int) -> list[State]:
    """Return a few states of each fate."""
    of_fate = ([state for state in found if state.fate is fate] for fate in Fate)
    return [state for some in of_fate for state in chance.sample(some, min(each, len(some)))]


def _open(recorded_in: Path, opened: Opened, seed: int, state: State) -> Explored:
    with quick_folder() as folder:
        lay_out(state, recorded_in, folder)
        try:
            result = opened(folder, state.acknowledged)
        except Exception as error:
            raise AssertionError(f"cut {state.cut}, {state.fate}, seed {seed}: {error!r}") from error
    return Explored(state.fate, sum(line.startswith("seq ") for line in state.acknowledged), result)
