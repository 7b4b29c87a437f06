"""What upsets a clinic day, as JSON; times are written as in `document.py`."""

from typing import Annotated, Literal

from pydantic import Field

from edge.schedule.document import DayDocument, Entry, Name, RequestEntry, parsed, refuse_request
from edge.schedule.domain import (
    AddOn,
    Cancelled,
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
from edge.schedule.errors import InvalidClinic
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.moments import Moment


class _Event(Entry):
    at: Moment = Field(description="When it was reported.")


class ProviderOutEvent(_Event):
    """A provider cannot work for a while."""

    kind: Literal["provider_out"]
    provider: ProviderId
    start: Moment
    end: Moment


class RoomDownEvent(_Event):
    """A room cannot be used for a while."""

    kind: Literal["room_down"]
    room: RoomId
    start: Moment
    end: Moment


class DeviceDownEvent(_Event):
    """A device cannot be used for a while."""

    kind: Literal["device_down"]
    device: UnitId
    start: Moment
    end: Moment


class LateEvent(_Event):
    """A client comes some minutes after the booked start."""

    kind: Literal["late"]
    appointment: Name
    minutes: int = Field(gt=0, le=600)


class OverrunEvent(_Event):
    """A visit under way needs some minutes more."""

    kind: Literal["overrun"]
    appointment: Name
    minutes: int = Field(gt=0, le=600)


class CancelledEvent(_Event):
    """A client will not come."""

    kind: Literal["cancelled"]
    appointment: Name


class NoShowEvent(_Event):
    """A client did not come."""

    kind: Literal["no_show"]
    appointment: Name


class WalkInEvent(_Event):
    """Somebody asks for a visit today; nobody is moved for it."""

    kind: Literal["walk_in"]
    request: RequestEntry


class UrgentEvent(_Event):
    """Somebody must be seen; others may be moved for it, never dropped."""

    kind: Literal["urgent"]
    request: RequestEntry


class AddOnEvent(_Event):
    """The client of a visit wants another service beside it; others are moved for it only if it is urgent."""

    kind: Literal["add_on"]
    appointment: Name
    service: ServiceId
    urgent: bool = False


class MoveWantedEvent(_Event):
    """A visit is wanted at another start, with another provider or in another room; what is empty may stay."""

    kind: Literal["move_wanted"]
    appointment: Name
    start: Moment | None = None
    provider: ProviderId | None = None
    room: RoomId | None = None


AnyEvent = Annotated[
    ProviderOutEvent
    | RoomDownEvent
    | DeviceDownEvent
    | LateEvent
    | OverrunEvent
    | CancelledEvent
    | NoShowEvent
    | WalkInEvent
    | UrgentEvent
    | AddOnEvent
    | MoveWantedEvent,
    Field(discriminator="kind"),
]


class EventDocument(Entry):
    """What upsets a day."""

    format: Literal[1] = 1
    event: AnyEvent


def disruption_of(day: DayDocument, event: AnyEvent) -> Disruption:
    """Return an event as the planner knows it.

    Raises:
        InvalidClinic: a time of it lies outside the day, or somebody asks for what the clinic does not have.
    """
    _refuse_elsewhere(day, event)
    at = day.minute(event.at)
    match event:
        case ProviderOutEvent():
            return ProviderOut(at, event.provider, Span(day.minute(event.start), day.minute(event.end)))
        case RoomDownEvent():
            return RoomDown(at, event.room, Span(day.minute(event.start), day.minute(event.end)))
        case DeviceDownEvent():
            return DeviceDown(at, event.device, Span(day.minute(event.start), day.minute(event.end)))
        case LateEvent():
            return Late(at, AppointmentId(event.appointment), event.minutes)
        case OverrunEvent():
            return Overrun(at, AppointmentId(event.appointment), event.minutes)
        case CancelledEvent():
            return Cancelled(at, AppointmentId(event.appointment))
        case NoShowEvent():
            return NoShow(at, AppointmentId(event.appointment))
        case WalkInEvent() | UrgentEvent() | AddOnEvent() | MoveWantedEvent():
            return _wish_of(day, at, event)


def _refuse_elsewhere(day: DayDocument, event: AnyEvent) -> None:
    where = f"event {event.kind}"
    try:
        day.within.moment(where, event.at)
        match event:
            case ProviderOutEvent() | RoomDownEvent() | DeviceDownEvent():
                day.within.span(where, event.start, event.end)
            case WalkInEvent() | UrgentEvent():
                refuse_request(day.within, event.request)
                _refuse_others_id(day, event.request)
            case _:
                pass
    except ValueError as error:
        raise InvalidClinic("invalid_event", f"{error}") from error


def _refuse_others_id(day: DayDocument, asks: RequestEntry) -> None:
    # Who waits may ask again under the same id; somebody else would take the place of that request.
    for waiting in day.requests:
        if waiting.id == asks.id and (waiting.client, waiting.service) != (asks.client, asks.service):
            raise ValueError(f"the id {asks.id!r} is that of another request; give it its own")


def _wish_of(day: DayDocument, at: int, event: WalkInEvent | UrgentEvent | AddOnEvent | MoveWantedEvent) -> Disruption:
    match event:
        case WalkInEvent():
            return WalkIn(at, day.request(event.request))
        case UrgentEvent():
            return Urgent(at, day.request(event.request))
        case AddOnEvent():
            own = [day.request(visit) for visit in day.appointments if visit.id == event.appointment]
            cleared = frozenset(name for visit in own for name in visit.cleared)
            past = tuple(past for visit in own for past in visit.history)
            return AddOn(at, AppointmentId(event.appointment), event.service, event.urgent, cleared, past)
        case MoveWantedEvent():
            start = day.minute(event.start) if event.start is not None else None
            return MoveWanted(at, AppointmentId(event.appointment), start, event.provider, event.room)


def parse_event(text: str, source: str) -> EventDocument:
    """Return an event from JSON text.

    Raises:
        InvalidClinic: it is no such event; the sentence names each field that is wrong and why.
    """
    return parsed(EventDocument, text, source)
