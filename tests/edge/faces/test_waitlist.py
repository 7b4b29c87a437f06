import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.api import waitlist_schemas as shown
from edge.api.ports import Actor
from edge.clients.register import ClientUnknown
from edge.faces.waitlist import WaitlistDesk
from edge.faces.waitlist_reasons import ReasonView
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import AppointmentRequest, ProviderOut, Span, StageAssignment, Status
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId
from edge.schedule.registry import demo_registry
from edge.schedule.waitlist.asking import Bar, Reason
from edge.schedule.waitlist.clinic import Clinic
from edge.schedule.waitlist.domain import Entry, EntryId, Window
from edge.schedule.waitlist.filling import Filling, LeftOut
from edge.schedule.waitlist.places import Freed
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.waitlist_reasons import OpenPlace
from shared.ids import ClientId
from tests.support.records import BoxRecord, open_box_record
from tests.support.replanning import replanned

ACTOR = Actor("station-1", "Clinic staff")
TODAY = dt.date(2026, 3, 2)
STATE, OFFER = shown.WaitlistEntryState, shown.WaitlistOfferState


class Tablet:
    """A waitlist with one registered client."""

    def __init__(self, record: BoxRecord) -> None:
        self.record = record
        self.book = ScheduleBook(record.store, demo_registry(), record.ids, record.clock, "Europe/Vienna")
        self.waitlist = WaitlistBook(record.store, self.book, record.ids)
        self.desk = WaitlistDesk(self.waitlist, record.register)
        self.ada = record.new_client("Ada Canary", consents=False)

    def new(self, **changes: object) -> shown.NewWaitlistEntry:
        window = shown.WaitlistWindow(first_day=TODAY, last_day=TODAY, starts=dt.time(13, 3), ends=dt.time(18))
        fields = {
            "client_id": self.ada, "service_id": "consultation", "windows": [window], "messages": True,
            "preferred_provider_id": "cedar",
        }  # fmt: skip
        return shown.NewWaitlistEntry.model_validate(fields | changes)

    def free(self, start: int = 15 * 60) -> None:
        """Book a visit with Dr. Cedar and cancel it."""
        name = AppointmentId("goes")
        wish = AppointmentRequest(
            name, ClientId("x"), ServiceId("consultation"), Span(start, start + 30), ProviderId("cedar")
        )
        self.book.book_day(TODAY, [wish], "desk")
        self.book.change_status(name, Status.CANCELLED, "desk")


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[Tablet]:
    record = open_box_record(tmp_path)
    yield Tablet(record)
    record.store.close()


def test_an_entry_is_shown_with_its_name_and_hours_on_the_grid(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(travel_minutes=10), ACTOR)
    assert (entry.client_name, entry.service, entry.minutes, entry.state) == (
        "Ada Canary", "Skin consultation", 30, STATE.WAITING,
    )  # fmt: skip
    assert (entry.windows[0].starts, entry.windows[0].ends) == (dt.time(13, 5), dt.time(18))
    listed = tablet.desk.waitlist()
    assert (listed.entries, listed.offers, listed.timezone) == ([entry], [], "Europe/Vienna")
    assert {service.id for service in listed.services} >= {"consultation", "peel"}


def test_an_offer_is_shown_with_reasons_and_booked_when_taken(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(), ACTOR)
    tablet.free()
    tablet.waitlist.step()
    (offer,) = tablet.desk.waitlist().offers
    assert (offer.client_name, offer.providers, offer.rooms, offer.state) == (
        "Ada Canary", ["Dr. Cedar"], ["Consulting room 1"], OFFER.OPEN,
    )  # fmt: skip
    assert offer.starts_at == dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC)
    assert "Would see Dr. Cedar, as wished" in [reason.sentence for reason in offer.reasons]
    assert [reason.points for reason in offer.reasons] == sorted((r.points for r in offer.reasons), reverse=True)
    assert tablet.desk.waitlist().entries[0].state is STATE.OFFERED
    taken = tablet.desk.answer(offer.id, shown.WaitlistReply.ACCEPTED, ACTOR)
    assert (taken.state, taken.appointment_id) == (OFFER.ACCEPTED, f"waitlist-{offer.id}")
    assert tablet.desk.waitlist().entries[0].id == entry.id
    assert tablet.desk.waitlist().entries[0].state is STATE.BOOKED
    assert tablet.book.day(TODAY).plan.appointments[AppointmentId(f"waitlist-{offer.id}")].client == tablet.ada


