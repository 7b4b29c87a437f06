"""What is lent holds its place: in bookings, replans and their words; and a sale is kept or told to people."""

import datetime as dt
import time
from dataclasses import replace

import pytest

from edge.schedule import leases as rules
from edge.schedule.checker import Rule, check, check_replan
from edge.schedule.domain import (
    AppointmentRequest,
    Disruption,
    Overrun,
    Plan,
    ProviderOut,
    RoomDown,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId
from edge.schedule.insertion import survey
from edge.schedule.lending import Lender, LendingPolicy
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import Replan
from edge.schedule.sales import Moment, Replanner, honour
from edge.schedule.schedule import Schedule
from edge.schedule.whynot import Refusal, why_not
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from tests.edge.schedule.escrow_world import CLINIC, DAY, MIDNIGHT, replanned

LIFE = "0123456789abcdef"
NOON_BEFORE = MIDNIGHT - dt.timedelta(hours=12)


def place(lease: str, start: int, who: str = "ash", room: str = "one", service: str = "short") -> said.SlotPart:
    stage = {
        "name": "care",
        "start": start,
        "end": start + CLINIC.service(ServiceId(service)).minutes,
        "provider": who,
        "room": room,
        "device": None,
    }
    return said.SlotPart.model_validate({"lease": lease, "day": DAY, "service": service, "stages": [stage]})


def lent(*slots: said.SlotPart, before: Schedule | None = None) -> Schedule:
    day = before or Schedule(DAY)
    for slot in slots:
        day.apply(said.SlotLeased(slot=slot, hub_epoch=LIFE, until=MIDNIGHT + dt.timedelta(hours=8)))
    return day


def request(name: str, start: int, end: int, service: str = "short") -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(name), ServiceId(service), Span(start, end))


def take(day: Schedule, payloads: list[PayloadModel]) -> list[PayloadModel]:
    for payload in payloads:
        day.apply(payload)
    return payloads


def report(day: Schedule, disruption: Disruption, name: str = "r") -> Replan:
    answer = replanned(day.plan, disruption, ReplanId(name))
    assert check_replan(CLINIC, answer.facts, answer.plan, disruption.at) == ()
    take(day, day.report_disruption(CLINIC, disruption, answer, ReplanId(name)))
    return answer


def searched(plan: Plan, disruption: Disruption, replan_id: ReplanId) -> Replan:
    limits = SolverLimits(seconds=1.0, workers=1, alternatives=False)
    return replan(CLINIC, plan, disruption, replan_id, time.monotonic, limits)


def sell(
    day: Schedule, slot: said.SlotPart, at: Moment | None = None, replanner: Replanner = replanned
) -> said.SlotClosed:
    sold = said.SlotSold(slot=slot, hub_epoch=LIFE, order="order")
    payloads = take(day, honour(CLINIC, day, sold, at or Moment(0), ReplanId("sale"), replanner))
    assert honour(CLINIC, day, sold, at or Moment(0), ReplanId("again"), replanner) == []
    (closed,) = [payload for payload in payloads if isinstance(payload, said.SlotClosed)]
    return closed


def everything() -> Schedule:
    """Return a day with both rooms lent from ten to eleven."""
    return lent(place("a", 600, service="long"), place("b", 600, "elm", "two", service="long"))


def test_a_lent_place_is_booked_for_nobody_and_is_named_as_the_reason() -> None:
    day = everything()
    (declined,) = take(day, day.decide_request(CLINIC, request("x", 600, 660), 0))
    assert "10:00-11:00 is held for online booking" in declined.reason  # type: ignore[attr-defined]
    answer = report(day, WalkIn(500, request("y", 600, 660)))
    assert "held for online booking" in answer.declined[0].sentence
    refusal = why_not(survey(CLINIC, day.plan, 0), request("z", 540, 780), 600)
    assert isinstance(refusal, Refusal)
    assert "is held for online booking 10:00-11:00" in refusal.obstacles[0].sentence
    assert refusal.obstacles[0].visits == ()
    assert [offer.start for offer in refusal.alternatives]
    assert check(CLINIC, day.plan) == ()


def test_a_replan_moves_others_around_what_is_lent_and_asks_for_it_back_where_it_is_in_the_way() -> None:
    day = everything()
    take(day, day.book_day(CLINIC, [request("x", 540, 660, "long"), request("y", 540, 600, "long")]))
    answer = report(day, ProviderOut(480, ProviderId("elm"), Span(540, 600)))
    assert [a.id for a in answer.plan.unplaced]
    assert all("held for online booking" in item.sentence for item in answer.unplaced)
    assert answer.plan.lent == day.plan.lent
    assert any(lease.recalled for lease in day.leases.open.values())
    report(day, ProviderOut(480, ProviderId("ash"), Span(600, 660)), "r2")
    assert day.leases.open["a"].recalled
    assert {a.id for a in day.plan.lent} == {"online-a", "online-b"}


