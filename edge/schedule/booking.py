"""Building a day: requests with a realistic mix, a plan for them, and the next free slots for one more."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.schedule.courses import preparation
from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import (
    FROZEN_MINUTES,
    Appointment,
    AppointmentRequest,
    Plan,
    Span,
    Stages,
    up_to_grid,
)
from edge.schedule.ids import AppointmentId, ProviderId
from edge.schedule.insertion import Situation, slots
from edge.schedule.lunch import missed_lunches
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from shared.ids import ClientId

_NEVER = -FROZEN_MINUTES


@dataclass(frozen=True, slots=True)
class Offer:
    """A free place for a request."""

    start: int
    stages: Stages


def synthesise_day(
    registry: Registry,
    date: dt.date,
    seed: int,
    appointments: int = 60,
    clients: Sequence[ClientId] = (),
) -> list[AppointmentRequest]:
    """Return a day's requests in the services' shares; the same arguments give the same requests.

    Args:
        registry: the clinic.
        date: the day, part of every request's id.
        seed: which of the many possible days.
        appointments: how many requests.
        clients: opaque ids to book in turn; without them ids are made from the day and a number.
    """
    chance = random.Random(f"{seed}:{date.isoformat()}")
    services = list(registry.services)
    requests: list[AppointmentRequest] = []
    for number, service in enumerate(
        chance.choices(services, [service.share for service in services], k=appointments), start=1
    ):
        client = clients[(number - 1) % len(clients)] if clients else ClientId(f"client-{date}-{number:03d}")
        requests.append(
            AppointmentRequest(
                AppointmentId(f"{date.isoformat()}-{number:03d}"),
                client,
                service.id,
                _window(registry, service, chance),
                _preferred(registry, service, chance),
            )
        )
    return requests


def plan_day(
    registry: Registry, requests: Sequence[AppointmentRequest], date: dt.date, plan: Plan | None = None
) -> Plan:
    """Return a day with each request in its best free slot, narrowest windows and longest visits first.

    What has to come before other visits of a client is planned before them. A request that finds no slot is in the plan
    without stages.
    """
    day = plan or Plan(date)
    for request in sorted(requests, key=lambda r: (preparation(registry, r.service), _slack(registry, r), r.id)):
        offers = next_slots(registry, day, request, now=_NEVER, count=1)
        day = day.with_appointments(Appointment.of(request, offers[0].stages if offers else ()))
    return day


def next_slots(
    registry: Registry, plan: Plan, request: AppointmentRequest, now: int, count: int = 3
) -> tuple[Offer, ...]:
    """Return the best free places for a request, nobody moved: preferred provider and early times first.

    Offers begin at least half an hour after `now`.
    """
    demands = demands_of(registry)
    situation = Situation(registry, demands, plan, up_to_grid(now), (), (), ())
    calendar = Calendar.of(registry, plan)
    asks, demand, missed = Appointment.of(request), demands[request.service], missed_lunches(registry, plan)
    offers: list[Offer] = []
    soonest = up_to_grid(now + FROZEN_MINUTES)
    for slot in sorted(slots(situation, asks, calendar, plan)):
        if len(offers) == count:
            break
        if slot.start < soonest:
            continue
        stages = demand.stages(slot.start, slot.choice)
        if missed_lunches(registry, plan.with_appointments(replace(asks, stages=stages))) <= missed:
            offers.append(Offer(slot.start, stages))
    return tuple(offers)


def _window(registry: Registry, service: Service, chance: random.Random) -> Span:
    opens, closes = registry.hours.start, registry.hours.end
    noon = (opens + closes) // 2 // 30 * 30
    kind = chance.choices(["any", "morning", "afternoon", "narrow"], [35, 20, 25, 20])[0]
    if kind == "morning":
        return Span(opens, max(noon, opens + service.minutes))
    if kind == "afternoon":
        return Span(min(noon, closes - service.minutes), closes)
    if kind == "narrow":
        length = service.minutes + 120
        start = chance.randrange(opens, max(opens + 30, closes - length + 1), 30)
        return Span(start, min(closes, start + length))
    return Span(opens, closes)


def _preferred(registry: Registry, service: Service, chance: random.Random) -> ProviderId | None:
    skills = [stage.skill for stage in service.stages if stage.skill is not None]
    able = [provider.id for provider in registry.providers if skills and skills[-1] in provider.skills]
    return chance.choice(able) if able and chance.random() < 0.3 else None


def _slack(registry: Registry, request: AppointmentRequest) -> int:
    return request.window.end - request.window.start - 3 * registry.service(request.service).minutes
