"""The box's nights: rolled once, all or nothing, at the days that were read, and taken back exactly."""

import datetime as dt
from dataclasses import replace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from edge.api.ports import Actor
from edge.config import EdgeSettings
from edge.record import Record
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Appointment, AppointmentRequest, Plan, Span, Status
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.night_book import ACTOR, Night, NightBook
from edge.schedule.night_settings import RollingSettings
from edge.schedule.night_workers import NightRoller
from edge.schedule.nights import AGGREGATE, Nights, night_at
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from edge.store.errors import StorageFull, VersionConflict
from edge.threads import NoThreadFree, Priority, ThreadBudget
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from shared.events.catalogue import nights as said
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as events
from shared.events.envelope import Event, EventDraft
from shared.ids import ClientId
from shared.vocabulary import ClockQuality
from tests.support.records import BoxRecord, open_box_record
from tests.support.slots import board_of

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
NIGHT = TODAY + dt.timedelta(days=1)
TUESDAY, WEDNESDAY, THURSDAY = (TODAY + dt.timedelta(days=days) for days in (1, 2, 3))
HOUR = 3600
QUICK = RollingSettings(enabled=True, seconds=0.06)


class Box:
    """A box at ten in the morning. On two days a client has somebody else than the one they prefer, who is free."""

    def __init__(self, record: BoxRecord, clinic: Registry, settings: RollingSettings = QUICK) -> None:
        self.record = record
        self.book = ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)
        self.threads = ThreadBudget(1)
        self.nights = NightBook(record.store, self.book, record.ids, record.clock, self.threads, settings)

    def books(self, day: dt.date, name: str, provider: str = "cedar") -> AppointmentId:
        """Book a consultation at ten."""
        visit = AppointmentId(name)
        wish = AppointmentRequest(
            visit, ClientId(f"of-{name}"), ServiceId("consultation"), Span(600, 630), ProviderId(provider)
        )
        assert self.book.book_day(day, [wish], "desk") == 1
        return visit

    def could_be_better(self, day: dt.date) -> AppointmentId:
        """Leave a visit with another provider than the one it prefers, who has become free."""
        first = self.books(day, f"first-{day}")
        second = self.books(day, f"second-{day}")
        self.book.record(day, lambda plan: plan.change_status(first, Status.CANCELLED, 0), "desk", "care")
        assert self.visit(day, second).providers == ("laurel",)
        return second

    def visit(self, day: dt.date, name: AppointmentId) -> Appointment:
        return self.book.day(day).plan.appointments[name]

    def plans(self) -> list[Plan]:
        return [self.book.day(TODAY + dt.timedelta(days=number)).plan for number in range(7)]

    def at_night(self, hours: float = 0.0) -> None:
        """Move the clock from ten in the morning to two in the night, and so many hours on."""
        self.record.clock.advance((16 + hours) * HOUR)

    def rolls(self) -> Night:
        night = self.nights.step()
        assert night is not None
        return night

    @property
    def head(self) -> int:
        return self.record.store.head().seq


@pytest.fixture
def box(record: BoxRecord, clinic: Registry) -> Box:
    return Box(record, clinic)


def test_a_night_moves_what_earns_it_and_the_day_says_who_did_it_and_why(box: Box) -> None:
    visit = box.could_be_better(WEDNESDAY)
    box.at_night()
    night = box.rolls()
    assert (night.date, [move.appointment for move in night.rolled.moves]) == (NIGHT, [visit])
    assert box.visit(WEDNESDAY, visit).providers == ("cedar",)
    (record,) = box.book.day(WEDNESDAY).replans
    assert (record.reported.kind, record.reported.at) == ("rolled", 0)
    (move,) = record.moves
    assert (move.forced_by, move.notify) == ("rolled", True)
    assert move.reason == "Night's roll, worth 30 points: better: preference 30.0."
    assert record.applied is not None
    assert (record.applied.moved, record.applied.unplaced, record.applied.solver_status) == (1, 0, "improved")
    written = box.record.store.stream(box.book.day(WEDNESDAY).aggregate)[-3:]
    assert {event.fields.actor for event in written} == {ACTOR} == {"roll"}


