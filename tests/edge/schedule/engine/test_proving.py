"""A search with a proof beside it: the day is possible, never worse, and what is proven of it holds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort, Problem
from edge.schedule.engine.proving import solve_and_prove
from edge.schedule.engine.search import SearchPlan
from tests.edge.schedule.engine.problems import problems
from tests.edge.schedule.engine.test_core import assert_possible


@settings(max_examples=25, deadline=None)
@given(problems(), st.integers(0, 2**31 - 1), st.sampled_from([1, 2, 3]))
def test_a_day_is_possible_never_worse_and_no_search_beats_what_is_proven(
    problem: Problem, seed: int, searches: int
) -> None:
    engine = CompiledEngine(problem, seed)
    engine.repair()
    before = engine.best()
    proven = solve_and_prove(problem, before.places, SearchPlan(0.4, searches, seed))
    assert_possible(problem, proven.answer)
    assert proven.answer.worth.level <= before.worth.level
    engine.search(Effort(iterations=500, temperature=40, most_removed=6))
    found = engine.best().worth
    assert proven.rank_bound <= min(found.rank, proven.answer.worth.rank)
    if proven.first_level:
        assert proven.answer.worth.rank <= found.rank
    if proven.optimal:
        assert proven.answer.worth.level <= found.level
