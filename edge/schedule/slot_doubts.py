"""Slots of which it is not known whether they were sold: when that is so, and what a person may do about it.

Pure. Giving one up is a decision of a person and of nobody else: the rules say when there is one to be made, and that
the hub's own word goes before it.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import Appointment, Plan, StageAssignment, clock_text
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.leases import SOLD_OUTCOMES, Lease, Leases
from edge.schedule.registry import Registry
from edge.schedule.uses import uses
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel
from shared.slots import is_over, last_sale, moment


class Doubt(StrEnum):
    """Why it is not known whether a slot was sold.

    `hub_restored`: it was lent to a former life of the hub, which may have sold it. `hub_not_heard`: its time to be
    sold is over and the hub is not reached. `given_up_before`: a person gave it up and took that back.
    """

    HUB_RESTORED = "hub_restored"
    HUB_NOT_HEARD = "hub_not_heard"
    GIVEN_UP_BEFORE = "given_up_before"


@dataclass(frozen=True, slots=True)
class HubSeen:
    """The hub as the box sees it.

    Attributes:
        epoch: its present life; empty before one was met.
        reached: whether it answers now.
        now: the time it is, or none by a clock that is in doubt itself.
    """

    epoch: str
    reached: bool
    now: dt.datetime | None


_REASONS = {
    Doubt.HUB_RESTORED: "given up by a person after the hub was restored",
    Doubt.HUB_NOT_HEARD: "given up by a person while the hub was not reached",
    Doubt.GIVEN_UP_BEFORE: "given up by a person once more",
}


def doubt_of(lease: Lease, day: dt.date, hub: HubSeen, zone: dt.tzinfo) -> Doubt | None:
    """Return why it is not known whether an open lease was sold, or none where the hub will say."""
    if not lease.hub_epoch:
        return Doubt.GIVEN_UP_BEFORE
    if lease.hub_epoch != hub.epoch:
        return Doubt.HUB_RESTORED
    if hub.reached or hub.now is None:
        return None
    over = hub.now >= last_sale(moment(day, lease.visit.start, zone), lease.until)
    return Doubt.HUB_NOT_HEARD if over else None


def doubted(day: dt.date, leases: Leases, hub_epoch: str) -> list[PayloadModel]:
    """Return what is to be noted once a new life of the hub was met: that former leases are in doubt, each once."""
    return [
        said.SlotDoubted(lease=lease.id, day=day)
        for lease in leases.open.values()
        if lease.hub_epoch and lease.hub_epoch != hub_epoch and not lease.doubted
    ]


def release(
    day: dt.date, leases: Leases, name: str, hub: HubSeen, zone: dt.tzinfo, confirmed: Doubt | None = None
) -> list[PayloadModel]:
    """Return what follows when a person gives up a slot in doubt.

    Args:
        day: the day of the leases.
        leases: as they stand.
        name: which lease.
        hub: as the box sees it.
        zone: the clinic's.
        confirmed: what the person was told is in doubt; none where they know by themselves.

    Raises:
        UnknownName: it is not lent.
        NotAllowed: the hub may sell it at any moment and must be asked, or will say itself; or what is in doubt is not
            what was confirmed.
    """
    doubt = doubt_of(leases.find(name), day, hub, zone)
    if doubt is None:
        raise NotAllowed("lease_in_force", "the hub may sell this slot; ask for it back and wait for its answer")
    if confirmed is not None and confirmed is not doubt:
        raise NotAllowed("doubt_changed", "something else is in doubt about this slot by now; look again, then decide")
    return [said.SlotClosed(lease=name, day=day, outcome="released", reason=_REASONS[doubt])]


def hold_again(
    day: dt.date, leases: Leases, name: str, registry: Registry, plan: Plan, now: dt.datetime, zone: dt.tzinfo
) -> list[PayloadModel]:
    """Return what follows when a person takes it back that a slot was given up; it is in doubt as it was before.

    Args:
        day: the day of the leases.
        leases: as they stand; a slot that is held already is left as it is.
        name: which lease.
        registry: the clinic.
        plan: the day with all that it holds.
        now: the time it is.
        zone: the clinic's.

    Raises:
        UnknownName: it was not given up.
        NotAllowed: it is known meanwhile what became of it, its place is taken, or its time is over.
    """
    if name in leases.open:
        return []
    if (why := not_held_again(day, leases, name, registry, plan, now, zone)) is not None:
        raise NotAllowed("cannot_hold_again", why)
    return [said.SlotHeldAgain(lease=name, day=day)]


def not_held_again(
    day: dt.date, leases: Leases, name: str, registry: Registry, plan: Plan, now: dt.datetime, zone: dt.tzinfo
) -> str | None:
    """Return why a slot that was given up cannot be held again, or none where it can; raises `UnknownName`."""
    lease = leases.given_up.get(name)
    if lease is None:
        raise UnknownName("unknown_lease", "this slot was not given up; reload the day")
    outcome, visit = leases.closed[name].outcome, lease.visit
    if outcome in SOLD_OUTCOMES:
        return "it had been sold: it is a visit on the board"
    if outcome != "released":
        return "the hub has said that nobody had bought it: there is nothing to hold it for"
    if is_over(moment(day, visit.start, zone), now):
        return "its time is over"
    if (other := _taken_by(registry, plan, visit)) is not None:
        return f"its place is used by {other} now"
    demand = demands_of(registry).get(visit.service)
    if demand is None or not demand.suits(visit.stages) or not Calendar.of(registry, plan).fits(demand, visit):
        return "somebody or something it needs is not there at that time any more"
    return None


def _taken_by(registry: Registry, plan: Plan, visit: Appointment) -> str | None:
    """Return which visit of the day uses what a place would, in words that name no client."""
    names = {service.id: service.name for service in registry.services}
    for other in plan.occupying:
        if any(_collide(mine, theirs) for mine in visit.stages for theirs in other.stages):
            return f"{names.get(other.service, other.service)} {clock_text(other.start)}-{clock_text(other.end)}"
    return None


def _collide(one: StageAssignment, other: StageAssignment) -> bool:
    return one.span.overlaps(other.span) and not set(uses(one)).isdisjoint(uses(other))
