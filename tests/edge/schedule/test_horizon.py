"""The nightly roll: who may move, what a move must earn, and that nothing moves without news."""

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.cli import app
from edge.schedule.demand import demands_of
from edge.schedule.document import DayDocument, parse_day
from edge.schedule.domain import DAY_MINUTES, Appointment, AppointmentRequest, Plan, Span, Status
from edge.schedule.errors import NotAllowed
from edge.schedule.horizon import LeftBecause, Roll, RollMemory, roll
from edge.schedule.horizon_choice import Choice, bundles_of, gain
from edge.schedule.horizon_search import targets
from edge.schedule.horizon_situation import Horizon, HorizonSituation, worth
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.weights import Weights, cost

DATE = dt.date(2026, 11, 23)
CLINIC = demo_registry()
QUICK = Horizon(seconds=0.06, workers=1)
slowly = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


def later(visit: Appointment, day: int) -> Appointment:
    by = day * DAY_MINUTES
    stages = tuple(replace(stage, start=stage.start + by, end=stage.end + by) for stage in visit.stages)
    return replace(visit, window=Span(visit.window.start + by, visit.window.end + by), stages=stages)


def week(seed: int, days: int = 2, visits: int = 16) -> tuple[Plan, list[AppointmentRequest]]:
    """Days filled one after the other, thinned by cancellations; part of the clients know, some still ask."""
    chance = random.Random(seed)
    booked: dict[AppointmentId, Appointment] = {}
    asking: list[AppointmentRequest] = []
    for day in range(days):
        date = DATE + dt.timedelta(days=day)
        full = plan_day(CLINIC, synthesise_day(CLINIC, date, seed, visits), date)
        for visit in full.placed:
            told = chance.choice([Status.BOOKED, Status.BOOKED, Status.CONFIRMED, Status.CANCELLED])
            booked[visit.id] = later(replace(visit, status=told), day)
        for request in synthesise_day(CLINIC, date, seed + 1, 2):
            window = Span(request.window.start + day * DAY_MINUTES, request.window.end + day * DAY_MINUTES)
            asking.append(replace(request, id=AppointmentId(f"ask-{request.id}"), window=window))
    return Plan(DATE, booked, (), days), asking


def situation(plan: Plan, requests: list[AppointmentRequest]) -> HorizonSituation:
    """The whole of these days as the objective sees them."""
    kept = tuple(visit for visit in plan.placed if visit.status is Status.BOOKED)
    asks = tuple(Appointment.of(request) for request in requests)
    return HorizonSituation(CLINIC, demands_of(CLINIC), plan, 0, (), kept, plan.unplaced, asks, urgent=True)


def moved(before: Plan, after: Plan) -> list[Appointment]:
    """Who had a place and has another."""
    return [visit for visit in before.placed if after.appointments[visit.id].stages != visit.stages]


@slowly
@given(st.integers(0, 10_000), st.integers(0, 4), st.sampled_from([0, 600, DAY_MINUTES, 2 * DAY_MINUTES]))
def test_nobody_who_was_told_or_comes_soon_moves_and_the_budget_and_the_checker_hold(
    seed: int, budget: int, frozen: int
) -> None:
    plan, requests = week(seed)
    rolled = roll(CLINIC, plan, requests, 0, replace(QUICK, budget=budget, frozen_minutes=frozen))
    changed = moved(plan, rolled.plan)
    assert len(changed) <= budget
    assert all(visit.status is Status.BOOKED and visit.start >= frozen for visit in changed)
    assert all(rolled.plan.appointments[visit.id].start >= frozen for visit in changed)
    assert all(rolled.plan.appointments[visit.id].placed for visit in plan.placed)
    assert check_replan(CLINIC, plan, rolled.plan, 0) == ()
    assert {move.appointment for move in rolled.moves} == {visit.id for visit in changed}
    assert rolled.nervousness.moved == len(changed)


@slowly
@given(st.integers(0, 10_000), st.sampled_from([5.0, 10.0, 40.0]))
def test_the_days_are_never_worse_and_each_move_would_be_missed_by_its_threshold(seed: int, threshold: float) -> None:
    plan, requests = week(seed)
    weights = Weights()
    rolled = roll(CLINIC, plan, requests, 0, replace(QUICK, threshold=threshold, frozen_minutes=0), weights)
    whole = situation(plan, requests)
    before, after = worth(whole, plan, weights), worth(whole, rolled.plan, weights)
    assert after <= before
    for old in moved(plan, rolled.plan):
        without = rolled.plan.with_appointments(old)
        if not check(CLINIC, without):  # otherwise another move needs its former place, and they count together
            lost = worth(whole, without, weights)
            assert lost.first_level > after.first_level or lost.cost - after.cost >= cost(threshold, 1)


