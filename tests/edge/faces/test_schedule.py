import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import edge.schedule.book
from edge.api import schedule_schemas as shown
from edge.api.ports import Actor
from edge.api.proposal_schemas import ProposalState
from edge.api.slot_schemas import LentSlot, LentState, SlotDoubt, SlotFate
from edge.faces.day_view import meant_status, shown_status
from edge.faces.guests import ScheduleGuests
from edge.faces.schedule import ScheduleDesk
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import AppointmentRequest, Span, Status
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.leases import slot_of
from edge.schedule.lending import LendingPolicy
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.slot_desk import SlotDesk
from shared.events.catalogue.slots import SlotExpired, SlotSold
from shared.events.envelope import EventDraft
from shared.http.errors import Conflict
from shared.ids import ClientId
from tests.support.clocks import ManualClock
from tests.support.records import BoxRecord, open_box_record
from tests.support.slots import board_of

ZONE = ZoneInfo("Europe/Vienna")
ACTOR = Actor("station-1", "Clinic staff")
STATUS = shown.AppointmentStatus
TODAY = dt.date(2026, 3, 2)
LIFE = "life-1"
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)


class Tablet:
    """A day with visits of two registered clients and one online booking."""

    def __init__(self, record: BoxRecord, clinic: Registry | None = None) -> None:
        self.record = record
        self.book = ScheduleBook(record.store, clinic or demo_registry(), record.ids, record.clock, str(ZONE))
        self.slots = SlotDesk(self.book, LendingPolicy(per_service=1), lambda: LIFE, record.clock, record.ids)
        self.desk = board_of(self.book, record, self.slots)
        self.ada = record.new_client("Ada Canary", consents=False)
        self.ben = record.new_client("Ben", consents=False)

    def book_visit(self, name: str, client: ClientId | str, day: dt.date = TODAY, at: int = 12 * 60) -> AppointmentId:
        wish = AppointmentRequest(
            AppointmentId(name), ClientId(client), ServiceId("consultation"), Span(at, at + 8 * 60)
        )
        assert self.book.book_day(day, [wish], "desk") == 1
        return wish.id

    def visit(self, name: str, day: dt.date = TODAY) -> shown.Appointment:
        (visit,) = [item for item in self.desk.day(day).appointments if item.id == name]
        return visit

    def report(self, request: shown.DisruptionRequest) -> shown.Replan:
        """Report what happened, accept what is proposed where somebody has to, and return what was done."""
        proposal = self.desk.propose(request, ACTOR)
        if proposal.state is ProposalState.OPEN:
            self.desk.accept(proposal.id, 0, ACTOR, lambda: None)
        return self.desk.day(request.day).replans[0]

    def sick_at(self, slot: LentSlot) -> None:
        """Report that the provider of a slot is out."""
        who = slot.stages[0].provider_id
        assert who is not None
        self.report(self.sick(who))

    def sick(self, provider: str, day: dt.date = TODAY, revision: int | None = None) -> shown.DisruptionRequest:
        starts = dt.datetime.combine(day, dt.time(11), ZONE)
        out = shown.ProviderOut(
            kind="provider_out", provider_id=provider, starts_at=starts, ends_at=starts + dt.timedelta(hours=8)
        )
        return shown.DisruptionRequest(day=day, revision=revision, disruption=out)


@pytest.fixture
def tablet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tablet]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield Tablet(record)
    record.store.close()


@pytest.mark.parametrize(
    "steps",
    [
        [(STATUS.CONFIRMED, Status.CONFIRMED), (STATUS.ARRIVED, Status.ARRIVED),
         (STATUS.IN_PROGRESS, Status.IN_PROGRESS), (STATUS.COMPLETED, Status.DONE)],
        [(STATUS.NO_SHOW, Status.NO_SHOW)],
        [(STATUS.CANCELLED, Status.CANCELLED)],
    ],
)  # fmt: skip
def test_each_status_of_the_tablet_is_the_days_and_is_shown_as_it_was_set(
    tablet: Tablet, steps: list[tuple[shown.AppointmentStatus, Status]]
) -> None:
    name = tablet.book_visit("v", tablet.ada)
    assert tablet.visit("v").status is STATUS.TENTATIVE
    for told, meant in steps:
        tablet.desk.set_status(name, told, ACTOR)
        assert tablet.book.day(TODAY).plan.appointments[name].status is meant
        seen = [item.status for item in tablet.desk.day(TODAY).appointments if item.id == name]
        assert seen in ([told], []) if not meant.active else seen == [told]


def test_every_status_has_its_counterpart() -> None:
    assert {shown_status(status) for status in Status} == set(STATUS)
    assert all(meant_status(shown_status(status)) is status for status in Status)


