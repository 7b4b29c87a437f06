"""Whatever happens on a day with courses of treatment, no plan breaks a rule of a client's visits."""

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import next_slots, plan_day
from edge.schedule.checker import check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Cancelled,
    Disruption,
    Late,
    Overrun,
    PastVisit,
    Plan,
    ProviderOut,
    RoomDown,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Effort
from edge.schedule.engine.reference import ReferenceEngine
from edge.schedule.engine.search import SearchPlan
from edge.schedule.entries import Lunch
from edge.schedule.errors import InvalidClinic, UnknownName
from edge.schedule.facts import begun_by
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId
from edge.schedule.insertion import survey
from edge.schedule.objective import objective
from edge.schedule.payloads import appointment_of, visit_part
from edge.schedule.planning import asked, plan_requests
from edge.schedule.registry import Registry, parse_registry
from edge.schedule.replan import SolverLimits, put_back, replan
from edge.schedule.replans import ForcedBy, Replan
from edge.schedule.schedule import Schedule
from edge.schedule.weights import Weights
from edge.schedule.whynot import Refusal, why_not
from shared.events.catalogue.schedule import RequestDeclined, VisitPart
from shared.ids import ClientId
from tests.edge.schedule.courses import CLEARANCES, DATE, events, wishes, with_rules

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


@settings(over_days, max_examples=15)
@given(data=st.data(), days=st.sampled_from([1, 2]), seed=st.integers(0, 2**32))
def test_engine_and_objective_count_days_with_courses_alike(data: st.DataObject, days: int, seed: int) -> None:
    situation = asked(CLINIC, Plan(DATE, days=days), data.draw(wishes(CLINIC, days)))
    encoding = Encoding(situation, Weights())
    engine = CompiledEngine(encoding.problem, seed, encoding.clinic.flat)
    engine.repair()
    engine.search(Effort(iterations=200, temperature=20_000))
    # As the engine left it: who is taken out or put in afterwards is not its count.
    there = [
        replace(visit, stages=encoding.stages(visit, place))
        for visit, place in zip(encoding.free, engine.best().places, strict=False)
        if place is not None
    ]
    worth = objective(situation, situation.facts.with_appointments(*there), Weights())
    assert (worth.cost, encoding.rank(worth)) == (engine.best().worth.cost, engine.best().worth.rank)


# --- single cases -----------------------------------------------------------------------------------------
OPEN = Span(510, 1140)
CONSULT = ("laurel", "consult-1")
RELAXER = ("laurel", "consult-2")


def wish(service: str, name: str = "new", client: str = "c", window: Span = OPEN, **more: Any) -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(client), ServiceId(service), window, **more)


def booked(clinic: Registry, service: str, start: int, choice: tuple[str, ...], **more: Any) -> Appointment:
    stages = demands_of(clinic)[ServiceId(service)].stages(start, choice)
    return replace(Appointment.of(wish(service, f"{service}-{start}", **more)), stages=stages)


def plan_of(*visits: Appointment) -> Plan:
    return Plan(DATE, {visit.id: visit for visit in visits})


def answer(clinic: Registry, plan: Plan, event: Disruption, seconds: float = 0) -> Replan:
    result = replan(clinic, plan, event, ReplanId("r"), time.monotonic, SolverLimits(seconds, 1))
    assert check_replan(clinic, result.facts, result.plan, event.at) == ()
    return result


GATED = with_rules({"peel": {"clearances": list(CLEARANCES)}})
SAID = "Chemical peel needs the clearance not_pregnant, which no licensed professional has given"


@pytest.mark.parametrize("kind", [WalkIn, Urgent])
def test_nobody_gets_a_place_without_every_clearance(kind: type[WalkIn | Urgent]) -> None:
    half = wish("peel", cleared=frozenset({"isotretinoin_free"}))
    (declined,) = answer(GATED, plan_of(), kind(540, half)).declined
    assert declined.sentence == f"{SAID}; call the client."
    full = replace(half, cleared=frozenset(CLEARANCES))
    assert answer(GATED, plan_of(), kind(540, full)).plan.appointments[full.id].cleared == set(CLEARANCES)
    planned = plan_requests(asked(GATED, plan_of(), [half, replace(full, id=AppointmentId("full"))]), SearchPlan(0))
    assert [visit.id for visit in planned.placed] == ["full"]


