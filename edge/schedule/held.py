"""Which lent places keep a visit from a place: what is said of it, and what the hub is asked to give back."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import (
    Appointment,
    Disruption,
    Plan,
    ResourceKind,
    Span,
    Urgent,
    WalkIn,
    clock_text,
    up_to_grid,
)
from edge.schedule.insertion import Situation, slots
from edge.schedule.leases import Leases, recall
from edge.schedule.registry import Registry
from edge.schedule.replans import Replan
from edge.schedule.uses import uses
from shared.events.payload import PayloadModel

HELD = "held for online booking"


def held_from(registry: Registry, plan: Plan, visit: Appointment, now: int) -> tuple[Appointment, ...]:
    """Return lent places without which a visit would have a place at once; none where they are not to blame.

    One that alone would do is named alone, the earliest; else all that overlap the client's window.
    """
    if not plan.lent or _has_place(registry, plan, visit, now):
        return ()
    if not _has_place(registry, replace(plan, lent=()), visit, now):
        return ()
    for held in plan.lent:
        if _has_place(registry, replace(plan, lent=tuple(a for a in plan.lent if a != held)), visit, now):
            return (held,)
    return tuple(held for held in plan.lent if Span(held.start, held.end).overlaps(visit.window))


def held_sentence(held: Iterable[Appointment]) -> str:
    """Return in words what is lent, or nothing."""
    spans = ", ".join(f"{clock_text(visit.start)}-{clock_text(visit.end)}" for visit in held)
    return f"{spans} is {HELD}" if spans else ""


def recalls(
    registry: Registry, day: dt.date, leases: Leases, disruption: Disruption, answer: Replan
) -> list[PayloadModel]:
    """Return which leases the hub is asked for after a replan: in the way of a visit, or not to be served any more."""
    plan, wanted = answer.plan, {}
    calendar = Calendar(registry, plan.outages, plan.days)
    demands = demands_of(registry)
    for lease in leases.open.values():
        demand = demands.get(lease.visit.service)
        if demand is None or not calendar.fits(demand, lease.visit):
            wanted[lease.visit.id] = "somebody or something it needs is out"
    waiting = list(plan.unplaced)
    if answer.declined and isinstance(disruption, WalkIn | Urgent):
        waiting.append(Appointment.of(disruption.request))
    for visit in waiting:
        for held in held_from(registry, plan, visit, disruption.at):
            wanted.setdefault(held.id, "a visit has no other place")
    return [
        payload
        for lease in leases.open.values()
        if lease.visit.id in wanted and lease.visit.start > disruption.at
        for payload in recall(day, leases, lease.id, wanted[lease.visit.id])
    ]


def recalls_of_away(registry: Registry, day: dt.date, leases: Leases) -> list[PayloadModel]:
    """Return which leases the hub is asked for since somebody is away whom they need, or something is out of use."""
    away = {
        (kind, str(entry.id))
        for kind, entries in (
            (ResourceKind.PROVIDER, registry.providers),
            (ResourceKind.ROOM, registry.rooms),
            (ResourceKind.DEVICE, registry.devices),
        )
        for entry in entries
        if entry.away
    }
    return [
        payload
        for lease in leases.open.values()
        if away & {use for stage in lease.visit.stages for use in uses(stage)}
        for payload in recall(day, leases, lease.id, "somebody or something it needs is away")
    ]


def _has_place(registry: Registry, plan: Plan, visit: Appointment, now: int) -> bool:
    situation = Situation(registry, demands_of(registry), plan, up_to_grid(now), (), (), ())
    return any(True for _ in slots(situation, visit, Calendar.of(registry, plan), plan))
