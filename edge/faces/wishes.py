"""What the pages say has happened, in the planner's words."""

import datetime as dt
from typing import Final, assert_never

from edge.api import schedule_schemas as shown
from edge.api.schedule_stages import Interval
from edge.schedule import domain
from edge.schedule.book import ScheduleBook
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId, UnitId
from shared.http.errors import Refused
from shared.ids import ClientId

WALK_IN_PREFIX: Final = "walk-in-"
"""How the ids of clients begin who walked in and are not registered."""
_Visit = shown.RunsLate | shown.Cancelled | shown.NoShow | shown.AddOn | shown.MoveWanted


def disruption_of(book: ScheduleBook, request: shown.DisruptionRequest) -> domain.Disruption:
    """Return what a page reports, as of now.

    Raises:
        Refused: the times of a walk-in leave no time.
    """
    day, wish = request.day, request.disruption
    at = minute_of(book, day, book.now())
    match wish:
        case shown.ProviderOut():
            return domain.ProviderOut(at, ProviderId(wish.provider_id), _span(book, day, wish))
        case shown.RoomOut():
            return domain.RoomDown(at, RoomId(wish.room_id), _span(book, day, wish))
        case shown.DeviceOut():
            return domain.DeviceDown(at, UnitId(wish.device_id), _span(book, day, wish))
        case shown.WalkIn():
            return _walk_in(book, day, wish, at)
        case shown.ClinicChanged():
            return domain.ClinicChanged(at)
        case _:
            return _of_visit(book, day, wish, at)


def minute_of(book: ScheduleBook, day: dt.date, at: dt.datetime) -> int:
    """Return minutes after the clinic's midnight, within the day."""
    local = at.astimezone(book.zone)
    minutes = (local.date() - day).days * domain.DAY_MINUTES + local.hour * 60 + local.minute
    return min(domain.DAY_MINUTES, max(0, minutes))


def _of_visit(book: ScheduleBook, day: dt.date, wish: _Visit, at: int) -> domain.Disruption:
    visit = AppointmentId(wish.appointment_id)
    match wish:
        case shown.RunsLate():
            there = book.day(day).plan.appointments.get(visit)
            if there is not None and there.status is domain.Status.IN_PROGRESS:
                return domain.Overrun(at, visit, wish.minutes)
            return domain.Late(at, visit, wish.minutes)
        case shown.Cancelled():
            return domain.Cancelled(at, visit)
        case shown.NoShow():
            return domain.NoShow(at, visit)
        case shown.AddOn():
            return domain.AddOn(at, visit, ServiceId(wish.service_id), wish.urgent)
        case shown.MoveWanted():
            start = None if wish.starts_at is None else minute_of(book, day, wish.starts_at)
            room = None if wish.room_id is None else RoomId(wish.room_id)
            return domain.MoveWanted(at, visit, start, _provider(wish.provider_id), room)
        case unknown:
            assert_never(unknown)


def _walk_in(book: ScheduleBook, day: dt.date, wish: shown.WalkIn, at: int) -> domain.Disruption:
    hours = book.registry_on(day).hours
    start = at if wish.earliest_at is None else minute_of(book, day, wish.earliest_at)
    end = hours.end if wish.latest_at is None else minute_of(book, day, wish.latest_at)
    window = domain.Span(max(start, hours.start), min(end, hours.end))
    if window.end <= window.start:
        raise Refused("no_time_left", "No time is left that day. Please choose a later end.", "latest_at")
    name = book.new_visit_id()
    client = wish.client_id or f"{WALK_IN_PREFIX}{name}"
    request = domain.AppointmentRequest(
        name, ClientId(client), ServiceId(wish.service_id), window, _provider(wish.provider_id)
    )
    return domain.Urgent(at, request) if wish.urgent else domain.WalkIn(at, request)


def _provider(name: str | None) -> ProviderId | None:
    return None if name is None else ProviderId(name)


def _span(book: ScheduleBook, day: dt.date, interval: Interval) -> domain.Span:
    start = minute_of(book, day, interval.starts_at)
    return domain.Span(start, max(start + 1, minute_of(book, day, interval.ends_at)))
