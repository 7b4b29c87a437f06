"""Estimates on record: applied and taken back as a whole, used for new visits only, the same after every restart."""

import datetime as dt
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.calibration import AGGREGATE, Calibration
from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, ProviderOut, Span, Status
from edge.schedule.durations import LogNormal
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.estimates import Estimates, Length, ServiceEstimate, ServiceHistory, estimate, history_of
from edge.schedule.estimates_book import HISTORY_DAYS
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.lengths import as_booked
from edge.schedule.registry import Registry
from edge.schedule.weights import LEARNT
from edge.schedule.weights_learnt import LearntWeight, LearntWeights
from edge.store.errors import VersionConflict
from shared.events.catalogue import estimates as said
from shared.events.catalogue import schedule as told
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from tests.support.records import BoxRecord
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
CONSULTATION = ServiceId("consultation")
CHANCES = st.floats(0, 1)
LENGTHS = st.builds(Length, st.builds(LogNormal, st.floats(1, 300), st.floats(0, 1)), st.integers(0, 1000))
ESTIMATES = st.dictionaries(
    st.sampled_from(["filler", "peel", "consultation"]).map(ServiceId),
    st.builds(
        ServiceEstimate,
        LENGTHS,
        CHANCES,
        st.integers(0, 500),
        CHANCES,
        st.integers(0, 500),
        st.dictionaries(st.sampled_from(["injection", "numbing"]), LENGTHS),
        st.integers(0, 9),
    ),
    min_size=1,
)

POINTS = st.floats(0.01, 1000)
WEIGHTS = st.dictionaries(
    st.sampled_from(LEARNT), st.builds(LearntWeight, POINTS, POINTS, POINTS, POINTS, st.integers(0, 500))
)


def applied(calibration: Calibration, payloads: list[PayloadModel]) -> list[PayloadModel]:
    for payload in payloads:
        calibration.apply(payload)
    return payloads


@given(st.lists(st.one_of(st.tuples(ESTIMATES, WEIGHTS), st.none()), max_size=12))
def test_undoing_restores_exactly_what_was_before(steps: list[tuple[Estimates, LearntWeights] | None]) -> None:
    calibration, log = Calibration(), []
    stack: list[tuple[Estimates, LearntWeights]] = [({}, {})]
    for number, wish in enumerate(steps):
        if wish is not None:
            log += applied(calibration, calibration.calibrate(wish[0], f"c-{number}", wish[1]))
            stack += [wish] if wish != stack[-1] else []
        elif len(stack) > 1:
            log += applied(calibration, calibration.undo())
            stack.pop()
        assert (calibration.estimates, calibration.weights) == stack[-1]
    written = [type(payload).model_validate_json(payload.model_dump_json()) for payload in log]
    for again in (Calibration.fold(log), Calibration.fold(written), Calibration.fold(log)):
        assert ((again.estimates, again.weights), again.version, again.days) == (stack[-1], len(log), {})


def test_the_same_estimates_again_give_no_event_and_none_cannot_be_taken_back() -> None:
    calibration = Calibration()
    with pytest.raises(NotAllowed, match="no estimates to take back"):
        calibration.undo()
    some = {CONSULTATION: ServiceEstimate(Length(LogNormal(30, 0.2), 5), 0.05, 5, 0.3, 5)}
    applied(calibration, calibration.calibrate(some, "one"))
    assert calibration.calibrate(some, "two") == []


@pytest.mark.parametrize(
    "payload",
    [
        said.CalibrationUndone(calibration="never-applied"),
        told.AppointmentCancelled(day=TODAY, appointment="a", at=1),
    ],
)
def test_an_event_that_does_not_fit_breaks_the_fold(payload: PayloadModel) -> None:
    with pytest.raises(BrokenFold):
        Calibration.fold([payload])


@pytest.fixture
def book(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return book_of(record, clinic)


def book_of(record: BoxRecord, clinic: Registry) -> ScheduleBook:
    return ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)


def live_through(book: ScheduleBook, record: BoxRecord) -> int:
    """Book today, treat four clients for 41 minutes each, miss a fifth; return the minutes until tomorrow morning."""
    book.book_day(TODAY, synthesise_day(book.registry, TODAY, 1, 30), "desk")
    visits = [visit.id for visit in book.day(TODAY).plan.placed if visit.service == CONSULTATION]
    for name in visits[:4]:
        book.change_status(name, Status.IN_PROGRESS, "desk")
        record.clock.advance(41 * 60)
        book.change_status(name, Status.DONE, "desk")
    book.change_status(visits[4], Status.NO_SHOW, "desk")
    return 24 * 60 - 4 * 41


def long_consultations(clinic: Registry) -> Estimates:
    seen = ServiceHistory(((30.0, 44.0),) * 300, came=300, timed=300, overruns=300)
    return estimate(clinic, {CONSULTATION: seen})


def wish(name: str) -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(name), CONSULTATION, Span(540, 1080))


