"""What a clinic's day is: appointments with their stages, outages, disruptions, and what a replan did.

Times are whole minutes from local midnight of the plan's date, on a grid of five; a plan of several days goes on
counting past midnight.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId, UnitId
from shared.ids import ClientId

GRID_MINUTES = 5
DAY_MINUTES = 24 * 60
FROZEN_MINUTES = 30
"""What begins within this time of now is left alone unless the disruption itself hits it."""
UNKNOWN_SHOW = 1.0
"""The chance that a client comes, where nothing is known of it: the visit counts in full."""


def up_to_grid(minute: int) -> int:
    """Return the first minute of the grid that is not before `minute`."""
    return -(-minute // GRID_MINUTES) * GRID_MINUTES


def clock_text(minute: int) -> str:
    """Return minutes from midnight as "HH:MM", with the number of the day after the first."""
    day, rest = divmod(minute, DAY_MINUTES)
    if day == 1 and rest == 0:
        return "24:00"
    return f"{f'day {day + 1} ' if day else ''}{rest // 60:02d}:{rest % 60:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, not including, `end`, in minutes from local midnight."""

    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two share a minute."""
        return self.start < other.end and other.start < self.end


class Status(StrEnum):
    """How far an appointment has come."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"

    @property
    def active(self) -> bool:
        """Whether the appointment occupies its resources."""
        return self not in (Status.CANCELLED, Status.NO_SHOW)

    @property
    def begun(self) -> bool:
        """Whether treatment has begun: its times are then facts, not plans."""
        return self in (Status.IN_PROGRESS, Status.DONE)


NEXT_STATUS: Mapping[Status, frozenset[Status]] = {
    Status.BOOKED: frozenset({Status.CONFIRMED, Status.ARRIVED, Status.IN_PROGRESS, Status.CANCELLED, Status.NO_SHOW}),
    Status.CONFIRMED: frozenset({Status.ARRIVED, Status.IN_PROGRESS, Status.CANCELLED, Status.NO_SHOW}),
    Status.ARRIVED: frozenset({Status.IN_PROGRESS, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.DONE}),
    Status.DONE: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.NO_SHOW: frozenset(),
}


@dataclass(frozen=True, slots=True)
class StageAssignment:
    """One stage of a visit with its time and what it occupies."""

    name: str
    start: int
    end: int
    provider: ProviderId | None
    room: RoomId
    device: UnitId | None

    @property
    def span(self) -> Span:
        """The time it takes."""
        return Span(self.start, self.end)


Stages = tuple[StageAssignment, ...]


@dataclass(frozen=True, slots=True, order=True)
class PastVisit:
    """A visit of the client on another day: `days_ago` days before the plan's date, or after it, less than 0."""

    service: ServiceId
    days_ago: int


