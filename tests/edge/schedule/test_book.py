import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

import edge.schedule.book
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, ProviderOut, Span, Status
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import Registry
from edge.store.errors import VersionConflict
from shared.events.catalogue.system import BookingAnswered
from shared.events.envelope import Event, EventDraft
from shared.ids import ClientId
from tests.support.records import BoxRecord, open_box_record
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
LAUREL_OUT = ProviderOut(600, ProviderId("laurel"), Span(600, 1140))


def book_of(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)


@pytest.fixture
def book(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return book_of(record, clinic)


def fill(book: ScheduleBook, date: dt.date = TODAY, count: int = 40) -> int:
    return book.book_day(date, synthesise_day(book.registry, date, 1, count), "desk")


def asked(request: str, day: dt.date = TOMORROW, window: tuple[int, int] = (540, 1080), service: str = "consultation",
          **changes: Any) -> Event:  # fmt: skip
    """Return a request as it comes down from the hub."""
    payload = {
        "request": request, "service": service, "day": day.isoformat(),
        "earliest_minute": window[0], "latest_minute": window[1],
    }  # fmt: skip
    return Event.seal_in_chain(
        {
            "id": "01900000-0000-7000-8000-000000000001", "tenant": "tenant-a", "location": "clinic-1",
            "device": "hub", "epoch": "0123456789abcdef", "seq": 1, "prev_hash": "0" * 64,
            "aggregate": f"booking/{request}", "version": 1, "hlc": f"{1:016x}",
            "wall_time": "2026-03-01T00:00:00+00:00", "clock_quality": "synchronised", "type": "booking.requested",
            "schema_version": 1, "actor": "hub", "purpose": "booking", "sensitivity": "operational",
            "payload": payload | changes,
        }
    )  # fmt: skip


def answer_in(drafts: list[EventDraft]) -> BookingAnswered:
    (answer,) = [draft.payload for draft in drafts if isinstance(draft.payload, BookingAnswered)]
    return answer


def test_a_day_folds_to_the_same_plan_after_a_restart(record: BoxRecord, clinic: Registry, book: ScheduleBook) -> None:
    assert fill(book) > 20
    first = next(iter(book.day(TODAY).plan.placed)).id
    book.change_status(first, Status.CONFIRMED, "desk")
    replanned(book, TODAY, LAUREL_OUT)
    before = book.day(TODAY)
    record.store.close()
    again = open_box_record(record.folder, record.clock)
    after = book_of(again, clinic).day(TODAY)
    again.store.close()
    assert (after.plan, after.version) == (before.plan, before.version)
    assert [item.applied for item in after.replans] == [item.applied for item in before.replans]
    assert after.plan.appointments[first].status is Status.CONFIRMED


def test_of_two_writers_the_second_is_refused_as_a_whole_and_can_decide_again(
    record: BoxRecord, clinic: Registry, book: ScheduleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(book)
    one, other = [visit.id for visit in book.day(TODAY).plan.placed][:2]
    rival, append = book_of(record, clinic), record.store.append

    def late(drafts: list[EventDraft], *others: Any, **more: Any) -> list[Event]:
        monkeypatch.undo()
        rival.change_status(one, Status.CANCELLED, "tablet")
        return append(drafts, *others, **more)

    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    monkeypatch.setattr(record.store, "append", late)
    events = record.store.head().seq
    with pytest.raises(VersionConflict):
        book.propose(TODAY, LAUREL_OUT, "desk")
    assert record.store.head().seq == events + 1
    assert (book.day(TODAY).replans, book.day(TODAY).plan.appointments[one].status) == ([], Status.CANCELLED)
    book.change_status(other, Status.CONFIRMED, "desk")
    assert book.day(TODAY).plan == rival.day(TODAY).plan


def test_many_writers_at_once_never_give_a_place_twice(record: BoxRecord, clinic: Registry) -> None:
    refused: list[int] = []

    def write(number: int) -> None:
        mine = book_of(record, clinic)
        for turn in range(4):
            name = AppointmentId(f"visit-{number}-{turn}")
            wish = AppointmentRequest(name, ClientId(name), ServiceId("consultation"), Span(540, 720))
            while True:
                try:
                    mine.book_day(TOMORROW, [wish], "desk")
                except VersionConflict:
                    refused.append(number)
                else:
                    break

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    day = book_of(record, clinic).day(TOMORROW)
    assert check(clinic, day.plan) == ()
    assert day.version == 16
    assert len(day.plan.placed) >= 8


def test_an_undone_replan_puts_everybody_back(book: ScheduleBook) -> None:
    fill(book)
    before = book.day(TODAY).plan
    replan = replanned(book, TODAY, LAUREL_OUT)
    assert replan.moves
    assert book.day(TODAY).plan != before
    name = ReplanId(replan.reported.replan)
    assert book.undo(name, "desk") == TODAY
    assert book.day(TODAY).plan == before
    events = book.day(TODAY).version
    book.undo(name, "desk")
    assert book.day(TODAY).version == events


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (lambda book: book.undo(ReplanId("nobody's"), "desk"), UnknownName),
        (lambda book: book.change_status(AppointmentId("nobody's"), Status.ARRIVED, "desk"), UnknownName),
        (lambda book: book.client_of("nobody's"), UnknownName),
        (lambda book: book.propose(TODAY, ProviderOut(600, ProviderId("nobody"), Span(600, 700)), "desk"), UnknownName),
        (lambda book: book.change_status(first_of(book), Status.DONE, "desk"), NotAllowed),
    ],
)
def test_what_names_nothing_or_cannot_follow_is_refused_and_leaves_no_event(
    record: BoxRecord, book: ScheduleBook, command: Callable[[ScheduleBook], object], error: type[Exception]
) -> None:
    fill(book)
    head = record.store.head()
    with pytest.raises(error):
        command(book)
    assert record.store.head() == head