def test_an_online_request_without_a_clearance_is_declined_by_the_clearance_and_not_by_the_client() -> None:
    schedule = Schedule(DATE)
    half = wish("peel", client="client-who-asks", cleared=frozenset({"isotretinoin_free"}))
    (declined,) = schedule.decide_request(GATED, half, now=540)
    assert isinstance(declined, RequestDeclined)
    assert (declined.reason, declined.next_starts) == (f"{SAID}.", ())
    assert "client-who-asks" not in declined.reason
    (told,) = schedule.decide_request(GATED, replace(half, cleared=frozenset(CLEARANCES)), now=540)
    schedule.apply(told)
    assert schedule.plan.appointments[half.id].cleared == set(CLEARANCES)
    answer = why_not(survey(GATED, plan_of(), 0), half, 600)
    assert isinstance(answer, Refusal)
    assert [(o.kind.value, o.pool, o.sentence) for o in answer.obstacles] == [
        ("not_cleared", "not_pregnant", f"{SAID}.")
    ]
    assert answer.alternatives == ()


def test_a_visit_whose_clearance_is_withdrawn_loses_its_place_unless_it_is_under_way() -> None:
    visit = booked(GATED, "peel", 700, ("hazel", "treatment-1"), cleared=frozenset({"isotretinoin_free"}))
    down = RoomDown(600, RoomId("laser-1"), Span(600, 700))
    (unplaced,) = answer(GATED, plan_of(visit), down).unplaced
    assert (unplaced.appointment, unplaced.sentence) == (visit.id, f"{SAID}; call the client.")
    begun = replace(visit, status=Status.IN_PROGRESS)
    assert answer(GATED, plan_of(begun), replace(down, at=710)).plan.appointments[visit.id] == begun


def test_what_has_to_come_before_is_planned_before_whoever_asks_first() -> None:
    rules = {
        "laser-resurfacing": {"after": [{"service": "filler"}]},
        "filler": {"after": [{"service": "peel", "at_least_minutes": 60}]},
    }
    clinic = with_rules(rules)
    asks = [wish("laser-resurfacing", "a"), wish("filler", "b"), wish("peel", "c")]
    for plan in (plan_day(clinic, asks, DATE), plan_requests(asked(clinic, plan_of(), asks), SearchPlan(0))):
        assert [visit.service for visit in plan.placed] == ["peel", "filler", "laser-resurfacing"]
        assert check(clinic, plan) == ()


def test_numbing_waits_until_there_is_time_for_the_treatment_soon_after_it() -> None:
    clinic = with_rules({"hydra-facial": {"after": [{"service": "follow-up", "at_most_minutes": 30}]}})
    busy = booked(clinic, "hydra-facial", 510, ("hazel", "treatment-1", "hydra-a"), client="other")
    busy = replace(busy, status=Status.IN_PROGRESS)
    late = wish("hydra-facial", "b", window=Span(900, 1000))
    plan = plan_requests(asked(clinic, plan_of(busy), [late, wish("follow-up", "a")]), SearchPlan(0))
    first, second = (plan.appointments[AppointmentId(name)] for name in "ab")
    assert 0 <= second.start - first.end <= 30
    assert check(clinic, plan) == ()


CHAIN = with_rules({"wrinkle-relaxer": {"after": [{"service": "consultation"}]}})


