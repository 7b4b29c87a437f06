import datetime as dt
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from edge.schedule.book import ScheduleBook
from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, Cancelled, Span, Status
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, EntryState, OfferState, Window
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.waitlist_worker import WaitlistWorker
from shared.errors import Retryable
from shared.events.envelope import Event, EventDraft
from shared.ids import ClientId
from tests.support.clocks import ManualClock
from tests.support.records import BoxRecord, open_box_record
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
HOURS = Span(540, 1140)


class Desk:
    """A clinic's day and its waitlist on one record."""

    def __init__(self, record: BoxRecord, clinic: Registry) -> None:
        self.record = record
        self.book = ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)
        self.waitlist = WaitlistBook(record.store, self.book, record.ids)

    @property
    def clock(self) -> ManualClock:
        return self.record.clock

    def waits(self, name: str, client: str = "", **changes: Any) -> EntryId:
        entry = Entry(
            EntryId(name), ClientId(client or f"client-of-{name}"), ServiceId("consultation"),
            (Window(TODAY, TODAY, HOURS),), self.clock.wall(), messages=True,
        )  # fmt: skip
        self.waitlist.add(replace(entry, **changes), "desk")
        return entry.id

    def freed(self, start: int = 14 * 60, provider: str = "cedar") -> AppointmentId:
        """Book a visit and cancel it."""
        name = AppointmentId(f"visit-{start}-{provider}")
        request = AppointmentRequest(
            name, ClientId(name), ServiceId("consultation"), Span(start, start + 30), ProviderId(provider)
        )
        assert self.book.book_day(TODAY, [request], "desk") == 1
        self.book.change_status(name, Status.CANCELLED, "desk")
        return name

    def offers(self) -> list[tuple[str, OfferState]]:
        return [(offer.entry, offer.state) for offer in self.waitlist.waitlist().state.offers.values()]

    def messages(self) -> list[Event]:
        rows = self.record.store.rows("SELECT body FROM events ORDER BY position")
        events = [Event.from_body(body) for (body,) in rows]
        return [event for event in events if event.fields.type == "waitlist.message_wanted"]


@pytest.fixture
def desk(record: BoxRecord, clinic: Registry) -> Desk:
    return Desk(record, clinic)


def test_an_offer_and_its_message_are_one_transaction_and_name_nobody(desk: Desk) -> None:
    client = desk.record.new_client("Ada Canary")
    desk.waits("a", client)
    desk.freed()
    assert desk.waitlist.step() == 1
    assert desk.waitlist.step() == 0
    (message,) = desk.messages()
    assert message.fields.payload["client_id"] == client
    assert message.fields.payload["starts_at"] == "2026-03-02T13:00:00Z"
    assert b"Canary" not in b"".join(body for (body,) in desk.record.store.rows("SELECT body FROM events"))
    desk.waits("b", messages=False)
    desk.waitlist.offer(EntryId("b"), Channel.PHONE, "desk")
    assert len(desk.messages()) == 1


def test_accepting_books_the_visit_with_the_answer_and_again_changes_nothing(desk: Desk) -> None:
    desk.waits("a")
    desk.freed()
    desk.waitlist.step()
    (offer,) = desk.waitlist.waitlist().state.offers.values()
    assert desk.waitlist.accept(offer.id, "desk").state is OfferState.ACCEPTED
    day = desk.book.day(TODAY)
    assert day.plan.appointments[offer.appointment].start == 14 * 60
    assert check(desk.book.registry, day.plan) == ()
    head = desk.record.store.head()
    assert desk.waitlist.accept(offer.id, "desk").state is OfferState.ACCEPTED
    assert desk.record.store.head() == head


def test_a_disk_that_refuses_leaves_neither_visit_nor_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.waits("a")
    desk.freed()
    desk.waitlist.step()
    (offer,) = desk.waitlist.waitlist().state.offers.values()

    def full(drafts: list[EventDraft], *_: Any) -> list[Event]:
        raise Retryable("storage_full", "no room")

    with monkeypatch.context() as broken:
        broken.setattr(desk.record.store, "append", full)
        with pytest.raises(Retryable):
            desk.waitlist.accept(offer.id, "desk")
    assert offer.appointment not in desk.book.day(TODAY).plan.appointments
    assert desk.offers() == [("a", OfferState.OPEN)]
    assert desk.waitlist.accept(offer.id, "desk").state is OfferState.ACCEPTED


def test_a_disk_that_refused_an_offer_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.waits("a")
    desk.freed()

    def full(drafts: list[EventDraft], *_: Any) -> list[Event]:
        raise Retryable("storage_full", "no room")

    with monkeypatch.context() as broken:
        broken.setattr(desk.record.store, "append", full)
        with pytest.raises(Retryable):
            desk.waitlist.step()
    assert desk.waitlist.step() == 1