def test_an_offer_that_ran_out_is_shown_so_before_it_is_recorded_and_cannot_be_taken(tablet: Tablet) -> None:
    tablet.desk.add(tablet.new(), ACTOR)
    tablet.free()
    tablet.waitlist.step()
    tablet.record.clock.advance(20 * 60)
    (offer,) = tablet.desk.waitlist().offers
    assert offer.state is OFFER.EXPIRED
    with pytest.raises(NotAllowed, match="expired"):
        tablet.desk.answer(offer.id, shown.WaitlistReply.ACCEPTED, ACTOR)


def test_a_taken_place_that_is_gone_comes_back_with_other_starts(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(messages=False), ACTOR)
    offer = tablet.desk.offer(entry.id, shown.WaitlistChannel.PHONE, ACTOR)
    replanned(tablet.book, TODAY, ProviderOut(600, ProviderId("cedar"), Span(780, 1080)))
    gone = tablet.desk.answer(offer.id, shown.WaitlistReply.ACCEPTED, ACTOR)
    assert (gone.state, gone.ended_because, gone.appointment_id) == (
        OFFER.SUPERSEDED, "The place is no longer free.", None,
    )  # fmt: skip
    assert len(gone.next_starts) == 3


def test_a_wish_is_changed_withdrawn_and_put_back(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(), ACTOR)
    changed = tablet.desk.change(entry.id, shown.WaitlistWish(**tablet.new(travel_minutes=30).model_dump(
        exclude={"client_id"})), ACTOR)  # fmt: skip
    assert (changed.travel_minutes, changed.added_at) == (30, entry.added_at)
    assert tablet.desk.withdraw(entry.id, ACTOR).state is STATE.WITHDRAWN
    assert tablet.desk.restore(entry.id, ACTOR).state is STATE.WAITING


def test_who_may_not_be_contacted_is_shown_with_the_reason(tablet: Tablet) -> None:
    tablet.desk.add(tablet.new(), ACTOR)
    tablet.record.clock.advance(11 * 3600)
    (entry,) = tablet.desk.waitlist().entries
    assert entry.held_back == "Nobody is contacted between 20:00 and 08:00."
    tablet.record.clock.advance(24 * 3600)
    assert tablet.desk.waitlist().entries[0].state is STATE.LAPSED


def test_who_waits_is_told_why_nothing_is_free_until_something_is(tablet: Tablet) -> None:
    replanned(tablet.book, TODAY, ProviderOut(600, ProviderId("laurel"), Span(600, 1140)))
    replanned(tablet.book, TODAY, ProviderOut(600, ProviderId("cedar"), Span(600, 1080)))
    entry = tablet.desk.add(tablet.new(), ACTOR)
    (why,) = entry.why
    assert (why.days, why.starts_at) == ([TODAY], dt.datetime(2026, 3, 2, 12, 15, tzinfo=dt.UTC))
    assert why.sentences == [
        "No provider with the consult skill is free 13:15-13:45: Dr. Cedar is out 10:00-18:00; "
        "Dr. Laurel has a break 13:30-14:15 and is out 10:00-19:00."
    ]
    assert tablet.desk.waitlist().entries[0].why == entry.why
    with pytest.raises(NotAllowed, match=r"Dr\. Cedar is out 10:00-18:00"):
        tablet.desk.offer(entry.id, shown.WaitlistChannel.MESSAGE, ACTOR)
    wider = tablet.new(windows=[window(TODAY, TODAY + dt.timedelta(days=1))]).model_dump(exclude={"client_id"})
    assert tablet.desk.change(entry.id, shown.WaitlistWish(**wider), ACTOR).why == []


def window(first: dt.date, last: dt.date) -> shown.WaitlistWindow:
    return shown.WaitlistWindow(first_day=first, last_day=last, starts=dt.time(13), ends=dt.time(18))


