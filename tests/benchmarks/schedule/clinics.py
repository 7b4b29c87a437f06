"""Clinics and days of four sizes, made from a seed; those that are measured are frozen beside this file."""

import datetime as dt
import random
from dataclasses import dataclass
from typing import Final

from edge.schedule.domain import DAY_MINUTES, AppointmentRequest, Span
from edge.schedule.entries import Hours
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.registry import Provider, Registry, Room, Unit
from edge.schedule.services import Service, Stage
from shared.ids import ClientId
from shared.vocabulary import TreatmentCategory as Category

DATE: Final = dt.date(2026, 11, 30)


@dataclass(frozen=True)
class Size:
    """How big a clinic is, and how many ask for a place; a fifth of them are on the waitlist."""

    name: str
    providers: int
    rooms: int
    devices: int
    requests: int
    days: int = 1


SIZES: Final = {
    size.name: size
    for size in (
        Size("S", 3, 4, 3, 25),
        Size("M", 8, 10, 8, 80),
        Size("L", 20, 25, 20, 250),
        Size("XL", 8, 10, 8, 400, days=5),
    )
}

# name, category, price, share, stages: (name, minutes, skill, room, device)
_SERVICES: Final[tuple[tuple[str, Category, int, int, tuple[tuple[str, int, str, str, str], ...]], ...]] = (
    ("consultation", Category.CONSULTATION, 60, 14, (("talk", 30, "consult", "consult", ""),)),
    ("follow-up", Category.CONSULTATION, 0, 12, (("check", 15, "review", "consult", ""),)),
    (
        "relaxer",
        Category.INJECTABLE,
        420,
        18,
        (("mark-up", 10, "inject", "treatment", ""), ("injection", 15, "inject", "treatment", "")),
    ),
    (
        "filler",
        Category.INJECTABLE,
        680,
        9,
        (
            ("mark-up", 10, "inject", "treatment", ""),
            ("numbing", 20, "", "treatment", ""),
            ("injection", 30, "inject", "treatment", ""),
            ("rest", 10, "", "treatment", ""),
        ),
    ),
    (
        "hair-removal",
        Category.LASER,
        240,
        15,
        (("prepare", 10, "prep", "laser", ""), ("laser", 30, "laser", "laser", "diode")),
    ),
    (
        "resurfacing",
        Category.LASER,
        950,
        6,
        (
            ("consent", 10, "consult", "consult", ""),
            ("numbing", 30, "", "treatment", ""),
            ("laser", 45, "laser", "laser", "fractional"),
            ("recovery", 15, "", "laser", ""),
        ),
    ),
    ("peel", Category.PEEL, 180, 10, (("peel", 40, "facial", "treatment", ""),)),
    (
        "needling",
        Category.MICRONEEDLING,
        320,
        8,
        (("numbing", 20, "", "treatment", ""), ("needling", 40, "needle", "treatment", "pen")),
    ),
    (
        "facial",
        Category.FACIAL,
        150,
        8,
        (("cleanse", 15, "facial", "treatment", ""), ("machine", 35, "facial", "treatment", "hydra")),
    ),
)
_ROLES: Final = (
    ("consult", "inject", "laser", "review"),
    ("inject", "laser", "needle", "prep", "review"),
    ("facial", "needle", "prep"),
    ("laser", "needle", "prep", "review"),
    ("consult", "inject", "review"),
    ("facial", "laser", "prep"),
)
_ROOMS: Final = ("consult", "treatment", "laser", "treatment", "treatment")
_DEVICES: Final = ("diode", "pen", "fractional", "hydra")
_TURNOVER: Final = {"consult": 5, "treatment": 10, "laser": 10}
_COOLDOWN: Final = {"diode": 10, "pen": 15, "fractional": 20, "hydra": 10}


def clinic(size: Size) -> Registry:
    """Return the clinic of a size; with few devices only the services that it can give."""
    devices = [_DEVICES[number % len(_DEVICES)] for number in range(size.devices)]
    rooms = [_ROOMS[number % len(_ROOMS)] for number in range(size.rooms)]
    skills = {skill for number in range(size.providers) for skill in _ROLES[number % len(_ROLES)]}
    services = [
        _service(row)
        for row in _SERVICES
        if all(
            (not skill or skill in skills) and (not device or device in devices) for _, _, skill, _, device in row[4]
        )
    ]
    return Registry(
        clinic=f"Clinic {size.name}",
        hours=Hours(start=8 * 60 + 30, end=19 * 60),
        providers=tuple(_provider(number) for number in range(size.providers)),
        rooms=tuple(
            Room(id=RoomId(f"room-{number}"), name=f"Room {number}", type=kind, turnover=_TURNOVER[kind])
            for number, kind in enumerate(rooms)
        ),
        devices=tuple(
            Unit(id=UnitId(f"{kind}-{number}"), name=f"{kind.title()} {number}", type=kind, cooldown=_COOLDOWN[kind])
            for number, kind in enumerate(devices)
        ),
        services=tuple(services),
    )


def requests(size: Size, registry: Registry, seed: int) -> list[AppointmentRequest]:
    """Return who asks for a place, in no order of importance."""
    chance = random.Random(f"{size.name}:{seed}")
    services = list(registry.services)
    drawn = chance.choices(services, [service.share for service in services], k=size.requests)
    return [_request(registry, service, number, size, chance) for number, service in enumerate(drawn)]


def _service(row: tuple[str, Category, int, int, tuple[tuple[str, int, str, str, str], ...]]) -> Service:
    name, category, price, share, stages = row
    return Service(
        id=ServiceId(name),
        name=name.replace("-", " ").capitalize(),
        category=category,
        price=price,
        share=share,
        stages=tuple(
            Stage(
                name=stage,
                minutes=minutes,
                skill=skill or None,
                room=room,
                device=device or None,
                provider_may_leave=not skill,
            )
            for stage, minutes, skill, room, device in stages
        ),
    )


def _provider(number: int) -> Provider:
    early = number % 2 == 0
    shift = Hours(start=8 * 60 + 30, end=17 * 60) if early else Hours(start=10 * 60, end=19 * 60)
    lunch = 12 * 60 + number % 4 * 30
    return Provider(
        id=ProviderId(f"provider-{number}"),
        name=f"Provider {number}",
        skills=frozenset(_ROLES[number % len(_ROLES)]),
        shift=shift,
        breaks=(Hours(start=lunch, end=lunch + 30),),
    )


def _request(
    registry: Registry, service: Service, number: int, size: Size, chance: random.Random
) -> AppointmentRequest:
    opens, closes = registry.hours.start, registry.hours.end
    length = service.minutes
    start = chance.randrange(opens, closes - length, 30)
    wide = chance.choices((0, 60, 150, 300, 900), (10, 25, 30, 20, 15))[0]
    window = Span(max(opens, start - wide // 2), min(closes, start + length + wide // 2 + 15))
    day = chance.randrange(size.days) * DAY_MINUTES
    able = [p for p in registry.providers if any(stage.skill in p.skills for stage in service.stages if stage.skill)]
    preferred = chance.choice(able).id if chance.random() < 0.4 else None
    return AppointmentRequest(
        AppointmentId(f"v-{number:03d}"),
        ClientId(f"client-{number:03d}"),
        service.id,
        Span(day + window.start, day + window.end),
        preferred,
        round(chance.uniform(0.85, 1.0), 2),
        wish=day + start,
    )
