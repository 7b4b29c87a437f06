"""The simulation, short in the tests and long on demand; `SEED=n` replays what failed."""

import os
import random
from collections.abc import Iterable, Iterator, Sequence

import pytest

from tests.faults.sim import disks, work
from tests.faults.sim.crowd import Report, report, reports
from tests.faults.sim.healing import heal
from tests.faults.sim.template import Template, memory_folder
from tests.faults.sim.world import World
from tests.support.cores import Cores, quiet
from tests.support.promises import Tally

LONG = bool(os.environ.get("LONG"))
# With those of a pair of troubles each and those of `test_machine.py`, ten thousand worlds in the long run.
WORLDS = 7_000 if LONG else 10
EACH = 100 if LONG else 1
# The same worlds each time where a build must be the same each time; new ones in the long run.
_FIRST = int(os.environ.get("SEED") or (random.randrange(1_000_000) if LONG else 1))
_MOST_TOLD = 5
_BASE = ("I-01", "I-03", "I-04", "I-05", "I-06", "I-07", "I-08")


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    quiet()
    made = Template.make()
    yield made
    made.remove()


def count(tally: Tally, told: Iterable[Report]) -> None:
    """Take the figures of worlds, all of them, and fail with those that broke an invariant.

    What was lost or doubled would have broken one.
    """
    broken: list[str] = []
    for result in told:
        if result.broken is not None:
            broken.append(f"SEED={result.seed}\n{result.broken}")
            continue
        tally.injected(result.injected.total())
        tally.acknowledged(result.acknowledged)
        tally.converged(result.seconds)
    assert not broken, f"{len(broken)} worlds broke an invariant\n" + "\n".join(broken[:_MOST_TOLD])
    tally.lost(0)
    tally.doubled(0)


@pytest.mark.req(*_BASE, "I-10", "I-11", "I-13", "I-14", "I-18", "I-20", "P-2")
def test_worlds_with_every_kind_of_trouble_converge_and_break_no_invariant(cores: Cores, tally: Tally) -> None:
    print(f"SEED={_FIRST}")
    count(tally, reports(cores, range(_FIRST, _FIRST + WORLDS)))


@pytest.mark.parametrize(
    "troubles",
    [
        pytest.param(["broker", "unplug"], marks=pytest.mark.req("F-04", *_BASE), id="broker restarts"),
        pytest.param(["lossy", "clear up"], marks=pytest.mark.req("F-05", *_BASE), id="lossy network"),
        pytest.param(["one way", "clear up"], marks=pytest.mark.req("F-07", *_BASE), id="one-way partition"),
        pytest.param(["clock", "box killed"], marks=pytest.mark.req("F-09", "I-11"), id="clock jumps"),
        pytest.param(["poison", "rubbish"], marks=pytest.mark.req("F-11", "I-10", "I-13", "P-6"), id="poison"),
        pytest.param(["hub dies", "hub killed"], marks=pytest.mark.req("F-12", "I-04", "I-06"), id="hub dies"),
        pytest.param(["box dies", "box killed"], marks=pytest.mark.req("I-01", "I-02", "I-03"), id="box dies"),
        pytest.param(["hub restored", "lossy"], marks=pytest.mark.req("F-13", "I-17", "P-4"), id="hub restored"),
        pytest.param(["box restored", "unplug"], marks=pytest.mark.req("F-14", "I-18", "P-5"), id="box restored"),
        pytest.param(["clone", "one way"], marks=pytest.mark.req("F-14", "I-18", "P-5"), id="box cloned"),
        pytest.param(["forged", "lossy"], marks=pytest.mark.req("F-11", "I-18", "P-5"), id="forged events"),
        pytest.param(["withdrawal", "unplug"], marks=pytest.mark.req("F-25", "I-20"), id="consent withdrawn"),
        pytest.param(["deletion", "keys restored"], marks=pytest.mark.req("F-25", "P-8"), id="client deleted"),
        pytest.param(["room", "lossy"], marks=pytest.mark.req("I-06", "P-7"), id="room made"),
        pytest.param(["wake-up", "broker"], marks=pytest.mark.req("I-08"), id="wake-ups lost"),
    ],
)
def test_no_fault_loses_or_doubles_an_event(cores: Cores, troubles: Sequence[str], tally: Tally) -> None:
    print(f"SEED={_FIRST}")
    count(tally, reports(cores, range(_FIRST, _FIRST + EACH), troubles))


@pytest.mark.req("F-13", "I-08", "P-6", "P-7")
def test_an_image_that_neither_box_nor_hub_has_any_more_is_set_aside_and_nothing_waits_for_it(
    template: Template, tally: Tally
) -> None:
    world = World(template, memory_folder(), seed=1, boxes=2)
    try:
        disks.back_up_hub(world)
        work.photograph(world, box=0, size=300, analysed=False)
        work.make_room(world, box=0)
        disks.restore_hub(world, which=0)
        tally.injected(1)
        tally.converged(heal(world).seconds)
        states = world.boxes[0].store.rows("SELECT pruned, aside IS NOT NULL FROM images")
    finally:
        world.close()
    assert states == [(1, 1)]


def test_the_same_seed_tells_the_same_story(template: Template) -> None:
    first, second = (report(template, 5) for _ in range(2))
    assert (first.injected, first.events, first.seconds) == (second.injected, second.events, second.seconds)
