"""Whoever serves decides how long a visit takes: planner, engine and checker agree on it, whatever the paces are."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import Appointment, ProviderOut, Span
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort
from edge.schedule.engine.proving import solve_and_prove
from edge.schedule.engine.reference import ReferenceEngine
from edge.schedule.engine.search import SearchPlan
from edge.schedule.errors import InvalidClinic, NotAllowed
from edge.schedule.horizon import roll
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.insertion import abandoned, slots, survey
from edge.schedule.lengths import as_booked
from edge.schedule.objective import objective
from edge.schedule.pace import paced
from edge.schedule.pinning import Pin, pinned
from edge.schedule.planning import asked
from edge.schedule.registry import Registry, parse_registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.whynot import Possible, forced, why_not
from shared.ids import ClientId
from tests.edge.schedule.courses import with_rules
from tests.edge.schedule.paced import PERCENTS, paced_clinics, with_paces
from tests.edge.schedule.test_encode import WEIGHTS, hit_by
from tests.edge.schedule.whynot import few_clients

DATE = dt.date(2026, 11, 23)
MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def own(visit: Appointment, clinic: Registry) -> bool:
    """Tell whether each stage takes as long as the clinic says of whoever serves it."""
    lengths = [stage.end - stage.start for stage in visit.stages]
    service = clinic.service(visit.service)
    return lengths == list(clinic.lengths(service, [stage.provider for stage in visit.stages]))


@given(percent=PERCENTS, data=st.data())
def test_what_one_person_does_is_right_as_a_whole_and_the_rest_takes_its_time(percent: int, data: Any) -> None:
    service = data.draw(st.sampled_from(with_rules().services))
    lengths = paced(service, [percent] * len(service.stages))
    usual = paced(service, [100] * len(service.stages))
    assert usual == tuple(stage.minutes for stage in service.stages)
    assert all(minutes >= 5 and minutes % 5 == 0 for minutes in lengths)
    for stage, minutes in zip(service.stages, lengths, strict=True):
        assert stage.skill is not None or minutes == stage.minutes
    for skill in {stage.skill for stage in service.stages if stage.skill is not None}:
        parts = [(s.minutes, m) for s, m in zip(service.stages, lengths, strict=True) if s.skill == skill]
        assert abs(sum(m for _, m in parts) - sum(s for s, _ in parts) * percent / 100) <= 2.5 or 5 in lengths


@MANY
@given(data=st.data())
def test_every_place_of_a_day_is_as_long_as_whoever_serves_it_takes(clinic: Registry, data: Any) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, data.draw(st.integers(0, 9)), 40), DATE)
    assert all(own(visit, unlike) for visit in day.placed)
    assert not check(unlike, day)


@MANY
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_core_and_reference_make_the_same_days_and_count_them_as_the_objective(
    clinic: Registry, data: Any, seed: int
) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, 1, 24), DATE)
    situation = hit_by(unlike, day, data.draw(st.integers(0, 5)), 5 * data.draw(st.integers(110, 200)), 3)
    encoding = Encoding(situation, WEIGHTS)
    answers = []
    for engine in (
        CompiledEngine(encoding.problem, seed, encoding.clinic.flat),
        ReferenceEngine(encoding.problem, seed),
    ):
        engine.set(encoding.incumbent(abandoned(situation)))
        engine.repair()
        engine.search(Effort(iterations=40, temperature=20_000))
        answers.append(engine.best())
    assert answers[0] == answers[1]
    plan = encoding.plan(answers[0])
    worth = objective(situation, plan, WEIGHTS)
    assert (encoding.rank(worth), worth.cost) == answers[0].worth.level
    assert all(own(visit, unlike) for visit in plan.placed if not visit.status.begun)
    assert not check_replan(unlike, situation.facts, plan, situation.now)


@FEW
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_what_the_proof_makes_of_a_day_passes_the_checker_and_is_no_worse(
    clinic: Registry, data: Any, seed: int
) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, 1, 20), DATE)
    situation = hit_by(unlike, day, data.draw(st.integers(0, 5)), 5 * data.draw(st.integers(110, 200)), 3)
    encoding = Encoding(situation, WEIGHTS)
    proven = solve_and_prove(
        encoding.problem,
        encoding.incumbent(abandoned(situation)),
        SearchPlan(0.2, searches=1, seed=seed),
        encoding.clinic.flat,
        lambda answer: None,
    )
    plan = encoding.plan(proven.answer)
    worth = objective(situation, plan, WEIGHTS)
    assert not check_replan(unlike, situation.facts, plan, situation.now)
    assert encoding.rank(worth) >= proven.rank_bound
    if proven.cost_bound is not None and encoding.rank(worth) == proven.rank_bound:
        assert worth.cost >= proven.cost_bound


@MANY
@given(data=st.data(), seed=st.integers(0, 2**32), day=st.integers(0, 5))
def test_clients_with_several_visits_keep_their_order_at_every_pace(data: Any, seed: int, day: int) -> None:
    unlike = data.draw(paced_clinics(with_rules()))
    plan = few_clients(unlike, day)
    assert not check(unlike, plan)
    situation = hit_by(unlike, plan, data.draw(st.integers(0, 5)), 5 * data.draw(st.integers(110, 200)), 3)
    encoding = Encoding(situation, WEIGHTS)
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.set(encoding.incumbent(abandoned(situation)))
    engine.repair()
    engine.search(Effort(iterations=300, temperature=20_000))
    assert not check_replan(unlike, situation.facts, encoding.plan(engine.best()), situation.now)


@MANY
@given(data=st.data())
def test_insertion_and_engine_find_a_place_at_the_same_starts(clinic: Registry, data: Any) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, data.draw(st.integers(0, 9)), 30), DATE)
    wish = data.draw(st.sampled_from(synthesise_day(unlike, DATE, 77, 12)))
    wish = replace(wish, id=AppointmentId("new"), client=ClientId("new"))
    situation = asked(unlike, day, [wish])
    encoding = Encoding(situation, WEIGHTS)
    offered = CompiledEngine(encoding.problem, 1, encoding.clinic.flat).offers(0)
    free = slots(situation, situation.requests[0], Calendar.of(unlike, day), day)
    assert {place.start * 5 for energy, place in offered if energy < 1 << 40} == {slot.start for slot in free}


@MANY
@given(data=st.data(), start=st.integers(102, 215))
def test_a_wish_is_refused_exactly_where_no_length_fits(clinic: Registry, data: Any, start: int) -> None:
    unlike = data.draw(paced_clinics(clinic.model_copy(update={"providers": _without_lunch(clinic)})))
    day = plan_day(unlike, synthesise_day(unlike, DATE, data.draw(st.integers(0, 9)), 40), DATE)
    wish = data.draw(st.sampled_from(synthesise_day(unlike, DATE, 5, 9)))
    wish = replace(wish, id=AppointmentId("new"), client=ClientId(data.draw(st.sampled_from([wish.client, "new"]))))
    answer = why_not(survey(unlike, day, 0), wish, 5 * start)
    situation = asked(unlike, day, [wish])
    free = {slot.start for slot in slots(situation, situation.requests[0], Calendar.of(unlike, day), day)}
    assert isinstance(answer, Possible) == (5 * start in free)
    if isinstance(answer, Possible):
        visit = Appointment.of(wish, answer.stages)
        assert own(visit, unlike)
        assert not check(unlike, day.with_appointments(visit))
    else:
        assert answer.obstacles
        for other in answer.alternatives:
            assert not check(unlike, day.with_appointments(Appointment.of(wish, other.stages)))


def _without_lunch(clinic: Registry) -> tuple[Any, ...]:
    return tuple(provider.model_copy(update={"lunch": None}) for provider in clinic.providers)


@MANY
@given(data=st.data())
def test_what_is_booked_keeps_its_length_when_paces_change(clinic: Registry, data: Any) -> None:
    before, after = data.draw(paced_clinics(clinic)), data.draw(paced_clinics(clinic))
    day = plan_day(before, synthesise_day(before, DATE, 3, 30), DATE)
    booked = as_booked(after, day)
    assert not check(booked.registry, booked.plan)
    assert not survey(booked.registry, booked.plan, 0).hit


def test_a_visit_that_goes_to_somebody_faster_ends_sooner(clinic: Registry) -> None:
    service = next(s for s in clinic.services if len(demands_of(clinic)[s.id].needs[0].eligible) > 1)
    slow, fast = demands_of(clinic)[service.id].needs[0].eligible[:2]
    unlike = with_paces(clinic, {slow: 135, fast: 75})
    demand = demands_of(unlike)[service.id]
    rest = next(way for way in demand.ways if slow in way.needs[0].eligible).forms[0][1:]
    others = tuple(names[0] for names in rest)
    slowly, quickly = demand.stages(600, (slow, *others)), demand.stages(600, (fast, *others))
    assert quickly[-1].end < slowly[-1].end
    assert demand.suits(slowly)
    assert not demand.suits(tuple(replace(stage, provider=fast) for stage in slowly))


def test_a_pace_for_one_service_counts_before_the_pace_for_all(clinic: Registry) -> None:
    provider, service = clinic.providers[0], clinic.services[0]
    unlike = with_paces(clinic, {provider.id: 120}, {provider.id: {service.id: 90}})
    assert unlike.provider(provider.id).pace_for(service.id) == 90
    assert unlike.provider(provider.id).pace_for(clinic.services[1].id) == 120


def test_a_clinic_without_paces_is_written_without_them(clinic: Registry) -> None:
    assert "pace" not in clinic.model_dump_json()
    unlike = with_paces(clinic, {clinic.providers[0].id: 110})
    assert Registry.model_validate_json(unlike.model_dump_json()) == unlike


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pace = 140", "pace"),
        ("pace = 70", "pace"),
        ('paces = [{ service = "nothing", percent = 110 }]', "no service 'nothing'"),
        ('paces = [{ service = "talk", percent = 110 }, { service = "talk", percent = 90 }]', "used twice"),
    ],
)
def test_a_pace_out_of_bounds_or_for_nothing_is_refused(line: str, said: str) -> None:
    text = f"""