def test_no_client_is_in_two_places_when_visits_of_one_are_bettered_apart() -> None:
    plan, requests = week(1032)
    rolled = roll(CLINIC, plan, requests, 0, replace(QUICK, threshold=5.0, frozen_minutes=0, seconds=0.3))
    assert check_replan(CLINIC, plan, rolled.plan, 0) == ()


@slowly
@given(st.integers(0, 10_000))
def test_rolling_again_without_news_changes_nothing(seed: int) -> None:
    plan, requests = week(seed)
    first = roll(CLINIC, plan, requests, 0, QUICK)
    still = [request for request in requests if request.id not in first.plan.appointments]
    again = roll(CLINIC, first.plan, still, 5, replace(QUICK, seconds=0.3, seed=7), memory=first.memory)
    assert again.plan == first.plan
    assert (again.news, again.moves, again.placed) == (False, (), ())
    assert again.memory == first.memory


@slowly
@given(st.integers(0, 10_000))
def test_news_in_the_same_night_gets_what_is_left_of_the_budget_and_leaves_alone_who_moved(seed: int) -> None:
    plan, requests = week(seed)
    limits = replace(QUICK, budget=3, frozen_minutes=0)
    first = roll(CLINIC, plan, requests, 0, limits)
    called_off = next(visit for visit in first.plan.placed if visit.status is Status.BOOKED)
    news = first.plan.with_appointments(replace(called_off, status=Status.CANCELLED))
    second = roll(CLINIC, news, [], 60, limits, memory=first.memory)
    both = {move.appointment for move in (*first.moves, *second.moves)}
    assert len(first.moves) + len(second.moves) == len(both) <= 3


@slowly
@given(st.integers(0, 10_000))
def test_what_a_part_earns_by_its_own_resources_is_what_it_earns_for_all_the_days(seed: int) -> None:
    plan, requests = week(seed)
    whole, weights = situation(plan, requests), Weights()
    prices = dict.fromkeys((visit.id for visit in whole.kept), 0)
    choice = Choice(whole, weights, prices)
    parts = [part for target in targets(whole, weights, QUICK, prices) for part in bundles_of(whole, target)]
    assert parts
    for part in parts[:25]:
        taken = choice.tried(part)
        if taken is not None:
            after = worth(whole, plan.with_appointments(*part.values()), weights)
            assert taken == gain(worth(whole, plan, weights), after)


def test_without_a_frozen_zone_nobody_moves_who_could_not_hear_of_it_in_time() -> None:
    rolled = roll(CLINIC, lonely(), [], 2140, replace(QUICK, frozen_minutes=0))
    assert rolled.moves == ()
    assert len(roll(CLINIC, lonely(), [], 2130, replace(QUICK, frozen_minutes=0)).moves) == 1


def lonely(preferred: str = "cedar", given: str = "laurel", wish: int | None = None) -> Plan:
    """One consultation tomorrow, with somebody else than the client prefers."""
    asked = AppointmentRequest(
        AppointmentId("v"), DATE.isoformat(), CLINIC.services[0].id, Span(2160, 2460), wish=wish,  # type: ignore[arg-type]
    )  # fmt: skip
    stages = demands_of(CLINIC)[asked.service].stages(2160, (given, "consult-1"))
    visit = replace(Appointment.of(asked, stages), preferred=preferred)  # type: ignore[arg-type]
    return Plan(DATE, {visit.id: visit}, (), 2)


def night(plan: Plan, memory: RollMemory | None = None, **limits: float) -> Roll:
    return roll(CLINIC, plan, [], 0, replace(QUICK, **limits), memory=memory)  # type: ignore[arg-type]


def test_a_client_gets_the_provider_they_prefer_and_the_reason_is_said() -> None:
    rolled = night(lonely())
    (move,) = rolled.moves
    assert rolled.plan.appointments[AppointmentId("v")].providers == ("cedar",)
    assert move.earned == pytest.approx(30.0)
    assert move.why == "better: preference 30.0"
    assert (rolled.nervousness.share, rolled.nervousness.minutes) == (1.0, 0)


def test_a_wish_goes_on_counting_after_the_booking() -> None:
    rolled = night(lonely("laurel", "laurel", wish=2220))
    assert rolled.plan.appointments[AppointmentId("v")].start == 2220
    assert rolled.moves[0].minutes == 60
    assert "wait 60.0" in rolled.moves[0].why


