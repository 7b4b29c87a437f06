"""What a clinic has: its people, rooms, devices and services, read from one TOML file.

The file is validated on reading: an unknown key, a dangling name or a service that nobody can give is
refused with the field and what to write instead.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

from edge.schedule.deciding_policy import Deciding
from edge.schedule.durations import MOST_MINUTES, PLANNING_QUANTILE
from edge.schedule.entries import Entry, Hours, Key, Lunch, Minutes
from edge.schedule.errors import InvalidClinic, UnknownName
from edge.schedule.faults import faults_text
from edge.schedule.ids import NAME_PATTERN, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.offering import refuse_what_nobody_can_give
from edge.schedule.pace import USUAL, OwnPace, Percent, paced
from edge.schedule.services import Service
from edge.schedule.weights import Weights

ON_RECORD: Final = "on_record"
"""Context of what is read from the log: what was accepted once is read for ever, whatever is asked of new clinics."""


class Provider(Entry):
    """Somebody who treats clients; `name` is what the board shows."""

    id: ProviderId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    skills: frozenset[Key] = Field(min_length=1)
    licences: frozenset[Key] = Field(default=frozenset(), description="What the law lets them do; see a stage's.")
    tier: Key | None = Field(default=None, description="Seniority, as prices and people see it.")
    shift: Hours
    breaks: tuple[Hours, ...] = ()
    lunch: Lunch | None = None
    away: bool = Field(default=False, description="Nobody is planned with them; who is booked has to move.")
    pace: Percent = Field(default=USUAL, description="Per cent of a service's length that they take.")
    paces: tuple[OwnPace, ...] = Field(default=(), max_length=200, description="Their pace for single services.")

    @field_serializer("skills", "licences", when_used="json")
    def _in_order(self, names: frozenset[str]) -> list[str]:
        return sorted(names)

    @model_serializer(mode="wrap")
    def _usual_paces_unsaid(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A clinic without paces is written, and has the digest, as if there were none.
        fields: dict[str, Any] = written(self)
        usual = {name for name in ("pace", "paces") if getattr(self, name) in (USUAL, ())}
        return {name: value for name, value in fields.items() if name not in usual}

    def pace_for(self, service: ServiceId) -> int:
        """Return the per cent of a service's length that they take."""
        return next((own.percent for own in self.paces if own.service == service), self.pace)

    def may(self, skill: str, licences: Iterable[str]) -> bool:
        """Tell whether they have a skill and every one of these licences."""
        return skill in self.skills and self.licences.issuperset(licences)


class Room(Entry):
    """A treatment room; `turnover` minutes of cleaning follow each use."""

    id: RoomId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    type: Key
    turnover: Minutes = 0
    away: bool = Field(default=False, description="Out of use: nothing is planned in it; who is booked has to move.")


class Unit(Entry):
    """A treatment device; after each use it cools down and is cleaned, both at the same time.

    It can be used in the rooms named, or, without any, wherever a stage asks for it.
    """

    id: UnitId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    type: Key
    cooldown: Minutes = 0
    cleaning: Minutes = 0
    rooms: tuple[RoomId, ...] = Field(default=(), max_length=100, description="Where it may stand.")
    away: bool = Field(default=False, description="Out of use: nothing is planned with it; who is booked has to move.")

    def may_stand_in(self, room: str) -> bool:
        """Tell whether it can be used in a room."""
        return not self.rooms or room in self.rooms

    @property
    def rest(self) -> int:
        """Minutes after a use in which it cannot be used."""
        return max(self.cooldown, self.cleaning)


class ClinicSource(Protocol):
    """Where the registry that counts is asked for, each time it is needed: it may change while the box runs."""

    def current(self) -> "Registry":
        """Return the registry that counts now."""
        ...

    def on(self, day: dt.date) -> "Registry":
        """Return what a day is planned with; of a day that is over, the registry that counted at its end."""
        ...

    def ahead(self) -> Sequence["Registry"]:
        """Return the registry that counts now and those that are yet to come, in order."""
        ...

    def everybody(self) -> Mapping[str, str]:
        """Return the names of the providers of now and before, by id."""
        ...


