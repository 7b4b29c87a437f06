"""What a clinic has: its people, rooms, devices and services, read from one TOML file.

The file is validated on reading: an unknown key, a dangling name or a service that nobody can give is
refused with the field and what to write instead.
"""

import tomllib
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

from edge.schedule.deciding_policy import Deciding
from edge.schedule.dependencies import DaysApart, VisitBefore
from edge.schedule.domain import GRID_MINUTES, Span
from edge.schedule.durations import MOST_MINUTES, PLANNING_QUANTILE, Duration
from edge.schedule.errors import InvalidClinic, UnknownName
from edge.schedule.ids import NAME_PATTERN, ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.orchestration.templates import TaskTemplate, checked
from shared.vocabulary import TreatmentCategory

_MOST_STAGES = 8


def _minute(value: object) -> int:
    """Return minutes from local midnight of "HH:MM" (or of a TOML time), on the planning grid."""
    if value == "24:00":
        return 24 * 60
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value)
        except ValueError as error:
            raise ValueError('write a time of day as "HH:MM", for example "09:30"') from error
    if isinstance(value, time):
        value = value.hour * 60 + value.minute
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError('write a time of day as "HH:MM", for example "09:30"')  # noqa: TRY004 - pydantic reports it
    return value


def _say_no_default(schema: dict[str, Any]) -> None:
    del schema["default"]


def _written(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Minute = Annotated[
    int,
    BeforeValidator(_minute),
    Field(ge=0, le=24 * 60, multiple_of=GRID_MINUTES),
    PlainSerializer(_written, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "description": 'Time of day as "HH:MM", or minutes from midnight; on the grid of five minutes.',
            "anyOf": [
                {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][05]$|^24:00$"},
                {"type": "integer", "minimum": 0, "maximum": 1440, "multipleOf": GRID_MINUTES},
            ],
        }
    ),
]
Minutes = Annotated[int, Field(ge=0, le=12 * 60, multiple_of=GRID_MINUTES)]
Key = Annotated[str, Field(pattern=NAME_PATTERN)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(_Entry):
    """A stretch of the day, written `{start = "09:00", end = "17:30"}`."""

    start: Minute
    end: Minute

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`end` must be later than `start`")
        return self

    @property
    def span(self) -> Span:
        """The same stretch as the domain knows it."""
        return Span(self.start, self.end)


class Lunch(Hours):
    """A meal of `minutes` somewhere between `start` and `end`; where exactly, the plan decides."""

    minutes: Minutes = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.end - self.start < self.minutes:
            raise ValueError("`minutes` must fit between `start` and `end`")
        return self


class Provider(_Entry):
    """Somebody who treats clients; `name` is what the board shows."""

    id: ProviderId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    skills: frozenset[Key] = Field(min_length=1)
    licences: frozenset[Key] = Field(default=frozenset(), description="What the law lets them do; see a stage's.")
    tier: Key | None = Field(default=None, description="Seniority, as prices and people see it.")
    shift: Hours
    breaks: tuple[Hours, ...] = ()
    lunch: Lunch | None = None

    @field_serializer("skills", "licences", when_used="json")
    def _in_order(self, names: frozenset[str]) -> list[str]:
        return sorted(names)

    def may(self, skill: str, licences: Iterable[str]) -> bool:
        """Tell whether they have a skill and every one of these licences."""
        return skill in self.skills and self.licences.issuperset(licences)


class Room(_Entry):
    """A treatment room; `turnover` minutes of cleaning follow each use."""

    id: RoomId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    type: Key
    turnover: Minutes = 0


class Unit(_Entry):
    """A treatment device; after each use it cools down and is cleaned, both at the same time.

    It can be used in the rooms named, or, without any, wherever a stage asks for it.
    """

    id: UnitId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    type: Key
    cooldown: Minutes = 0
    cleaning: Minutes = 0
    rooms: tuple[RoomId, ...] = Field(default=(), max_length=100, description="Where it may stand.")

    def may_stand_in(self, room: str) -> bool:
        """Tell whether it can be used in a room."""
        return not self.rooms or room in self.rooms

    @property
    def rest(self) -> int:
        """Minutes after a use in which it cannot be used."""
        return max(self.cooldown, self.cleaning)


class Stage(_Entry):
    """A part of a service; stages follow each other without a gap.

    A stage either names the `skill` of the provider who is present, or says `provider_may_leave = true`. The provider
    also needs its `licence`, where it names one. It takes `minutes`, or, as quantiles, a `duration`.
    """

    name: str = Field(min_length=1, max_length=40)
    duration: Duration | None = Field(default=None, description="How long it takes, instead of `minutes`.")
    minutes: Minutes = Field(
        default=0, gt=0, validate_default=True, description="Planned length.", json_schema_extra=_say_no_default
    )
    skill: Key | None = None
    licence: Key | None = None
    room: Key
    device: Key | None = None
    provider_may_leave: bool = False

    @field_validator("minutes", mode="before")
    @classmethod
    def _one_form(cls, minutes: object, given: ValidationInfo) -> object:
        if "duration" not in given.data:
            return GRID_MINUTES  # that it is wrong has been said
        duration: Duration | None = given.data["duration"]
        if duration is None and minutes == 0:
            raise ValueError("write how long it takes: `minutes = 30`, or `duration = { p50 = 25, p80 = 35 }`")
        if duration is not None and minutes != 0:
            raise ValueError("write `minutes` or `duration`, and not both")
        return minutes if duration is None else duration.distribution.planned(PLANNING_QUANTILE)

    @model_serializer(mode="wrap")
    def _as_it_was_given(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = written(self)
        return {name: value for name, value in fields.items() if name != ("minutes" if self.duration else "duration")}

    def planned_for(self, share: float) -> Self:
        """Return the stage as long as a share of its visits need; one without quantiles stays as it is."""
        if self.duration is None:
            return self
        return self.model_copy(update={"minutes": self.duration.distribution.planned(share)})

    @model_validator(mode="after")
    def _somebody_or_nobody(self) -> Self:
        if (self.skill is None) != self.provider_may_leave:
            raise ValueError("name a `skill`, or say `provider_may_leave = true`, and not both")
        if self.licence is not None and self.skill is None:
            raise ValueError("a `licence` is the provider's: name the `skill`, too")
        return self


class Service(_Entry):
    """What a client books."""

    id: ServiceId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    category: TreatmentCategory
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=_MOST_STAGES)
    share: int = Field(default=1, ge=0, le=100, description="How often it is booked, against the others.")
    price: float = Field(default=0, ge=0, le=1_000_000, description="What a visit brings, in the clinic's currency.")
    clearances: tuple[Key, ...] = Field(
        default=(), max_length=12, description="What a licensed professional has to confirm before anybody gets it."
    )
    after: tuple[VisitBefore, ...] = Field(
        default=(), max_length=8, description="Which visits of the client have to come before; each of these."
    )
    apart: tuple[DaysApart, ...] = Field(
        default=(), max_length=8, description="Which visits of the client have to be some days away."
    )
    checklist: tuple[TaskTemplate, ...] = Field(
        default=(), max_length=20, description="What has to be done around a visit; by its category where left out."
    )

    @model_validator(mode="after")
    def _checklist_can_be_kept(self) -> Self:
        checked(self.checklist)
        return self

    @property
    def minutes(self) -> int:
        """Length of the whole visit in minutes."""
        return sum(stage.minutes for stage in self.stages)

    def planned_for(self, share: float) -> Self:
        """Return the service with each stage as long as a share of its visits need."""
        return self.model_copy(update={"stages": tuple(stage.planned_for(share) for stage in self.stages)})

    def licences(self, skill: str) -> frozenset[str]:
        """Return the licences of whoever brings a skill to this service: one person brings it to all its stages."""
        return frozenset(stage.licence for stage in self.stages if stage.skill == skill and stage.licence is not None)


class Registry(_Entry):
    """Everything one clinic plans with."""

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
    def _consistent(self) -> Self:
        _refuse_twins("providers", (p.id for p in self.providers))
        _refuse_twins("rooms", (r.id for r in self.rooms))
        _refuse_twins("devices", (d.id for d in self.devices))
        _refuse_twins("services", (s.id for s in self.services))
        _one_rest_per_type("rooms", "turnover", ((r.type, r.turnover) for r in self.rooms))
        _one_rest_per_type("devices", "cooldown or cleaning", ((d.type, d.rest) for d in self.devices))
        _stand_in_rooms_that_are_there(self)
        _offer_what_is_asked(self)
        _depend_on_what_is_offered(self)
        return self

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
        faults = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_input=False)
        )
        raise InvalidClinic("invalid_clinic", f"{source}: {faults}") from error


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