def test_a_sold_slot_is_a_visit_at_its_time_once() -> None:
    day = everything()
    closed = sell(day, place("a", 600, service="long"))
    assert (closed.outcome, closed.start, closed.reason) == ("booked", 600, "")
    assert [(a.id, a.start, a.end) for a in day.plan.placed] == [("online-a", 600, 660)]
    assert [a.id for a in day.plan.lent] == ["online-b"]
    assert check(CLINIC, day.plan) == ()


def test_others_make_way_for_a_sale_whose_lease_was_lost_with_the_disk() -> None:
    day = Schedule(DAY)
    take(day, day.book_day(CLINIC, [request("x", 600, 780), request("y", 600, 780)]))
    assert [a.start for a in day.plan.placed] == [600, 600]
    closed = sell(day, place("lost", 600), replanner=searched)
    assert (closed.outcome, closed.start) == ("booked", 600)
    assert "1 visits were moved for it" in closed.reason
    assert len(day.plan.placed) == 3
    assert check(CLINIC, day.plan) == ()
    # Who moved was moved by a replan, which can be taken back only where there is room: never over the sold visit.
    with pytest.raises(NotAllowed):
        day.undo_replan(CLINIC, ReplanId("sale"))


def test_a_sale_without_any_place_waits_on_the_board_and_says_why() -> None:
    day = Schedule(DAY)
    take(day, day.book_day(CLINIC, [request("x", 600, 630), request("y", 600, 630)]))
    closed = sell(day, place("lost", 600))
    assert (closed.outcome, closed.appointment, closed.start) == ("waiting", "online-lost", None)
    assert "10:00" in closed.reason
    assert [a.id for a in day.plan.unplaced] == ["online-lost"]
    assert len(day.plan.placed) == 2


@pytest.mark.parametrize(
    ("slot", "at"),
    [
        (place("lost", 600), Moment(0, passed=True)),
        (place("lost", 600).model_copy(update={"service": "unheard-of"}), Moment(0)),
        (place("lost", 600, service="long").model_copy(update={"service": "short"}), Moment(0)),
    ],
)
def test_a_sale_that_the_clinic_cannot_plan_at_all_is_told_to_people(slot: said.SlotPart, at: Moment) -> None:
    day = Schedule(DAY)
    take(day, day.book_day(CLINIC, [request("x", 600, 630), request("y", 600, 630)]))
    closed = sell(day, slot, at)
    assert (closed.outcome, closed.appointment) == ("waiting", None)
    assert "call the client" in closed.reason


def test_a_sale_of_a_slot_whose_provider_fell_ill_gets_another_provider_at_the_same_time() -> None:
    day = lent(place("a", 600))
    report(day, ProviderOut(480, ProviderId("ash"), Span(540, 780)))
    assert day.leases.open["a"].recalled
    closed = sell(day, place("a", 600))
    assert (closed.outcome, closed.start) == ("booked", 600)
    assert day.plan.placed[0].stages[0].provider == "elm"
    assert check(CLINIC, day.plan) == ()


def test_an_overrun_into_a_lent_place_is_a_fact_that_breaks_no_rule_of_planning() -> None:
    day = lent(place("a", 630))
    take(day, day.book_day(CLINIC, [request("x", 600, 630), request("y", 600, 630)]))
    visit = next(a for a in day.plan.placed if a.stages[0].room == "one")
    for status in (Status.CONFIRMED, Status.IN_PROGRESS):
        take(day, day.change_status(visit.id, status, 600))
    answer = report(day, Overrun(620, visit.id, 20))
    assert answer.plan.lent == day.plan.lent
    assert check(CLINIC, day.plan) == ()
    report(day, RoomDown(625, RoomId("two"), Span(700, 780)), "r2")


def test_the_checker_sees_a_visit_in_a_lent_place_and_a_plan_that_drops_one() -> None:
    day = lent(place("a", 600))
    visit = replace(day.plan.lent[0], id=AppointmentId("thief"))
    stolen = day.plan.with_appointments(visit)
    assert [violation.rule for violation in check(CLINIC, stolen)] == [Rule.OVERLAP, Rule.OVERLAP]
    dropped = check_replan(CLINIC, day.plan, replace(day.plan, lent=()), 0)
    assert [violation.rule for violation in dropped] == [Rule.FORGOTTEN]


def test_an_urgent_request_moves_visits_and_never_what_is_lent() -> None:
    day = lent(place("a", 600), place("b", 600, "elm", "two"))
    answer = report(day, Urgent(480, request("u", 600, 630)))
    assert "held for online booking" in answer.declined[0].sentence
    assert any(lease.recalled for lease in day.leases.open.values())
    assert {a.id for a in answer.plan.lent} == {"online-a", "online-b"}


