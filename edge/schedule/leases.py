"""Slots lent to the hub, as one day of the clinic knows them: a lease begins here and ends by the hub's word.

Pure: events in, what is lent as it stands; questions in, event payloads out. What keeps a slot from being sold twice is
what is not here: no rule gives a slot back because time has passed while the hub might still sell it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edge.schedule.domain import Appointment, Span, Stages
from edge.schedule.errors import BrokenFold, UnknownName
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.payloads import stage_parts, stages_of
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from shared.slots import is_over, last_sale, moment

SOLD_OUTCOMES = frozenset({"booked", "waiting"})
BY_HAND = "asked for by a person"
"""Why a slot is asked back, where somebody at the clinic wants it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One slot that is lent.

    Attributes:
        visit: what it becomes when it is sold; until then it holds the place.
        hub_epoch: the life of the hub that may sell it; empty where none may, because it was given up before.
        until: before which moment.
        recalled: whether the hub was asked to give it back.
        doubted: whether it is on record that this life of the hub is over.
    """

    id: str
    visit: Appointment
    hub_epoch: str
    until: dt.datetime
    recalled: bool = False
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Leases:
    """A day's leases.

    Attributes:
        open: those that hold a place.
        closed: how the others ended.
        given_back: places that the hub gave back because the clinic had asked; they are not lent again.
        given_up: those that a person gave up in doubt, as they were then.
    """

    open: Mapping[str, Lease] = field(default_factory=lambda: MappingProxyType({}))
    closed: Mapping[str, said.SlotClosed] = field(default_factory=lambda: MappingProxyType({}))
    given_back: tuple[Appointment, ...] = ()
    given_up: Mapping[str, Lease] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def lent(self) -> tuple[Appointment, ...]:
        """The places that are lent, earliest first."""
        return tuple(sorted((lease.visit for lease in self.open.values()), key=lambda a: (a.start, a.id)))

    @property
    def unresolved(self) -> tuple[Appointment, ...]:
        """The places that were given up and of which nobody has said since whether they were sold, earliest first."""
        left = (lease.visit for name, lease in self.given_up.items() if self.is_unresolved(name))
        return tuple(sorted(left, key=lambda a: (a.start, a.id)))

    def with_event(self, event: PayloadModel) -> "Leases":
        """Return what an event of the day makes of them.

        Raises:
            BrokenFold: it does not fit the events before it.
        """
        match event:
            case said.SlotLeased(slot=slot) if slot.lease not in self.closed:
                lease = Lease(slot.lease, visit_of(slot), event.hub_epoch, event.until)
                return replace(self, open={**self.open, slot.lease: lease})
            case said.SlotRenewed(lease=name) if name in self.open:
                lease = self.open[name]
                return self._changed(replace(lease, until=max(lease.until, event.until)))
            case said.SlotRecallRequested(lease=name) if name in self.open:
                return self._changed(replace(self.open[name], recalled=True))
            case said.SlotDoubted(lease=name) if name in self.open:
                return self._changed(replace(self.open[name], doubted=True))
            case said.SlotHeldAgain(lease=name) if self.is_unresolved(name):
                lease = replace(self.given_up[name], hub_epoch="", recalled=False)
                closed = {key: other for key, other in self.closed.items() if key != name}
                held = {**self.open, name: lease}
                return replace(self, open=held, closed=closed, given_up=_but(self.given_up, name))
            case said.SlotClosed(lease=name):
                return self._without(name, event)
            case _:
                raise BrokenFold("unknown_lease", "an event is about a slot that was not lent then; repair the log")

    def _without(self, name: str, event: said.SlotClosed) -> "Leases":
        lease = self.open.get(name)
        back = (lease.visit,) if lease is not None and lease.recalled and event.outcome == "returned" else ()
        given_up = self.given_up
        if lease is not None and event.outcome == "released":
            given_up = {**given_up, name: lease}
        closed = {**self.closed, name: event}
        return Leases(_but(self.open, name), closed, (*self.given_back, *back), given_up)

    def is_unresolved(self, name: str) -> bool:
        """Tell whether a slot was given up and nobody has said since whether it was sold."""
        return name in self.given_up and self.closed[name].outcome == "released"

    def _changed(self, lease: Lease) -> "Leases":
        return replace(self, open={**self.open, lease.id: lease})

    def find(self, name: str) -> Lease:
        """Return an open lease, or raise `UnknownName`."""
        try:
            return self.open[name]
        except KeyError:
            raise UnknownName("unknown_lease", "this slot is not lent to online booking; reload the day") from None


def _but(leases: Mapping[str, Lease], name: str) -> Mapping[str, Lease]:
    return {key: other for key, other in leases.items() if key != name}


def appointment_name(lease: str) -> AppointmentId:
    """Return the name of the visit that a sold slot becomes."""
    return AppointmentId(f"online-{lease}")


def visit_of(slot: said.SlotPart) -> Appointment:
    """Return the visit that a slot becomes when it is sold; its client is promised this very time."""
    name, window = appointment_name(slot.lease), Span(slot.start, slot.end)
    return Appointment(name, ClientId(name), ServiceId(slot.service), window, stages=stages_of(slot.stages))


def slot_of(lease: str, day: dt.date, service: ServiceId, stages: Stages) -> said.SlotPart:
    """Return a place as the words about a lease name it."""
    return said.SlotPart(lease=lease, day=day, service=service, stages=stage_parts(stages))


def ended(day: dt.date, leases: Leases, lease: str, outcome: said.SlotClosed) -> list[PayloadModel]:
    """Return what follows from the hub's word that it will not sell a slot; a repeated word has no effect.

    Of one that was given up in doubt the word is noted, too: then it is known that nobody has bought it.

    Raises:
        ValueError: the outcome is about another lease or day.
    """
    if (outcome.lease, outcome.day) != (lease, day):
        raise ValueError("the outcome is about another lease")
    return [outcome] if lease in leases.open or leases.is_unresolved(lease) else []


def lapsed(day: dt.date, leases: Leases, now: dt.datetime, zone: dt.tzinfo) -> list[PayloadModel]:
    """Return the end of leases whose slot is over, by a clock that is believed: the rest of it can be used today.

    Leases of days gone by are left as they are: nobody needs their room.
    """
    if now.astimezone(zone).date() != day:
        return []
    over = [lease for lease in leases.open.values() if is_over(moment(day, lease.visit.start, zone), now)]
    reason = "nobody has come, and no sale has been heard of"
    return [said.SlotClosed(lease=lease.id, day=day, outcome="lapsed", reason=reason) for lease in over]


def recall(day: dt.date, leases: Leases, name: str, reason: str) -> list[PayloadModel]:
    """Return the request that asks the hub for a slot; asking again has no effect.

    Raises:
        UnknownName: it is not lent.
    """
    if leases.find(name).recalled:
        return []
    return [said.SlotRecallRequested(lease=name, day=day, reason=reason[:500])]


def in_force(lease: Lease, day: dt.date, hub_epoch: str, now: dt.datetime, zone: dt.tzinfo) -> bool:
    """Tell whether the hub may still sell a slot, as far as the box can know: it decides nothing about the room."""
    start = moment(day, lease.visit.start, zone)
    return lease.hub_epoch == hub_epoch and not lease.recalled and now < last_sale(start, lease.until)