@pytest.mark.parametrize(
    ("limits", "because"),
    [({"threshold": 31.0}, LeftBecause.TOO_LITTLE), ({"budget": 0}, LeftBecause.BUDGET)],
)
def test_what_is_not_done_is_told_with_its_reason(limits: dict[str, float], because: LeftBecause) -> None:
    rolled = night(lonely(), **limits)
    assert rolled.moves == ()
    assert [(item.appointments, item.points, item.because) for item in rolled.left] == [(("v",), 30.0, because)]


def test_who_moved_in_one_of_the_last_nights_moves_again_only_for_several_times_as_much() -> None:
    last = RollMemory({AppointmentId("v"): dt.datetime.combine(DATE - dt.timedelta(days=1), dt.time())})
    assert night(lonely(), last, again=3.1).moves == ()
    assert len(night(lonely(), last, again=2.9).moves) == 1
    long_ago = dt.datetime.combine(DATE - dt.timedelta(days=4), dt.time())
    assert len(night(lonely(), RollMemory({AppointmentId("v"): long_ago}), again=9.0).moves) == 1


def test_a_visit_that_makes_room_is_moved_together_with_the_one_that_needs_it() -> None:
    one = lonely().appointments[AppointmentId("v")]
    stages = demands_of(CLINIC)[one.service].stages(2160, ("cedar", "consult-2"))
    other = replace(one, id=AppointmentId("w"), client="client-8", preferred="laurel", stages=stages)  # type: ignore[arg-type]
    plan = lonely().with_appointments(replace(one, window=Span(2160, 2190)), replace(other, window=Span(2160, 2190)))
    rolled = night(plan, threshold=25.0, seconds=0.8)
    assert sorted(move.appointment for move in rolled.moves) == ["v", "w"]
    assert all(move.together for move in rolled.moves)
    assert night(plan, budget=1, seconds=0.8).moves == ()


def test_who_waits_gets_a_place_even_in_the_frozen_zone_and_costs_no_budget() -> None:
    asks = AppointmentRequest(AppointmentId("ask"), "client-9", CLINIC.services[0].id, Span(600, 700))  # type: ignore[arg-type]
    rolled = roll(CLINIC, lonely("laurel"), [asks], 0, replace(QUICK, budget=0))
    assert [move.appointment for move in rolled.placed] == ["ask"]
    assert rolled.placed[0].why.startswith("somebody who waited has a place")
    assert (rolled.moves, rolled.waiting) == ((), ())


def test_days_that_cannot_be_carried_out_are_refused_by_name() -> None:
    visit = lonely().appointments[AppointmentId("v")]
    twice = lonely().with_appointments(replace(visit, id=AppointmentId("w")))
    with pytest.raises(NotAllowed, match="v and w breaks one_visit_at_a_time; replan"):
        night(twice)


def document(plan: Plan, requests: list[AppointmentRequest], clinic: Registry = CLINIC) -> DayDocument:
    empty = DayDocument(clinic=clinic, date=plan.date, days=plan.days)
    asks = [
        {
            "id": request.id,
            "client": request.client,
            "service": request.service,
            "window": {"start": empty.moment(request.window.start), "end": empty.moment(request.window.end)},
        }
        for request in requests
    ]
    given = json.loads(empty.with_plan(plan).model_dump_json()) | {"requests": asks}
    return DayDocument.model_validate_json(json.dumps(given))


def run(*arguments: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["roll", *map(str, arguments)], env={"COLUMNS": "200"})
    return answer.exit_code, answer.output


def test_the_command_says_what_moves_and_what_it_writes_is_not_rolled_twice(tmp_path: Path) -> None:
    given, out = tmp_path / "days.json", tmp_path / "rolled.json"
    given.write_text(document(*week(3)).model_dump_json(), encoding="utf-8")
    code, said = run(given, "--budget", "2", "--seconds", "0.1", "--out", out)
    assert code == 0, said
    assert "visits move" in said
    assert "all terms (points)" in said
    written = parse_day(out.read_text(encoding="utf-8"), out.name)
    assert check(written.clinic, written.plan()) == ()
    assert written.rolled is not None
    assert len(written.rolled.moved) <= 2
    code, said = run(out, "--budget", "2", "--seconds", "0.1")
    assert code == 0, said
    assert "Nothing has changed since the latest roll; nobody moves." in said


def test_the_command_refuses_a_time_and_a_file_that_are_none(tmp_path: Path) -> None:
    given = tmp_path / "days.json"
    given.write_text(document(*week(3)).model_dump_json(), encoding="utf-8")
    code, said = run(given, "--now", "noon")
    assert (code, "invalid_time" in said) == (2, True)
    code, said = run(tmp_path / "nowhere.json")
    assert (code, "nowhere.json cannot be read" in said) == (2, True)
