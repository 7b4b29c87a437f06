"""A night is taken back exactly, on all its days or on none."""

import pytest

from edge.schedule.domain import Status
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import ReplanId
from edge.schedule.night_settings import RollingSettings
from edge.schedule.registry import Registry
from shared.events.catalogue import schedule as events
from tests.edge.schedule.night_box import HOUR, THURSDAY, WEDNESDAY, Box
from tests.support.records import BoxRecord


@pytest.fixture
def box(record: BoxRecord, clinic: Registry) -> Box:
    return Box(record, clinic)


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
    assert len(Box(record, clinic, settings).rolls().moves) == moves


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
    assert [move.appointment for move in box.rolls().placed] == [waits]
    assert box.visit(WEDNESDAY, waits).start == gone.start
    box.nights.undo("operator")
    assert box.plans() == before