def test_of_a_place_that_was_left_it_is_told_who_fills_it_who_is_next_and_why_not_the_others(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(), ACTOR)
    ben, eva = (tablet.record.new_client(name, consents=False) for name in ("Ben", "Eva"))
    tablet.desk.add(tablet.new(client_id=ben, messages=False, preferred_provider_id=None), ACTOR)
    tablet.desk.add(tablet.new(client_id=eva, service_id="hydra-facial", preferred_provider_id=None), ACTOR)
    tablet.free()
    tablet.waitlist.step()
    (place,) = tablet.desk.waitlist().freed
    assert (place.day, place.starts_at, place.uses) == (
        TODAY, dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC), ["Dr. Cedar", "Consulting room 1"],
    )  # fmt: skip
    assert (place.offered_to, place.cause) == (["Ada Canary"], "15:00 Skin consultation: cancelled")
    found = tablet.desk.filling(TODAY, place.id)
    assert [(one.entry_id, one.client_name) for one in found.offered] == [(entry.id, "Ada Canary")]
    assert [(one.client_name, one.messages, one.starts_at) for one in found.next] == [("Ben", False, place.starts_at)]
    assert found.next[0].points == pytest.approx(sum(one.points for one in found.next[0].reasons), abs=0.5)
    (out,) = found.left_out
    assert (out.client_name, out.sentences) == (
        "Eva", ["Hydra facial can use nothing of what was left: Dr. Cedar and Consulting room 1."],
    )  # fmt: skip
    with pytest.raises(UnknownName, match="taken again"):
        tablet.desk.filling(TODAY, "another")


def test_nobody_unknown_or_erased_waits_and_no_unknown_entry_is_changed(tablet: Tablet) -> None:
    with pytest.raises(ClientUnknown):
        tablet.desk.add(tablet.new(client_id="nobody"), ACTOR)
    for ask in (tablet.desk.withdraw, tablet.desk.restore):
        with pytest.raises(UnknownName):
            ask("nothing", ACTOR)


def test_a_service_that_the_clinics_file_no_longer_has_is_shown_and_holds_nothing_up(tablet: Tablet) -> None:
    entry = tablet.desk.add(tablet.new(), ACTOR)
    tablet.free()
    tablet.waitlist.step()
    registry = tablet.book.registry
    fewer = registry.model_copy(update={"services": tuple(s for s in registry.services if s.id != "consultation")})
    book = ScheduleBook(tablet.record.store, fewer, tablet.record.ids, tablet.record.clock, "Europe/Vienna")
    waitlist = WaitlistBook(tablet.record.store, book, tablet.record.ids)
    desk = WaitlistDesk(waitlist, tablet.record.register)
    assert (desk.waitlist().entries[0].service, desk.waitlist().offers[0].service) == ("consultation", "consultation")
    waitlist.step()
    assert desk.waitlist().offers[0].state is OFFER.SUPERSEDED
    with pytest.raises(NotAllowed, match="no longer offers"):
        desk.offer(entry.id, shown.WaitlistChannel.MESSAGE, ACTOR)


def test_a_place_of_a_day_to_come_is_told_by_the_clinic_of_that_day() -> None:
    clinic, day = demo_registry(), TODAY + dt.timedelta(days=3)
    rooms = tuple(one.model_copy(update={"name": "Quiet room"}) for one in clinic.rooms if one.id == "consult-1")
    services = tuple(one for one in clinic.services if one.id != "consultation")
    later = clinic.model_copy(update={"rooms": rooms, "services": services})
    stage = StageAssignment("talk", 600, 630, ProviderId("cedar"), RoomId("consult-1"), None)
    left, window = Freed((stage,), "cancelled"), Window(day, day, Span(540, 1140))
    waits = Entry(
        EntryId("a"), ClientId("c"), ServiceId("consultation"), (window,), dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    )
    view = ReasonView(Clinic(clinic, planned_on=lambda date: later if date >= day else clinic), dt.UTC, str)
    assert view.place(OpenPlace(TODAY, left, ())).uses == ["Dr. Cedar", "Consulting room 1"]
    told = view.filling(day, Filling(left, (), (), (LeftOut(waits, (Reason(Bar.SERVICE_GONE, "Gone."),)),), 0))
    assert told.place.uses == ["Dr. Cedar", "Quiet room"]
    # What that day no longer has is called what it is called now.
    assert told.left_out[0].service == "Skin consultation"