def test_a_recorded_day_is_closed_once_and_never_before_it_is_over(record: BoxRecord, book: ScheduleBook) -> None:
    rest = live_through(book, record)
    head = record.store.head().seq
    with pytest.raises(NotAllowed, match="not over"):
        book.close_day(TODAY, "desk")
    with pytest.raises(NotAllowed, match="not over"):
        book.close_day(TOMORROW, "desk")
    assert record.store.head().seq == head
    record.clock.advance(rest * 60)
    assert book.learnt.not_closed(book.today()) == [TODAY]
    shown = book.close_day(TODAY, "desk")
    assert record.store.head().seq == head + 1
    (service,) = [part for part in shown.services if part.service == CONSULTATION]
    assert (service.came, service.no_shows, service.timed, service.overruns) == (4, 1, 4, 4)
    assert [(length.planned, length.actual) for length in service.lengths] == [(30, 41)] * 4
    assert book.close_day(TODAY, "desk") == book_of(record, book.registry).close_day(TODAY, "desk") == shown
    assert record.store.head().seq == head + 1
    assert book.learnt.not_closed(book.today()) == []
    with pytest.raises(NotAllowed, match="nothing was ever booked"):
        book.close_day(TODAY - dt.timedelta(days=1), "desk")


def test_a_day_is_closed_once_however_many_close_it_at_the_same_time(record: BoxRecord, book: ScheduleBook) -> None:
    record.clock.advance(60 * live_through(book, record))
    head, barrier = record.store.head().seq, threading.Barrier(4)

    def close() -> None:
        mine = book_of(record, book.registry)
        barrier.wait()
        try:
            mine.close_day(TODAY, "desk")
        except VersionConflict:
            mine.close_day(TODAY, "desk")

    threads = [threading.Thread(target=close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert record.store.head().seq == head + 1


def test_a_day_counts_for_the_history_the_same_before_and_after_it_is_closed(
    record: BoxRecord, book: ScheduleBook
) -> None:
    record.clock.advance(60 * live_through(book, record))
    head, open_yet = record.store.head().seq, book.learnt.history(book.today())
    assert record.store.head().seq == head
    shown = book.close_day(TODAY, "desk")
    assert book.learnt.history(book.today()) == open_yet == history_of([shown.services])


@pytest.mark.parametrize("closed", [True, False])
def test_what_is_older_than_a_year_no_longer_counts(record: BoxRecord, book: ScheduleBook, closed: bool) -> None:
    record.clock.advance(60 * live_through(book, record))
    if closed:
        book.close_day(TODAY, "desk")
    assert book.learnt.history(TODAY + dt.timedelta(days=HISTORY_DAYS))[CONSULTATION].came == 4
    assert book.learnt.history(TODAY + dt.timedelta(days=HISTORY_DAYS + 1)) == {}


def test_new_visits_get_the_estimated_length_and_booked_ones_keep_theirs(
    record: BoxRecord, clinic: Registry, book: ScheduleBook
) -> None:
    book.book_day(TOMORROW, [wish("before")], "desk")
    assert book.learnt.planning() == clinic
    assert book.learnt.calibrate(long_consultations(clinic), "desk")
    assert not book.learnt.calibrate(long_consultations(clinic), "desk")
    book.book_day(TOMORROW, [wish("after")], "desk")
    visits = book.day(TOMORROW).plan.appointments
    assert [visits[AppointmentId(name)].end - visits[AppointmentId(name)].start for name in ("before", "after")] == [
        30,
        45,
    ]
    other = book_of(record, clinic)
    assert other.learnt.planning() == book.learnt.planning()
    assert other.learnt.estimates == long_consultations(clinic)
    other.learnt.undo("desk")
    assert book.learnt.planning() == clinic
    assert book.learnt.estimates == {}
    with pytest.raises(NotAllowed, match="no estimates"):
        book.learnt.undo("desk")
    types = [event.fields.type for event in record.store.stream(AGGREGATE)]
    assert types == ["schedule.estimates_calibrated", "schedule.calibration_undone"]


def test_a_day_of_old_and_new_lengths_is_replanned_and_the_replan_undone(
    record: BoxRecord, clinic: Registry, book: ScheduleBook
) -> None:
    book.book_day(TODAY, synthesise_day(clinic, TODAY, 1, 25), "desk")
    old = set(book.day(TODAY).plan.appointments)
    book.learnt.calibrate(long_consultations(clinic), "desk")
    book.book_day(TODAY, [wish("new-1"), wish("new-2")], "desk")
    before = book.day(TODAY).plan
    lengths = {visit.id: [stage.end - stage.start for stage in visit.stages] for visit in before.placed}
    assert {tuple(lengths[name]) for name in lengths if name not in old} == {(45,)}
    replan = replanned(book, TODAY, ProviderOut(600, ProviderId("laurel"), Span(660, 1140)))
    assert replan.moves
    after = book.day(TODAY).plan
    assert all([s.end - s.start for s in visit.stages] == lengths[visit.id] for visit in after.placed)
    own = as_booked(book.learnt.planning(), after)
    assert check(own.registry, own.plan) == ()
    book.undo(ReplanId(replan.reported.replan), "desk")
    assert book.day(TODAY).plan == before
    assert book_of(record, clinic).day(TODAY).plan == before
