"""A day as it happens: arrivals, treatments and what upsets them, seeded, for demonstration and tests."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Cancelled,
    DeviceDown,
    Disruption,
    Late,
    NoShow,
    Overrun,
    ProviderOut,
    RoomDown,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from shared.ids import ClientId

_TICK = 5
_ARRIVES_BEFORE = 10


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Somebody tapped a visit's next status at minute `at`."""

    at: int
    appointment: AppointmentId
    status: Status


@dataclass(frozen=True, slots=True)
class ReportDisruption:
    """Somebody reported a disruption."""

    disruption: Disruption


Command = ChangeStatus | ReportDisruption


def simulate_outage(
    schedule: Schedule, registry: Registry, seed: int, start: int | None = None, end: int | None = None
) -> Iterator[Command]:
    """Yield a day's commands from minute `start` to `end` (opening hours by default), in order of time.

    The iterator looks at `schedule` before each command: apply the payloads of one to the same object
    before asking for the next. On the example clinic's day of 60 visits the commands give more than 100
    events, among them a provider who calls in sick, a device fault and walk-ins.
    """
    chance = random.Random(f"outage:{seed}")
    opens = registry.hours.start if start is None else start
    closes = registry.hours.end if end is None else end
    script = _script(chance, opens, closes)
    for now in range(opens - opens % _TICK, closes + 1, _TICK):
        while script and script[0][0] <= now:
            disruption = _disruption(script.pop(0)[1], schedule, registry, chance, now)
            if disruption is not None:
                yield ReportDisruption(disruption)
        for appointment in schedule.plan.placed:
            current = schedule.plan.appointments[appointment.id]
            status = _due(current, now)
            if status is not None:
                yield ChangeStatus(now, current.id, status)


def _script(chance: random.Random, start: int, end: int) -> list[tuple[int, str]]:
    kinds = ["late", "cancelled", "device", "late", "walk_in", "sick", "no_show", "overrun", "urgent", "room"]
    kinds += ["late", "walk_in", "cancelled", "overrun"]
    length = end - start
    # Evenly through nine tenths of the time, each shaken a little, so that there are visits left to upset.
    times = [
        start + length * 9 * (n + 1) // (10 * (len(kinds) + 1)) + chance.randrange(0, 15, _TICK)
        for n in range(len(kinds))
    ]
    return sorted(zip(times, kinds, strict=True))


def _due(appointment: Appointment, now: int) -> Status | None:
    if not appointment.placed or not appointment.status.active:
        return None
    if appointment.status in (Status.BOOKED, Status.CONFIRMED) and now >= appointment.start - _ARRIVES_BEFORE:
        return Status.ARRIVED
    if appointment.status is Status.ARRIVED and now >= appointment.start:
        return Status.IN_PROGRESS
    if appointment.status is Status.IN_PROGRESS and now >= appointment.end:
        return Status.DONE
    return None


def _disruption(
    kind: str, schedule: Schedule, registry: Registry, chance: random.Random, now: int
) -> Disruption | None:
    closes = registry.hours.end
    if kind == "sick":
        return ProviderOut(now, chance.choice(registry.providers).id, Span(now, closes))
    if kind == "device" and registry.devices:
        return DeviceDown(now, chance.choice(registry.devices).id, Span(now, min(closes, now + 120)))
    if kind == "room":
        return RoomDown(now, chance.choice(registry.rooms).id, Span(now, min(closes, now + 60)))
    if kind in ("walk_in", "urgent"):
        return _newcomer(kind, schedule, registry, chance, now)
    return _of_a_visit(kind, schedule, chance, now)


def _newcomer(kind: str, schedule: Schedule, registry: Registry, chance: random.Random, now: int) -> Disruption:
    number = len(schedule.plan.appointments) + 1
    request = AppointmentRequest(
        AppointmentId(f"{schedule.plan.date.isoformat()}-{kind}-{now}"),
        ClientId(f"client-{schedule.plan.date.isoformat()}-{kind}-{number:03d}"),
        chance.choice(registry.services).id,
        Span(now, registry.hours.end),
    )
    return Urgent(now, request) if kind == "urgent" else WalkIn(now, request)


def _of_a_visit(kind: str, schedule: Schedule, chance: random.Random, now: int) -> Disruption | None:
    awaited = [
        a for a in schedule.plan.placed if a.status in (Status.BOOKED, Status.CONFIRMED) and now < a.start <= now + 90
    ]
    under_way = [a for a in schedule.plan.placed if a.status is Status.IN_PROGRESS]
    candidates = under_way if kind == "overrun" else awaited
    if not candidates:
        return None
    visit = chance.choice(candidates)
    minutes = chance.choice([10, 15, 20, 30])
    match kind:
        case "late":
            return Late(now, visit.id, minutes)
        case "overrun":
            return Overrun(now, visit.id, minutes)
        case "no_show":
            return NoShow(now, visit.id)
        case _:
            return Cancelled(now, visit.id)