def test_who_relies_on_a_visit_that_is_cancelled_loses_the_place_and_is_told_what_is_missing() -> None:
    first, later = booked(CHAIN, "consultation", 720, CONSULT), booked(CHAIN, "wrinkle-relaxer", 870, RELAXER)
    result = answer(CHAIN, plan_of(first, later), Cancelled(600, first.id))
    assert [(u.appointment, u.sentence) for u in result.unplaced] == [
        (later.id, "Wrinkle relaxer needs Skin consultation before it; call the client.")
    ]
    known = replace(later, history=(PastVisit(ServiceId("consultation"), 30),))
    assert answer(CHAIN, plan_of(first, known), Cancelled(600, first.id)).unplaced == ()
    again = replace(first, id=AppointmentId("again"), stages=booked(CHAIN, "consultation", 640, CONSULT).stages)
    assert answer(CHAIN, plan_of(first, again, later), Cancelled(600, first.id)).unplaced == ()


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_a_visit_that_must_move_stays_before_the_one_that_relies_on_it(seconds: float) -> None:
    first, later = booked(CHAIN, "consultation", 720, CONSULT), booked(CHAIN, "wrinkle-relaxer", 870, RELAXER)
    out = ProviderOut(600, ProviderId("laurel"), Span(700, 760))
    result = answer(CHAIN, plan_of(first, later), out, seconds)
    assert result.plan.appointments[later.id] == later
    assert result.plan.appointments[first.id].end <= later.start
    tight = plan_of(replace(first, window=Span(720, 760)), later)
    both = answer(CHAIN, tight, replace(out, provider=ProviderId("cedar"), span=Span(600, 1000)), seconds)
    assert both.moves == ()


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_when_a_client_is_too_late_for_the_first_visit_both_come_later_in_the_same_order(seconds: float) -> None:
    first, later = booked(CHAIN, "consultation", 720, CONSULT), booked(CHAIN, "wrinkle-relaxer", 870, RELAXER)
    result = answer(CHAIN, plan_of(first, later), Late(700, first.id, 150), seconds)
    assert result.plan.unplaced == ()
    assert result.plan.appointments[first.id].start >= 870
    assert result.plan.appointments[later.id].start >= result.plan.appointments[first.id].end
    assert {move.appointment: move.reason.forced_by for move in result.moves} == {
        first.id: ForcedBy.CLIENT_LATE,
        later.id: ForcedBy.CLIENT,
    }
    assert result.by_id[later.id].reason.sentence.startswith("The client is at Skin consultation 14:30-15:00; ")


def test_who_is_still_in_another_treatment_is_moved_and_the_reason_says_so() -> None:
    clinic = with_rules({})
    first = booked(clinic, "peel", 600, ("hazel", "treatment-1"), window=Span(510, 700))
    second = booked(clinic, "follow-up", 650, ("aspen", "consult-1"))
    begun = plan_of(replace(first, status=Status.IN_PROGRESS), second)
    (move,) = answer(clinic, begun, Overrun(620, first.id, 20)).moves
    assert move.appointment == second.id
    assert move.after[0].start >= 660
    assert (move.reason.forced_by, move.reason.constraint) == (ForcedBy.CLIENT, f"appointment:{first.id}")
    assert move.reason.sentence.startswith("The client is at Chemical peel 10:00-11:00; ")


def test_kept_visits_in_order_are_a_chain_and_with_an_upper_limit_the_first_keeps_its_start() -> None:
    first, later = booked(CHAIN, "consultation", 720, CONSULT), booked(CHAIN, "wrinkle-relaxer", 870, RELAXER)
    problem = Encoding(survey(CHAIN, plan_of(first, later), 0), Weights()).problem
    assert [visit.before for visit in problem.visits] == [-1, 0]
    assert len(problem.resources) == len(CHAIN.providers) + len(CHAIN.rooms) + len(CHAIN.devices) + 1
    limit = with_rules({"wrinkle-relaxer": {"after": [{"service": "consultation", "at_most_minutes": 60}]}})
    held = Encoding(survey(limit, plan_of(first, later), 0), Weights()).problem
    assert (held.visits[0].before, len(held.visits[0].start_cost)) == (-1, 1)
    alone = Encoding(survey(CHAIN, plan_of(first), 0), Weights())
    assert len(alone.problem.resources) == len(problem.resources) - 1


def test_the_core_and_the_reference_make_the_same_days_of_tied_visits() -> None:
    services = ["laser-resurfacing", "consultation", "peel", "laser-hair", "filler", "follow-up", "photofacial", "peel"]
    asks = [
        wish(service, f"v-{number}", f"c-{number // 2}", Span(0, 2880), cleared=frozenset(CLEARANCES))
        for number, service in enumerate(services)
    ]
    problem = Encoding(asked(CLINIC, Plan(DATE, days=2), asks), Weights()).problem
    assert any(visit.before >= 0 for visit in problem.visits)
    days = []
    for engine in (CompiledEngine(problem, 3), ReferenceEngine(problem, 3)):
        engine.repair()
        engine.search(Effort(iterations=12, temperature=20_000))
        days.append(engine.best())
    assert days[0] == days[1]