def test_the_board_shows_the_nights_moves_and_can_take_one_days_back(box: Box) -> None:
    box.could_be_better(WEDNESDAY)
    box.could_be_better(THURSDAY)
    before = box.plans()
    box.at_night()
    box.rolls()
    desk = board_of(box.book, box.record)
    (shown,) = desk.day(THURSDAY).replans
    assert (shown.cause, shown.undoable) == ("Night's roll of the coming days", True)
    assert [(move.from_provider_id, move.to_provider_id) for move in shown.moved] == [("laurel", "cedar")]
    assert "preference 30.0" in shown.moved[0].reason
    assert shown.id is not None
    assert desk.undo(shown.id, Actor("desk", "Desk")).day == THURSDAY
    assert box.plans()[3] == before[3]
    assert box.plans()[2] != before[2]


def test_the_board_does_not_say_that_a_roll_has_cost_somebody_a_place(box: Box) -> None:
    box.could_be_better(WEDNESDAY)
    box.at_night()
    box.rolls()
    nowhere = replace(box.visit(WEDNESDAY, AppointmentId(f"second-{WEDNESDAY}")), id=AppointmentId("w"), stages=())
    waits = events.AppointmentBooked(day=WEDNESDAY, visit=visit_part(nowhere))
    box.book.record(WEDNESDAY, lambda _: [waits], "desk", "booking")
    (unplaced,) = board_of(box.book, box.record).day(WEDNESDAY).unplaced
    assert unplaced.reason == "No place is free today"


def test_a_moved_visit_stays_on_its_day_at_its_minutes_however_far_ahead_the_day_is(box: Box) -> None:
    days = [WEDNESDAY, THURSDAY, THURSDAY + dt.timedelta(days=2)]
    visits = [box.could_be_better(day) for day in days]
    box.at_night()
    assert len(box.rolls().rolled.moves) == 3
    for day, name in zip(days, visits, strict=True):
        visit = box.visit(day, name)
        assert (visit.start, visit.end, visit.providers) == (600, 630, ("cedar",))


def test_only_the_nights_hour_and_six_hours_after_it_are_due(box: Box) -> None:
    box.could_be_better(THURSDAY)
    box.at_night(-1 / 60)
    assert box.nights.step() is None
    box.record.clock.advance(60 + 6 * HOUR)
    assert box.nights.step() is None
    box.record.clock.advance(20 * HOUR)  # four in the morning after
    assert box.rolls().date == NIGHT + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "hour", "night", "due"),
    [
        ("2026-03-03T02:00", 2, "2026-03-03", True),
        ("2026-03-03T01:59", 2, "2026-03-02", False),
        ("2026-03-03T07:59", 2, "2026-03-03", True),
        ("2026-03-03T08:00", 2, "2026-03-03", False),
        ("2026-03-03T00:30", 22, "2026-03-02", True),
        ("2026-03-03T22:00", 22, "2026-03-03", True),
        ("2026-03-29T03:00", 2, "2026-03-29", True),  # there is no two o'clock that night
    ],
)
def test_a_night_has_the_date_on_which_its_hour_was(now: str, hour: int, night: str, due: bool) -> None:
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(ZONE))
    assert night_at(moment, hour) == (dt.date.fromisoformat(night), due)


def test_a_night_is_rolled_once_however_often_the_box_restarts(record: BoxRecord, clinic: Registry, box: Box) -> None:
    box.could_be_better(WEDNESDAY)
    box.at_night()
    box.rolls()
    head = box.head
    for _ in range(3):
        record.clock.advance(HOUR)
        assert Box(record, clinic).nights.step() is None
    assert box.head == head


def test_a_night_without_anything_to_move_is_on_record_and_over_too(box: Box) -> None:
    box.at_night()
    assert box.rolls().rolled.moves == ()
    assert [event.fields.type for event in box.record.store.stream(AGGREGATE)] == ["schedule.night_rolled"]
    assert box.nights.step() is None


