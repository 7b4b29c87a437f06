"""New visits are planned with the chance that their client comes, as the clinic's own days tell it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.book import ScheduleBook
from edge.schedule.domain import UNKNOWN_SHOW, AddOn, AppointmentRequest, Plan, Span, WalkIn
from edge.schedule.estimates import Estimates, ServiceHistory, estimate, show_of
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.leases import slot_of
from edge.schedule.lending import LendingPolicy
from edge.schedule.objective import objective
from edge.schedule.online import OnlineDesk
from edge.schedule.planning import asked
from edge.schedule.registry import Registry
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, Window
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.weights import cost
from shared.events.catalogue import schedule as said
from shared.events.catalogue.slots import SlotSold
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from tests.edge.schedule.test_book import asked as asked_online
from tests.support.records import BoxRecord, open_box_record
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
CONSULTATION, PEEL = ServiceId("consultation"), ServiceId("peel")
EXPECTED = 1 - (0.05 * 40 + 16) / 80
"""Of forty, sixteen did not come; the benchmark's five of a hundred count for forty more."""


@pytest.fixture
def record(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def book(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)


def learnt(clinic: Registry) -> Estimates:
    return estimate(clinic, {CONSULTATION: ServiceHistory(came=24, no_shows=16)})


def wish(name: str, service: ServiceId = CONSULTATION, show: float = UNKNOWN_SHOW) -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(f"of-{name}"), service, Span(540, 1080), show=show)


def shows(book: ScheduleBook, day: dt.date = TOMORROW) -> dict[str, float]:
    return {visit.id: visit.show for visit in book.day(day).plan.appointments.values()}


def appended(record: BoxRecord, drafts: list[EventDraft]) -> said.AppointmentBooked:
    record.store.append(drafts)
    (booked,) = [draft.payload for draft in drafts if isinstance(draft.payload, said.AppointmentBooked)]
    return booked


def test_what_is_booked_keeps_its_value_and_what_is_new_gets_that_of_the_clinics_days(
    clinic: Registry, book: ScheduleBook
) -> None:
    book.book_day(TOMORROW, [wish("before")], "desk")
    book.learnt.calibrate(learnt(clinic), "desk")
    book.book_day(TOMORROW, [wish("after"), wish("other", PEEL), wish("known", show=0.6)], "desk")
    book.learnt.undo("desk")
    book.book_day(TOMORROW, [wish("undone")], "desk")
    known = {"before": 1, "after": pytest.approx(EXPECTED), "other": 1, "known": 0.6, "undone": 1}
    assert shows(book) == known


def test_an_online_request_gets_it(record: BoxRecord, clinic: Registry, book: ScheduleBook) -> None:
    book.learnt.calibrate(learnt(clinic), "desk")
    assert appended(record, OnlineDesk(book).answer(asked_online("r"))).visit.show == pytest.approx(EXPECTED)


def test_a_slot_that_the_hub_has_sold_gets_it(record: BoxRecord, clinic: Registry, book: ScheduleBook) -> None:
    book.learnt.calibrate(learnt(clinic), "desk")
    policy = LendingPolicy(per_service=1, services=frozenset({CONSULTATION}), days_ahead=1)
    desk = SlotDesk(book, policy, lambda: "hub-1", record.clock, record.ids)
    desk.top_up()
    (lent,) = desk.lent(TOMORROW)
    slot = slot_of(lent.lease.id, TOMORROW, lent.lease.visit.service, lent.lease.visit.stages)
    sold, event = SlotSold(slot=slot, hub_epoch="hub-1", order="o"), asked_online("r")
    fields = event.fields.model_copy(update={"payload": sold.model_dump(mode="json")})
    assert appended(record, desk.answer_sold(replace(event, fields=fields))).visit.show == pytest.approx(EXPECTED)


def test_an_offer_of_the_waitlist_that_is_accepted_gets_it(
    record: BoxRecord, clinic: Registry, book: ScheduleBook
) -> None:
    book.learnt.calibrate(learnt(clinic), "desk")
    waitlist = WaitlistBook(record.store, book, record.ids)
    window = Window(TOMORROW, TOMORROW, Span(540, 1080))
    waitlist.add(Entry(EntryId("e"), ClientId("c"), CONSULTATION, (window,), record.clock.wall()), "desk")
    offer = waitlist.accept(waitlist.offer(EntryId("e"), Channel.PHONE, "desk"), "desk")
    assert shows(book, TOMORROW) == {offer.appointment: pytest.approx(EXPECTED)}


def test_who_stands_at_the_desk_is_not_estimated_and_an_add_on_comes_with_its_visit(
    clinic: Registry, book: ScheduleBook
) -> None:
    book.learnt.calibrate(learnt(clinic), "desk")
    replanned(book, TODAY, WalkIn(600, wish("here")))
    assert shows(book, TODAY) == {"here": 1}
    book.book_day(TOMORROW, [wish("visit", show=0.7)], "desk")
    replanned(book, TOMORROW, AddOn(0, AppointmentId("visit"), CONSULTATION))
    assert sorted(shows(book).values()) == [0.7, 0.7]


def test_who_comes_less_surely_loses_less_revenue_and_counts_the_same_on_the_first_level(clinic: Registry) -> None:
    services = tuple(service.model_copy(update={"price": 120.0}) for service in clinic.services)
    paid = clinic.model_copy(update={"services": services})
    sure, doubtful = (asked(paid, Plan(TOMORROW), [wish("a", show=show)]) for show in (1.0, 0.5))
    one, other = objective(sure, sure.facts), objective(doubtful, doubtful.facts)
    assert one.first_level == other.first_level
    assert (one.terms["revenue"], other.terms["revenue"]) == (cost(120, 1), cost(60, 1))


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_chance_is_one_less_that_of_a_no_show_and_unknown_without_a_visit(
    clinic: Registry, came: int, missed: int
) -> None:
    found = estimate(clinic, {CONSULTATION: ServiceHistory(came=came, no_shows=missed)})
    show = show_of(found, CONSULTATION)
    assert show == (1 - found[CONSULTATION].no_show if came + missed else UNKNOWN_SHOW)
    assert show < UNKNOWN_SHOW or not came + missed
    assert show_of(found, PEEL) == UNKNOWN_SHOW
