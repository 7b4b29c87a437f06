"""The engine counts a clinic's day as the objective does, and what it finds passes the independent checker."""

import datetime as dt
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import DAY_MINUTES, Appointment, AppointmentRequest, Plan, ProviderOut, Span, Status
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort
from edge.schedule.engine.search import SearchPlan
from edge.schedule.entries import Hours
from edge.schedule.facts import with_facts
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.insertion import Situation, abandoned, survey
from edge.schedule.objective import objective
from edge.schedule.planning import asked, plan_requests
from edge.schedule.policies import (
    AvoidMultiRoomContention,
    MembersFirst,
    ProtectPremiumHours,
    SameDayUrgentCapacity,
)
from edge.schedule.registry import Registry
from edge.schedule.weights import Weights, cost
from shared.ids import ClientId

DATE = dt.date(2026, 11, 23)
WEIGHTS = Weights(
    wait=1.5,
    idle=0.3,
    brittle=9,
    fairness=0.05,
    device_change=4,
    policies=(
        ProtectPremiumHours(hours=(Hours(start=11 * 60, end=14 * 60),), least_price=200, points=33),
        AvoidMultiRoomContention(hours=(Hours(start=15 * 60, end=17 * 60),), points=12),
        SameDayUrgentCapacity(hours=(Hours(start=16 * 60, end=18 * 60),), release_minutes=90, points=17),
        MembersFirst(points={"gold": 50}),
    ),
)


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
    requests = [
        replace(asks, tier="gold" if number % 3 else None)
        for number, asks in enumerate(synthesise_day(clinic, DATE, seed, count))
    ]
    situation = asked(clinic, Plan(DATE), requests)
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.repair()
    engine.search(Effort(iterations=400, temperature=20_000))
    plan = encoding.plan(engine.best())
    worth = objective(situation, plan, WEIGHTS)
    assert (worth.cost, encoding.rank(worth)) == (engine.best().worth.cost, engine.best().worth.rank)
    assert not check(clinic, plan)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 50), days=st.integers(2, 4))
def test_engine_and_objective_count_several_days_alike(clinic: Registry, seed: int, days: int) -> None:
    requests = [
        replace(asks, window=Span(asks.window.start + day * DAY_MINUTES, asks.window.end + day * DAY_MINUTES))
        for day in range(days)
        for asks in synthesise_day(clinic, DATE + dt.timedelta(days=day), seed, 12)
    ]
    # Who does not mind the day may get any.
    requests[::3] = [replace(asks, window=Span(0, days * DAY_MINUTES)) for asks in requests[::3]]
    situation = asked(clinic, Plan(DATE, days=days), requests)
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.repair()
    engine.search(Effort(iterations=200, temperature=20_000))
    worth = objective(situation, encoding.plan(engine.best()), WEIGHTS)
    assert worth.terms["idle"] > 0
    assert (worth.cost, encoding.rank(worth)) == (engine.best().worth.cost, engine.best().worth.rank)


def test_idle_time_is_counted_day_by_day_and_a_night_is_none(clinic: Registry) -> None:
    def visit(name: str, start: int) -> Appointment:
        service = clinic.services[0]
        wish = AppointmentRequest(AppointmentId(name), ClientId(name), service.id, Span(start, start + service.minutes))
        return Appointment.of(wish, demands_of(clinic)[service.id].stages(start, ("cedar", "consult-1")))

    def idle(*visits: Appointment) -> int:
        plan = Plan(DATE, {booked.id: booked for booked in visits}, days=2)
        return objective(survey(clinic, plan, 0), plan, Weights(idle=1)).terms["idle"]

    length = clinic.services[0].minutes
    morning, noon, tomorrow = visit("a", 600), visit("b", 600 + length + 30), visit("c", DAY_MINUTES + 540)
    assert idle(morning, tomorrow) == 0
    assert idle(morning, noon) == idle(morning, noon, tomorrow) == cost(1, 30)


def test_a_walk_in_is_counted_alike_and_moves_nobody(clinic: Registry, day: Plan) -> None:
    wish = AppointmentRequest(AppointmentId("new"), ClientId("c"), clinic.services[0].id, Span(600, 1000))
    situation = survey(clinic, day, 600, (Appointment.of(wish),))
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, 1, encoding.clinic.flat)
    engine.repair()
    plan = encoding.plan(engine.best())
    assert objective(situation, plan, WEIGHTS).cost == engine.best().worth.cost
    assert all(plan.appointments[visit.id] == visit for visit in day.placed)


def test_who_can_start_at_no_time_is_left_out_whatever_the_clinic_wants_of_starts(clinic: Registry) -> None:
    wish = AppointmentRequest(AppointmentId("new"), ClientId("c"), clinic.services[0].id, Span(600, 605))
    plan = plan_requests(asked(clinic, Plan(DATE), [wish]), SearchPlan(0.0), WEIGHTS)
    assert not plan.appointments


def test_a_booked_visit_off_the_grid_gets_the_next_place_on_it(clinic: Registry, day: Plan) -> None:
    first = day.placed[0]
    stages = tuple(replace(stage, start=stage.start + 2, end=stage.end + 2) for stage in first.stages)
    off = replace(first, stages=stages, window=Span(first.start + 2, 1440))
    plan = plan_requests(asked(clinic, Plan(DATE, {off.id: off}), []), SearchPlan(0.0))
    assert check(clinic, plan) == ()
    assert plan.appointments[off.id].start == first.start + 5