def test_a_status_set_twice_is_recorded_once_and_one_that_cannot_follow_is_refused(tablet: Tablet) -> None:
    name = tablet.book_visit("v", tablet.ada)
    revisions = {tablet.desk.set_status(name, STATUS.CONFIRMED, ACTOR).revision for _ in range(3)}
    assert len(revisions) == 1
    with pytest.raises(NotAllowed):
        tablet.desk.set_status(name, STATUS.COMPLETED, ACTOR)
    with pytest.raises(UnknownName):
        tablet.desk.set_status("nobody's", STATUS.ARRIVED, ACTOR)


@pytest.mark.parametrize(("day", "utc_hour"), [(SPRING, 8), (AUTUMN, 9), (dt.date(2026, 3, 28), 9)])
def test_noon_at_the_clinic_stays_noon_on_the_days_the_clocks_change(
    tablet: Tablet, day: dt.date, utc_hour: int
) -> None:
    tablet.book_visit("v", tablet.ada, day, 10 * 60)
    visit, seen = tablet.visit("v", day), tablet.desk.day(day)
    assert visit.starts_at == dt.datetime.combine(day, dt.time(utc_hour), dt.UTC)
    assert visit.starts_at.astimezone(ZONE).time() == dt.time(10)
    assert visit.ends_at - visit.starts_at == dt.timedelta(minutes=tablet.book.registry.services[0].minutes)
    hours = tablet.book.registry.hours
    opens, closes = seen.opens_at.astimezone(ZONE), seen.closes_at.astimezone(ZONE)
    assert (opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute) == (hours.start, hours.end)
    assert seen.timezone == str(ZONE)


@pytest.mark.parametrize("day", [TODAY, SPRING, AUTUMN])
def test_an_absence_is_shown_at_the_times_it_was_told(tablet: Tablet, day: dt.date) -> None:
    request = tablet.sick("laurel", day)
    tablet.report(request)
    (laurel,) = [item for item in tablet.desk.day(day).providers if item.id == "laurel"]
    (absence,) = laurel.absences
    assert (absence.starts_at, absence.ends_at) == (request.disruption.starts_at, request.disruption.ends_at)


def test_a_client_nobody_registered_is_shown_as_an_online_booking(tablet: Tablet) -> None:
    tablet.book_visit("v", "online-v")
    tablet.book_visit("w", tablet.ada)
    assert (tablet.visit("v").client_name, tablet.visit("w").client_name) == ("Online booking", "Ada Canary")


def test_guests_are_those_who_have_arrived_by_first_name(tablet: Tablet) -> None:
    guests = ScheduleGuests(tablet.book, tablet.record.register)
    for name, client, at in (("v", tablet.ben, 840), ("w", tablet.ada, 720), ("x", "online-x", 780)):
        tablet.book_visit(name, client, at=at)
    assert guests() == []
    for name in ("v", "w", "x"):
        tablet.desk.set_status(name, STATUS.ARRIVED, ACTOR)
    assert [(guest.first_name, guest.appointment_id) for guest in guests()] == [("Ada", "w"), ("Ben", "v")]
    assert [guest.starts_at for guest in guests()] == [tablet.visit("w").starts_at, tablet.visit("v").starts_at]
    tablet.desk.set_status("w", STATUS.IN_PROGRESS, ACTOR)
    assert [guest.first_name for guest in guests()] == ["Ben"]


def replanned(tablet: Tablet) -> tuple[shown.Appointment, shown.Replan]:
    """Book a visit, and let its provider call in sick."""
    for number in range(6):
        tablet.book_visit(f"v{number}", tablet.ada)
    visit = tablet.visit("v0")
    return visit, tablet.report(tablet.sick(visit.provider_id))


def test_a_replan_shows_who_moved_from_where_and_why_and_can_be_undone(tablet: Tablet) -> None:
    before, replan = replanned(tablet)
    moved = next(item for item in replan.moved if item.appointment_id == before.id)
    assert (moved.from_starts_at, moved.from_provider_id) == (before.starts_at, before.provider_id)
    assert moved.reason
    assert replan.undoable
    after = tablet.visit(before.id)
    assert (after.starts_at, after.provider_id) == (moved.to_starts_at, moved.to_provider_id)
    assert after.move is not None
    assert (after.move.from_starts_at, after.move.reason) == (before.starts_at, moved.reason)
    assert [told.undone for told in tablet.desk.day(TODAY).replans] == [False]
    undone = tablet.desk.undo(replan.id, ACTOR)
    (again,) = [item for item in undone.appointments if item.id == before.id]
    assert (again.starts_at, again.provider_id, again.move) == (before.starts_at, before.provider_id, None)
    assert [(item.undone, item.undoable) for item in undone.replans] == [(True, False)]


