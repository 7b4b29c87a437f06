"""A sold slot becomes a visit, or people are told that it could not: it is never dropped, and never booked twice."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import (
    UNKNOWN_SHOW,
    Appointment,
    AppointmentRequest,
    Disruption,
    Plan,
    Span,
    Urgent,
    clock_text,
)
from edge.schedule.errors import UnknownName
from edge.schedule.ids import ReplanId
from edge.schedule.leases import SOLD_OUTCOMES, visit_of
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from edge.schedule.replans import Replan
from edge.schedule.schedule import Schedule
from edge.schedule.telling import tell_replan
from shared.events.catalogue import schedule as told
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel

_NOT_LENT: Final = "it was not lent by this box"
_GIVEN_UP: Final = "it had been given up at the clinic"
Replanner = Callable[[Plan, Disruption, ReplanId], Replan]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a sale is heard of: minute of its day, 0 for a day to come; `passed` for a day gone by."""

    minute: int
    passed: bool = False


def honour(
    registry: Registry,
    schedule: Schedule,
    sold: said.SlotSold,
    at: Moment,
    replan_id: ReplanId,
    replan: Replanner,
    show: float = UNKNOWN_SHOW,
) -> list[PayloadModel]:
    """Return what a sale makes of its day: a visit where it was lent, and what became of the lease.

    A sale that this box has not lent (it lost the lease with its disk, or gave it up), or whose place cannot be kept
    (a provider fell ill), is placed with the highest priority: at the time it was sold for, others making way; else it
    waits for people to call the client. `show` is the chance that the client comes. Idempotent by the lease: a repeated
    sale has no effect.
    """
    slot = sold.slot
    visit = replace(visit_of(slot), show=show)
    closed = schedule.leases.closed.get(slot.lease)
    if visit.id in schedule.plan.appointments or (closed is not None and closed.outcome in SOLD_OUTCOMES):
        return []
    lent, given_up = slot.lease in schedule.leases.open, slot.lease in schedule.leases.given_up
    plan = replace(schedule.plan, lent=tuple(a for a in schedule.plan.lent if a.id != visit.id))
    if not _possible(registry, visit):
        reason = "the clinic does not offer this as it was sold; call the client"
        return [_closed(slot, "waiting", None, reason)]
    if Calendar.of(registry, plan).fits(demands_of(registry)[visit.service], visit):
        reason = "" if lent else f"{_GIVEN_UP if given_up else _NOT_LENT}, and its place was free"
        return [_booked(plan, visit), _closed(slot, "booked", visit, reason)]
    if at.passed:
        return [_closed(slot, "waiting", None, "its time had passed before the sale was heard of; call the client")]
    found = _urgently(registry, plan, visit, slot, at, replan_id, replan)
    return [_told(payload) for payload in found] if given_up else found


def _urgently(
    registry: Registry,
    plan: Plan,
    visit: Appointment,
    slot: said.SlotPart,
    at: Moment,
    replan_id: ReplanId,
    replan: Replanner,
) -> list[PayloadModel]:
    request = AppointmentRequest(visit.id, visit.client, visit.service, visit.window, show=visit.show)
    asked = Urgent(at.minute, request)
    answer = replan(plan, asked, replan_id)
    there = answer.plan.appointments.get(visit.id)
    if there is None or not there.placed:
        # Any later time of the day will do if the client agrees; until then it is on the board as without a place.
        anywhen = Span(min(visit.window.start, registry.hours.start), max(visit.window.end, registry.hours.end))
        waits = replace(visit, stages=(), window=anywhen)
        sold_for = clock_text(visit.window.start)
        reason = f"the place it had at {sold_for} could not be kept and nobody can make way; call the client"
        return [_booked(plan, waits), _closed(slot, "waiting", waits, reason)]
    told_of = tell_replan(registry, plan, asked, answer, replan_id)
    # The visit is no part of what the replan did, so that taking the replan back cannot take it from its client.
    rest = [payload for payload in told_of if not isinstance(payload, told.AppointmentBooked)]
    reason = f"its place could not be kept; {len(answer.moves)} visits were moved for it"
    return [*rest, _booked(plan, there), _closed(slot, "booked", there, reason)]


def _told(payload: PayloadModel) -> PayloadModel:
    """Return the same, where it is about the lease with the word that it had been given up."""
    if not isinstance(payload, said.SlotClosed):
        return payload
    return payload.model_copy(update={"reason": f"{_GIVEN_UP}: {payload.reason}"})


def _possible(registry: Registry, visit: Appointment) -> bool:
    """Tell whether the clinic knows the service and gives it in these stages."""
    try:
        registry.service(visit.service)
    except UnknownName:
        return False
    return demands_of(registry)[visit.service].suits(visit.stages)


def _booked(plan: Plan, visit: Appointment) -> PayloadModel:
    return told.AppointmentBooked(day=plan.date, visit=visit_part(visit))


def _closed(slot: said.SlotPart, outcome: str, visit: Appointment | None, reason: str) -> PayloadModel:
    return said.SlotClosed.model_validate(
        {
            "lease": slot.lease,
            "day": slot.day,
            "outcome": outcome,
            "appointment": None if visit is None else visit.id,
            "start": visit.start if visit is not None and visit.placed else None,
            "reason": reason,
        }
    )
