"""A clinic day as JSON: what `medspa schedule` reads and writes.

Times are written as people say them: "09:30" on the first day, "2026-12-01T09:30" on any. The JSON Schemas in
`edge/schedule/schemas` are generated from these models.
"""

import datetime as dt
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, ValidationError, model_validator

from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Outage,
    PastVisit,
    Plan,
    ResourceKind,
    Span,
    StageAssignment,
    Status,
)
from edge.schedule.entries import Key
from edge.schedule.errors import InvalidClinic
from edge.schedule.faults import faults_text
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId, UnitId
from edge.schedule.moments import Moment, minute_of, moment_of
from edge.schedule.registry import Registry
from edge.schedule.weights import Weights
from edge.schedule.within import SERVICE, Within
from shared.ids import ClientId

_MOST_DAYS = 7
_MOST_FAULTS = 8

Name = Annotated[str, Field(min_length=1, max_length=80)]


class Entry(BaseModel):
    """What a document is made of; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(Entry):
    """A stretch of time, from `start` up to `end`."""

    start: Moment
    end: Moment


class StageEntry(Entry):
    """One stage of a visit with what it occupies."""

    name: str
    start: Moment
    end: Moment
    provider: ProviderId | None = None
    room: RoomId
    device: UnitId | None = None


class PastEntry(Entry):
    """A visit of the client on a day that is not in the document."""

    service: ServiceId
    days_ago: int = Field(ge=-366, le=3660, description="Days before the first day; less than 0 for days after it.")


class RequestEntry(Entry):
    """Somebody who asks for a place."""

    id: Name
    client: Name = Field(description="An opaque id; no name.")
    service: ServiceId
    window: Window
    preferred: ProviderId | None = None
    show: float = Field(default=1.0, ge=0, le=1, description="Chance that the client comes.")
    tier: Key | None = Field(default=None, description="Membership of the client.")
    wish: Moment | None = Field(default=None, description="Start the client would like best.")
    cleared: tuple[Key, ...] = Field(
        default=(), max_length=50, description="What a licensed professional has confirmed for the client."
    )
    history: tuple[PastEntry, ...] = Field(default=(), max_length=50, description="Visits on other days.")


class AppointmentEntry(RequestEntry):
    """A booked visit; without stages it has lost its place."""

    status: Status = Status.BOOKED
    stages: tuple[StageEntry, ...] = ()


class OutageEntry(Entry):
    """A time in which somebody or something cannot be used."""

    kind: ResourceKind
    resource: Name
    start: Moment
    end: Moment


class RolledVisit(Entry):
    """A visit that a night's roll moved; `at` is the clinic's clock."""

    visit: Name
    at: NaiveDatetime


class RolledEntry(Entry):
    """What the rolls of earlier nights did, as `medspa schedule roll` writes it."""

    moved: tuple[RolledVisit, ...] = Field(default=(), max_length=2000)
    left: str = Field(default="", max_length=64, description="Fingerprint of what the latest roll left behind.")


class DayDocument(Entry):
    """A clinic with its day, or its next few days."""

    format: Literal[1] = 1
    clinic: Registry
    date: dt.date
    days: int = Field(default=1, ge=1, le=_MOST_DAYS)
    appointments: tuple[AppointmentEntry, ...] = Field(default=(), max_length=2000)
    requests: tuple[RequestEntry, ...] = Field(default=(), max_length=2000, description="Who still asks for a place.")
    outages: tuple[OutageEntry, ...] = Field(default=(), max_length=500)
    weights: Weights | None = Field(default=None, description="What is better on this day, instead of the clinic's.")
    rolled: RolledEntry | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        seen: set[str] = set()
        for entry in (*self.appointments, *self.requests):
            if entry.id in seen:
                raise ValueError(f"the id {entry.id!r} is used twice; give each visit its own")
            seen.add(entry.id)
        within = self.within
        for entry in (*self.appointments, *self.requests):
            refuse_request(within, entry)
        stages = {service.id: len(service.stages) for service in self.clinic.services}
        for visit in self.appointments:
            where = f"visit {visit.id!r}"
            if visit.stages and len(visit.stages) != stages[visit.service]:
                raise ValueError(f"{where}: its stages are not those of {visit.service!r}")
            for stage in visit.stages:
                within.name(where, ResourceKind.ROOM, stage.room)
                within.name(where, ResourceKind.PROVIDER, stage.provider)
                within.name(where, ResourceKind.DEVICE, stage.device)
                within.span(where, stage.start, stage.end)
        for outage in self.outages:
            within.name("outage", outage.kind, outage.resource)
            within.span(f"outage of {outage.resource!r}", outage.start, outage.end)
        return self

    @property
    def within(self) -> Within:
        """What documents about these days may name."""
        return Within.of(self.clinic, self.date, self.days)

    def plan(self) -> Plan:
        """Return the booked visits as a plan."""
        outages = tuple(
            Outage(ReplanId(f"given-{number}"), entry.kind, entry.resource, self.span(entry))
            for number, entry in enumerate(self.outages)
        )
        visits = {AppointmentId(entry.id): self._appointment(entry) for entry in self.appointments}
        return Plan(self.date, visits, outages, self.days)

    def asked(self) -> list[AppointmentRequest]:
        """Return who asks for a place."""
        return [self.request(entry) for entry in self.requests]

    def request(self, entry: RequestEntry) -> AppointmentRequest:
        """Return a request of this day."""
        return AppointmentRequest(
            AppointmentId(entry.id),
            ClientId(entry.client),
            entry.service,
            self.span(entry.window),
            entry.preferred,
            entry.show,
            entry.tier,
            self.minute(entry.wish) if entry.wish is not None else None,
            frozenset(entry.cleared),
            tuple(PastVisit(past.service, past.days_ago) for past in entry.history),
        )

    def span(self, entry: "Window | StageEntry | OutageEntry") -> Span:
        """Return a stretch of time in minutes of the plan."""
        return Span(self.minute(entry.start), self.minute(entry.end))

    def minute(self, moment: str) -> int:
        """Return a moment in minutes of the plan."""
        return minute_of(self.date, moment)

    def moment_given(self, moment: str) -> int:
        """Return a moment that somebody gave with a command, in minutes of the plan.

        Raises:
            InvalidClinic: it is not written as one.
        """
        try:
            return minute_of(self.date, moment)
        except ValueError as error:
            raise InvalidClinic("invalid_time", f"{moment!r}: {error}") from error

    def moment(self, minute: int) -> str:
        """Return minutes of the plan as they are written here."""
        return moment_of(self.date, minute)

    def with_plan(self, plan: Plan) -> "DayDocument":
        """Return the same day with the visits of a plan; requests that found a place are visits now."""
        visits = tuple(self._entry(visit) for visit in plan.appointments.values())
        placed = {visit.id for visit in visits}
        left = tuple(entry for entry in self.requests if entry.id not in placed)
        outages = tuple(
            OutageEntry(
                kind=outage.kind,
                resource=outage.resource,
                start=self.moment(outage.span.start),
                end=self.moment(outage.span.end),
            )
            for outage in plan.outages
        )
        return self.model_copy(update={"appointments": visits, "requests": left, "outages": outages})

    def _appointment(self, entry: AppointmentEntry) -> Appointment:
        stages = tuple(
            StageAssignment(
                stage.name,
                self.minute(stage.start),
                self.minute(stage.end),
                stage.provider,
                stage.room,
                stage.device,
            )
            for stage in entry.stages
        )
        request = self.request(entry)
        return Appointment(
            request.id,
            request.client,
            request.service,
            request.window,
            request.preferred,
            entry.status,
            stages,
            request.show,
            request.tier,
            request.wish,
            request.cleared,
            request.history,
        )

    def _entry(self, visit: Appointment) -> AppointmentEntry:
        return AppointmentEntry(
            id=visit.id,
            client=visit.client,
            service=visit.service,
            window=Window(start=self.moment(visit.window.start), end=self.moment(visit.window.end)),
            preferred=visit.preferred,
            show=visit.show,
            tier=visit.tier,
            wish=self.moment(visit.wish) if visit.wish is not None else None,
            cleared=tuple(sorted(visit.cleared)),
            history=tuple(PastEntry(service=past.service, days_ago=past.days_ago) for past in visit.history),
            status=visit.status,
            stages=tuple(
                StageEntry(
                    name=stage.name,
                    start=self.moment(stage.start),
                    end=self.moment(stage.end),
                    provider=stage.provider,
                    room=stage.room,
                    device=stage.device,
                )
                for stage in visit.stages
            ),
        )


def parse_day(text: str, source: str) -> DayDocument:
    """Return a day from JSON text.

    Raises:
        InvalidClinic: it is no such day; the sentence names each field that is wrong and why.
    """
    return parsed(DayDocument, text, source)


_Model = TypeVar("_Model", bound=BaseModel)


def parsed(model: type[_Model], text: str, source: str) -> _Model:
    """Return a document from JSON text.

    Raises:
        InvalidClinic: it is no such document; the sentence names each field that is wrong and why.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidClinic("invalid_day", f"{source}: {faults_text(error, _MOST_FAULTS)}") from error


def refuse_request(within: Within, entry: RequestEntry) -> None:
    """Refuse who asks for what cannot be on these days.

    Raises:
        ValueError: the clinic has no such service or provider, a time lies outside the days, or what is said to be on
            another day is on one of these.
    """
    where = f"visit {entry.id!r}"
    within.name(where, SERVICE, entry.service)
    within.name(where, ResourceKind.PROVIDER, entry.preferred)
    for past in entry.history:
        within.name(where, SERVICE, past.service)
        within.past(where, past.days_ago)
    within.span(where, entry.window.start, entry.window.end)
    if entry.wish is not None:
        within.moment(where, entry.wish)
