"""Clearances: who may give them, what they are worth, and that nothing of them is left of an erased client."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import edge.schedule.book
from edge.clearances.rules import ClearanceOver, ClearanceUnknown
from edge.clients.register import ClientErased, ClientUnknown
from edge.faces.waitlist import WaitlistDesk
from edge.review.errors import NotLicensed
from edge.schedule.checker import check
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import AddOn, NoShow, ProviderOut, Span, Status, Urgent, WalkIn
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.online import OnlineDesk
from edge.schedule.proposals import State
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, OfferState, Window
from shared.events.catalogue.clearance import ClearanceGiven, ClearanceWithdrawn
from shared.events.catalogue.schedule import AppointmentClearancesChanged, AppointmentDisplaced, RequestDeclined
from shared.events.catalogue.system import BookingAnswered
from shared.events.envelope import Event
from shared.ids import ClientId
from shared.vocabulary import ClearanceWithdrawal
from tests.edge.schedule.test_book import asked
from tests.support.cleared import FREE, NURSE, PATCH, TODAY, ClearedClinic, asking, wish
from tests.support.erasing import approved, eraser_of
from tests.support.records import open_box_record
from tests.support.replanning import replanned

TOMORROW = TODAY + dt.timedelta(days=1)
IN_A_MONTH = TODAY + dt.timedelta(days=30)
NOT_TRUE = ClearanceWithdrawal.NO_LONGER_TRUE


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClearedClinic]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield ClearedClinic(record)
    record.store.close()


def stream(clinic: ClearedClinic) -> list[Event]:
    return clinic.record.store.stream(f"clearance/{clinic.ada}")


def declined_because(clinic: ClearedClinic, day: dt.date = TODAY) -> str:
    events = clinic.record.store.stream(f"schedule:{day.isoformat()}")
    return str([e.fields.payload["reason"] for e in events if e.fields.type == RequestDeclined.event_type][-1])


def laurel_out(clinic: ClearedClinic, day: dt.date = TODAY) -> ReplanId:
    """Let the planner look at the day again."""
    at = clinic.book.minute(day)
    return ReplanId(
        replanned(clinic.book, day, ProviderOut(at, ProviderId("laurel"), Span(1135, 1140))).reported.replan
    )


def waits(clinic: ClearedClinic, service: str = "laser-hair", day: dt.date = TODAY) -> EntryId:
    window = Window(day, day, Span(540, 1140))
    name, now = clinic.waitlist.new_id(), clinic.book.now()
    clinic.waitlist.add(Entry(name, clinic.ada, ServiceId(service), (window,), now, messages=True), "desk")
    return name


def test_a_service_is_booked_only_for_who_is_cleared_for_all_it_asks_for(clinic: ClearedClinic) -> None:
    assert not clinic.booked("v1", "laser-resurfacing")
    clinic.clear(FREE)
    assert not clinic.booked("v2", "laser-resurfacing")
    assert PATCH in declined_because(clinic)
    clinic.clear(PATCH)
    assert clinic.booked("v3", "laser-resurfacing")
    assert check(clinic.book.registry, clinic.book.day(TODAY).plan) == ()


def test_a_visit_carries_no_more_than_its_service_asks_for(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, PATCH)
    assert clinic.booked("v1", "laser-hair")
    assert clinic.booked("v2", "consultation", TOMORROW)
    assert clinic.visit("v1").cleared == {FREE}
    assert clinic.visit("v2", TOMORROW).cleared == frozenset()
    bodies = b"".join(event.body for event in clinic.record.store.read(0, 1000))
    assert PATCH.encode() not in bodies


def test_nobody_brings_a_clearance_with_a_request(clinic: ClearedClinic) -> None:
    claimed = replace(wish("v1", clinic.ada), cleared=frozenset({FREE}))
    assert clinic.book.book_day(TODAY, [claimed], "desk") == 0


def test_a_clearance_holds_until_its_last_day_and_no_longer(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, until=TOMORROW)
    assert clinic.booked("v1", day=TODAY)
    assert clinic.booked("v2", day=TOMORROW)
    assert not clinic.booked("v3", day=TOMORROW + dt.timedelta(days=1))


def test_giving_on_the_same_terms_records_nothing_and_on_others_it_counts(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, until=TOMORROW)
    clinic.clear(FREE, until=TOMORROW)
    assert len(stream(clinic)) == 1
    clinic.clear(FREE)
    assert clinic.booked("v1", day=IN_A_MONTH)
    clinic.clear(FREE, until=TODAY)
    assert [event.fields.type for event in stream(clinic)] == [ClearanceGiven.event_type] * 3
    assert clinic.visit("v1", IN_A_MONTH).cleared == frozenset()


def test_a_withdrawal_is_recorded_once_and_can_be_followed_by_a_new_giving(clinic: ClearedClinic) -> None:
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    assert stream(clinic) == []
    clinic.clear(FREE)
    for _ in range(2):
        clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    clinic.clear(FREE)
    given, withdrawn = ClearanceGiven.event_type, ClearanceWithdrawn.event_type
    assert [event.fields.type for event in stream(clinic)] == [given, withdrawn, given]
    assert clinic.desk.confirmed(clinic.ada, TODAY) == {FREE}
    assert {event.fields.actor for event in stream(clinic)} == {NURSE}


def test_what_no_service_asks_for_is_refused_and_so_is_a_day_that_has_passed(clinic: ClearedClinic) -> None:
    with pytest.raises(ClearanceUnknown, match="no service"):
        clinic.clear("tattoo_free")
    with pytest.raises(ClearanceOver, match="has passed"):
        clinic.clear(FREE, until=TODAY - dt.timedelta(days=1))
    assert stream(clinic) == []


def test_only_a_licensed_professional_gives_and_withdraws_and_only_of_registered_clients(
    clinic: ClearedClinic,
) -> None:
    for person in ("hazel", "front-desk"):
        with pytest.raises(NotLicensed):
            clinic.desk.give(clinic.ada, FREE, None, person)
        with pytest.raises(NotLicensed):
            clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, person)
    with pytest.raises(ClientUnknown):
        clinic.desk.give(ClientId("walk-in-1"), FREE, None, NURSE)
    assert stream(clinic) == []


def test_giving_and_withdrawing_change_the_booked_visits_in_the_same_transaction(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    assert clinic.booked("v2", day=IN_A_MONTH)
    clinic.book._days.clear()
    before = clinic.record.store.head().seq
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    types = [event.fields.type for event in clinic.record.store.read(before, 10)]
    changed = AppointmentClearancesChanged.event_type
    assert types == [ClearanceWithdrawn.event_type, changed, changed]
    assert clinic.visit("v1").cleared == clinic.visit("v2", IN_A_MONTH).cleared == frozenset()
    assert clinic.visit("v1").placed
    clinic.clear(FREE)
    assert clinic.visit("v1").cleared == clinic.visit("v2", IN_A_MONTH).cleared == {FREE}


def test_who_is_no_longer_cleared_loses_the_place_at_the_next_replan_and_gets_one_when_cleared_again(
    clinic: ClearedClinic,
) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    laurel_out(clinic)
    assert not clinic.visit("v1").placed
    events = clinic.record.store.stream(f"schedule:{TODAY.isoformat()}")
    (lost,) = [event for event in events if event.fields.type == AppointmentDisplaced.event_type]
    assert FREE in lost.fields.payload["reason"]
    assert "Ada" not in lost.fields.payload["reason"]
    clinic.clear(FREE)
    laurel_out(clinic)
    assert clinic.visit("v1").placed


def test_a_visit_under_way_is_left_alone(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    clinic.book.change_status(AppointmentId("v1"), Status.IN_PROGRESS, "desk")
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    laurel_out(clinic)
    assert clinic.visit("v1").placed
    assert clinic.visit("v1").cleared == {FREE}


def test_a_replan_is_taken_back_but_not_the_withdrawal_that_came_after_it(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    gone = replanned(clinic.book, TODAY, NoShow(clinic.book.minute(TODAY), AppointmentId("v1")))
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    clinic.book.undo(ReplanId(gone.reported.replan), "desk")
    visit = clinic.visit("v1")
    assert (visit.status, visit.cleared, visit.placed) == (Status.BOOKED, frozenset(), False)


def test_taking_a_replan_back_gives_no_place_to_who_lost_it_for_want_of_a_clearance(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    replan = laurel_out(clinic)
    clinic.book.undo(replan, "desk")
    assert not clinic.visit("v1").placed
    assert clinic.book.day(TODAY).plan.outages == ()


def test_who_stands_uncleared_does_not_keep_a_replan_from_being_taken_back(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    assert clinic.booked("v1")
    replan = laurel_out(clinic)
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    clinic.book.undo(replan, "desk")
    assert clinic.book.day(TODAY).plan.outages == ()


@pytest.mark.parametrize("urgent", [False, True])
def test_walk_ins_and_urgent_requests_are_cleared_as_the_register_says(clinic: ClearedClinic, urgent: bool) -> None:
    kind, at = (Urgent if urgent else WalkIn), clinic.book.minute(TODAY)
    replanned(clinic.book, TODAY, kind(at, wish("w1", clinic.ada)))
    assert FREE in declined_because(clinic)
    clinic.clear(FREE)
    replanned(clinic.book, TODAY, kind(at, wish("w2", clinic.ada)))
    assert clinic.visit("w2").placed
    assert clinic.visit("w2").cleared == {FREE}


def test_an_add_on_is_cleared_as_its_client_is(clinic: ClearedClinic) -> None:
    assert clinic.booked("v1", "consultation")
    wanted = AddOn(clinic.book.minute(TODAY), AppointmentId("v1"), ServiceId("laser-hair"))
    replanned(clinic.book, TODAY, wanted)
    assert FREE in declined_because(clinic)
    clinic.clear(FREE)
    replanned(clinic.book, TODAY, wanted)
    (added,) = [visit for visit in clinic.book.day(TODAY).plan.placed if visit.service == "laser-hair"]
    assert added.cleared == {FREE}


@pytest.mark.parametrize("added", [False, True])
def test_a_proposal_for_a_client_is_closed_when_the_clearance_it_relies_on_is_withdrawn(
    clinic: ClearedClinic, added: bool
) -> None:
    looked_at = KindLimits(at_least=Mode.SUGGEST)
    deciding = Deciding(walk_in=looked_at, add_on=looked_at)
    clinic = clinic.started_again(clinic.book.registry.model_copy(update={"deciding": deciding}))
    clinic.clear(FREE)
    assert clinic.booked("v1", "consultation")
    at = clinic.book.minute(TODAY)
    asks = AddOn(at, AppointmentId("v1"), ServiceId("laser-hair")) if added else WalkIn(at, wish("w1", clinic.ada))
    name, _ = clinic.book.propose(TODAY, asks, "desk")
    assert not clinic.book.day(TODAY).proposals.find(name).proposed.answers[0].declined
    assert clinic.book.day(TODAY).proposals.find(name).state is State.OPEN
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    assert clinic.book.day(TODAY).proposals.find(name).state is State.EXPIRED
    with pytest.raises(NotAllowed):
        clinic.book.accept(name, 0, "desk", lambda: None)
    _, again = clinic.book.renew(name, "desk")
    assert clinic.book.day(TODAY).proposals.find(again).proposed.answers[0].declined


def test_an_online_request_says_what_to_do_about_a_clearance(clinic: ClearedClinic) -> None:
    drafts = OnlineDesk(clinic.book).answer(asked("r1", TODAY, service="laser-resurfacing"))
    (answer,) = [draft.payload for draft in drafts if isinstance(draft.payload, BookingAnswered)]
    assert not answer.accepted
    assert FREE in answer.reason
    assert PATCH in answer.reason
    assert answer.reason.endswith("Please call the clinic: once it is confirmed there, the visit can be booked.")


def test_the_reason_of_a_declined_online_request_keeps_its_advice_however_much_is_asked_for(
    clinic: ClearedClinic,
) -> None:
    many = [f"confirmed_by_somebody_{number}" for number in range(12)]
    clinic = clinic.started_again(asking({"laser-hair": many}))
    drafts = OnlineDesk(clinic.book).answer(asked("r1", TODAY, service="laser-hair"))
    (answer,) = [draft.payload for draft in drafts if isinstance(draft.payload, BookingAnswered)]
    assert len(answer.reason) == 500
    assert answer.reason.endswith("the visit can be booked.")


def test_a_waiting_client_is_offered_a_place_only_when_cleared_and_loses_it_with_the_clearance(
    clinic: ClearedClinic,
) -> None:
    entry, page = waits(clinic), WaitlistDesk(clinic.waitlist, clinic.record.register)
    with pytest.raises(NotAllowed, match=FREE):
        clinic.waitlist.offer(entry, Channel.PHONE, "desk")
    assert FREE in str(page.waitlist().entries[0].held_back)
    clinic.clear(FREE)
    assert page.waitlist().entries[0].held_back is None
    offer = clinic.waitlist.offer(entry, Channel.PHONE, "desk")
    assert [visit.cleared for visit in clinic.book.kept(clinic.book.day(TODAY))] == [{FREE}]
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    clinic.waitlist.step()
    ended = clinic.waitlist.snapshot().offer(offer)
    assert ended.state is OfferState.SUPERSEDED
    assert FREE in ended.ended_because


def test_an_offer_is_not_accepted_for_who_is_no_longer_cleared(clinic: ClearedClinic) -> None:
    clinic.clear(FREE)
    offer = clinic.waitlist.offer(waits(clinic), Channel.PHONE, "desk")
    clinic.desk.withdraw(clinic.ada, FREE, NOT_TRUE, NURSE)
    assert clinic.waitlist.accept(offer, "desk").state is OfferState.SUPERSEDED
    assert clinic.book.day(TODAY).plan.appointments == {}


def test_an_accepted_offer_becomes_a_cleared_visit(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, PATCH)
    offer = clinic.waitlist.offer(waits(clinic), Channel.PHONE, "desk")
    accepted = clinic.waitlist.accept(offer, "desk")
    assert clinic.visit(accepted.appointment).cleared == {FREE}


def test_after_a_start_visits_carry_what_the_clinics_file_asks_for_now(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, PATCH)
    assert clinic.booked("v1")
    stricter = clinic.started_again(asking({"laser-hair": [FREE, PATCH]}))
    stricter.desk.catch_up()
    assert stricter.visit("v1").cleared == {FREE, PATCH}
    before = clinic.record.store.head().seq
    stricter.desk.catch_up()
    assert clinic.record.store.head().seq == before
    laurel_out(stricter)
    assert stricter.visit("v1").placed


def test_nothing_of_an_erased_clients_clearances_can_be_read(clinic: ClearedClinic) -> None:
    clinic.clear(FREE, PATCH)
    clinic.desk.withdraw(clinic.ada, PATCH, NOT_TRUE, NURSE)
    bodies = b"".join(event.body for event in stream(clinic))
    assert FREE.encode() not in bodies
    assert PATCH.encode() not in bodies
    approved(clinic.record, clinic.ada)
    assert eraser_of(clinic.record).complete_pending() == 1
    assert clinic.desk.confirmed(clinic.ada, TODAY) == frozenset()
    with pytest.raises(ClientErased):
        clinic.desk.known(clinic.ada)
    with pytest.raises(ClientErased):
        clinic.clear(FREE)
    assert not clinic.booked("v1")
