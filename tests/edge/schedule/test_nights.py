"""The box's nights: what they move, what they leave alone, and what the days say of it."""

import datetime as dt
from dataclasses import replace

import pytest

from edge.api.ports import Actor
from edge.schedule.domain import Status
from edge.schedule.errors import BrokenFold
from edge.schedule.ids import AppointmentId
from edge.schedule.night_book import ACTOR
from edge.schedule.nights import Nights
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from shared.events.catalogue import nights as said
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as events
from shared.events.envelope import EventDraft
from tests.edge.schedule.night_box import NIGHT, THURSDAY, TODAY, TUESDAY, WEDNESDAY, Box
from tests.support.records import BoxRecord
from tests.support.slots import board_of


@pytest.fixture
def box(record: BoxRecord, clinic: Registry) -> Box:
    return Box(record, clinic)


def test_a_night_moves_what_earns_it_and_the_day_says_who_did_it_and_why(box: Box) -> None:
    visit = box.could_be_better(WEDNESDAY)
    box.at_night()
    night = box.rolls()
    assert (night.date, [move.appointment for move in night.moves]) == (NIGHT, [visit])
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
    assert len(box.rolls().moves) == 3
    for day, name in zip(days, visits, strict=True):
        visit = box.visit(day, name)
        assert (visit.start, visit.end, visit.providers) == (600, 630, ("cedar",))


def test_nobody_moves_who_comes_within_the_frozen_hours_or_was_told(box: Box) -> None:
    soon, told_of = box.could_be_better(TUESDAY), box.could_be_better(WEDNESDAY)
    box.book.change_status(told_of, Status.CONFIRMED, "desk")
    before = box.plans()
    box.at_night()
    assert box.rolls().moves == ()
    assert box.plans() == before
    assert box.visit(TUESDAY, soon).providers == box.visit(WEDNESDAY, told_of).providers == ("laurel",)


def test_a_day_that_cannot_be_carried_out_is_left_out_and_the_others_are_rolled(box: Box) -> None:
    wednesday, thursday = box.could_be_better(WEDNESDAY), box.could_be_better(THURSDAY)
    twice = visit_part(box.visit(WEDNESDAY, wednesday)).model_copy(update={"appointment": "twice"})
    box.book.record(WEDNESDAY, lambda _: [events.AppointmentBooked(day=WEDNESDAY, visit=twice)], "desk", "booking")
    box.at_night()
    night = box.rolls()
    assert night.left_out == (WEDNESDAY,)
    assert [move.appointment for move in night.moves] == [thursday]


def test_a_day_whose_provider_has_left_the_clinic_is_left_out(box: Box, record: BoxRecord, clinic: Registry) -> None:
    box.could_be_better(WEDNESDAY)
    thursday = box.could_be_better(THURSDAY)
    box.books(WEDNESDAY, "third")
    box.at_night()
    update = {"providers": tuple(one for one in clinic.providers if one.id != "cedar")}
    night = Box(record, clinic.model_copy(update=update)).rolls()
    # On Thursday nobody who is booked has the one who left: the visit there stays with whom it has.
    assert night.left_out == (WEDNESDAY,)
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


def test_an_event_that_does_not_fit_the_nights_is_refused() -> None:
    with pytest.raises(BrokenFold, match="never was"):
        Nights.fold([said.NightUndone(roll="x")])
    with pytest.raises(BrokenFold, match="does not belong"):
        Nights.fold([events.AppointmentCancelled(day=TODAY, appointment="a", at=0)])