def first_of(book: ScheduleBook) -> AppointmentId:
    return book.day(TODAY).plan.placed[0].id


def test_an_answer_to_an_online_request_is_the_same_however_often_it_is_asked(
    record: BoxRecord, book: ScheduleBook
) -> None:
    drafts = OnlineDesk(book).answer(asked("r1"))
    answer = answer_in(drafts)
    assert (answer.accepted, answer.appointment, len(drafts)) == (True, "online-r1", 2)
    record.store.append(drafts)
    again = OnlineDesk(book).answer(asked("r1"))
    assert [draft.payload for draft in again] == [answer]
    record.store.append(again)
    (visit,) = book.day(TOMORROW).plan.placed
    assert (visit.id, visit.start) == ("online-r1", answer.start_minute)
    assert 540 <= visit.start < visit.end <= 1080


def test_a_full_window_is_declined_with_what_is_free_that_day(record: BoxRecord, book: ScheduleBook) -> None:
    answers = []
    for number in range(12):
        drafts = OnlineDesk(book).answer(asked(f"r{number}", window=(600, 660)))
        answers.append(answer_in(drafts))
        record.store.append(drafts)
    declined = [answer for answer in answers if not answer.accepted]
    assert declined
    assert (declined[0].appointment, declined[0].start_minute) == (None, None)
    free = declined[0].reason.partition("Free that day: ")[2].rstrip(".").split(", ")
    assert free
    for text in free:
        hour, minute = map(int, text.split(":"))
        assert not 600 <= hour * 60 + minute < 660
    assert check(book.registry, book.day(TOMORROW).plan) == ()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (asked("r", TODAY - dt.timedelta(days=1)), "passed"),
        (asked("r", service="unheard-of"), "unheard-of"),
        (asked("r", window=(1000, 900)), ""),
        (asked("r", window=(0, 60)), ""),
        (asked("r", TODAY, window=(540, 570)), ""),
    ],
)
def test_a_request_that_cannot_be_met_is_declined_with_a_reason_and_books_nothing(
    book: ScheduleBook, event: Event, words: str
) -> None:
    answer = answer_in(OnlineDesk(book).answer(event))
    assert (answer.accepted, answer.appointment) == (False, None)
    assert answer.reason
    assert words in answer.reason
    assert book.day(TODAY).plan.placed == book.day(TOMORROW).plan.placed == ()


def test_a_place_taken_before_the_answer_is_appended_is_refused_not_given_twice(
    record: BoxRecord, book: ScheduleBook
) -> None:
    early, late = OnlineDesk(book).answer(asked("r1")), OnlineDesk(book).answer(asked("r2"))
    record.store.append(early)
    with pytest.raises(VersionConflict):
        record.store.append(late)
    record.store.append(OnlineDesk(book).answer(asked("r2")))
    assert len(book.day(TOMORROW).plan.placed) == 2
    assert check(book.registry, book.day(TOMORROW).plan) == ()


def test_the_clinics_date_is_that_of_its_own_zone(record: BoxRecord, clinic: Registry) -> None:
    assert book_of(record, clinic).today() == TODAY
    assert ScheduleBook(record.store, clinic, record.ids, record.clock, "Pacific/Auckland").today() == TODAY
    record.clock.advance(5 * 3600)
    assert ScheduleBook(record.store, clinic, record.ids, record.clock, "Pacific/Auckland").today() == TOMORROW