def test_a_day_changed_by_another_writer_is_decided_on_anew(
    desk: Desk, clinic: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rival takes the very place between the decision and its transaction."""
    desk.waits("a")
    desk.freed()
    desk.waitlist.step()
    (offer,) = desk.waitlist.waitlist().state.offers.values()
    rival = ScheduleBook(desk.record.store, clinic, desk.record.ids, desk.clock, ZONE)
    append = desk.record.store.append

    def late(drafts: list[EventDraft], *others: Any) -> list[Event]:
        monkeypatch.setattr(desk.record.store, "append", append)
        name, cedar = AppointmentId("rival"), ProviderId("cedar")
        wish = AppointmentRequest(name, ClientId("rival"), ServiceId("consultation"), Span(840, 870), cedar)
        assert rival.book_day(TODAY, [wish], "tablet") == 1
        return append(drafts, *others)

    monkeypatch.setattr(desk.record.store, "append", late)
    assert desk.waitlist.accept(offer.id, "desk").state is OfferState.SUPERSEDED
    day = desk.book.day(TODAY)
    assert [visit.id for visit in day.plan.placed] == ["rival"]
    assert desk.waitlist.next_starts(desk.waitlist.waitlist().offer(offer.id))
    assert desk.waitlist.waitlist().state.states[EntryId("a")] is EntryState.WAITING


def test_a_restart_finds_entries_offers_and_what_is_due(desk: Desk, clinic: Registry) -> None:
    desk.waits("a")
    desk.waits("b")
    desk.freed()
    desk.waitlist.step()
    before = desk.waitlist.waitlist().state
    desk.record.store.close()
    again = Desk(open_box_record(desk.record.folder, desk.clock), clinic)
    after = again.waitlist.waitlist().state
    assert (after.entries, after.states, after.offers) == (before.entries, before.states, before.offers)
    desk.clock.advance(20 * 60)
    assert again.waitlist.step() == 2
    assert again.offers() == [("a", OfferState.EXPIRED), ("b", OfferState.OPEN)]


def test_an_online_request_does_not_get_what_is_on_offer(desk: Desk) -> None:
    desk.waits("a", windows=(Window(TODAY, TODAY, Span(840, 870)),))
    desk.freed(provider="cedar")
    desk.waitlist.step()
    wishes = [
        AppointmentRequest(AppointmentId(f"r{n}"), ClientId(f"r{n}"), ServiceId("consultation"), Span(840, 870))
        for n in range(3)
    ]
    assert desk.book.book_day(TODAY, wishes, "hub") == 0  # the only other who may do it has a break until 14:15
    (offer,) = desk.waitlist.waitlist().state.offers.values()
    assert desk.waitlist.accept(offer.id, "desk").state is OfferState.ACCEPTED


def test_a_cancellation_reported_to_the_schedule_is_replanned_and_then_filled_by_the_worker(desk: Desk) -> None:
    worker = WaitlistWorker(desk.waitlist)
    desk.waits("a")
    name, cedar = AppointmentId("goes"), ProviderId("cedar")
    desk.book.book_day(
        TODAY, [AppointmentRequest(name, ClientId("x"), ServiceId("consultation"), Span(840, 870), cedar)], "desk"
    )
    worker.start()
    try:
        replanned(desk.book, TODAY, Cancelled(600, name))
        deadline = time.monotonic() + 30
        while not desk.offers() and time.monotonic() < deadline:
            threading.Event().wait(0.05)
    finally:
        worker.stop()
    assert desk.offers() == [("a", OfferState.OPEN)]
    kinds = [e.fields.type for e in map(Event.from_body, (b for (b,) in desk.record.store.rows(
        "SELECT body FROM events ORDER BY position")))]  # fmt: skip
    assert kinds.index("schedule.replan_applied") < kinds.index("waitlist.offer_made")


def test_an_erased_clients_wishes_and_offers_end(desk: Desk) -> None:
    desk.waits("a", client="erased")
    desk.freed()
    desk.waitlist.step()
    desk.waitlist.forget(ClientId("erased"))
    desk.waitlist.forget(ClientId("erased"))
    assert desk.offers() == [("a", OfferState.SUPERSEDED)]
    assert desk.waitlist.waitlist().state.states[EntryId("a")] is EntryState.WITHDRAWN
    assert desk.waitlist.step() == 0


def test_what_is_refused_leaves_no_event(desk: Desk) -> None:
    desk.waits("a", notice=10_000)
    head = desk.record.store.head()
    with pytest.raises(NotAllowed, match="Nothing that suits is free"):
        desk.waitlist.offer(EntryId("a"), Channel.MESSAGE, "desk")
    with pytest.raises(NotAllowed, match="already"):
        desk.waits("b", client="client-of-a")
    assert desk.record.store.head() == head


def test_answers_of_many_threads_book_one_place_once(desk: Desk) -> None:
    desk.waits("a")
    desk.freed()
    desk.waitlist.step()
    (offer,) = desk.waitlist.waitlist().state.offers.values()
    states: list[OfferState] = []
    threads = [
        threading.Thread(target=lambda: states.append(desk.waitlist.accept(offer.id, "desk").state)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [OfferState.ACCEPTED] * 4
    assert len(desk.book.day(TODAY).plan.placed) == 1
