"""What the tablet shows of proposals, and what it makes of what people report."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge.schedule.book
from edge.api import proposal_schemas as offered
from edge.api import schedule_schemas as shown
from edge.schedule import domain
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.errors import NotAllowed
from edge.schedule.pinning import PinRefused
from shared.http.errors import Conflict, Refused
from tests.edge.faces.test_schedule import ACTOR, STATUS, TODAY, ZONE, Tablet
from tests.support.records import open_box_record

STATE = offered.ProposalState


def agreed() -> None:
    """Let a manager agree."""


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(TODAY, dt.time(hour, minute), ZONE)


@pytest.fixture
def tablet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tablet]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    tablet = Tablet(record)
    looked_at = KindLimits(at_least=Mode.SUGGEST)
    kinds = {name: looked_at for name, field in Deciding.model_fields.items() if field.annotation is KindLimits}
    tablet.book._clinic = tablet.book.registry.model_copy(update={"deciding": Deciding(**kinds)})
    yield tablet
    record.store.close()


def propose(tablet: Tablet, what: shown.Disruption, revision: int | None = None) -> offered.Proposal:
    return tablet.desk.propose(shown.DisruptionRequest(day=TODAY, disruption=what, revision=revision), ACTOR)


def test_a_proposal_tells_who_moves_where_and_why_and_what_it_costs(tablet: Tablet) -> None:
    visit = tablet.book_visit("v", tablet.ada)
    tablet.desk.set_status(visit, STATUS.CONFIRMED, ACTOR)
    before = tablet.visit("v")
    made = tablet.desk.propose(tablet.sick(before.provider_id), ACTOR)
    assert (made.state, made.stale, made.edited, made.kind) == (STATE.OPEN, None, False, "provider_out")
    (step,) = made.answers[0].steps
    assert (step.kind, step.client_name, step.notify) == ("moved", "Ada Canary", True)
    assert (step.from_starts_at, step.from_provider_id) == (before.starts_at, before.provider_id)
    assert step.to_provider_id != before.provider_id
    assert step.stages[0].starts_at == step.to_starts_at
    assert "is out" in step.reason
    answer = made.answers[0]
    assert (answer.before.dropped, answer.after.dropped, answer.after.moved) == (1, 0, 1)
    assert answer.cost_after == pytest.approx(sum(term.after for term in answer.terms), abs=0.01)
    assert tablet.visit("v") == before
    assert [one.id for one in tablet.desk.day(TODAY).proposals] == [made.id]
    after = tablet.desk.accept(made.id, 0, ACTOR, agreed)
    assert (after.proposals, after.replans[0].id, after.replans[0].undoable) == ([], made.id, True)
    assert tablet.desk.undo(made.id, ACTOR).appointments == tablet.desk.day(TODAY).appointments
    assert tablet.visit("v") == before


def test_what_the_policy_allows_is_told_as_done(tablet: Tablet) -> None:
    tablet.book._clinic = tablet.book.registry.model_copy(update={"deciding": Deciding()})
    visit = tablet.book_visit("v", tablet.ada)
    made = propose(tablet, shown.NoShow(appointment_id=visit))
    assert (made.state, made.answers) == (STATE.EXECUTED, [])
    assert tablet.book.day(TODAY).plan.appointments[visit].status is domain.Status.NO_SHOW


def test_a_walk_in_without_a_name_and_an_add_on_are_shown_as_new_visits(tablet: Tablet) -> None:
    visit = tablet.book_visit("v", tablet.ada)
    made = propose(tablet, shown.WalkIn(service_id="follow-up"))
    (step,) = made.answers[0].steps
    assert (step.kind, step.client_name, step.from_starts_at) == ("new", "Walk-in", None)
    tablet.desk.accept(made.id, 0, ACTOR, agreed)
    added = propose(tablet, shown.AddOn(appointment_id=visit, service_id="follow-up"))
    (step,) = added.answers[0].steps
    assert (step.kind, step.client_name) == ("new", "Ada Canary")


def test_a_request_without_a_place_is_shown_as_declined(tablet: Tablet) -> None:
    made = propose(tablet, shown.WalkIn(service_id="filler", latest_at=at(10, 20)))
    (step,) = made.answers[0].steps
    assert (step.kind, step.to_starts_at, step.stages) == ("declined", None, [])
    visit = tablet.book_visit("v", tablet.ada, at=18 * 60 - 420)
    for room in ("laser-1", "laser-2"):
        out = shown.RoomOut(room_id=room, starts_at=at(10), ends_at=at(19))
        tablet.desk.accept(propose(tablet, out).id, 0, ACTOR, agreed)
    refused = propose(tablet, shown.AddOn(appointment_id=visit, service_id="laser-hair"))
    (step,) = refused.answers[0].steps
    assert (step.kind, step.client_name) == ("declined", "Ada Canary")


def test_a_walk_in_who_has_no_time_left_is_refused_by_the_field(tablet: Tablet) -> None:
    with pytest.raises(Refused) as caught:
        propose(tablet, shown.WalkIn(service_id="follow-up", latest_at=at(9)))
    assert caught.value.field == "latest_at"


def test_an_edit_stands_in_the_place_of_what_was_proposed(tablet: Tablet) -> None:
    visit = tablet.book_visit("v", tablet.ada)
    made = tablet.desk.propose(tablet.sick(tablet.visit("v").provider_id), ACTOR)
    edited = tablet.desk.edit(made.id, offered.Pin(appointment_id=visit, starts_at=at(15)), ACTOR)
    assert edited.edited
    assert edited.answers[0].steps[0].to_starts_at == at(15)
    assert [one.id for one in tablet.desk.day(TODAY).proposals] == [edited.id]
    with pytest.raises(PinRefused, match="is past"):
        tablet.desk.edit(edited.id, offered.Pin(appointment_id=visit, starts_at=at(9)), ACTOR)
    assert [one.id for one in tablet.desk.day(TODAY).proposals] == [edited.id]


def test_a_stale_proposal_says_what_to_do(tablet: Tablet) -> None:
    tablet.book_visit("v", tablet.ada)
    made = tablet.desk.propose(tablet.sick(tablet.visit("v").provider_id), ACTOR)
    tablet.book_visit("w", tablet.ben)
    (waiting,) = tablet.desk.day(TODAY).proposals
    assert waiting.stale == "The day has changed since this was proposed; work it out again, then decide."
    with pytest.raises(NotAllowed):
        tablet.desk.accept(made.id, 0, ACTOR, agreed)
    renewed = tablet.desk.renew(made.id, ACTOR)
    assert renewed.stale is None
    assert tablet.desk.reject(renewed.id, ACTOR).proposals == []


def test_a_day_that_changed_since_it_was_read_is_proposed_nothing(tablet: Tablet) -> None:
    visit = tablet.book_visit("v", tablet.ada)
    with pytest.raises(Conflict):
        propose(tablet, shown.Cancelled(appointment_id=visit), revision=0)
    assert tablet.desk.day(TODAY).proposals == []


def test_why_not_is_answered_with_reasons_and_places_to_choose(tablet: Tablet) -> None:
    visit = tablet.book_visit("v", tablet.ada)
    refused = tablet.desk.why_not(visit, at(11), None)
    assert (refused.possible, refused.starts_at) == (False, at(11))
    assert refused.reasons
    assert all(slot.starts_at >= at(12) and slot.room_id for slot in refused.slots)
    assert tablet.desk.why_not(visit, at(15), None).possible
    slot = refused.slots[0]
    wanted = shown.MoveWanted(
        appointment_id=visit, starts_at=slot.starts_at, provider_id=slot.provider_id, room_id=slot.room_id
    )
    assert propose(tablet, wanted).answers[0].steps[0].to_starts_at == slot.starts_at