# --- what was wrong ---------------------------------------------------------------------------------------
def test_an_offer_begins_at_least_half_an_hour_from_now(clinic: Registry) -> None:
    for now in (600, 598, 571):
        starts = [offer.start for offer in next_slots(clinic, plan_of(), wish("follow-up"), now, count=200)]
        assert min(starts) == -(-(now + 30) // 5) * 5
    assert next_slots(clinic, plan_of(), wish("follow-up", window=Span(600, 640)), 600) == ()


def test_who_could_go_back_only_at_the_cost_of_somebody_elses_lunch_stays_moved(clinic: Registry) -> None:
    lunch = Lunch(start=720, end=750, minutes=30)
    providers = tuple(
        p.model_copy(update={"breaks": (), "lunch": lunch if p.id in ("cedar", "laurel") else None})
        for p in clinic.providers
    )
    hungry = clinic.model_copy(update={"providers": providers})
    old = booked(hungry, "consultation", 720, ("cedar", "consult-1"))
    moved = replace(old, stages=booked(hungry, "consultation", 720, CONSULT).stages)
    situation = survey(hungry, plan_of(old), 0)
    assert put_back(situation, plan_of(moved)) == plan_of(moved)
    fed = clinic.model_copy(update={"providers": tuple(p.model_copy(update={"lunch": None}) for p in providers)})
    assert put_back(survey(fed, plan_of(old), 0), plan_of(moved)) == plan_of(old)


# --- files and events -------------------------------------------------------------------------------------
def test_clearances_and_history_outlive_the_log_and_old_visits_have_none() -> None:
    visit = booked(GATED, "peel", 600, ("hazel", "treatment-1"), cleared=frozenset(CLEARANCES))
    visit = replace(visit, history=(PastVisit(ServiceId("laser-hair"), 9),))
    part = visit_part(visit)
    assert appointment_of(VisitPart.model_validate(part.model_dump(mode="json"))) == visit
    old = part.model_dump(mode="json", exclude={"cleared", "history"})
    assert appointment_of(VisitPart.model_validate(old)) == replace(visit, cleared=frozenset(), history=())


def test_a_history_of_what_the_clinic_does_not_offer_is_refused() -> None:
    odd = wish("peel", history=(PastVisit(ServiceId("levitation"), 3),))
    with pytest.raises(UnknownName, match="levitation"):
        answer(GATED, plan_of(), WalkIn(600, odd))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('after = [{ service = "nothing" }]', "after.0: no other service is 'nothing'"),
        ('after = [{ service = "peel" }]', "after.0: no other service is 'peel'"),
        ('apart = [{ category = "laser", days = 7 }]', "apart.0: no other service is 'laser'"),
        ("apart = [{ days = 7 }]", "name either a `service` or a `category`"),
        ('apart = [{ category = "peel", days = 0 }]', "greater than or equal to 1"),
        ('after = [{ category = "peel", at_least_days = 3, at_most_days = 2 }]', "`at_most_days` must not be less"),
        ('clearances = ["Not a key"]', "clearances.0: String should match pattern"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_the_field(line: str, said: str) -> None:
    text = """
clinic = "C"
hours = { start = "09:00", end = "17:00" }
providers = [{ id = "a", name = "A", skills = ["s"], shift = { start = "09:00", end = "17:00" } }]
rooms = [{ id = "r", name = "R", type = "r" }]
[[services]]
id = "peel"
name = "Peel"
category = "peel"
stages = [{ name = "x", minutes = 30, skill = "s", room = "r" }]
"""
    assert parse_registry(text + 'apart = [{ service = "peel", days = 28 }]').services[0].apart[0].days == 28
    with pytest.raises(InvalidClinic) as refused:
        parse_registry(text + line)
    assert said in refused.value.sentence


def test_what_a_client_is_cleared_for_and_had_before_goes_with_the_wish_into_the_visit_and_back() -> None:
    wish = AppointmentRequest(
        AppointmentId("v"),
        ClientId("c"),
        ServiceId("peel"),
        Span(540, 1080),
        ProviderId("cedar"),
        show=0.9,
        tier="gold",
        wish=600,
        cleared=frozenset(CLEARANCES),
        history=(PastVisit(ServiceId("peel"), 5),),
    )
    assert Appointment.of(wish).request == wish
