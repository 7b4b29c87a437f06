"""The clinic's day, for the pages: what they show and what people do there, with names opened by the box."""

import datetime as dt
from typing import Final

from edge.api import proposal_schemas as offered
from edge.api import schedule_schemas as shown
from edge.api.ports import Actor, Authorise
from edge.api.slot_schemas import LentSlots, SlotDoubt
from edge.clients.register import ClientErased, ClientRegister, ClientUnknown
from edge.faces.day_view import DayView, meant_status
from edge.faces.proposals import ProposalView
from edge.faces.slots import MEANT, SlotView
from edge.faces.wishes import WALK_IN_PREFIX, disruption_of, minute_of
from edge.schedule.book import ScheduleBook
from edge.schedule.deciding_policy import Mode
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId
from edge.schedule.leases import BY_HAND
from edge.schedule.pinning import Pin
from edge.schedule.slot_desk import SlotDesk
from shared.http.errors import Conflict
from shared.ids import ClientId

_ONLINE_GUEST: Final = "Online booking"
_WALK_IN: Final = "Walk-in"
_ERASED_CLIENT: Final = "Erased client"


class ScheduleDesk:
    """The day as the tablet shows and changes it."""

    def __init__(self, book: ScheduleBook, register: ClientRegister, slots: SlotDesk, lent: SlotView) -> None:
        self._book = book
        self._register = register
        self._slots = slots
        self._lent = lent
        self._proposals = ProposalView(book, self._at, self._name)
        self._days = DayView(book, lent, self._proposals, self._at, self._name)

    def today(self) -> dt.date:
        """Return the clinic's date."""
        return self._book.today()

    def day(self, day: dt.date) -> shown.ScheduleDay:
        """Return one day."""
        return self._days.day(day)

    def set_status(self, appointment_id: str, status: shown.AppointmentStatus, actor: Actor) -> shown.ScheduleDay:
        """Record how far a visit has come."""
        return self.day(self._book.change_status(AppointmentId(appointment_id), meant_status(status), actor.id))

    def slots(self) -> LentSlots:
        """Return what is lent from today on, and what was given up of it."""
        return self._lent.ahead()

    def recall(self, day: dt.date, slot_id: str, actor: Actor) -> shown.ScheduleDay:
        """Ask the hub for a slot that is lent to online booking."""
        self._slots.recall(day, slot_id, BY_HAND, actor.id)
        return self.day(day)

    def release(self, day: dt.date, slot_id: str, doubt: SlotDoubt, actor: Actor) -> shown.ScheduleDay:
        """Give up a slot in doubt."""
        self._slots.release(day, slot_id, actor.id, MEANT[doubt])
        return self.day(day)

    def hold_again(self, day: dt.date, slot_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take back that a slot was given up."""
        self._slots.hold_again(day, slot_id, actor.id)
        return self.day(day)

    def undo(self, replan_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take the latest replan back."""
        return self.day(self._book.undo(ReplanId(replan_id), actor.id))

    def propose(self, request: shown.DisruptionRequest, actor: Actor) -> offered.Proposal:
        """Replan the day: carried out where the clinic's policy allows it, a proposal otherwise."""
        self._check_revision(request)
        name, decision = self._book.propose(request.day, disruption_of(self._book, request), actor.id)
        if decision.mode is Mode.EXECUTE:
            return self._proposals.executed(request.day, name)
        return self._proposals.proposal(request.day, name)

    def accept(self, proposal_id: str, choice: int, actor: Actor, manager: Authorise) -> shown.ScheduleDay:
        """Carry out one answer of a proposal."""
        return self.day(self._book.accept(ReplanId(proposal_id), choice, actor.id, manager))

    def reject(self, proposal_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take none of a proposal's answers."""
        return self.day(self._book.reject(ReplanId(proposal_id), actor.id))

    def renew(self, proposal_id: str, actor: Actor) -> offered.Proposal:
        """Work a proposal out again on the day as it is now."""
        return self._proposals.proposal(*self._book.renew(ReplanId(proposal_id), actor.id))

    def edit(self, proposal_id: str, pin: offered.Pin, actor: Actor) -> offered.Proposal:
        """Plan a proposal again around one visit."""
        day = self._book.day_of_proposal(ReplanId(proposal_id))
        wanted = Pin(
            AppointmentId(pin.appointment_id),
            None if pin.starts_at is None else minute_of(self._book, day, pin.starts_at),
            None if pin.provider_id is None else ProviderId(pin.provider_id),
            None if pin.room_id is None else RoomId(pin.room_id),
        )
        return self._proposals.proposal(*self._book.renew(ReplanId(proposal_id), actor.id, wanted))

    def why_not(self, appointment_id: str, starts_at: dt.datetime, provider_id: str | None) -> offered.WhyNot:
        """Return whether a visit could start then with nobody moved; if not, why and when instead."""
        visit = AppointmentId(appointment_id)
        start = minute_of(self._book, self._book.day_of(visit), starts_at)
        who = None if provider_id is None else ProviderId(provider_id)
        return self._proposals.why_not(*self._book.why_not(visit, start, who), starts_at)

    def _check_revision(self, request: shown.DisruptionRequest) -> None:
        if request.revision is not None and request.revision != self._book.day(request.day).version:
            raise Conflict("day_changed", "The day has changed since you opened it. Look again, then decide.")

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time(), self._book.zone)
        return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)

    def _name(self, client: ClientId) -> str:
        return client_name(self._register, client)


def client_name(register: ClientRegister, client: ClientId) -> str:
    """Return what the pages call a client."""
    try:
        return register.get(client).details.name
    except ClientErased:
        return _ERASED_CLIENT
    except ClientUnknown:
        return _WALK_IN if client.startswith(WALK_IN_PREFIX) else _ONLINE_GUEST
