"""The clinic's day, and what stands around it."""

from datetime import date, datetime
from typing import Protocol

from edge.api.checklist_schemas import ChecklistDay
from edge.api.clearance_schemas import NewClearance, VisitClearances, WithdrawnClearance
from edge.api.ports.people import Actor, Authorise
from edge.api.proposal_schemas import Pin, Proposal, WhyNot
from edge.api.registry_schemas import (
    RegistryEdit,
    RegistryEffect,
    RegistryFileDecision,
    RegistryState,
    RegistryUndo,
    RegistryWish,
)
from edge.api.schedule_schemas import AppointmentStatus, DisruptionRequest, ScheduleDay
from edge.api.slot_schemas import LentSlots, SlotDoubt
from edge.api.waitlist_schemas import (
    NewWaitlistEntry,
    PlaceFilling,
    Waitlist,
    WaitlistChannel,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistReply,
    WaitlistWish,
)
from shared.events.catalogue.checklist import SkipReason


class SchedulePort(Protocol):
    """The clinic's day; the box is its only writer."""

    def day(self, day: date) -> ScheduleDay:
        """Return one day."""
        ...

    def today(self) -> date:
        """Return the clinic's date now, in its own time zone."""
        ...

    def propose(self, request: DisruptionRequest, actor: Actor) -> Proposal:
        """Replan the day, or propose it where the clinic's policy wants a person to decide.

        Raises:
            NotFound: the disruption names something the day does not hold.
            Conflict: the day has changed since `revision`.
        """
        ...

    def accept(self, proposal_id: str, choice: int, actor: Actor, manager: Authorise) -> ScheduleDay:
        """Carry out one answer of a proposal and return its day.

        Raises:
            NotFound: no such proposal.
            Conflict: the day has changed since, or the proposal is closed; nothing is done.
            Forbidden: raised by `manager`, which is asked where the answer was left to one.
        """
        ...

    def reject(self, proposal_id: str, actor: Actor) -> ScheduleDay:
        """Take none of a proposal's answers and return its day; raises as `accept`."""
        ...

    def renew(self, proposal_id: str, actor: Actor) -> Proposal:
        """Work a proposal out again on the day as it is now; the new one stands in its place. Raises as `accept`."""
        ...

    def edit(self, proposal_id: str, pin: Pin, actor: Actor) -> Proposal:
        """Plan a proposal again around one visit put somewhere; the new one stands in its place.

        Raises:
            NotFound, Conflict: as `accept`; or the visit cannot be there, and the sentence holds the fewest reasons.
        """
        ...

    def why_not(self, appointment_id: str, starts_at: datetime, provider_id: str | None) -> WhyNot:
        """Return whether a visit could start then with nobody moved; if not, why and when instead.

        Raises:
            NotFound: no such visit, or no such provider.
            Conflict: the visit is past moving.
        """
        ...

    def set_status(self, appointment_id: str, status: AppointmentStatus, actor: Actor) -> ScheduleDay:
        """Record an appointment's status and return its day.

        Raises:
            NotFound: no such appointment.
            Conflict: the status cannot follow the present one.
        """
        ...

    def slots(self) -> LentSlots:
        """Return what is held for online booking from today on, and what was given up of it."""
        ...

    def recall(self, day: date, slot_id: str, actor: Actor) -> ScheduleDay:
        """Ask the hub for a slot that is lent to online booking, and return the day.

        The slot stays lent until the hub has answered.

        Raises:
            NotFound: it is not lent.
        """
        ...

    def release(self, day: date, slot_id: str, doubt: SlotDoubt, actor: Actor) -> ScheduleDay:
        """Give up a slot of which it is not known whether it was sold, and return the day.

        Raises:
            NotFound: it is not lent.
            Conflict: the hub may sell it or will say itself, or something else than `doubt` is in doubt by now.
        """
        ...

    def hold_again(self, day: date, slot_id: str, actor: Actor) -> ScheduleDay:
        """Take back that a slot was given up, and return the day.

        Raises:
            NotFound: it was not given up.
            Conflict: what became of it is known meanwhile, its place is taken, or its time is over.
        """
        ...

    def undo(self, replan_id: str, actor: Actor) -> ScheduleDay:
        """Take the latest replan back and return its day.

        Raises:
            NotFound: no such replan.
            Conflict: something was changed after it.
        """
        ...


