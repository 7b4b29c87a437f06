"""The box closes the days that are over, by itself and once."""

import datetime as dt
import time

import pytest
from structlog.testing import capture_logs

from edge.schedule.book import ScheduleBook
from edge.schedule.calibration import AGGREGATE
from edge.schedule.domain import AppointmentRequest, Span, Status, Urgent
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.night_workers import DayCloser
from edge.schedule.registry import Registry
from edge.store.errors import StorageFull
from shared.events.catalogue.estimates import DayClosed
from shared.ids import ClientId
from shared.vocabulary import ClockQuality
from tests.support.records import BoxRecord
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
DAY_SECONDS = 24 * 3600
ANYWHEN = Span(660, 1080)


@pytest.fixture
def book(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)


def wish(name: str, window: Span = ANYWHEN) -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(f"of-{name}"), ServiceId("consultation"), window)


def lived_through(book: ScheduleBook, day: dt.date) -> None:
    """Book two visits of a day; one of the clients does not come."""
    assert book.book_day(day, [wish(f"{day}-a"), wish(f"{day}-b")], "desk") == 2
    book.record(day, lambda plan: plan.change_status(AppointmentId(f"{day}-a"), Status.NO_SHOW, 700), "desk", "care")


def closed(record: BoxRecord) -> list[dt.date]:
    events = [event.fields for event in record.store.stream(AGGREGATE)]
    assert {event.actor for event in events} <= {"box"}
    return [DayClosed.model_validate(event.payload).day for event in events]


def days(*numbers: int) -> list[dt.date]:
    return [TODAY + dt.timedelta(days=number) for number in numbers]


def test_a_day_is_closed_after_the_clinics_midnight_and_not_before(record: BoxRecord, book: ScheduleBook) -> None:
    lived_through(book, TODAY)
    closer = DayCloser(book, record.clock)
    record.clock.advance(14 * 3600 - 60)
    assert closer.close_past_days() == 0
    record.clock.advance(60)  # midnight in Vienna, an hour before that of the clock
    assert closer.close_past_days() == 1
    assert closed(record) == days(0)
    (consultation,) = book.learnt.history(book.today()).values()
    assert consultation.no_shows == 1


def test_after_a_week_away_every_day_that_had_visits_is_closed_once(
    record: BoxRecord, clinic: Registry, book: ScheduleBook
) -> None:
    for day in days(0, 1, 3, 6):
        lived_through(book, day)
    lived_through(book, TODAY + dt.timedelta(days=7))
    record.clock.advance(7 * DAY_SECONDS)
    with capture_logs() as lines:
        DayCloser(book, record.clock)._step()
        DayCloser(ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE), record.clock)._step()
    assert lines == [{"event": "days_closed", "count": 4, "log_level": "info"}]
    assert closed(record) == days(0, 1, 3, 6)


def test_a_day_without_a_booking_is_left_alone_and_one_whose_bookings_were_taken_back_is_closed(
    record: BoxRecord, book: ScheduleBook
) -> None:
    assert book.book_day(TODAY, [wish("nowhere", Span(0, 30))], "desk") == 0
    tomorrow = TODAY + dt.timedelta(days=1)
    replan = replanned(book, tomorrow, Urgent(0, wish("urgent"))).reported.replan
    assert book.undo(ReplanId(replan), "desk") == tomorrow
    record.clock.advance(3 * DAY_SECONDS)
    assert DayCloser(book, record.clock).close_past_days() == 1
    assert closed(record) == days(1)
    assert book.learnt.not_closed(book.today()) == []
    assert book.learnt.history(book.today()) == {}


def test_a_day_that_cannot_be_written_keeps_no_other_from_being_closed_and_is_tried_again(
    record: BoxRecord, book: ScheduleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in days(0, 1, 2):
        lived_through(book, day)
    record.clock.advance(3 * DAY_SECONDS)
    closer, close = DayCloser(book, record.clock), book.close_day

    def full(day: dt.date, actor: str) -> DayClosed:
        if day == TODAY:
            raise StorageFull("storage_full", "the disk is full")
        return close(day, actor)

    with monkeypatch.context() as broken:
        broken.setattr(book, "close_day", full)
        with pytest.raises(ExceptionGroup) as trouble:
            closer.close_past_days()
    assert [type(error) for error in trouble.value.exceptions] == [StorageFull]
    assert closed(record) == days(1, 2)
    assert closer.close_past_days() == 1
    assert closed(record) == days(1, 2, 0)


def test_by_a_clock_that_is_not_believed_no_day_is_over(record: BoxRecord, book: ScheduleBook) -> None:
    lived_through(book, TODAY)
    record.clock.advance(DAY_SECONDS)
    record.clock.believed = ClockQuality.SUSPECT
    closer = DayCloser(book, record.clock)
    assert closer.close_past_days() == 0
    record.clock.believed = ClockQuality.SYNCHRONISED
    assert closer.close_past_days() == 1


def test_the_worker_closes_what_is_over_when_the_box_starts(
    record: BoxRecord, book: ScheduleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.schedule.night_workers._FIRST_SECONDS", 0)
    lived_through(book, TODAY)
    record.clock.advance(DAY_SECONDS)
    closer = DayCloser(book, record.clock)
    closer.start()
    until = time.monotonic() + 10
    while not closed(record) and time.monotonic() < until:
        time.sleep(0.01)
    closer.stop()
    assert closed(record) == days(0)