def test_a_replan_tells_how_many_are_left_without_a_place(tablet: Tablet) -> None:
    for number in range(3):
        tablet.book_visit(f"v{number}", tablet.ada, at=12 * 60 + 60 * number)
    for provider in tablet.book.registry.providers:
        last = tablet.report(tablet.sick(provider.id))
    left = len(tablet.desk.day(TODAY).unplaced)
    assert (last.unplaced, last.moved) == (left, [])
    assert left == 3


def test_a_day_that_changed_since_it_was_read_is_read_again_first(tablet: Tablet) -> None:
    tablet.book_visit("v", tablet.ada)
    seen = tablet.desk.day(TODAY).revision
    tablet.book_visit("w", tablet.ben)
    with pytest.raises(Conflict, match="changed"):
        tablet.report(tablet.sick("laurel", revision=seen))
    assert (tablet.desk.day(TODAY).replans, tablet.desk.day(TODAY).proposals) == ([], [])
    tablet.report(tablet.sick("laurel", revision=tablet.desk.day(TODAY).revision))


def test_rooms_and_devices_that_fail_are_shown_as_absent(tablet: Tablet) -> None:
    day, starts = TODAY, dt.datetime.combine(TODAY, dt.time(12), ZONE)
    times = {"starts_at": starts, "ends_at": starts + dt.timedelta(hours=2)}
    room, device = tablet.book.registry.rooms[0].id, tablet.book.registry.devices[0].id
    for out in (
        shown.RoomOut(kind="room_out", room_id=room, **times),
        shown.DeviceOut(kind="device_out", device_id=device, **times),
    ):
        tablet.report(shown.DisruptionRequest(day=day, disruption=out))
    seen = tablet.desk.day(day)
    assert {item.id: len(item.absences) for item in seen.rooms if item.absences} == {room: 1}
    assert {item.id: len(item.absences) for item in seen.devices if item.absences} == {device: 1}


def test_slots_lent_to_online_booking_are_shown_until_when_and_asked_back(tablet: Tablet) -> None:
    assert tablet.desk.day(TODAY).lent == []
    tablet.slots.top_up()
    lent = tablet.slots.lent(TODAY)
    shown_slots = tablet.desk.day(TODAY).lent
    assert [one.id for one in shown_slots] == [one.lease.id for one in lent]
    slot = shown_slots[0]
    assert slot.starts_at == dt.datetime.combine(TODAY, dt.time(), ZONE) + dt.timedelta(
        minutes=lent[0].lease.visit.start
    )
    assert slot.until == slot.starts_at - dt.timedelta(minutes=60)
    assert slot.service in {service.name for service in tablet.book.registry.services}
    assert slot.stages[0].starts_at == slot.starts_at
    assert {one.state for one in shown_slots} == {LentState.LENT}
    for _ in range(2):
        asked = tablet.desk.recall(TODAY, slot.id, ACTOR).lent
        assert [one.state for one in asked if one.id == slot.id] == [LentState.ASKED_BACK]
        assert len(asked) == len(shown_slots)
    with pytest.raises(UnknownName):
        tablet.desk.recall(TODAY, "another", ACTOR)


class Staff:
    """Who works at the clinic."""

    def present(self) -> dict[str, str]:
        return {}

    def names(self) -> dict[str, str]:
        return {ACTOR.id: "Mia"}


def restored(tablet: Tablet) -> tuple[SlotDesk, ScheduleDesk]:
    """Return the slots and the board after the hub was restored."""
    slots = SlotDesk(
        tablet.book, LendingPolicy(per_service=1), lambda: "life-2", tablet.record.clock, tablet.record.ids
    )
    return slots, board_of(tablet.book, tablet.record, slots, Staff())


def test_a_slot_lent_to_a_former_life_of_the_hub_is_shown_as_in_doubt_since_the_box_met_the_new_one(
    tablet: Tablet,
) -> None:
    tablet.slots.top_up()
    slots, board = restored(tablet)
    assert {one.state for one in board.day(TODAY).lent} == {LentState.IN_DOUBT}
    assert {(one.doubt, one.doubt_since) for one in board.day(TODAY).lent} == {(SlotDoubt.HUB_RESTORED, None)}
    tablet.record.clock.advance(60)
    noticed = tablet.record.clock.wall()
    slots.top_up()
    tablet.record.clock.advance(60)
    slots.top_up()
    former = {one.id for one in tablet.desk.day(TODAY).lent if one.state is LentState.LENT}
    doubtful = [one for one in board.slots().lent if one.id in former]
    assert {(one.day, one.doubt_since) for one in doubtful} == {(TODAY, noticed)}
    assert {one.held_until - one.starts_at for one in doubtful} == {dt.timedelta(minutes=30)}


