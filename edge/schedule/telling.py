"""What the log is told of a decision: one report, one event for each change, one summary."""

import datetime as dt
from dataclasses import replace

from edge.schedule.asking import asking_in
from edge.schedule.booking import next_slots
from edge.schedule.demand import demands_of
from edge.schedule.domain import (
    GRID_MINUTES,
    Appointment,
    AppointmentRequest,
    Cancelled,
    Disruption,
    NoShow,
    Overrun,
    Plan,
    Status,
    clock_text,
    up_to_grid,
)
from edge.schedule.held import held_from, held_sentence
from edge.schedule.ids import ReplanId
from edge.schedule.payloads import cause_text, disruption_event, objective_part, stage_parts, visit_part
from edge.schedule.personal import refusal_text
from edge.schedule.registry import Registry
from edge.schedule.replans import Move, Replan
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel


def tell_replan(
    registry: Registry, plan: Plan, disruption: Disruption, answer: Replan, replan_id: ReplanId
) -> list[PayloadModel]:
    """Return the payloads that carry out a replan of `plan`."""
    day = plan.date
    result: list[PayloadModel] = [disruption_event(disruption, answer.facts, replan_id)]
    result.extend(_direct(plan, disruption, answer, replan_id))
    result.extend(_displaced(answer, replan_id))
    result.extend(moved_event(day, replan_id, move) for move in answer.moves)
    result.extend(_newcomer(registry, plan, disruption, answer))
    result.append(
        said.ReplanApplied(
            day=day,
            replan=replan_id,
            cause=cause_text(registry, answer.facts, disruption),
            moved=len(answer.moves),
            notified=sum(move.notify for move in answer.moves),
            unplaced=len(answer.unplaced),
            objective_before=objective_part(answer.before),
            objective_after=objective_part(answer.after),
            solver_status=answer.status.value,
            milliseconds=round(answer.milliseconds, 1),
        )
    )
    return result


def _direct(plan: Plan, disruption: Disruption, answer: Replan, replan_id: ReplanId) -> list[PayloadModel]:
    match disruption:
        case Cancelled(appointment=name, at=at):
            return [said.AppointmentCancelled(day=plan.date, appointment=name, at=at)]
        case NoShow(appointment=name, at=at):
            return [status_changed(plan, plan.appointments[name], Status.NO_SHOW, at)]
        case Overrun(appointment=name):
            stages = stage_parts(answer.facts.appointments[name].stages)
            day = plan.date
            return [said.AppointmentExtended(day=day, replan=replan_id, appointment=name, stages=stages)]
        case _:
            return []


def _newcomer(registry: Registry, plan: Plan, disruption: Disruption, answer: Replan) -> list[PayloadModel]:
    new = [a for key, a in answer.plan.appointments.items() if key not in answer.facts.appointments]
    booked: list[PayloadModel] = [
        said.AppointmentBooked(day=plan.date, visit=visit_part(appointment)) for appointment in new
    ]
    asking = asking_in(registry, plan, disruption)
    if asking is not None and answer.declined:
        booked.append(declined(registry, plan, asking.request, disruption.at))
    return booked


def moved_event(day: dt.date, replan_id: ReplanId, move: Move) -> PayloadModel:
    """Return the event of a move."""
    return said.AppointmentMoved(
        day=day,
        replan=replan_id,
        appointment=move.appointment,
        service=move.service,
        before=stage_parts(move.before),
        after=stage_parts(move.after),
        notify=move.notify,
        forced_by=move.reason.forced_by.value,
        constraint=move.reason.constraint,
        reason=move.reason.sentence,
    )


def status_changed(plan: Plan, old: Appointment, status: Status, at: int) -> PayloadModel:
    """Return the event of a visit that has come further."""
    return said.AppointmentStatusChanged(
        day=plan.date, appointment=old.id, before=old.status.value, after=status.value, at=at
    )


def declined(registry: Registry, plan: Plan, request: AppointmentRequest, now: int) -> PayloadModel:
    """Return the event of a request without a place, with the next starts of the day."""
    anywhen = replace(request, window=registry.hours.span)
    others = next_slots(registry, plan, anywhen, now)
    name = registry.service(request.service).name
    asks = Appointment.of(request)
    last = request.window.end - demands_of(registry)[request.service].shortest
    starts = range(up_to_grid(max(now, request.window.start)), last + 1, GRID_MINUTES)
    refusal = refusal_text(registry, plan, asks, starts)
    window = f"{clock_text(request.window.start)} and {clock_text(request.window.end)}"
    held = "" if refusal else held_sentence(held_from(registry, plan, asks, now))
    return said.RequestDeclined(
        day=plan.date,
        appointment=request.id,
        client_id=request.client,
        service=request.service,
        reason=f"{refusal or f'{name}: nothing is free between {window}'}{held and '; '}{held}.",
        next_starts=tuple(offer.start for offer in others),
    )


def _displaced(answer: Replan, replan_id: ReplanId) -> list[PayloadModel]:
    reasons = {item.appointment: item.sentence for item in answer.unplaced}
    return [
        said.AppointmentDisplaced(
            day=answer.facts.date,
            replan=replan_id,
            appointment=old.id,
            before=stage_parts(old.stages),
            reason=reasons[old.id],
        )
        for old in answer.facts.placed
        if not answer.plan.appointments[old.id].placed
    ]
