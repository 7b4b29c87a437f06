"""The day's schedule at the HTTP border: lanes, appointments, disruptions and what a replan did."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from edge.api.proposal_schemas import Proposal
from edge.api.schedule_stages import Interval, Stage
from edge.api.schemas import Identifier, Schema
from edge.api.slot_schemas import LentSlot


class AppointmentStatus(StrEnum):
    """How far an appointment has come."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


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
    uncleared: str | None = Field(default=None, description="Which clearance its client lacks, in words.")
    conflict: str | None = Field(default=None, description="Why it cannot stay where it is; a replan finds it a place.")


class Unplaced(Schema):
    """A visit the day has no room for, with the reason and what could be offered."""

    appointment_id: Identifier
    client_name: str
    service: str
    minutes: int
    wanted_at: AwareDatetime | None = None
    reason: str
    uncleared: bool = Field(default=False, description="Whether its client lacks a clearance; `reason` says which.")


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
    """What was done to the day after a disruption, and whether it can be taken back."""

    id: Identifier
    made_at: AwareDatetime
    cause: str
    moved: list[MovedAppointment]
    unplaced: int = Field(ge=0, description="Visits that were left without a place.")
    unchanged: int = Field(ge=0)
    milliseconds: int = Field(ge=0)
    undoable: bool = False
    undone: bool = False


class ServiceChoice(Schema):
    """A service that can be asked for."""

    id: Identifier
    name: str
    minutes: int


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
    proposals: list[Proposal] = Field(default=[], description="Those that wait for a decision, latest first.")
    services: list[ServiceChoice] = Field(default=[])
    asks_clearances: bool = Field(default=False, description="Whether any service of the clinic asks for clearances.")
    lent: list[LentSlot] = Field(default=[], description="What is held for online booking, earliest first.")


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


class NoShow(Schema):
    """A client did not come; the time is free for others."""

    kind: Literal["no_show"] = "no_show"
    appointment_id: Identifier


class AddOn(Schema):
    """The client of a visit wants another service beside it; others are moved for it only if it is urgent."""

    kind: Literal["add_on"] = "add_on"
    appointment_id: Identifier
    service_id: Identifier
    urgent: bool = False


class WalkIn(Schema):
    """Somebody asks for a visit today; others are moved for it only if it is urgent."""

    kind: Literal["walk_in"] = "walk_in"
    service_id: Identifier
    client_id: Identifier | None = Field(default=None, description="Empty for somebody who is not registered yet.")
    provider_id: Identifier | None = Field(default=None, description="Whom they would like best.")
    earliest_at: AwareDatetime | None = Field(default=None, description="Empty for now.")
    latest_at: AwareDatetime | None = Field(default=None, description="When they must be gone; empty for closing time.")
    urgent: bool = False


class MoveWanted(Schema):
    """A visit is wanted at another start, with another provider or in another room; what is empty may stay."""

    kind: Literal["move_wanted"] = "move_wanted"
    appointment_id: Identifier
    starts_at: AwareDatetime | None = None
    provider_id: Identifier | None = None
    room_id: Identifier | None = None


class ClinicChanged(Schema):
    """The clinic's registry is another one: whoever cannot stay for it, or waits for a place, is planned anew."""

    kind: Literal["clinic_changed"] = "clinic_changed"


Disruption = Annotated[
    ProviderOut | RoomOut | DeviceOut | RunsLate | Cancelled | NoShow | AddOn | WalkIn | MoveWanted | ClinicChanged,
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