def test_where_the_clinic_never_closes_no_visit_goes_on_past_midnight(clinic: Registry) -> None:
    always = Hours(start=0, end=1440)
    open_at_night = clinic.model_copy(
        update={
            "hours": always,
            "providers": tuple(who.model_copy(update={"shift": always, "breaks": ()}) for who in clinic.providers),
        }
    )
    wishes = [
        AppointmentRequest(
            AppointmentId(f"v-{number}"),
            ClientId(f"c-{number}"),
            clinic.services[0].id,
            Span(1440 - 60, 1440 + 60),
            wish=1440 - 10,
        )
        for number in range(3)
    ]
    situation = asked(open_at_night, Plan(DATE, days=2), wishes)
    plan = plan_requests(situation, SearchPlan(0.05))
    assert len(plan.placed) == 3
    assert all(visit.start // 1440 == (visit.end - 1) // 1440 for visit in plan.placed)
    across = plan.placed[0]
    stages = tuple(replace(stage, start=1430, end=1430 + stage.end - stage.start) for stage in across.stages)
    moved = plan_requests(
        asked(open_at_night, Plan(DATE, {across.id: replace(across, stages=stages)}, days=2), []), SearchPlan(0.0)
    )
    assert check(open_at_night, moved) == ()
    assert moved.placed


def test_premium_hours_go_to_who_pays_for_them_when_there_is_a_choice(clinic: Registry) -> None:
    dear = clinic.services[0].model_copy(update={"price": 500.0})
    shop = clinic.model_copy(update={"services": (dear, *clinic.services[1:])})
    window = Span(11 * 60, 15 * 60)
    wishes = [
        AppointmentRequest(AppointmentId(f"v-{number}"), ClientId(f"c-{number}"), service.id, window)
        for number, service in enumerate((*[clinic.services[1]] * 4, *[dear] * 4))
    ]
    protect = ProtectPremiumHours(hours=(Hours(start=11 * 60, end=13 * 60),), least_price=400, points=200)
    situation = asked(shop, Plan(DATE), wishes)
    plan = plan_requests(situation, SearchPlan(0.2), Weights(policies=(protect,)))
    cheap = [visit.start for visit in plan.placed if visit.service == clinic.services[1].id]
    assert len(cheap) == 4
    assert min(cheap) >= 13 * 60
    assert objective(situation, plan, Weights(policies=(protect,))).terms["protect_premium_hours"] == 0


def test_members_are_served_first_when_not_everybody_can_be(clinic: Registry) -> None:
    service = next(service for service in clinic.services if service.minutes >= 30)
    wishes = [
        AppointmentRequest(
            AppointmentId(f"v-{number}"),
            ClientId(f"c-{number}"),
            service.id,
            Span(11 * 60, 11 * 60 + service.minutes),
            tier="gold" if number >= 5 else None,
        )
        for number in range(10)
    ]
    first = Weights(policies=(MembersFirst(points={"gold": 100}),))
    plan = plan_requests(asked(clinic, Plan(DATE), wishes), SearchPlan(0.2), first)
    served = [visit.tier for visit in plan.placed]
    assert 0 < len(served) < 10
    assert served.count("gold") == min(5, len(served))


def test_hours_kept_for_the_urgent_are_theirs_until_shortly_before(clinic: Registry) -> None:
    service = clinic.services[1]
    wish = AppointmentRequest(AppointmentId("v"), ClientId("c"), service.id, Span(11 * 60, 13 * 60), wish=11 * 60)
    keep = SameDayUrgentCapacity(hours=(Hours(start=11 * 60, end=12 * 60),), release_minutes=60, points=500)
    weights = Weights(policies=(keep,))

    def start(now: int, urgent: bool) -> int:
        situation = survey(clinic, Plan(DATE), now, (Appointment.of(wish),), urgent)
        return plan_requests(situation, SearchPlan(0.05), weights).placed[0].start

    assert start(8 * 60, urgent=False) == 12 * 60
    assert start(8 * 60, urgent=True) == 11 * 60
    assert start(10 * 60, urgent=False) == 11 * 60


def test_the_weights_of_the_clinics_file_count_where_no_others_are_given(clinic: Registry, day: Plan) -> None:
    situation = hit_by(clinic, day, 0, 600, 2)
    dear = clinic.model_copy(update={"weights": Weights(idle=0.4, policies=(MembersFirst(points={"gold": 50}),))})
    there = survey(dear, situation.facts, 600)
    once, twice = (objective(asked_, abandoned(asked_)).terms for asked_ in (situation, there))
    assert twice["idle"] == 2 * once["idle"] > 0
    assert "members_first" in twice


def test_a_visit_that_may_start_at_no_time_is_left_out_under_every_policy(clinic: Registry) -> None:
    window = Span(600, 605)
    wish = AppointmentRequest(AppointmentId("new"), ClientId("c"), clinic.services[0].id, window)
    encoding = Encoding(asked(clinic, Plan(DATE), [wish]), WEIGHTS)
    engine = CompiledEngine(encoding.problem, 1, encoding.clinic.flat)
    engine.set([None] * len(encoding.problem.visits))
    engine.repair()
    assert not encoding.plan(engine.best()).placed
