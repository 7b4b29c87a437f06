"""The day's schedule at the HTTP border: lanes, appointments, disruptions and what a replan did."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from edge.api.schemas import Identifier, Schema


class AppointmentStatus(StrEnum):
    """How far an appointment has come."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


class Interval(Schema):
    """From `starts_at` up to, not including, `ends_at`."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Absence(Interval):
    """A time in which a resource cannot be used, and why."""

    reason: str = ""


class Resource(Schema):
    """A provider, a room or a device of the clinic."""

    id: Identifier
    name: str
    detail: str = Field(default="", description="Licence, room type or device type, for people.")
    working: list[Interval] = Field(default=[])
    absences: list[Absence] = Field(default=[])


class Stage(Interval):
    """A part of an appointment with what it occupies; a stage may need no provider."""

    name: str
    provider_id: Identifier | None = None
    room_id: Identifier | None = None
    device_id: Identifier | None = None


class Move(Schema):
    """Where an appointment stood before the latest replan, and why it moved."""

    replan_id: Identifier
    from_starts_at: AwareDatetime
    from_provider_id: Identifier | None = None
    reason: str


class Appointment(Interval):
    """One booked visit; `provider_id` names the lane it is drawn in."""

    id: Identifier
    client_id: Identifier | None = None
    client_name: str
    service: str
    provider_id: Identifier
    status: AppointmentStatus
    notified: bool = False
    stages: list[Stage]
    move: Move | None = None


class Unplaced(Schema):
    """A visit the day has no room for, with the reason and what could be offered."""

    appointment_id: Identifier
    client_name: str
    service: str
    minutes: int
    wanted_at: AwareDatetime | None = None
    reason: str


class MovedAppointment(Schema):
    """One appointment's change of place in a replan."""

    appointment_id: Identifier
    client_name: str
    service: str
    from_starts_at: AwareDatetime
    to_starts_at: AwareDatetime
    from_provider_id: Identifier | None = None
    to_provider_id: Identifier | None = None
    reason: str


class Replan(Schema):
    """What a disruption did, or would do, to the day. A preview has no id."""

    id: Identifier | None = None
    made_at: AwareDatetime
    cause: str
    moved: list[MovedAppointment]
    unplaced: list[Unplaced]
    unchanged: int = Field(ge=0)
    milliseconds: int = Field(ge=0)
    undoable: bool = False
    undone: bool = False


class ScheduleDay(Schema):
    """One day as the box holds it; `revision` grows with each change."""

    day: date
    timezone: str
    now: AwareDatetime
    revision: int
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    providers: list[Resource]
    rooms: list[Resource]
    devices: list[Resource]
    appointments: list[Appointment]
    unplaced: list[Unplaced]
    replans: list[Replan] = Field(description="Latest first.")


class ProviderOut(Interval):
    """A provider cannot work for a while."""

    kind: Literal["provider_out"] = "provider_out"
    provider_id: Identifier
    reason: str = Field(default="", max_length=120)


class RoomOut(Interval):
    """A room cannot be used for a while."""

    kind: Literal["room_out"] = "room_out"
    room_id: Identifier
    reason: str = Field(default="", max_length=120)


class DeviceOut(Interval):
    """A device cannot be used for a while."""

    kind: Literal["device_out"] = "device_out"
    device_id: Identifier
    reason: str = Field(default="", max_length=120)


class RunsLate(Schema):
    """An appointment will take longer, or its client comes later, by so many minutes."""

    kind: Literal["runs_late"] = "runs_late"
    appointment_id: Identifier
    minutes: int = Field(ge=1, le=240)


class Cancelled(Schema):
    """A client will not come; the time is free for others."""

    kind: Literal["cancelled"] = "cancelled"
    appointment_id: Identifier


Disruption = Annotated[
    ProviderOut | RoomOut | DeviceOut | RunsLate | Cancelled,
    Field(discriminator="kind"),
]


class DisruptionRequest(Schema):
    """A disruption of one day; with `revision`, refused when the day has changed since it was read."""

    day: date
    disruption: Disruption
    revision: int | None = None


class StatusChange(Schema):
    """The new status of an appointment."""

    status: AppointmentStatus
