from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.blockers import Blocker
from edge.schedule.checker import check_replan
from edge.schedule.domain import (
    Plan,
)
from edge.schedule.encode import FORBIDDEN, Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.search import SearchPlan
from edge.schedule.registry import Registry
from edge.schedule.weights import Weights
from edge.schedule.whynot import Possible, Refusal, forced
from tests.edge.schedule.whynot import questions

QUICK = SearchPlan(0)
over_days = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(over_days, max_examples=80)
@given(data=st.data())
def test_the_checker_agrees_with_every_answer(clinic: Registry, day: Plan, data: st.DataObject) -> None:
    question = data.draw(questions(clinic, day))
    answer = question.ask()
    if isinstance(answer, Possible):
        assert not question.broken(answer.stages)
        assert answer.stages in list(question.choices())
        return
    kinds = {obstacle.kind for obstacle in answer.obstacles}
    if kinds == {Blocker.PAST}:
        assert question.start not in question.situation.starts(question.visit)
    elif Blocker.SKILL not in {o.kind for o in answer.obstacles if not o.causes}:
        assert all(question.broken(stages) for stages in question.choices())


@pytest.mark.parametrize("paced", [False, True])
@settings(over_days, max_examples=80)
@given(data=st.data())
def test_every_obstacle_is_necessary_and_all_together_are_enough(
    clinic: Registry, day: Plan, paced: bool, data: st.DataObject
) -> None:
    question = data.draw(questions(clinic, day, paced=paced))
    answer = question.ask()
    if isinstance(answer, Refusal):
        assert isinstance(question.without(answer.obstacles).ask(), Possible)
        for obstacle in answer.obstacles:
            rest = [other for other in answer.obstacles if other is not obstacle]
            assert isinstance(question.without(rest).ask(), Refusal)


@settings(over_days, max_examples=60)
@given(data=st.data())
def test_every_alternative_is_free_and_told_by_what_it_costs_and_no_client_is_named(
    clinic: Registry, day: Plan, data: st.DataObject
) -> None:
    question = data.draw(questions(clinic, day))
    answer = question.ask(count=3)
    if isinstance(answer, Possible):
        return
    visit = question.visit
    totals = [sum(a.terms.values()) for a in answer.alternatives]
    assert totals == sorted(totals)
    for alternative in answer.alternatives:
        plan = question.others.with_appointments(replace(visit, stages=alternative.stages))
        assert check_replan(question.clinic, question.others, plan, question.now) == ()
        assert alternative.start in question.situation.starts(visit)
        assert alternative.terms["wait"] == abs(alternative.start - question.start)
        assert alternative.stages != visit.stages
    said = " ".join([*(o.sentence for o in answer.obstacles), *(a.sentence for a in answer.alternatives)])
    assert said.count("client") == sum(o.kind in (Blocker.WINDOW, Blocker.CLIENT_ELSEWHERE) for o in answer.obstacles)
    assert not any(word in said for a in (*question.plan.active, visit) for word in (a.client, a.id))


@settings(over_days, max_examples=60)
@given(data=st.data())
def test_the_engine_offers_what_is_possible_and_nothing_else(clinic: Registry, day: Plan, data: st.DataObject) -> None:
    question = replace(data.draw(questions(clinic, day)), provider=None)
    others = tuple(a for a in question.plan.placed if a.id != question.visit.id)
    situation = replace(question.situation, pinned=others, kept=(), hit=(), requests=(question.visit,))
    engine = CompiledEngine(Encoding(situation, Weights()).problem, 1)
    offered = {place.start * 5 for energy, place in engine.offers(0) if energy < FORBIDDEN}
    # Of lunches the engine's offers know nothing.
    providers = tuple(p.model_copy(update={"lunch": None}) for p in question.clinic.providers)
    fed = replace(question, clinic=question.clinic.model_copy(update={"providers": providers}))
    assert isinstance(fed.ask(), Possible) == (question.start in offered)


@settings(over_days, max_examples=20)
@given(data=st.data())
def test_a_forced_day_can_be_carried_out_and_drops_nobody(clinic: Registry, day: Plan, data: st.DataObject) -> None:
    question = replace(data.draw(questions(clinic, day)), provider=None)
    plan, visit = question.plan, question.visit
    result = forced(question.situation, visit, question.start, SearchPlan(data.draw(st.sampled_from([0, 0.05]))))
    if result is None:
        return
    assert check_replan(question.clinic, question.others, result.plan, question.now) == ()
    assert result.plan.appointments[visit.id] == replace(visit, stages=result.stages)
    assert result.stages[0].start == question.start
    assert all(result.plan.appointments[a.id].placed for a in plan.placed)
    changed = {a.id for a in result.plan.active if a.id != visit.id and plan.appointments[a.id].stages != a.stages}
    assert {move.appointment for move in result.moves} == changed
    if isinstance(question.ask(), Possible):
        assert result.moves == ()
