"""Reasons and alternatives stay true where the length of a visit depends on who serves."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.blockers import Blocker
from edge.schedule.checker import check_replan
from edge.schedule.domain import Plan
from edge.schedule.engine.search import SearchPlan
from edge.schedule.registry import Registry
from edge.schedule.whynot import Possible, Refusal, forced
from tests.edge.schedule.whynot import questions

over_days = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(over_days, max_examples=40)
@given(data=st.data())
def test_the_checker_agrees_with_every_answer(clinic: Registry, day: Plan, data: st.DataObject) -> None:
    question = data.draw(questions(clinic, day, paced=True))
    answer = question.ask()
    if isinstance(answer, Possible):
        assert not question.broken(answer.stages)
        assert answer.stages in list(question.choices())
        return
    kinds = {obstacle.kind for obstacle in answer.obstacles}
    if kinds != {Blocker.PAST} and Blocker.SKILL not in {o.kind for o in answer.obstacles if not o.causes}:
        assert all(question.broken(stages) for stages in question.choices())


@settings(over_days, max_examples=20)
@given(data=st.data())
def test_alternatives_are_free_and_a_forced_day_can_be_carried_out(
    clinic: Registry, day: Plan, data: st.DataObject
) -> None:
    question = data.draw(questions(clinic, day, paced=True))
    answer = question.ask(count=3)
    if isinstance(answer, Refusal):
        for alternative in answer.alternatives:
            plan = question.others.with_appointments(replace(question.visit, stages=alternative.stages))
            assert check_replan(question.clinic, question.others, plan, question.now) == ()
    result = forced(question.situation, question.visit, question.start, SearchPlan(0))
    if result is not None:
        assert check_replan(question.clinic, question.others, result.plan, question.now) == ()
        assert result.stages[0].start == question.start