clinic = "C"
hours = {{ start = "09:00", end = "18:00" }}
[[providers]]
id = "ana"
name = "Ana"
skills = ["talk"]
shift = {{ start = "09:00", end = "18:00" }}
{line}
[[rooms]]
id = "r"
name = "R"
type = "room"
[[services]]
id = "talk"
name = "Talk"
category = "consultation"
stages = [{{ name = "talk", minutes = 30, skill = "talk", room = "room" }}]
"""
    with pytest.raises(InvalidClinic, match=said):
        parse_registry(text)


def test_the_checker_names_a_visit_that_is_as_long_as_somebody_else_would_take(clinic: Registry) -> None:
    day = plan_day(clinic, synthesise_day(clinic, DATE, 1, 10), DATE)
    visit = next(v for v in day.placed if v.providers)
    unlike = with_paces(clinic, {visit.providers[0]: 135})
    named = {name for violation in check(unlike, day) for name in violation.appointments}
    assert visit.id in named


@FEW
@given(data=st.data(), day=st.integers(0, 5), at=st.integers(110, 180))
def test_a_replan_goes_by_old_paces_and_new_ones_and_so_do_its_alternatives(data: Any, day: int, at: int) -> None:
    before, now = (data.draw(paced_clinics(with_rules())) for _ in range(2))
    booked = as_booked(now, few_clients(before, day))
    who = data.draw(st.sampled_from(now.providers)).id
    out = ProviderOut(5 * at, who, Span(5 * at, 5 * at + 180))
    limits = SolverLimits(seconds=0.05, workers=1, alternatives=True)
    answer = replan(booked.registry, booked.plan, out, ReplanId("r"), lambda: 0.0, limits)
    for plan in (answer.plan, *(other.plan for other in answer.alternatives)):
        assert not check_replan(booked.registry, answer.facts, plan, out.at)


@FEW
@given(data=st.data(), seed=st.integers(0, 500))
def test_coming_days_are_rolled_at_each_providers_pace(clinic: Registry, data: Any, seed: int) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, seed, 30), DATE)
    kept = [visit for number, visit in enumerate(day.placed) if number % 3]
    asking = [replace(one, id=AppointmentId(f"ask-{one.id}")) for one in synthesise_day(unlike, DATE, seed + 1, 3)]
    horizon = Horizon(seconds=0.06, workers=1, frozen_minutes=0)
    rolled = roll(unlike, replace(day, appointments={visit.id: visit for visit in kept}), asking, 0, horizon)
    assert not check(unlike, rolled.plan)
    assert all(own(visit, unlike) for visit in rolled.plan.placed)


@FEW
@given(data=st.data(), start=st.integers(108, 200))
def test_a_visit_that_is_put_somewhere_is_there_at_the_pace_of_whoever_serves(
    clinic: Registry, data: Any, start: int
) -> None:
    unlike = data.draw(paced_clinics(clinic))
    day = plan_day(unlike, synthesise_day(unlike, DATE, data.draw(st.integers(0, 9)), 25), DATE)
    visit = data.draw(st.sampled_from(day.placed))
    who = data.draw(st.sampled_from([None, *(provider.id for provider in unlike.providers)]))
    situation = survey(unlike, day, 0)
    try:
        there = pinned(situation, Pin(visit.id, 5 * start, who))
    except NotAllowed:
        there = None
    if there is not None:
        assert there.start == 5 * start
        assert who is None or who in there.providers
        assert own(there, unlike)
    what_if = forced(situation, visit, 5 * start, SearchPlan(0.05, searches=1))
    if what_if is not None:
        assert what_if.stages[0].start == 5 * start
        assert not check(unlike, what_if.plan)
    if isinstance(why_not(situation, visit, 5 * start), Possible):
        assert what_if is not None
