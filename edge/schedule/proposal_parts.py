"""Between the domain's words and the payloads of proposals."""

from typing import TypeVar

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
    Overrun,
    ProviderOut,
    RoomDown,
    Span,
    Urgent,
    WalkIn,
)
from edge.schedule.errors import BrokenFold
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.payloads import appointment_of, past_of, past_parts, visit_part
from edge.schedule.pinning import Pin
from shared.events.catalogue.proposals import DisruptionPart, Kind, PinPart

_Field = TypeVar("_Field")
_KINDS: dict[type[Disruption], Kind] = {
    ProviderOut: "provider_out",
    RoomDown: "room_down",
    DeviceDown: "device_down",
    Late: "late",
    Overrun: "overrun",
    Cancelled: "cancelled",
    NoShow: "no_show",
    WalkIn: "walk_in",
    Urgent: "urgent",
    AddOn: "add_on",
    MoveWanted: "move_wanted",
    ClinicChanged: "clinic_changed",
}


def kind_of(disruption: Disruption) -> Kind:
    """Return how the events and the clinic's policy call a disruption."""
    return _KINDS[type(disruption)]


def disruption_part(disruption: Disruption) -> DisruptionPart:
    """Return a disruption as an event holds it."""
    kind, at = kind_of(disruption), disruption.at
    match disruption:
        case ProviderOut() | RoomDown() | DeviceDown():
            name, span = _what_is_out(disruption), disruption.span
            return DisruptionPart(kind=kind, at=at, resource=name, start=span.start, end=span.end)
        case Late(appointment=visit, minutes=minutes) | Overrun(appointment=visit, minutes=minutes):
            return DisruptionPart(kind=kind, at=at, appointment=visit, minutes=minutes)
        case Cancelled(appointment=visit) | NoShow(appointment=visit):
            return DisruptionPart(kind=kind, at=at, appointment=visit)
        case WalkIn(request=request) | Urgent(request=request):
            return DisruptionPart(kind=kind, at=at, request=visit_part(Appointment.of(request)))
        case AddOn(appointment=visit, service=service, urgent=urgent):
            names, past = tuple(sorted(disruption.cleared)), past_parts(disruption.history)
            return DisruptionPart(
                kind=kind, at=at, appointment=visit, service=service, urgent=urgent, cleared=names, history=past
            )
        case ClinicChanged():
            return DisruptionPart(kind=kind, at=at)
        case MoveWanted(appointment=visit, start=start, provider=provider, room=room):
            return DisruptionPart(kind=kind, at=at, appointment=visit, start=start, provider=provider, room=room)


def disruption_of(part: DisruptionPart) -> Disruption:
    """Return a disruption from an event.

    Raises:
        BrokenFold: a field that its kind needs is missing.
    """
    match part.kind:
        case "provider_out" | "room_down" | "device_down":
            return _outage(part)
        case "walk_in" | "urgent":
            request = appointment_of(_there(part.request)).request
            return WalkIn(part.at, request) if part.kind == "walk_in" else Urgent(part.at, request)
        case "clinic_changed":
            return ClinicChanged(part.at)
        case _:
            return _of_visit(part, AppointmentId(_there(part.appointment)))


def pin_part(pin: Pin) -> PinPart:
    """Return a pin as an event holds it."""
    return PinPart(appointment=pin.appointment, start=pin.start, provider=pin.provider, room=pin.room)


def pin_of(part: PinPart) -> Pin:
    """Return a pin from an event."""
    return Pin(AppointmentId(part.appointment), part.start, _provider(part.provider), _room(part.room))


def _what_is_out(disruption: ProviderOut | RoomDown | DeviceDown) -> str:
    match disruption:
        case ProviderOut(provider=name):
            return name
        case RoomDown(room=room):
            return room
        case DeviceDown(device=device):
            return device


def _outage(part: DisruptionPart) -> Disruption:
    span, name = Span(_there(part.start), _there(part.end)), _there(part.resource)
    if part.kind == "provider_out":
        return ProviderOut(part.at, ProviderId(name), span)
    if part.kind == "room_down":
        return RoomDown(part.at, RoomId(name), span)
    return DeviceDown(part.at, UnitId(name), span)


def _of_visit(part: DisruptionPart, visit: AppointmentId) -> Disruption:
    match part.kind:
        case "late":
            return Late(part.at, visit, _there(part.minutes))
        case "overrun":
            return Overrun(part.at, visit, _there(part.minutes))
        case "cancelled":
            return Cancelled(part.at, visit)
        case "no_show":
            return NoShow(part.at, visit)
        case "add_on":
            service, cleared = ServiceId(_there(part.service)), frozenset(part.cleared)
            return AddOn(part.at, visit, service, part.urgent, cleared, past_of(part.history))
        case _:
            return MoveWanted(part.at, visit, part.start, _provider(part.provider), _room(part.room))


def _there(value: _Field | None) -> _Field:
    if value is None:
        raise BrokenFold("incomplete_proposal", "a proposal lacks what its disruption needs; repair the log")
    return value


def _provider(name: str | None) -> ProviderId | None:
    return None if name is None else ProviderId(name)


def _room(name: str | None) -> RoomId | None:
    return None if name is None else RoomId(name)
