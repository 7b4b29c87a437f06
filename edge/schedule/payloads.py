"""Between the domain's words and the events' payloads."""

import datetime as dt
from typing import assert_never

from edge.schedule.domain import (
    AddOn,
    Appointment,
    Cancelled,
    ClinicChanged,
    DeviceDown,
    Disruption,
    Late,
    MoveWanted,
    NoShow,
    Outage,
    Overrun,
    PastVisit,
    Plan,
    ProviderOut,
    ResourceKind,
    RoomDown,
    Span,
    StageAssignment,
    Stages,
    Status,
    Urgent,
    WalkIn,
    clock_text,
)
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId, UnitId
from edge.schedule.registry import Registry
from edge.schedule.replans import Objective
from edge.schedule.weights import POINT, points
from shared.events.catalogue.schedule import DisruptionReported, ObjectivePart, PastPart, StagePart, VisitPart
from shared.ids import ClientId

_Wish = WalkIn | Urgent | AddOn | MoveWanted
_OUTAGES = {
    "provider_out": ResourceKind.PROVIDER,
    "room_down": ResourceKind.ROOM,
    "device_down": ResourceKind.DEVICE,
}


def stage_parts(stages: Stages) -> tuple[StagePart, ...]:
    """Return stages as an event holds them."""
    return tuple(
        StagePart(name=s.name, start=s.start, end=s.end, provider=s.provider, room=s.room, device=s.device)
        for s in stages
    )


def stages_of(parts: tuple[StagePart, ...]) -> Stages:
    """Return stages from an event."""
    return tuple(
        StageAssignment(
            p.name,
            p.start,
            p.end,
            None if p.provider is None else ProviderId(p.provider),
            RoomId(p.room),
            None if p.device is None else UnitId(p.device),
        )
        for p in parts
    )


def past_parts(history: tuple[PastVisit, ...]) -> tuple[PastPart, ...]:
    """Return visits of other days as an event holds them."""
    return tuple(PastPart(service=past.service, days_ago=past.days_ago) for past in history)


def past_of(parts: tuple[PastPart, ...]) -> tuple[PastVisit, ...]:
    """Return visits of other days from an event."""
    return tuple(PastVisit(ServiceId(part.service), part.days_ago) for part in parts)


def visit_part(appointment: Appointment) -> VisitPart:
    """Return an appointment as an event holds it."""
    return VisitPart(
        appointment=appointment.id,
        client_id=appointment.client,
        service=appointment.service,
        window_start=appointment.window.start,
        window_end=appointment.window.end,
        preferred_provider=appointment.preferred,
        status=appointment.status.value,
        stages=stage_parts(appointment.stages),
        show=appointment.show,
        tier=appointment.tier,
        wish=appointment.wish,
        cleared=tuple(sorted(appointment.cleared)),
        history=past_parts(appointment.history),
    )


def appointment_of(part: VisitPart) -> Appointment:
    """Return an appointment from an event."""
    return Appointment(
        AppointmentId(part.appointment),
        ClientId(part.client_id),
        ServiceId(part.service),
        Span(part.window_start, part.window_end),
        None if part.preferred_provider is None else ProviderId(part.preferred_provider),
        Status(part.status),
        stages_of(part.stages),
        part.show,
        part.tier,
        part.wish,
        cleared=frozenset(part.cleared),
        history=past_of(part.history),
    )


def objective_part(objective: Objective) -> ObjectivePart:
    """Return an objective as an event holds it."""
    return ObjectivePart(
        lunches_missed=objective.lunches_missed,
        dropped=objective.dropped,
        urgent_unplaced=objective.urgent_unplaced,
        moved=objective.moved,
        shifted=objective.shifted,
        walk_ins_unplaced=objective.walk_ins_unplaced,
        terms={name: points(term) for name, term in objective.terms.items()},
    )


def objective_of(part: ObjectivePart) -> Objective:
    """Return an objective from an event."""
    terms = {name: round(value * POINT) for name, value in part.terms.items()}
    return Objective(
        lunches_missed=part.lunches_missed,
        dropped=part.dropped,
        urgent_unplaced=part.urgent_unplaced,
        moved=part.moved,
        shifted=part.shifted,
        walk_ins_unplaced=part.walk_ins_unplaced,
        cost=sum(terms.values()),
        terms=terms,
    )


def outage_of(event: DisruptionReported) -> Outage | None:
    """Return the outage that a disruption is, or none for the other kinds."""
    kind = _OUTAGES.get(event.kind)
    if kind is None or event.resource is None or event.start is None or event.end is None:
        return None
    return Outage(ReplanId(event.replan), kind, event.resource, Span(event.start, event.end))


