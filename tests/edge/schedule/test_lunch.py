"""Lunches are owed, left time for, and never traded for a visit."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import next_slots, plan_day, synthesise_day
from edge.schedule.checker import Rule, check_replan
from edge.schedule.domain import AppointmentRequest, Outage, Plan, ProviderOut, ResourceKind, Span
from edge.schedule.engine.search import SearchPlan
from edge.schedule.entries import Lunch
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId
from edge.schedule.insertion import abandoned, survey
from edge.schedule.lunch import missed_lunches, owed_lunches
from edge.schedule.planning import asked, plan_requests
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from shared.ids import ClientId

DATE = dt.date(2026, 11, 23)
NOON = Lunch(start=12 * 60, end=14 * 60, minutes=30)


@pytest.fixture
def hungry(clinic: Registry) -> Registry:
    """Return the clinic with a lunch window for everybody in place of fixed breaks."""
    providers = tuple(p.model_copy(update={"breaks": (), "lunch": NOON}) for p in clinic.providers)
    return clinic.model_copy(update={"providers": providers})


def test_a_full_day_leaves_everybody_time_for_lunch(hungry: Registry) -> None:
    wishes = [replace(asks, window=hungry.hours.span) for asks in synthesise_day(hungry, DATE, 1, 120)]
    situation = asked(hungry, Plan(DATE), wishes)
    plan = plan_requests(situation, SearchPlan(0.5))
    assert len(plan.placed) > 60
    assert len(list(owed_lunches(hungry, plan))) == len(hungry.providers)
    assert missed_lunches(hungry, plan) == 0
    assert not check_replan(hungry, situation.facts, plan, 0)


def test_who_is_away_long_enough_is_owed_no_lunch(hungry: Registry) -> None:
    away = Outage(ReplanId("r"), ResourceKind.PROVIDER, "cedar", Span(13 * 60, 13 * 60 + 30))
    short = replace(away, span=Span(13 * 60, 13 * 60 + 25))
    assert ProviderId("cedar") not in {o.provider for o in owed_lunches(hungry, Plan(DATE, outages=(away,)))}
    assert ProviderId("cedar") in {o.provider for o in owed_lunches(hungry, Plan(DATE, outages=(short,)))}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), broken=st.integers(0, 20), days=st.integers(1, 2))
def test_rule_and_checker_agree_on_who_has_no_lunch(
    hungry: Registry, seed: int, count: int, broken: int, days: int
) -> None:
    plan = replace(plan_day(hungry, synthesise_day(hungry, DATE, seed, count), DATE), days=days)
    moved = [
        replace(
            visit,
            stages=tuple(replace(s, start=s.start + 60, end=s.end + 60) for s in visit.stages),
        )
        for visit in plan.placed[:broken]
    ]
    crowded = plan.with_appointments(*moved)
    found = [v for v in check_replan(hungry, Plan(DATE, days=days), crowded, 0) if v.rule is Rule.LUNCH]
    assert len(found) == missed_lunches(hungry, crowded)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=st.integers(0, 5), at=st.integers(120, 160), seed=st.integers(0, 100))
def test_no_replan_takes_a_lunch_for_a_visit(hungry: Registry, who: int, at: int, seed: int) -> None:
    day = plan_day(hungry, synthesise_day(hungry, DATE, seed, 50), DATE)
    out = ProviderOut(at * 5, hungry.providers[who].id, Span(at * 5, at * 5 + 120))
    answer = replan(hungry, day, out, ReplanId("r"), lambda: 0.0, SolverLimits(0.05, 1))
    situation = survey(hungry, answer.facts, at * 5)
    assert answer.after.lunches_missed <= missed_lunches(hungry, abandoned(situation))
    assert not check_replan(hungry, answer.facts, answer.plan, situation.now)


def test_an_online_request_is_not_offered_somebodys_lunch(hungry: Registry) -> None:
    only = tuple(p for p in hungry.providers if p.id == "hazel")
    facial = next(s for s in hungry.services if all(stage.skill in {None, *only[0].skills} for stage in s.stages))
    alone = hungry.model_copy(
        update={"providers": (only[0].model_copy(update={"lunch": NOON.model_copy(update={"end": 12 * 60 + 40})}),)}
    )
    start = 12 * 60 + 5
    wish = AppointmentRequest(AppointmentId("a"), ClientId("c"), facial.id, Span(start, start + facial.minutes))
    assert next_slots(hungry, Plan(DATE), wish, 0)
    assert next_slots(alone, Plan(DATE), wish, 0) == ()
