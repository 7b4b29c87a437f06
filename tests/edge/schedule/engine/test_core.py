"""The compiled core does what its readable reference does, day by day, and never books a resource twice."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.day import Day
from edge.schedule.engine.problem import Answer, Effort, Problem
from edge.schedule.engine.reference import ReferenceEngine
from tests.edge.schedule.engine.problems import problems

EFFORT = Effort(iterations=12, temperature=20, most_removed=4, blink=6000)


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 2**64 - 1))
def test_core_and_reference_make_the_same_days_from_the_same_seed(problem: Problem, seed: int) -> None:
    compiled, reference = CompiledEngine(problem, seed), ReferenceEngine(problem, seed)
    for engine in (compiled, reference):
        engine.repair()
    assert compiled.best() == reference.best()
    for _ in range(2):
        assert compiled.search(EFFORT) == reference.search(EFFORT) == EFFORT.iterations
        assert compiled.best() == reference.best()
        compiled.back_to_best()
        reference.back_to_best()
    for visit in range(len(problem.visits)):
        if reference.best().places[visit] is None:
            assert compiled.offers(visit) == reference.offers(visit)


@settings(max_examples=80, deadline=None)
@given(problems(), st.integers(0, 2**64 - 1))
def test_no_resource_is_used_twice_or_while_closed_and_every_bound_is_kept(problem: Problem, seed: int) -> None:
    engine = CompiledEngine(problem, seed)
    engine.repair()
    engine.search(Effort(iterations=200, temperature=30, most_removed=4, blink=3000))
    assert_possible(problem, engine.best())


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 2**64 - 1))
def test_a_day_that_is_given_is_the_day_that_is_gone_on_from(problem: Problem, seed: int) -> None:
    first = CompiledEngine(problem, seed)
    first.repair()
    second = CompiledEngine(problem, seed + 1)
    second.set(first.best().places)
    assert second.best() == first.best()
    second.search(Effort(iterations=100, temperature=50, most_removed=4))
    assert second.best().worth.level <= first.best().worth.level


def test_days_without_cells_are_refused(big_problem: Problem) -> None:
    with pytest.raises(ValueError, match="a day has cells"):
        CompiledEngine(replace(big_problem, day_cells=0), 1)


def test_a_search_ends_at_its_time(big_problem: Problem) -> None:
    engine = CompiledEngine(big_problem, 1)
    until = time.monotonic_ns() + 30_000_000
    done = engine.search(Effort(iterations=10**12, until_ns=until, temperature=10))
    assert 0 < done < 10**12
    assert time.monotonic_ns() >= until


def assert_possible(problem: Problem, answer: Answer) -> None:
    day = Day(problem)
    taken = [resource.occupied for resource in problem.resources]
    for number, place in enumerate(answer.places):
        if place is None:
            continue
        day.places[number] = place
        visit = problem.visits[number]
        assert visit.earliest <= place.start
        assert day.end(number) <= visit.latest
        for use in day.uses(number, place):
            assert not taken[use.resource] & use.cells
            taken[use.resource] |= use.cells
            assert not problem.resources[use.resource].closed & ((1 << use.end) - (1 << use.start))
    for number, place in enumerate(answer.places):
        visit = problem.visits[number]
        before = answer.places[visit.before] if visit.before >= 0 else None
        if place is not None and before is not None:
            assert day.end(visit.before) + visit.gap <= place.start
    rank = sum(visit.drop_rank for visit, place in zip(problem.visits, answer.places, strict=True) if place is None)
    moved = [n for n, place in enumerate(answer.places) if place is not None and day.moved(n, place)]
    assert answer.worth.rank == rank + sum(problem.visits[n].move_rank for n in moved)
    assert np.isfinite(answer.worth.cost)
