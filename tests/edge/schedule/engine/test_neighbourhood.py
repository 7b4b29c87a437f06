"""What CP-SAT makes of a part of a day is possible, is never worse, and leaves everybody else alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.cpsat_visits import Model
from edge.schedule.engine.day import Day
from edge.schedule.engine.neighbourhood import Ending, Limits, Neighbourhood, cheap_moves, improve
from edge.schedule.engine.problem import (
    Alternative,
    Answer,
    Effort,
    Part,
    Place,
    Problem,
    Resource,
    Shape,
    Template,
    Visit,
)
from tests.edge.schedule.engine.problems import problems
from tests.edge.schedule.engine.test_core import assert_possible


def worth_of(problem: Problem, places: tuple[Place | None, ...]) -> Answer:
    engine = CompiledEngine(problem, 1)
    engine.set(places)
    return engine.best()


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1), st.booleans(), st.data())
def test_a_day_stays_possible_and_is_never_worse(
    problem: Problem, seed: int, sideways: bool, data: st.DataObject
) -> None:
    engine = CompiledEngine(problem, seed)
    engine.repair()
    engine.search(Effort(iterations=data.draw(st.integers(0, 5)), temperature=30, most_removed=4))
    before = engine.best()
    everybody = range(len(problem.visits))
    role = {number: data.draw(st.sampled_from(["free", "sliding", "stays"])) for number in everybody}
    around = Neighbourhood(
        frozenset(number for number in everybody if role[number] == "free"),
        frozenset(number for number in everybody if role[number] == "sliding"),
    )
    after = improve(problem, before.places, around, Limits(0.5, 1, seed, sideways))
    answer = worth_of(problem, after.places)
    assert_possible(problem, answer)
    assert answer.worth.level <= before.worth.level
    for number in everybody:
        old, new = before.places[number], after.places[number]
        if role[number] == "stays":
            assert new == old
        elif role[number] == "sliding" and old is not None:
            assert new == replace(old, start=new.start if new is not None else -1)


def cost_in_the_model(problem: Problem, places: tuple[Place | None, ...]) -> tuple[int, bool]:
    """What a day costs where everybody may change, with everybody kept where they are, and whether that is exact."""
    day = Day(problem)
    for number, place in enumerate(places):
        if place is not None:
            day.place(number, place)
    model = Model(day, Neighbourhood(frozenset(range(len(places)))))
    for visit in model._changing.values():
        chosen = [visit.present, *visit.forms.values(), *(met for _, met in visit.options.values())]
        for known in [*chosen, visit.start] if visit.present.now else chosen:
            model.sheet.cp.add(known.var == known.now)
    model.sheet.cp.minimize(model.cost.var)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model.sheet.cp) == cp_model.OPTIMAL
    least = round(solver.objective_value)
    assert least == model.cost.now
    return least, model.exact


@settings(max_examples=150, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1))
def test_one_day_is_dearer_than_another_in_the_model_by_what_it_is(problem: Problem, seed: int) -> None:
    engine = CompiledEngine(problem, seed)
    one = engine.best()
    engine.repair()
    engine.search(Effort(iterations=20, temperature=30, most_removed=4))
    other = engine.best()
    (first, exact), (second, also) = (cost_in_the_model(problem, day.places) for day in (one, other))
    if exact and also:
        assert second - first == other.worth.cost - one.worth.cost


@pytest.mark.parametrize(("closed", "exact"), [(0, False), (0b1 << 19, True)])
def test_a_model_in_which_somebody_may_work_past_midnight_proves_nothing(closed: int, exact: bool) -> None:
    shape = Shape((Template(4, ((Alternative((Part(0, 0, 4),), 0),),)),))
    visits = [Visit(0, 0, 40, np.zeros(41, np.int64), np.zeros(1, np.int64), drop_cost=50)] * 2
    problem = Problem(40, 20, [Resource(closed=closed, idle_cost=3)], [shape], visits)
    everybody = Neighbourhood(frozenset({0, 1}))
    assert Model(Day(problem), everybody).exact is exact
    assert improve(problem, (None, None), everybody, Limits(2)).proven is exact


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1))
def test_what_is_proven_best_is_not_beaten_by_a_search(problem: Problem, seed: int) -> None:
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    engine = CompiledEngine(problem, seed)
    engine.repair()
    outcome = improve(problem, engine.best().places, everybody, Limits(seconds=2))
    engine.search(Effort(iterations=300, temperature=40, most_removed=6))
    if outcome.proven:
        assert worth_of(problem, outcome.places).worth.level <= engine.best().worth.level


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1), st.sampled_from([0.02, 2.0]))
def test_no_search_goes_below_a_proven_bound(problem: Problem, seed: int, seconds: float) -> None:
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    engine = CompiledEngine(problem, seed)
    engine.repair()
    outcome = improve(problem, engine.best().places, everybody, Limits(seconds))
    engine.search(Effort(iterations=500, temperature=40, most_removed=6))
    found, proven = engine.best().worth, worth_of(problem, outcome.places).worth
    assert outcome.rank_bound <= min(found.rank, proven.rank)
    if outcome.cost_bound is not None:
        assert outcome.cost_bound <= proven.cost
        if found.rank <= proven.rank:
            assert outcome.cost_bound <= found.cost
        if outcome.proven:
            assert (outcome.rank_bound, outcome.cost_bound) == proven.level


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1))
def test_where_the_first_level_alone_is_minded_nobody_changes_but_to_better_it(problem: Problem, seed: int) -> None:
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    engine = CompiledEngine(problem, seed)
    engine.repair()
    before = engine.best()
    after = improve(problem, before.places, everybody, Limits(2, 1, seed, first_only=True))
    if after.places != before.places:
        assert worth_of(problem, after.places).worth.rank < before.worth.rank


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1))
def test_every_day_on_the_way_is_possible_and_better_on_the_first_level(problem: Problem, seed: int) -> None:
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    nobody: tuple[Place | None, ...] = (None,) * len(problem.visits)
    told: list[tuple[Answer, bool]] = []

    def seen(places: tuple[Place | None, ...], proven: bool) -> None:
        told.append((worth_of(problem, places), proven))

    outcome = improve(problem, nobody, everybody, Limits(2, 1, seed), seen)
    ranks = [worth_of(problem, nobody).worth.rank, *(answer.worth.rank for answer, _ in told)]
    for (answer, proven), before in zip(told, ranks, strict=False):
        assert_possible(problem, answer)
        assert answer.worth.rank < ranks[0] or proven
        assert answer.worth.rank <= before
        assert not proven or answer.worth.rank == outcome.rank_bound
    assert worth_of(problem, outcome.places).worth.rank == ranks[-1]


@settings(max_examples=20, deadline=None)
@given(problems())
def test_what_is_ended_before_it_begins_changes_nobody(problem: Problem) -> None:
    everybody, ending = Neighbourhood(frozenset(range(len(problem.visits)))), Ending()
    ending.end()
    engine = CompiledEngine(problem, 1)
    engine.repair()
    before = engine.best()
    assert improve(problem, before.places, everybody, Limits(2), ending=ending).places == before.places


@settings(max_examples=100, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1))
def test_who_stays_for_cheap_moves_counts_nothing_now_and_would_count_most(problem: Problem, seed: int) -> None:
    engine = CompiledEngine(problem, seed)
    engine.repair()
    places, day = engine.best().places, Day(problem)
    around = cheap_moves(problem, places)
    if around is None:
        return
    most = max(visit.move_rank for visit in problem.visits)
    stay = set(range(len(places))) - around.free
    assert stay
    for number in stay:
        visit, place = problem.visits[number], places[number]
        assert 2 * visit.move_rank >= most
        assert visit.drop_rank == 0 if place is None else visit.move_rank == 0 or not day.moved(number, place)
