"""Payloads of the schedule. Times are minutes from local midnight of `day`; ids are opaque."""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.payload import PayloadModel

Name = Annotated[str, Field(min_length=1, max_length=80)]
Minute = Annotated[int, Field(ge=0, le=24 * 60)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StagePart(_Part):
    """One stage of a visit with its time and what it occupies."""

    name: Name
    start: Minute
    end: Minute
    provider: Name | None
    room: Name
    device: Name | None


class PastPart(_Part):
    """A visit of the client some days before, or less than 0 days before: after."""

    service: Name
    days_ago: Annotated[int, Field(ge=-366)]


class VisitPart(_Part):
    """A visit as it stands; without stages it waits for a place."""

    appointment: Name
    client_id: Name
    service: Name
    window_start: Minute
    window_end: Minute
    preferred_provider: Name | None
    status: Name
    stages: tuple[StagePart, ...]
    cleared: tuple[Name, ...] = ()
    history: tuple[PastPart, ...] = ()
    show: float = Field(default=1.0, ge=0, le=1, description="Chance that the client comes.")
    tier: Name | None = None
    wish: Minute | None = Field(default=None, description="Start that the client would like best.")


class ObjectivePart(_Part):
    """How good a day is, level by level; less is better. `terms` are in points, by name."""

    lunches_missed: int = 0
    dropped: int
    urgent_unplaced: int
    moved: int
    shifted: int = 0
    walk_ins_unplaced: int
    inconvenience: int = Field(default=0, description="Of a release that knew no terms; minutes.")
    rerooms: int = Field(default=0, description="Of a release that knew no terms; visits.")
    terms: dict[Name, float] = Field(default_factory=dict)


class AppointmentBooked(PayloadModel):
    """A visit was promised."""

    event_type: ClassVar[str] = "schedule.appointment_booked"
    day: dt.date
    visit: VisitPart


class RequestDeclined(PayloadModel):
    """A request found no place; `next_starts` are offered instead."""

    event_type: ClassVar[str] = "schedule.request_declined"
    day: dt.date
    appointment: Name
    client_id: Name
    service: Name
    reason: str
    next_starts: tuple[Minute, ...] = ()


class AppointmentMoved(PayloadModel):
    """A visit has another place; `before` is empty for one that had none."""

    event_type: ClassVar[str] = "schedule.appointment_moved"
    day: dt.date
    replan: Name
    appointment: Name
    service: Name
    before: tuple[StagePart, ...]
    after: tuple[StagePart, ...]
    notify: bool
    forced_by: Name
    constraint: str
    reason: str


class AppointmentDisplaced(PayloadModel):
    """A visit lost its place and waits for another."""

    event_type: ClassVar[str] = "schedule.appointment_displaced"
    day: dt.date
    replan: Name
    appointment: Name
    before: tuple[StagePart, ...]
    reason: str


class AppointmentExtended(PayloadModel):
    """A visit under way takes longer."""

    event_type: ClassVar[str] = "schedule.appointment_extended"
    day: dt.date
    replan: Name
    appointment: Name
    stages: tuple[StagePart, ...]


class AppointmentCancelled(PayloadModel):
    """A client will not come."""

    event_type: ClassVar[str] = "schedule.appointment_cancelled"
    day: dt.date
    appointment: Name
    at: Minute


class AppointmentStatusChanged(PayloadModel):
    """A visit has come further."""

    event_type: ClassVar[str] = "schedule.appointment_status_changed"
    day: dt.date
    appointment: Name
    before: Name
    after: Name
    at: Minute


class AppointmentClearancesChanged(PayloadModel):
    """What has been confirmed of a visit's client is no longer the same: `cleared` is all that holds on this day."""

    event_type: ClassVar[str] = "schedule.appointment_clearances_changed"
    day: dt.date
    appointment: Name
    cleared: tuple[Name, ...]


class DisruptionReported(PayloadModel):
    """Something upset the day, or a night's roll makes it better; fields that a kind does not have are empty.

    `start` and `end` are the outage's, or the window that a late client now has.
    """

    event_type: ClassVar[str] = "schedule.disruption_reported"
    day: dt.date
    replan: Name
    kind: Literal[
        "provider_out",
        "room_down",
        "device_down",
        "late",
        "overrun",
        "cancelled",
        "no_show",
        "walk_in",
        "urgent",
        "add_on",
        "move_wanted",
        "rolled",
        "clinic_changed",
    ]
    at: Minute
    resource: Name | None = None
    appointment: Name | None = None
    start: Minute | None = None
    end: Minute | None = None
    minutes: int | None = None
    service: Name | None = None


class ReplanApplied(PayloadModel):
    """The day goes on as the moves before this event say."""

    event_type: ClassVar[str] = "schedule.replan_applied"
    day: dt.date
    replan: Name
    cause: str
    moved: int
    notified: int
    unplaced: int
    objective_before: ObjectivePart
    objective_after: ObjectivePart
    solver_status: Name
    milliseconds: float


class ReplanUndone(PayloadModel):
    """A disruption and all that was done for it are taken back: `restored` as they were, `removed` gone."""

    event_type: ClassVar[str] = "schedule.replan_undone"
    day: dt.date
    replan: Name
    restored: tuple[VisitPart, ...]
    removed: tuple[Name, ...]


PAYLOADS: tuple[type[PayloadModel], ...] = (
    AppointmentBooked,
    RequestDeclined,
    AppointmentMoved,
    AppointmentDisplaced,
    AppointmentExtended,
    AppointmentCancelled,
    AppointmentStatusChanged,
    AppointmentClearancesChanged,
    DisruptionReported,
    ReplanApplied,
    ReplanUndone,
)