class Registry(Entry):
    """Everything one clinic plans with; one that never changes is its own `ClinicSource`."""

    clinic: str = Field(min_length=1, max_length=80)
    hours: Hours
    providers: tuple[Provider, ...] = Field(min_length=1, max_length=100)
    rooms: tuple[Room, ...] = Field(min_length=1, max_length=100)
    devices: tuple[Unit, ...] = Field(default=(), max_length=100)
    planning_quantile: float = Field(
        default=PLANNING_QUANTILE, ge=0.5, le=0.95, description="Share of visits that a planned length covers."
    )
    services: tuple[Service, ...] = Field(min_length=1, max_length=200)
    deciding: Deciding = Field(default=Deciding(), description="Which replans happen by themselves.")
    weights: Weights = Field(default=Weights(), description="What is better: the second level, with its policies.")

    @field_validator("services")
    @classmethod
    def _planned(cls, services: tuple[Service, ...], given: ValidationInfo) -> tuple[Service, ...]:
        share = given.data.get("planning_quantile", PLANNING_QUANTILE)
        planned = tuple(service.planned_for(share) for service in services)
        for service in planned:
            if any(stage.minutes > MOST_MINUTES for stage in service.stages):
                raise ValueError(f"{service.id}: a stage is planned with over 12 hours; correct its quantiles")
        return planned

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Self:
        _refuse_twins("providers", (p.id for p in self.providers))
        _refuse_twins("rooms", (r.id for r in self.rooms))
        _refuse_twins("devices", (d.id for d in self.devices))
        _refuse_twins("services", (s.id for s in self.services))
        _one_rest_per_type("rooms", "turnover", ((r.type, r.turnover) for r in self.rooms))
        _one_rest_per_type("devices", "cooldown or cleaning", ((d.type, d.rest) for d in self.devices))
        if not (info.context or {}).get(ON_RECORD):
            refuse_what_nobody_can_give(self)
        _have_a_pace_for_what_is_offered(self)
        return self

    def current(self) -> "Registry":
        """Return itself."""
        return self

    def on(self, day: dt.date) -> "Registry":
        """Return itself: it was the same on every day."""
        del day
        return self

    def ahead(self) -> Sequence["Registry"]:
        """Return itself: nothing else is to come."""
        return (self,)

    def everybody(self) -> Mapping[str, str]:
        """Return the providers' names, by id."""
        return {str(item.id): item.name for item in self.providers}

    @property
    def has_paces(self) -> bool:
        """Whether a length depends on who serves."""
        return any(provider.pace != USUAL or provider.paces for provider in self.providers)

    def lengths(self, service: Service, providers: Sequence[ProviderId | None]) -> tuple[int, ...]:
        """Return the minutes of a service's stages with these providers, stage by stage; whoever left had no pace."""
        if not self.has_paces:
            return tuple(stage.minutes for stage in service.stages)
        known = {provider.id: provider.pace_for(service.id) for provider in self.providers}
        return paced(service, [USUAL if who is None else known.get(who, USUAL) for who in providers])

    def provider(self, name: ProviderId) -> Provider:
        """Return a provider, or raise `UnknownName`."""
        return _find(self.providers, name, "provider")

    def room(self, name: RoomId) -> Room:
        """Return a room, or raise `UnknownName`."""
        return _find(self.rooms, name, "room")

    def device(self, name: UnitId) -> Unit:
        """Return a device, or raise `UnknownName`."""
        return _find(self.devices, name, "device")

    def service(self, name: ServiceId) -> Service:
        """Return a service, or raise `UnknownName`."""
        return _find(self.services, name, "service")


def parse_registry(text: str, source: str = "clinic file") -> Registry:
    """Return the clinic described by a TOML text.

    Raises:
        InvalidClinic: the text is not TOML, or does not describe a clinic; the sentence names each field
            that is wrong and what to do about it.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidClinic("not_toml", f"{source} is not valid TOML: {error}") from error
    try:
        return Registry.model_validate(raw)
    except ValidationError as error:
        raise InvalidClinic("invalid_clinic", f"{source}: {faults_text(error)}") from error


def load_registry(path: Path) -> Registry:
    """Return the clinic described by a TOML file.

    Raises:
        InvalidClinic: as `parse_registry`, or the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; check the path and its rights") from error
    return parse_registry(text, path.name)


def demo_registry() -> Registry:
    """Return the example clinic that comes with the product."""
    return load_registry(Path(__file__).parent / "clinics" / "demo.toml")


_Named = TypeVar("_Named", Provider, Room, Unit, Service)


def _find(entries: tuple[_Named, ...], name: str, kind: str) -> _Named:
    for entry in entries:
        if entry.id == name:
            return entry
    raise UnknownName("unknown_" + kind, f"the clinic has no {kind} {name!r}; look it up in the clinic's file")


def _refuse_twins(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field}: the id {name!r} is used twice; give each its own")
        seen.add(name)


def _one_rest_per_type(field: str, what: str, entries: Iterable[tuple[str, int]]) -> None:
    # Planning treats a type as one pool of equals; that is exact only when they rest equally long.
    rests: dict[str, int] = {}
    for kind, minutes in entries:
        if rests.setdefault(kind, minutes) != minutes:
            raise ValueError(
                f"{field}: type {kind!r} has {what} {rests[kind]} and {minutes}; make them equal or use two"
            )


def _have_a_pace_for_what_is_offered(registry: Registry) -> None:
    for provider in registry.providers:
        named = [own.service for own in provider.paces]
        _refuse_twins(f"providers.{provider.id}.paces", named)
        for number, name in enumerate(named):
            if all(service.id != name for service in registry.services):
                where = f"providers.{provider.id}.paces.{number}.service"
                raise ValueError(f"{where}: the clinic has no service {name!r}; add it or correct it")
