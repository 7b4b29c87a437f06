"""Planted defects: each must be caught, by the invariant it breaks, in a world that is sound without it."""

from collections.abc import Iterator

import pytest

from tests.faults.sim.invariants import InvariantBroken
from tests.faults.sim.mutants import MUTANTS, Mutant
from tests.faults.sim.seeds import tell
from tests.faults.sim.template import Template
from tests.support.cores import quiet

WORLDS = 40


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    quiet()
    made = Template.make()
    yield made
    made.remove()


def caught(template: Template, mutant: Mutant) -> tuple[int, str]:
    """Return the first seed that shows a defect, and the invariant it breaks there."""
    for seed in range(WORLDS):
        try:
            with mutant.plant():
                tell(template, seed, mutant.troubles)
        except InvariantBroken as error:
            return seed, error.invariant
    raise AssertionError(f"nobody has noticed: {mutant.name}")


@pytest.mark.req("P-2", "P-8", "I-04", "I-05", "I-06", "I-08", "I-10", "I-11", "I-18")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_planted_defect_is_caught_by_the_invariant_it_breaks(template: Template, mutant: Mutant) -> None:
    seed, invariant = caught(template, mutant)
    assert invariant in mutant.caught_by
    tell(template, seed, mutant.troubles)
