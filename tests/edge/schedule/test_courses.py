"""Whatever happens on a day with courses of treatment, no plan breaks a rule of a client's visits."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import plan_day
from edge.schedule.checker import Rule, check, check_replan
from edge.schedule.domain import Plan, Status
from edge.schedule.engine.search import SearchPlan
from edge.schedule.facts import begun_by
from edge.schedule.ids import ReplanId
from edge.schedule.planning import asked, plan_requests
from edge.schedule.replan import replan
from edge.schedule.solver import SolverLimits
from tests.edge.schedule.courses import DATE, events, wishes, with_rules

CLINIC = with_rules()
over_days = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(over_days, max_examples=40)
@given(data=st.data(), days=st.sampled_from([1, 1, 2, 4]), seconds=st.sampled_from([0.0, 0.03]))
def test_no_planner_breaks_a_rule_between_visits_of_one_client(data: st.DataObject, days: int, seconds: float) -> None:
    asks = data.draw(wishes(CLINIC, days))
    assert check(CLINIC, plan_requests(asked(CLINIC, Plan(DATE, days=days), asks), SearchPlan(seconds))) == ()
    assert check(CLINIC, plan_day(CLINIC, asks, DATE, Plan(DATE, days=days))) == ()


@settings(over_days, max_examples=40)
@given(data=st.data(), days=st.sampled_from([1, 1, 2, 3]), seconds=st.sampled_from([0.0, 0.0, 0.03]))
def test_no_replan_of_any_events_breaks_a_rule_between_visits_of_one_client(
    data: st.DataObject, days: int, seconds: float
) -> None:
    plan = plan_requests(asked(CLINIC, Plan(DATE, days=days), data.draw(wishes(CLINIC, days))), SearchPlan(0))
    at = 480
    for number in range(data.draw(st.integers(1, 5))):
        at += data.draw(st.integers(0, 30)) * 5
        plan = _changed(data, plan, at)
        event = data.draw(events(CLINIC, plan, at, number))
        answer = replan(CLINIC, begun_by(plan, event), event, ReplanId("r"), lambda: 0.0, SolverLimits(seconds, 1))
        assert check_replan(CLINIC, answer.facts, answer.plan, at) == ()
        plan = answer.plan


def _changed(data: st.DataObject, plan: Plan, at: int) -> Plan:
    """Return the plan with some clients here early, and now and then a clearance withdrawn."""
    ahead = [visit for visit in plan.placed if visit.start >= at and visit.status is Status.BOOKED]
    changed = []
    for visit in ahead:
        match data.draw(st.integers(0, 9)):
            case 0:
                changed.append(replace(visit, status=Status.ARRIVED))
            case 1:
                changed.append(replace(visit, status=Status.CONFIRMED))
            case 2:
                changed.append(replace(visit, cleared=frozenset()))
    return plan.with_appointments(*changed)


def test_rules_have_names() -> None:
    assert {Rule.CLIENT, Rule.CLEARED, Rule.AFTER, Rule.APART, Rule.NOTICE} <= set(Rule)
