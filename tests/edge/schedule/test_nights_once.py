"""A night is rolled once, in its hours, all of it or nothing, at the days that were read."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.schedule.ids import AppointmentId
from edge.schedule.nights import AGGREGATE, night_at
from edge.schedule.registry import Registry
from edge.store.errors import StorageFull, VersionConflict
from shared.events.envelope import Event, EventDraft
from tests.edge.schedule.night_box import HOUR, NIGHT, THURSDAY, WEDNESDAY, ZONE, Box
from tests.support.records import BoxRecord, open_box_record


@pytest.fixture
def box(record: BoxRecord, clinic: Registry) -> Box:
    return Box(record, clinic)


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
    assert box.rolls().moves == ()
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
    assert {move.appointment for move in restarted.rolls().moves} == set(visits)
    again.store.close()


def test_a_booking_made_while_the_box_searched_refuses_the_whole_roll_and_the_next_step_does_it(box: Box) -> None:
    visits = [box.could_be_better(WEDNESDAY), box.could_be_better(THURSDAY)]
    box.at_night()
    night = box.nights.look()
    assert len(night.moves) == 2
    taken = box.books(WEDNESDAY, "meanwhile")
    head, plans = box.head, box.plans()
    with pytest.raises(VersionConflict, match="2026-03-04 has changed"):
        box.nights.record(night)
    assert (box.head, box.plans()) == (head, plans)
    assert [move.appointment for move in box.rolls().moves] == [visits[1]]
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
    assert box.rolls().moves == ()
    assert box.visit(WEDNESDAY, visit).providers == ("laurel",)


def test_a_second_roll_of_the_night_without_news_finds_nothing_new(
    record: BoxRecord, clinic: Registry, box: Box
) -> None:
    visit = box.could_be_better(WEDNESDAY)
    box.at_night()
    box.rolls()
    again = Box(record, clinic).nights.look()
    assert (again.news, again.moves) == (False, ())
    assert again.parts[-1].rolled.memory.moved == {visit: dt.datetime.combine(NIGHT, dt.time(2))}