def test_a_box_that_dies_in_the_middle_of_the_night_has_written_nothing_and_rolls_after_its_restart(
    record: BoxRecord, clinic: Registry, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = [box.could_be_better(WEDNESDAY), box.could_be_better(THURSDAY)]
    box.at_night()
    head = box.head

    def full(*_: Any) -> list[Event]:
        raise StorageFull("storage_full", "the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(record.store, "append", full)
        with pytest.raises(StorageFull):
            box.nights.step()
    assert box.head == head
    record.store.close()
    again = open_box_record(record.folder, record.clock)
    restarted = Box(again, clinic)
    assert {move.appointment for move in restarted.rolls().rolled.moves} == set(visits)
    again.store.close()


def test_a_booking_made_while_the_box_searched_refuses_the_whole_roll_and_the_next_step_does_it(box: Box) -> None:
    visits = [box.could_be_better(WEDNESDAY), box.could_be_better(THURSDAY)]
    box.at_night()
    night = box.nights.look()
    assert len(night.rolled.moves) == 2
    taken = box.books(WEDNESDAY, "meanwhile")
    head, plans = box.head, box.plans()
    with pytest.raises(VersionConflict, match="2026-03-04 has changed"):
        box.nights.record(night)
    assert (box.head, box.plans()) == (head, plans)
    assert [move.appointment for move in box.rolls().rolled.moves] == [visits[1]]
    assert box.visit(WEDNESDAY, taken).providers == ("cedar",)


def test_another_process_that_books_in_the_very_moment_of_writing_refuses_the_whole_roll(
    record: BoxRecord, clinic: Registry, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.could_be_better(WEDNESDAY)
    box.could_be_better(THURSDAY)
    box.at_night()
    rival, append, head = Box(record, clinic), record.store.append, box.head

    def late(drafts: list[EventDraft], *others: Any) -> list[Event]:
        monkeypatch.setattr(record.store, "append", append)
        rival.books(THURSDAY, "meanwhile")
        return append(drafts, *others)

    monkeypatch.setattr(record.store, "append", late)
    with pytest.raises(VersionConflict):
        box.nights.step()
    assert box.head == head + 1
    assert box.book.day(WEDNESDAY).replans == []
    assert box.nights.step() is not None


def test_a_place_that_was_offered_to_somebody_meanwhile_is_not_taken(box: Box) -> None:
    visit = box.could_be_better(WEDNESDAY)
    freed = box.visit(WEDNESDAY, AppointmentId(f"first-{WEDNESDAY}"))
    box.at_night()
    night = box.nights.look()
    box.book.hold_by(lambda day: [freed] if day.plan.date == WEDNESDAY else [])
    with pytest.raises(VersionConflict):
        box.nights.record(night)
    assert box.rolls().rolled.moves == ()
    assert box.visit(WEDNESDAY, visit).providers == ("laurel",)


def test_undo_puts_everybody_back_on_all_days_at_once_and_only_once(
    record: BoxRecord, clinic: Registry, box: Box
) -> None:
    box.could_be_better(WEDNESDAY)
    box.could_be_better(THURSDAY)
    before = box.plans()
    box.at_night()
    box.rolls()
    assert box.plans() != before
    assert box.nights.undo("operator") == [WEDNESDAY, THURSDAY]
    assert box.plans() == before
    assert Box(record, clinic).plans() == before
    head = box.head
    with pytest.raises(NotAllowed, match="taken back before"):
        box.nights.undo("operator")
    assert box.head == head
    assert box.nights.step() is None


def test_undo_with_no_roll_on_record_says_so(box: Box) -> None:
    box.at_night()
    box.rolls()
    with pytest.raises(NotAllowed, match="nothing to take back"):
        box.nights.undo("operator")


def test_undo_is_refused_as_a_whole_where_one_of_the_visits_has_changed_since(box: Box) -> None:
    box.could_be_better(WEDNESDAY)
    visit = box.could_be_better(THURSDAY)
    box.at_night()
    box.rolls()
    box.book.change_status(visit, Status.CONFIRMED, "desk")
    head, plans = box.head, box.plans()
    with pytest.raises(NotAllowed, match="changed since"):
        box.nights.undo("operator")
    assert (box.head, box.plans()) == (head, plans)


@pytest.mark.parametrize("hours", [33, 48])  # Wednesday at eleven, and Thursday at two
def test_undo_never_puts_anybody_into_the_past(box: Box, hours: int) -> None:
    box.could_be_better(WEDNESDAY)
    box.at_night()
    box.rolls()
    box.record.clock.advance(hours * HOUR)
    head = box.head
    with pytest.raises(NotAllowed, match="2026-03-04 has passed"):
        box.nights.undo("operator")
    assert box.head == head


def test_a_day_that_was_undone_on_the_board_is_left_alone_when_the_night_is_undone(box: Box) -> None:
    box.could_be_better(WEDNESDAY)
    box.could_be_better(THURSDAY)
    before = box.plans()
    box.at_night()
    box.rolls()
    wednesday = box.book.day(WEDNESDAY)
    assert box.book.undo(ReplanId(wednesday.replans[-1].reported.replan), "desk") == WEDNESDAY
    version = wednesday.version
    box.nights.undo("operator")
    assert box.plans() == before
    assert box.book.day(WEDNESDAY).version == version


def test_a_second_roll_of_the_night_without_news_finds_nothing_new(
    record: BoxRecord, clinic: Registry, box: Box
) -> None:
    visit = box.could_be_better(WEDNESDAY)
    box.at_night()
    box.rolls()
    again = Box(record, clinic).nights.look()
    assert (again.rolled.news, again.rolled.moves) == (False, ())
    assert again.rolled.memory.moved == {visit: dt.datetime.combine(NIGHT, dt.time(2))}


@pytest.mark.parametrize(("again", "moves"), [(2.0, 1), (4.0, 0)])
def test_who_was_put_back_is_moved_again_only_for_what_a_second_move_has_to_earn(
    record: BoxRecord, clinic: Registry, box: Box, again: float, moves: int
) -> None:
    box.could_be_better(THURSDAY)
    box.at_night()
    box.rolls()
    box.nights.undo("operator")
    record.clock.advance(24 * HOUR)
    settings = RollingSettings(enabled=True, seconds=0.06, again=again, frozen_hours=0)
    assert len(Box(record, clinic, settings).rolls().rolled.moves) == moves


def test_nobody_moves_who_comes_within_the_frozen_hours_or_was_told(box: Box) -> None:
    soon, told_of = box.could_be_better(TUESDAY), box.could_be_better(WEDNESDAY)
    box.book.change_status(told_of, Status.CONFIRMED, "desk")
    before = box.plans()
    box.at_night()
    assert box.rolls().rolled.moves == ()
    assert box.plans() == before
    assert box.visit(TUESDAY, soon).providers == box.visit(WEDNESDAY, told_of).providers == ("laurel",)


def test_who_has_lost_their_place_gets_one_and_undo_takes_it_back(box: Box) -> None:
    waits = box.books(WEDNESDAY, "waits")
    gone = box.visit(WEDNESDAY, waits)

    lost = [
        events.DisruptionReported(day=WEDNESDAY, replan="r", kind="cancelled", at=0),
        events.AppointmentDisplaced(day=WEDNESDAY, replan="r", appointment=waits, before=(), reason="y"),
    ]
    box.book.record(WEDNESDAY, lambda _: lost, "desk", "replan")
    assert not box.visit(WEDNESDAY, waits).placed
    before = box.plans()
    box.at_night()
    assert [move.appointment for move in box.rolls().rolled.placed] == [waits]
    assert box.visit(WEDNESDAY, waits).start == gone.start
    box.nights.undo("operator")
    assert box.plans() == before


def test_a_day_that_cannot_be_carried_out_is_left_out_and_the_others_are_rolled(box: Box) -> None:
    wednesday, thursday = box.could_be_better(WEDNESDAY), box.could_be_better(THURSDAY)
    twice = visit_part(box.visit(WEDNESDAY, wednesday)).model_copy(update={"appointment": "twice"})
    box.book.record(WEDNESDAY, lambda _: [events.AppointmentBooked(day=WEDNESDAY, visit=twice)], "desk", "booking")
    box.at_night()
    night = box.rolls()
    assert night.days.left_out == (WEDNESDAY,)
    assert [move.appointment for move in night.rolled.moves] == [thursday]


def test_a_day_whose_provider_has_left_the_clinic_is_left_out(box: Box, record: BoxRecord, clinic: Registry) -> None:
    box.could_be_better(WEDNESDAY)
    thursday = box.could_be_better(THURSDAY)
    box.books(WEDNESDAY, "third")
    box.at_night()
    update = {"providers": tuple(one for one in clinic.providers if one.id != "cedar")}
    night = Box(record, clinic.model_copy(update=update)).rolls()
    # On Thursday nobody who is booked has the one who left: the visit there stays with whom it has.
    assert night.days.left_out == (WEDNESDAY,)
    assert box.visit(THURSDAY, thursday).providers == ("laurel",)


def test_what_waits_for_a_decision_on_a_day_that_is_rolled_is_closed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.could_be_better(WEDNESDAY)
    day = box.book.day(WEDNESDAY)
    monkeypatch.setattr(day, "others_expire", lambda: [told.ProposalExpired(day=WEDNESDAY, proposal="p")])
    box.at_night()
    appended: list[list[EventDraft]] = []
    monkeypatch.setattr(box.record.store, "append", appended.append)
    box.nights.step()
    assert appended[0][0].payload == told.ProposalExpired(day=WEDNESDAY, proposal="p")


def test_while_photographs_need_every_thread_the_night_waits(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.schedule.night_book._PATIENCE_SECONDS", 0)
    box.could_be_better(WEDNESDAY)
    box.at_night()
    with box.threads.take(Priority.LIVE, 1, 0), pytest.raises(NoThreadFree):
        box.nights.step()
    assert box.rolls().rolled.moves
    assert box.threads.used(Priority.SOLVER) == 0


def test_the_worker_says_how_many_moved_and_tries_again_after_a_booking(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.could_be_better(WEDNESDAY)
    box.at_night()
    roller, look = NightRoller(box.nights, box.record.clock), box.nights.look

    def and_somebody_books() -> Night:
        monkeypatch.setattr(box.nights, "look", look)
        night = look()
        box.books(THURSDAY, "meanwhile")
        return night

    monkeypatch.setattr(box.nights, "look", and_somebody_books)
    with capture_logs() as lines:
        roller._step()
        roller._step()
        roller._step()
    assert [line["event"] for line in lines] == ["night_not_rolled", "night_rolled"]
    assert (lines[0]["code"], lines[1]["moves"]) == ("day_changed", 1)


def test_by_a_clock_that_is_not_believed_nothing_is_rolled(box: Box) -> None:
    box.at_night()
    box.record.clock.believed = ClockQuality.SUSPECT
    head = box.head
    NightRoller(box.nights, box.record.clock)._step()
    assert box.head == head


def test_an_event_that_does_not_fit_the_nights_is_refused() -> None:
    with pytest.raises(BrokenFold, match="never was"):
        Nights.fold([said.NightUndone(roll="x")])
    with pytest.raises(BrokenFold, match="does not belong"):
        Nights.fold([events.AppointmentCancelled(day=TODAY, appointment="a", at=0)])


def test_the_limits_are_those_of_the_configuration_and_wrong_ones_are_refused(
    record: BoxRecord, clinic: Registry
) -> None:
    assert not EdgeSettings().rolling.enabled
    told_so = EdgeSettings.model_validate({"rolling": {"enabled": True, "frozen_hours": 12, "budget": 2}})
    assert Box(record, clinic, told_so.rolling).nights.horizon == Horizon(budget=2, frozen_minutes=720, seconds=10.0)
    for wrong in ({"hour": 24}, {"days": 0}, {"days": 8}, {"again": 0.5}, {"seconds": 0}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            EdgeSettings.model_validate({"rolling": wrong})


@pytest.mark.parametrize("enabled", [True, False])
def test_the_box_rolls_by_itself_only_where_the_clinic_wants_it(record: BoxRecord, enabled: bool) -> None:
    settings = EdgeSettings.model_validate({"rolling": {"enabled": enabled}})
    clinic = Clinic(Core(settings, "test", record.clock, record.ids, cast("Record", record), ThreadBudget(1)))
    assert (clinic.night_roller is not None) is enabled