class ClearancesPort(Protocol):
    """What licensed professionals confirm about clients, seen from a visit."""

    def of_visit(self, appointment_id: str) -> VisitClearances:
        """Return how the clearances that the clinic's services ask for stand for a visit.

        Raises:
            NotFound: no such visit today or later.
        """
        ...

    def give(self, appointment_id: str, new: NewClearance, person: str) -> VisitClearances:
        """Record that a person confirms something about a visit's client; booked visits carry it at once.

        Raises:
            NotFound: no such visit, or no service asks for this; or the client is not registered.
            Forbidden: the person is not licensed.
            Conflict: the last day has passed, or something else was recorded at the same moment.
        """
        ...

    def withdraw(self, appointment_id: str, what: WithdrawnClearance, person: str) -> VisitClearances:
        """Record that a person withdraws a clearance, or raise as `give`; the next replan takes the visit's place."""
        ...


class ChecklistPort(Protocol):
    """What has to be done around the visits of a day."""

    def day(self, day: date) -> ChecklistDay:
        """Return a day's tasks, and what the open ones ask to be reported."""
        ...

    def version(self, day: date) -> str:
        """Return what changes whenever `day` may answer otherwise; much cheaper than the answer."""
        ...

    def do(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        """Record that a task is done.

        Raises:
            NotFound: the day has no such task.
            Conflict: another comes first, or it was skipped.
        """
        ...

    def skip(self, day: date, appointment_id: str, task_id: str, reason: SkipReason, actor: Actor) -> ChecklistDay:
        """Record that a task is not done, or raise as `do`."""
        ...

    def reopen(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        """Take back that a task was done or skipped, or raise as `do`."""
        ...


class WaitlistPort(Protocol):
    """Who waits for a place, and what is offered to whom."""

    def waitlist(self) -> Waitlist:
        """Return who waits and why, what is or was on offer, and which places were left and are not taken."""
        ...

    def filling(self, day: date, place_id: str) -> PlaceFilling:
        """Return who fills a place that was left, and of everybody else why not.

        Raises:
            NotFound: the day has no such place, or it is taken again.
        """
        ...

    def add(self, new: NewWaitlistEntry, actor: Actor) -> WaitlistEntry:
        """Note a wish.

        Raises:
            NotFound: no such client, service or provider.
            Conflict: the wish can never be met or is noted already, or the waitlist is full.
        """
        ...

    def change(self, entry_id: str, wish: WaitlistWish, actor: Actor) -> WaitlistEntry:
        """Replace what somebody waits for, or raise as `add`."""
        ...

    def withdraw(self, entry_id: str, actor: Actor) -> WaitlistEntry:
        """Take a wish off; an offer to it ends.

        Raises:
            NotFound: no such entry.
            Conflict: it was met.
        """
        ...

    def restore(self, entry_id: str, actor: Actor) -> WaitlistEntry:
        """Take a withdrawal back, or raise as `withdraw`."""
        ...

    def offer(self, entry_id: str, channel: WaitlistChannel, actor: Actor) -> WaitlistOffer:
        """Offer the best place that is free now.

        Raises:
            NotFound: no such entry.
            Conflict: the client may not be contacted now, or nothing that suits is free.
        """
        ...

    def answer(self, offer_id: str, reply: WaitlistReply, actor: Actor) -> WaitlistOffer:
        """Record what a client said. An accepted offer whose place is gone comes back superseded.

        Raises:
            NotFound: no such offer.
            Conflict: it has expired, or ended otherwise.
        """
        ...


class RegistryPort(Protocol):
    """The clinic's registry: whom and what it plans with."""

    def registry(self, on: date | None = None) -> RegistryState:
        """Return what today, or a day to come, is planned with, how the file stands to now, and the latest changes."""
        ...

    def check(self, wish: RegistryWish) -> RegistryEffect:
        """Return what a change would do; nothing is recorded.

        Raises:
            Conflict: the change to be taken back is neither the latest nor yet to come, the file cannot be read, or
                the date is none that a change can be for.
        """
        ...

    def change(self, edit: RegistryEdit, actor: Actor) -> RegistryState:
        """Plan with a document from now, or from its date on.

        Raises:
            Refused: it describes no clinic.
            Conflict: somebody was faster, it removes what visits need, or hurts visits that are not confirmed.
        """
        ...

    def undo(self, what: RegistryUndo, actor: Actor) -> RegistryState:
        """Take the latest change, or one that is yet to come, back, or raise `Conflict` as `change`."""
        ...

    def decide_file(self, what: RegistryFileDecision, actor: Actor) -> RegistryState:
        """Take the clinic's file over or leave it, or raise `Conflict` as `change`."""
        ...
