"""The box plans day by day, and what is asked for on one day is judged by what its client has on the others."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import edge.schedule.book
from edge.schedule.checker import check
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import AddOn, Cancelled, PastVisit, ProviderOut, Span, Status, Urgent, WalkIn
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.online import OnlineDesk
from edge.schedule.proposals import State
from edge.schedule.waitlist.domain import Channel, Entry, OfferId, OfferState, Window
from shared.events.catalogue.schedule import RequestDeclined
from shared.events.catalogue.system import BookingAnswered
from tests.edge.schedule.courses import with_rules
from tests.edge.schedule.test_book import asked
from tests.support.cleared import TODAY, ClearedClinic, wish
from tests.support.erasing import approved, eraser_of
from tests.support.records import open_box_record
from tests.support.replanning import replanned

RULES = {
    "peel": {"apart": [{"service": "peel", "days": 7}]},
    "laser-hair": {"after": [{"category": "consultation", "at_least_days": 2}]},
}
LOOKED_AT = Deciding(walk_in=KindLimits(at_least=Mode.SUGGEST), add_on=KindLimits(at_least=Mode.SUGGEST))


def on(number: int) -> dt.date:
    """Return the day so many days from now."""
    return TODAY + dt.timedelta(days=number)


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClearedClinic]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield ClearedClinic(record, with_rules(RULES).model_copy(update={"deciding": LOOKED_AT}))
    record.store.close()


def declined_because(clinic: ClearedClinic, day: dt.date) -> str:
    events = clinic.record.store.stream(f"schedule:{day.isoformat()}")
    return str([e.fields.payload["reason"] for e in events if e.fields.type == RequestDeclined.event_type][-1])


def cancel(clinic: ClearedClinic, name: str, day: dt.date) -> ReplanId:
    return ReplanId(replanned(clinic.book, day, Cancelled(0, AppointmentId(name))).reported.replan)


def waits(clinic: ClearedClinic, day: dt.date, service: str = "peel") -> OfferId:
    """Let the client wait for a place on a day, and offer the best one."""
    window, name = Window(day, day, Span(540, 1140)), clinic.waitlist.new_id()
    entry = Entry(name, clinic.ada, ServiceId(service), (window,), clinic.book.now())
    clinic.waitlist.add(entry, "desk")
    return clinic.waitlist.offer(name, Channel.PHONE, "desk")


@pytest.mark.parametrize("number", [3, 9, 11, 16, 17])
def test_visits_stay_days_apart_whichever_is_booked_first(clinic: ClearedClinic, number: int) -> None:
    assert clinic.booked("first", "peel", on(10))
    far = abs(number - 10) >= 7
    assert clinic.booked("second", "peel", on(number)) is far
    assert clinic.booked("of-another-service", "consultation", on(number))


def test_the_reason_names_both_services_and_the_days_and_not_the_client(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(10))
    assert not clinic.booked("later", "peel", on(13))
    said = "Chemical peel needs 7 days between it and Chemical peel, which {}."
    assert declined_because(clinic, on(13)) == said.format("was 3 days before")
    assert not clinic.booked("earlier", "peel", on(9))
    assert declined_because(clinic, on(9)) == said.format("is 1 day after")
    assert not clinic.booked("unprepared", "laser-hair", on(3))
    assert "needs a visit of the category consultation before it, at least 2 days" in declined_because(clinic, on(3))
    assert all(clinic.ada not in declined_because(clinic, on(number)) for number in (3, 9, 13))


def test_what_has_to_come_before_may_be_long_ago_and_never_comes_later(clinic: ClearedClinic) -> None:
    assert clinic.booked("consultation", "consultation", on(2))
    assert not clinic.booked("before", "laser-hair", on(1))
    assert not clinic.booked("too-soon", "laser-hair", on(3))
    assert clinic.booked("after", "laser-hair", on(4))
    assert clinic.booked("long-after", "laser-hair", on(400))
    visit = clinic.visit("long-after", on(400))
    assert visit.history == (PastVisit(ServiceId("consultation"), 398),)
    assert check(clinic.book.registry, clinic.book.day(on(400)).plan) == ()


def test_nobody_brings_a_history_with_a_request(clinic: ClearedClinic) -> None:
    claimed = replace(wish("v", clinic.ada, "laser-hair"), history=(PastVisit(ServiceId("consultation"), 9),))
    assert clinic.book.book_day(on(3), [claimed], "desk") == 0


def test_a_visit_that_was_cancelled_or_missed_or_has_no_place_counts_no_longer(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(10))
    cancel(clinic, "first", on(10))
    assert clinic.booked("second", "peel", on(11))
    clinic.book.change_status(AppointmentId("second"), Status.CANCELLED, "desk")
    assert clinic.booked("third", "peel", on(12))
    clinic.book.change_status(AppointmentId("third"), Status.NO_SHOW, "desk")
    assert clinic.booked("fourth", "peel", on(13))
    for provider in clinic.book.registry.providers:
        replanned(clinic.book, on(13), ProviderOut(0, provider.id, Span(0, 1440)))
    assert not clinic.visit("fourth", on(13)).placed
    assert clinic.booked("fifth", "peel", on(14))


def test_a_visit_that_is_done_goes_on_counting(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", TODAY)
    for status in (Status.IN_PROGRESS, Status.DONE):
        clinic.book.change_status(AppointmentId("first"), status, "desk")
    assert not clinic.booked("second", "peel", on(6))
    assert clinic.booked("third", "peel", on(7))


def test_somebody_elses_visits_count_for_nobody(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(10))
    assert clinic.book.book_day(on(11), [wish("v", "another", "peel")], "desk") == 1


@pytest.mark.parametrize("urgent", [False, True])
def test_walk_ins_and_urgent_requests_are_judged_by_other_days(clinic: ClearedClinic, urgent: bool) -> None:
    assert clinic.booked("first", "peel", on(3))
    asks = (Urgent if urgent else WalkIn)(clinic.book.minute(TODAY), wish("w", clinic.ada, "peel"))
    replanned(clinic.book, TODAY, asks)
    assert "Chemical peel, which is 3 days after" in declined_because(clinic, TODAY)
    cancel(clinic, "first", on(3))
    again = (Urgent if urgent else WalkIn)(clinic.book.minute(TODAY), wish("x", clinic.ada, "peel"))
    replanned(clinic.book, TODAY, again)
    assert clinic.visit("x").placed


def test_an_add_on_is_judged_by_its_own_service_and_not_by_that_of_its_visit(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(3))
    assert clinic.booked("anchor", "consultation", TODAY)
    at = clinic.book.minute(TODAY)
    replanned(clinic.book, TODAY, AddOn(at, AppointmentId("anchor"), ServiceId("peel")))
    assert "which is 3 days after" in declined_because(clinic, TODAY)
    cancel(clinic, "first", on(3))
    replanned(clinic.book, TODAY, AddOn(at, AppointmentId("anchor"), ServiceId("peel")))
    assert [visit.service for visit in clinic.book.day(TODAY).plan.placed if visit.id != "anchor"] == ["peel"]


def test_who_asks_online_is_not_known_and_has_had_nothing(clinic: ClearedClinic) -> None:
    drafts = OnlineDesk(clinic.book).answer(asked("r", on(3), service="laser-hair"))
    (answer,) = [draft.payload for draft in drafts if isinstance(draft.payload, BookingAnswered)]
    assert not answer.accepted
    assert "needs a visit of the category consultation before it" in answer.reason


def test_a_proposal_is_not_taken_when_its_client_was_booked_on_another_day_meanwhile(clinic: ClearedClinic) -> None:
    name, _ = clinic.book.propose(TODAY, WalkIn(clinic.book.minute(TODAY), wish("w", clinic.ada, "peel")), "desk")
    proposed = clinic.book.day(TODAY).proposals.find(name)
    assert clinic.book.out_of_date(TODAY, proposed) is None
    assert clinic.booked("first", "peel", on(3))
    assert "visits on other days have changed" in str(clinic.book.out_of_date(TODAY, proposed))
    with pytest.raises(NotAllowed, match="visits on other days have changed"):
        clinic.book.accept(name, 0, "desk", lambda: None)
    assert clinic.book.day(TODAY).proposals.find(name).state is State.OPEN
    _, again = clinic.book.renew(name, "desk")
    (declined,) = clinic.book.day(TODAY).proposals.find(again).proposed.answers[0].declined
    assert "which is 3 days after" in declined.reason


def test_a_cancellation_is_not_taken_back_once_the_client_is_booked_too_near(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(1))
    replan = cancel(clinic, "first", on(1))
    assert clinic.booked("second", "peel", on(5))
    with pytest.raises(NotAllowed, match="Chemical peel, which is 4 days after; move the visits by hand"):
        clinic.book.undo(replan, "desk")
    assert not clinic.visit("first", on(1)).status.active
    cancel(clinic, "second", on(5))
    clinic.book.undo(replan, "desk")
    assert clinic.visit("first", on(1)).status.active


def test_a_waiting_client_is_offered_no_place_too_near_to_another_day(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(4))
    with pytest.raises(NotAllowed, match="Nothing that suits is free"):
        waits(clinic, on(1))
    cancel(clinic, "first", on(4))
    (entry,) = clinic.waitlist.snapshot().state.waiting()
    offer = clinic.waitlist.offer(entry.id, Channel.PHONE, "desk")
    accepted = clinic.waitlist.accept(offer, "desk")
    assert clinic.visit(accepted.appointment, on(1)).placed


def test_an_offer_ends_when_its_client_is_booked_too_near_and_says_so(clinic: ClearedClinic) -> None:
    offer = waits(clinic, on(1))
    assert clinic.booked("first", "peel", on(4))
    assert clinic.waitlist.accept(offer, "desk").state is OfferState.SUPERSEDED
    said = "Chemical peel needs 7 days between it and Chemical peel, which is 3 days after."
    assert clinic.waitlist.snapshot().offer(offer).ended_because == said


def test_a_standing_offer_ends_by_itself_and_frees_its_place(clinic: ClearedClinic) -> None:
    offer = waits(clinic, on(1))
    assert len(clinic.book.kept(clinic.book.day(on(1)))) == 1
    assert clinic.booked("first", "peel", on(4))
    assert clinic.book.kept(clinic.book.day(on(1))) == []
    clinic.record.clock.advance(60)
    clinic.waitlist.step()
    assert clinic.waitlist.snapshot().offer(offer).state is OfferState.SUPERSEDED


def test_an_erased_clients_visits_are_in_the_table_no_longer(clinic: ClearedClinic) -> None:
    assert clinic.booked("first", "peel", on(4))
    assert clinic.record.store.rows("SELECT client FROM client_visits") == [(clinic.ada,)]
    approved(clinic.record, clinic.ada)
    assert eraser_of(clinic.record).complete_pending() == 1
    assert clinic.record.store.rows("SELECT client FROM client_visits") == []


def test_a_service_that_no_rule_is_about_looks_at_no_other_day(
    clinic: ClearedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clinic.booked("first", "peel", on(4))
    monkeypatch.setattr(clinic.record.store, "rows", None)
    assert clinic.book.history(clinic.ada, ServiceId("consultation"), on(5)) == ()
    assert clinic.book.history(clinic.ada, ServiceId("levitation"), on(5)) == ()
