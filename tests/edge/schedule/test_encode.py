"""The engine counts a clinic's day as the objective does, and what it finds passes the independent checker."""

import datetime as dt
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.domain import Plan, ProviderOut, Span, Status
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort
from edge.schedule.facts import with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, abandoned, survey
from edge.schedule.objective import objective
from edge.schedule.planning import asked
from edge.schedule.registry import Registry
from edge.schedule.weights import Weights

DATE = dt.date(2026, 11, 23)
WEIGHTS = Weights(wait=1.5, idle=0.3, brittle=9, fairness=0.05, device_change=4)


def hit_by(clinic: Registry, day: Plan, provider: int, at: int, confirmed: int) -> Situation:
    """Return the day after a provider has left, every so many clients notified."""
    visits = [
        replace(visit, status=Status.CONFIRMED if number % confirmed else Status.BOOKED)
        for number, visit in enumerate(day.placed)
    ]
    outage = ProviderOut(at, clinic.providers[provider].id, Span(at, clinic.hours.end))
    facts = with_facts(clinic, day.with_appointments(*visits), outage, ReplanId("r"))
    return survey(clinic, facts, at)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(provider=st.integers(0, 5), at=st.integers(110, 200), confirmed=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_engine_and_objective_count_every_replan_alike(
    clinic: Registry, day: Plan, provider: int, at: int, confirmed: int, seed: int
) -> None:
    situation = hit_by(clinic, day, provider, at * 5, confirmed)
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.set(encoding.incumbent(abandoned(situation)))
    engine.repair()
    engine.search(Effort(iterations=400, temperature=20_000))
    answer = engine.best()
    plan = encoding.plan(answer)
    worth = objective(situation, plan, WEIGHTS)
    assert worth.cost == answer.worth.cost
    assert encoding.rank(worth) == answer.worth.rank
    assert not check_replan(clinic, situation.facts, plan, situation.now)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 50), count=st.integers(1, 90))
def test_engine_and_objective_count_every_plan_alike(clinic: Registry, seed: int, count: int) -> None:
    situation = asked(clinic, Plan(DATE), synthesise_day(clinic, DATE, seed, count))
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.repair()
    engine.search(Effort(iterations=400, temperature=20_000))
    plan = encoding.plan(engine.best())
    worth = objective(situation, plan, WEIGHTS)
    assert (worth.cost, encoding.rank(worth)) == (engine.best().worth.cost, engine.best().worth.rank)
    assert not check(clinic, plan)
