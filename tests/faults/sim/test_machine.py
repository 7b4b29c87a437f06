"""Worlds that hypothesis chooses, few in the tests and many on demand; `SEED=n` tells the same stories again."""

import os
import random
from collections.abc import Iterator

import pytest

from tests.faults.sim.happenings import TROUBLES, WORK
from tests.faults.sim.invariants import InvariantBroken
from tests.faults.sim.machine import Told, machine_of, retell, tell_all, tell_many
from tests.faults.sim.mutants import MUTANTS, Mutant
from tests.faults.sim.template import Template
from tests.support.cores import Cores, quiet
from tests.support.promises import Tally

LONG = bool(os.environ.get("LONG"))
# In the long run 15 machines with 100 stories each; with the worlds of `test_worlds.py`, ten thousand.
MACHINES, STORIES, STEPS = (15, 100, 20) if LONG else (1, 10, 10)
# How often a defect's story may be told to shorten it, and how short it must get.
SHORTENINGS, FEW_STEPS = (100 if LONG else 8), 5
# Those that few stories show; `test_mutants.py` plants all.
PLANTED = [
    mutant
    for mutant in MUTANTS
    if mutant.name in {"acknowledge before commit", "cursor moved early", "clock used for order"}
]
_FIRST = int(os.environ.get("SEED") or (random.randrange(1_000_000) if LONG else 1))
pytestmark = pytest.mark.timeout(7200 if LONG else 600)


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    quiet()
    made = Template.make()
    yield made
    made.remove()


@pytest.mark.req("P-2", "I-01", "I-03", "I-04", "I-05", "I-06", "I-07", "I-08", "I-18")
def test_no_story_that_hypothesis_chooses_breaks_an_invariant(cores: Cores, template: Template, tally: Tally) -> None:
    print(f"SEED={_FIRST}")
    stories = 0
    for told in tell_all(cores, template, range(_FIRST, _FIRST + MACHINES), STORIES, STEPS):
        stories += len(told.outcomes)
        tally.injected(told.injected)
        for outcome in told.outcomes:
            tally.acknowledged(outcome.acknowledged)
            tally.converged(outcome.seconds)
    assert stories >= MACHINES * STORIES
    tally.lost(0)
    tally.doubled(0)


@pytest.mark.req("P-2", "I-06", "I-11")
@pytest.mark.parametrize("mutant", PLANTED, ids=lambda mutant: mutant.name)
def test_planted_defect_is_found_and_its_story_shortened(template: Template, mutant: Mutant) -> None:
    told = Told(shortenings=SHORTENINGS)
    machine = machine_of(template, (*WORK, *(TROUBLES[name] for name in mutant.troubles)), told)
    with mutant.plant(), pytest.raises(InvariantBroken) as broken:
        tell_many(machine, 1, stories=60, steps=10)
    print(f"{mutant.name}: {broken.value} after {len(told.steps)} steps", *told.steps, sep="\n")
    assert broken.value.invariant in mutant.caught_by
    assert 1 <= len(told.steps) <= FEW_STEPS
    with mutant.plant(), pytest.raises(InvariantBroken):
        retell(template, told)
    retell(template, told)