def disruption_event(disruption: Disruption, facts: Plan, replan: ReplanId) -> DisruptionReported:
    """Return the event that reports a disruption; `facts` hold what it made of the day."""
    day, at = facts.date, disruption.at
    match disruption:
        case ProviderOut(provider=name, span=span):
            return _outage("provider_out", facts, replan, at, name, span)
        case RoomDown(room=name, span=span):
            return _outage("room_down", facts, replan, at, name, span)
        case DeviceDown(device=name, span=span):
            return _outage("device_down", facts, replan, at, name, span)
        case Late(appointment=visit, minutes=minutes):
            window = facts.appointments[visit].window
            return DisruptionReported(
                day=day,
                replan=replan,
                kind="late",
                at=at,
                appointment=visit,
                start=window.start,
                end=window.end,
                minutes=minutes,
            )
        case Overrun(appointment=visit, minutes=minutes):
            return DisruptionReported(day=day, replan=replan, kind="overrun", at=at, appointment=visit, minutes=minutes)
        case Cancelled(appointment=visit):
            return DisruptionReported(day=day, replan=replan, kind="cancelled", at=at, appointment=visit)
        case NoShow(appointment=visit):
            return DisruptionReported(day=day, replan=replan, kind="no_show", at=at, appointment=visit)
        case WalkIn() | Urgent() | AddOn() | MoveWanted():
            return _wish_event(disruption, day, replan)
        case ClinicChanged():
            return DisruptionReported(day=day, replan=replan, kind="clinic_changed", at=at)
        case _:
            assert_never(disruption)


def cause_text(registry: Registry, facts: Plan, disruption: Disruption) -> str:
    """Return a disruption in words for the board; no client is named."""
    match disruption:
        case ProviderOut(provider=provider, span=span):
            return f"{registry.provider(provider).name} is out {_span_text(span)}"
        case RoomDown(room=room, span=span):
            return f"{registry.room(room).name} is out of order {_span_text(span)}"
        case DeviceDown(device=device, span=span):
            return f"{registry.device(device).name} is out of order {_span_text(span)}"
        case Late(minutes=minutes):
            return f"{_service(registry, facts, disruption.appointment)}: client {minutes} minutes late"
        case Overrun(minutes=minutes):
            return f"{_service(registry, facts, disruption.appointment)}: {minutes} minutes longer"
        case Cancelled():
            return f"{_service(registry, facts, disruption.appointment)}: cancelled"
        case NoShow():
            return f"{_service(registry, facts, disruption.appointment)}: client did not come"
        case WalkIn() | Urgent() | AddOn() | MoveWanted():
            return _wish_text(registry, facts, disruption)
        case ClinicChanged():
            return "The clinic has changed"
        case _:
            assert_never(disruption)


def _wish_event(wish: _Wish, day: dt.date, replan: ReplanId) -> DisruptionReported:
    at = wish.at
    match wish:
        case WalkIn(request=request):
            return DisruptionReported(day=day, replan=replan, kind="walk_in", at=at, appointment=request.id)
        case Urgent(request=request):
            return DisruptionReported(day=day, replan=replan, kind="urgent", at=at, appointment=request.id)
        case AddOn(appointment=visit, service=service):
            return DisruptionReported(day=day, replan=replan, kind="add_on", at=at, appointment=visit, service=service)
        case MoveWanted(appointment=visit, start=start):
            return DisruptionReported(day=day, replan=replan, kind="move_wanted", at=at, appointment=visit, start=start)


def _wish_text(registry: Registry, facts: Plan, wish: _Wish) -> str:
    match wish:
        case WalkIn(request=request):
            return f"{registry.service(request.service).name}: walk-in"
        case Urgent(request=request):
            return f"{registry.service(request.service).name}: urgent request"
        case AddOn(appointment=visit, service=service):
            return f"{_service(registry, facts, visit)}: {registry.service(service).name} added"
        case MoveWanted(appointment=visit, start=start):
            when = f" at {clock_text(start)}" if start is not None else " elsewhere"
            return f"{_service(registry, facts, visit)}: wanted{when}"


def _outage(kind: str, facts: Plan, replan: ReplanId, at: int, name: str, span: Span) -> DisruptionReported:
    fields = {"day": facts.date, "replan": replan, "kind": kind, "at": at}
    return DisruptionReported.model_validate({**fields, "resource": name, "start": span.start, "end": span.end})


def _service(registry: Registry, facts: Plan, visit: AppointmentId) -> str:
    return registry.service(facts.appointments[visit].service).name


def _span_text(span: Span) -> str:
    return f"{clock_text(span.start)}-{clock_text(span.end)}"
