"""What a disruption changes by itself, before anybody has decided anything."""

from dataclasses import replace
from typing import assert_never

from edge.schedule.domain import (
    DAY_MINUTES,
    NEXT_STATUS,
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
    Plan,
    ProviderOut,
    ResourceKind,
    RoomDown,
    Span,
    Stages,
    Status,
    Urgent,
    WalkIn,
    up_to_grid,
)
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.registry import Registry


def _midnight(minute: int) -> int:
    """Return the end of the day that a minute belongs to."""
    return (minute // DAY_MINUTES + 1) * DAY_MINUTES


def with_facts(registry: Registry, plan: Plan, disruption: Disruption, replan: ReplanId) -> Plan:
    """Return the day with a disruption applied: outages added, times and states as they now are.

    Raises:
        UnknownName: it names something the clinic or the day does not have.
        NotAllowed: it cannot have happened, such as an overrun of a visit that has not begun.
    """
    match disruption:
        case ProviderOut(provider=provider, span=span):
            registry.provider(provider)
            return _with_outage(plan, Outage(replan, ResourceKind.PROVIDER, provider, span))
        case RoomDown(room=room, span=span):
            registry.room(room)
            return _with_outage(plan, Outage(replan, ResourceKind.ROOM, room, span))
        case DeviceDown(device=device, span=span):
            registry.device(device)
            return _with_outage(plan, Outage(replan, ResourceKind.DEVICE, device, span))
        case Late():
            return plan.with_appointments(later(find(plan, disruption.appointment), disruption.minutes))
        case Overrun():
            return plan.with_appointments(longer(find(plan, disruption.appointment), disruption))
        case Cancelled(appointment=name):
            return plan.with_appointments(with_status(find(plan, name), Status.CANCELLED))
        case NoShow(appointment=name):
            return plan.with_appointments(with_status(find(plan, name), Status.NO_SHOW))
        case WalkIn() | Urgent() | AddOn() | MoveWanted():
            _refuse_senseless(registry, plan, disruption)
            return plan
        case ClinicChanged():
            return plan
        case _:
            assert_never(disruption)


def begun_by(plan: Plan, disruption: Disruption) -> Plan:
    """Return the plan with every visit that should have started by a disruption under way, or done.

    Only the one that is reported late, missing or cancelled has not.
    """
    but = disruption.appointment if isinstance(disruption, Late | NoShow | Cancelled) else None
    begun = [
        replace(visit, status=Status.IN_PROGRESS if visit.end > disruption.at else Status.DONE)
        for visit in plan.placed
        if visit.start < disruption.at and not visit.status.begun and visit.id != but
    ]
    return plan.with_appointments(*begun)


def find(plan: Plan, name: AppointmentId) -> Appointment:
    """Return an appointment of the day, or raise `UnknownName`."""
    try:
        return plan.appointments[name]
    except KeyError:
        raise UnknownName("unknown_appointment", f"the day has no appointment {name!r}; reload it") from None


def with_status(appointment: Appointment, status: Status) -> Appointment:
    """Return the appointment in its next status.

    Raises:
        NotAllowed: the status cannot follow the present one; an appointment without a time can only be
            cancelled.
    """
    if status not in NEXT_STATUS[appointment.status]:
        raise NotAllowed("status_order", f"a visit that is {appointment.status} cannot become {status}; reload the day")
    if not appointment.placed and status is not Status.CANCELLED:
        raise NotAllowed("no_time", "this visit has no time yet; find it a place or cancel it")
    return replace(appointment, status=status)


def _refuse_senseless(registry: Registry, plan: Plan, wish: WalkIn | Urgent | AddOn | MoveWanted) -> None:
    match wish:
        case WalkIn(request=request) | Urgent(request=request):
            for name in (request.service, *(past.service for past in request.history)):
                registry.service(name)
            if request.id in plan.appointments:
                raise NotAllowed("already_booked", "this request is booked already; look at the day")
        case AddOn(appointment=name, service=service):
            registry.service(service)
            _may_take_more(find(plan, name))
        case MoveWanted(appointment=name):
            find(plan, name)


def _may_take_more(visit: Appointment) -> None:
    if not visit.status.active or visit.status is Status.DONE:
        raise NotAllowed("visit_over", f"nothing is added to a visit that is {visit.status}; ask for a walk-in")
    if not visit.placed:
        raise NotAllowed("no_time", "this visit has no time yet; find it a place first")


def later(appointment: Appointment, minutes: int) -> Appointment:
    """Return the appointment of a client who comes `minutes` after its start.

    The window shifts with the client: who comes later may leave later.

    Raises:
        NotAllowed: it has no time, or it has begun or ended, or the client would not come on its day.
    """
    status = appointment.status
    if not appointment.placed or not status.active or status.begun or minutes <= 0:
        raise NotAllowed("cannot_be_late", f"a visit that is {status} cannot be late; reload the day")
    start = up_to_grid(appointment.start + minutes)
    if start >= _midnight(appointment.start):
        raise NotAllowed("past_midnight", "the client would not come on that day; report that the visit is cancelled")
    expected = max(start, appointment.window.start)
    end = min(_midnight(expected), max(appointment.window.end, appointment.end + start - appointment.start))
    return replace(appointment, window=Span(expected, end))


def longer(appointment: Appointment, overrun: Overrun) -> Appointment:
    """Return the visit with the stage under way lengthened and the later ones shifted.

    Raises:
        NotAllowed: it is not under way, or would not end on its day.
    """
    extra = up_to_grid(overrun.minutes)
    if appointment.status is not Status.IN_PROGRESS or extra <= 0:
        raise NotAllowed("not_under_way", "only a visit under way can overrun; mark it as begun first")
    if appointment.end + extra > _midnight(appointment.start):
        raise NotAllowed("past_midnight", "the visit would not end today; enter fewer minutes")
    under_way = next(
        (n for n, stage in enumerate(appointment.stages) if overrun.at < stage.end),
        len(appointment.stages) - 1,
    )
    stages: Stages = tuple(
        replace(
            stage, start=stage.start + (extra if n > under_way else 0), end=stage.end + (extra if n >= under_way else 0)
        )
        for n, stage in enumerate(appointment.stages)
    )
    return replace(appointment, stages=stages)


def _with_outage(plan: Plan, outage: Outage) -> Plan:
    if outage.span.end <= outage.span.start:
        raise NotAllowed("empty_span", "the end must be later than the start")
    return replace(plan, outages=(*plan.outages, outage))
