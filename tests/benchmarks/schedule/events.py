"""What upsets a day, drawn from a seed: a third are late or longer, the rest is absent, broken, asking or cancelled."""

import random
from collections.abc import Sequence
from typing import Final

from edge.schedule.document import DayDocument, RequestEntry, Window
from edge.schedule.domain import DAY_MINUTES, Appointment, Plan
from edge.schedule.event_document import (
    AnyEvent,
    CancelledEvent,
    DeviceDownEvent,
    LateEvent,
    NoShowEvent,
    OverrunEvent,
    ProviderOutEvent,
    RoomDownEvent,
    UrgentEvent,
    WalkInEvent,
)

_KINDS: Final = {
    "late": 22,
    "overrun": 18,
    "provider_out": 14,
    "device_down": 12,
    "room_down": 10,
    "urgent": 10,
    "walk_in": 8,
    "cancelled": 3,
    "no_show": 3,
}


def draw_events(document: DayDocument, count: int, seed: int) -> list[AnyEvent]:
    """Return events of a day whose visits are placed; the same arguments give the same events."""
    chance = random.Random(f"{document.clinic.clinic}:{seed}")
    return [_draw(document, number, chance) for number in range(count)]


def _draw(document: DayDocument, number: int, chance: random.Random) -> AnyEvent:
    plan = document.plan()
    kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
    day = chance.randrange(document.days) * DAY_MINUTES
    closes = day + document.clinic.hours.end
    at = day + chance.randrange(document.clinic.hours.start + 30, document.clinic.hours.end - 150, 5)
    now = document.moment(at)
    until = document.moment(min(closes, at + chance.choice((60, 120, 240, DAY_MINUTES))))
    match kind:
        case "provider_out":
            name = chance.choice(document.clinic.providers).id
            return ProviderOutEvent(kind="provider_out", at=now, provider=name, start=now, end=until)
        case "room_down":
            room = chance.choice(document.clinic.rooms).id
            return RoomDownEvent(kind="room_down", at=now, room=room, start=now, end=until)
        case "device_down":
            device = chance.choice(document.clinic.devices).id
            return DeviceDownEvent(kind="device_down", at=now, device=device, start=now, end=until)
        case "urgent" | "walk_in":
            service = chance.choice(document.clinic.services)
            end = min(closes, at + service.minutes + chance.choice((60, 120, 240)))
            asks = RequestEntry(
                id=f"new-{number:03d}",
                client=f"new-{number:03d}",
                service=service.id,
                window=Window(start=now, end=document.moment(max(end, at + service.minutes))),
            )
            if kind == "urgent":
                return UrgentEvent(kind="urgent", at=now, request=asks)
            return WalkInEvent(kind="walk_in", at=now, request=asks)
        case "overrun":
            visit = _pick([visit for visit in plan.placed if visit.start < at < visit.end], plan, chance)
            began = document.moment(max(visit.start + 5, min(at, visit.end - 5)))
            return OverrunEvent(kind="overrun", at=began, appointment=visit.id, minutes=chance.choice((10, 15, 25, 40)))
        case _:
            visit = _pick([visit for visit in plan.placed if at < visit.start < closes], plan, chance)
            soon = document.moment(max(day, visit.start - 10))
            if kind == "late":
                return LateEvent(
                    kind="late", at=soon, appointment=visit.id, minutes=chance.choice((10, 15, 20, 30, 45))
                )
            if kind == "cancelled":
                return CancelledEvent(kind="cancelled", at=now, appointment=visit.id)
            return NoShowEvent(kind="no_show", at=soon, appointment=visit.id)


def _pick(wanted: Sequence[Appointment], plan: Plan, chance: random.Random) -> Appointment:
    return chance.choice(list(wanted) or list(plan.placed))