def test_leases_end_by_the_hubs_word_once_and_lapse_only_when_the_slot_is_over() -> None:
    day = lent(place("a", 600))
    closed = said.SlotClosed(lease="a", day=DAY, outcome="returned")
    early, over = MIDNIGHT + dt.timedelta(hours=10, minutes=29), MIDNIGHT + dt.timedelta(hours=10, minutes=30)
    assert rules.lapsed(DAY, day.leases, early, dt.UTC) == []
    assert len(rules.lapsed(DAY, day.leases, over, dt.UTC)) == 1
    assert rules.lapsed(DAY, day.leases, over + dt.timedelta(days=400), dt.UTC) == []
    take(day, rules.ended(DAY, day.leases, "a", closed))
    assert (day.plan.lent, rules.ended(DAY, day.leases, "a", closed)) == ((), [])
    assert rules.ended(DAY, day.leases, "never", closed.model_copy(update={"lease": "never"})) == []
    with pytest.raises(ValueError, match="another lease"):
        rules.ended(DAY, day.leases, "b", closed)
    with pytest.raises(BrokenFold):
        day.apply(said.SlotRenewed(lease="a", day=DAY, until=MIDNIGHT))


def test_only_a_lent_slot_is_asked_for_and_once() -> None:
    day = lent(place("a", 600))
    assert len(take(day, rules.recall(DAY, day.leases, "a", "urgent"))) == 1
    assert rules.recall(DAY, day.leases, "a", "urgent") == []
    with pytest.raises(UnknownName):
        rules.recall(DAY, day.leases, "b", "urgent")


def top_up(
    day: Schedule, policy: LendingPolicy, now: dt.datetime = NOON_BEFORE, life: str = LIFE
) -> list[PayloadModel]:
    names = iter(f"lent-{day.version}-{number}" for number in range(100))
    return take(day, list(Lender(CLINIC, policy, dt.UTC, life).top_up(day.plan, day.leases, now, lambda: next(names))))


def test_lending_spreads_over_the_day_stops_at_what_was_chosen_and_leaves_protected_hours_alone() -> None:
    day = Schedule(DAY)
    policy = LendingPolicy(2, frozenset({ServiceId("short")}), protected=(Span(540, 600), Span(690, 720)))
    top_up(day, policy)
    assert [a.start for a in day.plan.lent] == [600, 660]
    assert top_up(day, policy) == []
    assert check(CLINIC, day.plan) == ()
    assert top_up(Schedule(DAY), LendingPolicy(0)) == []
    late = MIDNIGHT + dt.timedelta(hours=9)
    (only,) = top_up(Schedule(DAY), replace(policy, notice=150), late)
    assert only.slot.start >= 690 + 30  # type: ignore[attr-defined]


def test_leases_are_renewed_when_half_of_them_is_over_and_never_past_the_last_sale() -> None:
    day, policy = Schedule(DAY), LendingPolicy(1, frozenset({ServiceId("short")}), lease=dt.timedelta(hours=8))
    top_up(day, policy)
    assert top_up(day, policy, NOON_BEFORE + dt.timedelta(hours=3)) == []
    (renewed,) = top_up(day, policy, NOON_BEFORE + dt.timedelta(hours=5))
    assert isinstance(renewed, said.SlotRenewed)
    assert renewed.until == NOON_BEFORE + dt.timedelta(hours=13)
    (last,) = top_up(day, policy, NOON_BEFORE + dt.timedelta(hours=12))
    assert last.until == MIDNIGHT + dt.timedelta(minutes=day.plan.lent[0].start - 60)  # type: ignore[attr-defined]


def test_what_a_dead_life_of_the_hub_may_have_sold_is_held_and_not_renewed() -> None:
    day, policy = Schedule(DAY), LendingPolicy(1, frozenset({ServiceId("short")}))
    top_up(day, policy)
    (again,) = top_up(day, policy, life="fedcba9876543210")
    assert isinstance(again, said.SlotLeased)
    assert len(day.plan.lent) == 2
    assert check(CLINIC, day.plan) == ()


def test_a_day_with_leases_folds_to_the_same_plan_from_its_stored_payloads() -> None:
    day, until = everything(), MIDNIGHT + dt.timedelta(hours=8)
    places = (place("a", 600, service="long"), place("b", 600, "elm", "two", service="long"))
    log: list[PayloadModel] = [said.SlotLeased(slot=slot, hub_epoch=LIFE, until=until) for slot in places]
    sold = said.SlotSold(slot=place("a", 600, service="long"), hub_epoch=LIFE, order="o")
    log += take(day, honour(CLINIC, day, sold, Moment(0), ReplanId("s"), replanned))
    log += take(day, rules.recall(DAY, day.leases, "b", "urgent"))
    catalogue = complete_catalogue()
    read = [catalogue.model(p.event_type, p.schema_version).model_validate(p.model_dump(mode="json")) for p in log]
    again = Schedule.fold(DAY, read)
    assert (again.plan, again.leases) == (day.plan, day.leases)
    assert again.plan != Plan(DAY)