def _offer_what_is_asked(registry: Registry) -> None:
    rooms = {room.type for room in registry.rooms}
    for service in registry.services:
        for number, stage in enumerate(service.stages):
            where = f"services.{service.id}.stages.{number}"
            if stage.skill is not None and not any(stage.skill in p.skills for p in registry.providers):
                raise ValueError(f"{where}.skill: no provider has {stage.skill!r}; add it to one or correct it")
            if stage.skill is not None and not any(
                p.may(stage.skill, service.licences(stage.skill)) for p in registry.providers
            ):
                raise ValueError(f"{where}.licence: nobody with {stage.skill!r} has the licences that it asks for")
            if stage.room not in rooms:
                raise ValueError(f"{where}.room: no room has type {stage.room!r}; add one or correct it")
            _offer_device(registry, stage, where)


def _offer_device(registry: Registry, stage: Stage, where: str) -> None:
    if stage.device is None:
        return
    units = [device for device in registry.devices if device.type == stage.device]
    if not units:
        raise ValueError(f"{where}.device: no device has type {stage.device!r}; add one or correct it")
    rooms = [room.id for room in registry.rooms if room.type == stage.room]
    if not any(unit.may_stand_in(room) for unit in units for room in rooms):
        raise ValueError(f"{where}.device: no {stage.device!r} may stand in a room of type {stage.room!r}")


def _depend_on_what_is_offered(registry: Registry) -> None:
    for service in registry.services:
        others = [other for other in registry.services if other is not service]
        for field, known in (("after", others), ("apart", registry.services)):
            for number, named in enumerate(getattr(service, field)):
                if not any(named.include(other.id, other.category) for other in known):
                    where = f"services.{service.id}.{field}.{number}"
                    raise ValueError(f"{where}: no other service is {named.named!r}; add one or correct it")


def _stand_in_rooms_that_are_there(registry: Registry) -> None:
    for device in registry.devices:
        for name in device.rooms:
            if all(room.id != name for room in registry.rooms):
                raise ValueError(f"devices.{device.id}.rooms: the clinic has no room {name!r}; add it or correct it")