def test_a_slot_whose_sale_is_over_while_the_hub_is_not_reached_is_in_doubt_from_then_on(tablet: Tablet) -> None:
    tablet.slots.top_up()
    slot = tablet.desk.day(TODAY).lent[0]
    tablet.slots.reach_by(lambda: False)
    assert tablet.desk.day(TODAY).lent[0].state is LentState.LENT
    tablet.record.clock.advance((slot.until - tablet.record.clock.wall()).total_seconds())
    (doubtful,) = [one for one in tablet.desk.day(TODAY).lent if one.id == slot.id]
    assert (doubtful.state, doubtful.doubt, doubtful.doubt_since) == (
        LentState.IN_DOUBT, SlotDoubt.HUB_NOT_HEARD, slot.until,
    )  # fmt: skip
    tablet.slots.reach_by(lambda: True)
    with pytest.raises(NotAllowed, match="wait for its answer"):
        tablet.desk.release(TODAY, slot.id, SlotDoubt.HUB_NOT_HEARD, ACTOR)


def test_a_slot_in_doubt_is_given_up_on_record_and_held_again_until_its_place_is_taken(tablet: Tablet) -> None:
    tablet.slots.top_up()
    _, board = restored(tablet)
    slot = board.day(TODAY).lent[0]
    with pytest.raises(NotAllowed, match="something else is in doubt"):
        board.release(TODAY, slot.id, SlotDoubt.HUB_NOT_HEARD, ACTOR)
    left = board.release(TODAY, slot.id, SlotDoubt.HUB_RESTORED, ACTOR).lent
    assert slot.id not in {one.id for one in left}
    (given,) = board.slots().given_up
    assert (given.id, given.service, given.starts_at, given.fate) == (
        slot.id, slot.service, slot.starts_at, SlotFate.NOT_KNOWN,
    )  # fmt: skip
    assert (given.given_up_at, given.given_up_by, given.stays_because) == (tablet.record.clock.wall(), "Mia", None)
    with pytest.raises(UnknownName):
        board.release(TODAY, slot.id, SlotDoubt.HUB_RESTORED, ACTOR)
    tablet.record.clock.advance(60)
    for _ in range(2):
        (held,) = [one for one in board.hold_again(TODAY, slot.id, ACTOR).lent if one.id == slot.id]
        assert (held.doubt, held.doubt_since) == (SlotDoubt.GIVEN_UP_BEFORE, tablet.record.clock.wall())
        assert board.slots().given_up == []
    board.release(TODAY, slot.id, SlotDoubt.GIVEN_UP_BEFORE, ACTOR)
    tablet.sick_at(slot)
    (stays,) = board.slots().given_up
    assert stays.stays_because == "somebody or something it needs is not there at that time any more"
    with pytest.raises(NotAllowed, match="is not there at that time any more"):
        board.hold_again(TODAY, slot.id, ACTOR)


def test_what_became_of_a_slot_that_was_given_up_is_shown(tablet: Tablet) -> None:
    tablet.slots.top_up()
    slots, board = restored(tablet)
    first, second = board.day(TODAY).lent[:2]
    for slot in (first, second):
        board.release(TODAY, slot.id, SlotDoubt.HUB_RESTORED, ACTOR)
    leases = tablet.book.day(TODAY).leases.given_up
    parts = [
        slot_of(name, TODAY, leases[name].visit.service, leases[name].visit.stages) for name in (first.id, second.id)
    ]
    sold, expired = SlotSold(slot=parts[0], hub_epoch=LIFE, order="o"), SlotExpired(slot=parts[1])
    for word, answer in ((sold, slots.answer_sold), (expired, slots.answer_expired)):
        event = tablet.record.store.append([EventDraft("slot/x", word, "hub", "booking")])[0]
        tablet.record.store.append(answer(event))
    assert {one.id: one.fate for one in board.slots().given_up} == {
        first.id: SlotFate.SOLD, second.id: SlotFate.NOT_SOLD,
    }  # fmt: skip
    assert f"online-{first.id}" in {one.id for one in board.day(TODAY).appointments}


def test_now_is_the_boxes_time_whatever_zone_the_clinic_is_in(tablet: Tablet) -> None:
    assert isinstance(tablet.record.clock, ManualClock)
    assert tablet.desk.day(TODAY).now == tablet.record.clock.wall()
    assert tablet.desk.today() == TODAY
