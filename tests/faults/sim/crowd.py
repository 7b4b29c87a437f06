"""Many seeds on every core, each told to its end or to the invariant it broke."""

import multiprocessing.util
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

from tests.faults.sim.invariants import InvariantBroken
from tests.faults.sim.seeds import tell
from tests.faults.sim.template import Template
from tests.support.cores import Cores


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one seed.

    Attributes:
        seed: replays it.
        injected: faults, by kind.
        acknowledged: events the hub had applied before all healed.
        events: events in the boxes' logs at the end, every one of them at the hub.
        seconds: virtual seconds to converge.
        broken: the invariant that was broken, with the trace, or None.
    """

    seed: int
    injected: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    events: int = 0
    seconds: float = 0.0
    broken: str | None = None


def report(template: Template, seed: int, only: Sequence[str] = ()) -> Report:
    """Tell one seed's story; a broken invariant is part of the report."""
    try:
        world, outcome = tell(template, seed, only)
    except InvariantBroken as error:
        return Report(seed, broken="\n".join([str(error), *error.__notes__]))
    injected = world.injected + world.network.injected
    return Report(seed, injected, outcome.acknowledged, outcome.events, outcome.seconds)


def reports(cores: Cores, seeds: Sequence[int], only: Sequence[str] = ()) -> Iterator[Report]:
    """Tell many seeds' stories, in order."""
    what = f"worlds ({', '.join(only) or 'every kind of trouble'})"
    yield from cores.each(partial(_report, tuple(only)), seeds, what, len(seeds))


def _report(only: Sequence[str], seed: int) -> Report:
    return report(_template(), seed, only)


@cache
def _template() -> Template:
    template = Template.make()
    multiprocessing.util.Finalize(None, template.remove, exitpriority=10)
    return template