@dataclass(frozen=True, slots=True)
class AppointmentRequest:
    """A client's wish: a service within a window, if possible with a certain provider.

    `show` is the chance that the client comes, `tier` the membership, `wish` the start they would like best.
    `cleared` is what a licensed professional has confirmed, `history` what the client has on other days than the
    plan's.
    """

    id: AppointmentId
    client: ClientId
    service: ServiceId
    window: Span
    preferred: ProviderId | None = None
    show: float = UNKNOWN_SHOW
    tier: str | None = None
    wish: int | None = None
    cleared: frozenset[str] = frozenset()
    history: tuple[PastVisit, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visit the clinic has promised. One without stages has lost its place and waits for another."""

    id: AppointmentId
    client: ClientId
    service: ServiceId
    window: Span
    preferred: ProviderId | None = None
    status: Status = Status.BOOKED
    stages: Stages = ()
    show: float = UNKNOWN_SHOW
    tier: str | None = None
    wish: int | None = None
    cleared: frozenset[str] = frozenset()
    history: tuple[PastVisit, ...] = ()

    @classmethod
    def of(cls, request: AppointmentRequest, stages: Stages = ()) -> Self:
        """Return the appointment that answers a request."""
        return cls(
            request.id,
            request.client,
            request.service,
            request.window,
            request.preferred,
            stages=stages,
            show=request.show,
            tier=request.tier,
            wish=request.wish,
            cleared=request.cleared,
            history=request.history,
        )

    @property
    def request(self) -> AppointmentRequest:
        """What its client asks for: the inverse of `of`."""
        return AppointmentRequest(
            self.id,
            self.client,
            self.service,
            self.window,
            self.preferred,
            self.show,
            self.tier,
            self.wish,
            self.cleared,
            self.history,
        )

    @property
    def placed(self) -> bool:
        """Whether it has a time."""
        return bool(self.stages)

    @property
    def start(self) -> int:
        """First minute; only for a placed appointment."""
        return self.stages[0].start

    @property
    def end(self) -> int:
        """Minute after the last; only for a placed appointment."""
        return self.stages[-1].end

    @property
    def providers(self) -> tuple[ProviderId, ...]:
        """Whom the client meets, in order, each once."""
        return tuple(dict.fromkeys(s.provider for s in self.stages if s.provider is not None))


class ResourceKind(StrEnum):
    """What can be out of order."""

    PROVIDER = "provider"
    ROOM = "room"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a resource cannot be used; what had begun before is finished all the same."""

    replan: ReplanId
    kind: ResourceKind
    resource: str
    span: Span


@dataclass(frozen=True, slots=True)
class Plan:
    """A day, or a few: its appointments by id, what cannot be used, and places lent to the hub.

    A lent place is held by the visit it becomes when it is sold: it is not on the day yet, and nothing moves it.
    """

    date: dt.date
    appointments: Mapping[AppointmentId, Appointment] = field(default_factory=dict)
    outages: tuple[Outage, ...] = ()
    days: int = 1
    lent: tuple[Appointment, ...] = ()

    def with_appointments(self, *changed: Appointment) -> "Plan":
        """Return the plan with these appointments added or replaced."""
        merged = {**self.appointments, **{a.id: a for a in changed}}
        return replace(self, appointments=merged)

    @property
    def active(self) -> tuple[Appointment, ...]:
        """Appointments that are neither cancelled nor missed, placed or not."""
        return tuple(a for a in self.appointments.values() if a.status.active)

    @property
    def placed(self) -> tuple[Appointment, ...]:
        """Active appointments that have a time, earliest first."""
        return tuple(sorted((a for a in self.active if a.placed), key=lambda a: (a.start, a.id)))

    @property
    def occupying(self) -> tuple[Appointment, ...]:
        """All that takes room: placed appointments, and places lent to the hub."""
        return (*self.placed, *self.lent)

    @property
    def unplaced(self) -> tuple[Appointment, ...]:
        """Active appointments that wait for a place."""
        return tuple(a for a in self.active if not a.placed)


@dataclass(frozen=True, slots=True)
class ProviderOut:
    """A provider cannot work for a while; `at` is the minute it was reported."""

    at: int
    provider: ProviderId
    span: Span


@dataclass(frozen=True, slots=True)
class RoomDown:
    """A room cannot be used for a while."""

    at: int
    room: RoomId
    span: Span


@dataclass(frozen=True, slots=True)
class DeviceDown:
    """A device cannot be used for a while."""

    at: int
    device: UnitId
    span: Span


@dataclass(frozen=True, slots=True)
class Late:
    """A client will come `minutes` after the booked start."""

    at: int
    appointment: AppointmentId
    minutes: int


@dataclass(frozen=True, slots=True)
class Overrun:
    """A visit that has begun needs `minutes` more."""

    at: int
    appointment: AppointmentId
    minutes: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A client will not come."""

    at: int
    appointment: AppointmentId


@dataclass(frozen=True, slots=True)
class NoShow:
    """A client did not come."""

    at: int
    appointment: AppointmentId


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody asks for a visit today; nobody is moved for it."""

    at: int
    request: AppointmentRequest


@dataclass(frozen=True, slots=True)
class Urgent:
    """Somebody must be seen today; others may be moved for it, never dropped."""

    at: int
    request: AppointmentRequest


@dataclass(frozen=True, slots=True)
class AddOn:
    """The client of a visit wants another service beside it; others may be moved for it only if it is urgent.

    `cleared` is what a licensed professional has confirmed of what the service asks for, `history` what the client has
    on other days.
    """

    at: int
    appointment: AppointmentId
    service: ServiceId
    urgent: bool = False
    cleared: frozenset[str] = frozenset()
    history: tuple[PastVisit, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveWanted:
    """A visit is wanted at another start, with another provider or in another room; what is empty may stay."""

    at: int
    appointment: AppointmentId
    start: int | None = None
    provider: ProviderId | None = None
    room: RoomId | None = None


@dataclass(frozen=True, slots=True)
class ClinicChanged:
    """The clinic's registry is another one: whoever cannot stay for it, or waits for a place, is planned anew."""

    at: int


Disruption = (
    ProviderOut
    | RoomDown
    | DeviceDown
    | Late
    | Overrun
    | Cancelled
    | NoShow
    | WalkIn
    | Urgent
    | AddOn
    | MoveWanted
    | ClinicChanged
)
