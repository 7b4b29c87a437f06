"""What may stand in the way of a wish: kinds of obstacles, single causes, and reasons that hold them together."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.schedule.conditions import Kind
from edge.schedule.domain import PastVisit, ResourceKind, Span
from edge.schedule.ids import AppointmentId


class Blocker(StrEnum):
    """What kind of thing is in the way."""

    PAST = "past"
    WINDOW = "window"
    OPENING = "opening"
    SKILL = "skill"
    SHIFT = "provider_off_shift"
    BREAK = "provider_on_break"
    LUNCH = "provider_needs_lunch"
    PROVIDER_OUT = "provider_out"
    PROVIDER_BUSY = "provider_busy"
    ROOM_DOWN = "room_out_of_order"
    ROOM_BUSY = "room_busy"
    ROOM_TURNOVER = "room_turnover"
    DEVICE_DOWN = "device_out_of_order"
    DEVICE_BUSY = "device_busy"
    DEVICE_COOLDOWN = "device_cooldown"
    NOT_TOGETHER = "not_together"
    NOT_CLEARED = "not_cleared"
    CLIENT_ELSEWHERE = "client_elsewhere"
    TOO_NEAR = "visits_too_near"
    NOT_PREPARED = "visit_needed_before"
    NEEDED = "needed_by_another_visit"
    HELD_ONLINE = "held_for_online_booking"
    RESERVED = "kept_for_somebody_else"


BUSY: Final = {
    ResourceKind.PROVIDER: Blocker.PROVIDER_BUSY,
    ResourceKind.ROOM: Blocker.ROOM_BUSY,
    ResourceKind.DEVICE: Blocker.DEVICE_BUSY,
}
RESTING: Final = {ResourceKind.ROOM: Blocker.ROOM_TURNOVER, ResourceKind.DEVICE: Blocker.DEVICE_COOLDOWN}
DOWN: Final = {
    ResourceKind.PROVIDER: Blocker.PROVIDER_OUT,
    ResourceKind.ROOM: Blocker.ROOM_DOWN,
    ResourceKind.DEVICE: Blocker.DEVICE_DOWN,
}
# Of equally many causes those are named that are easiest to change.
HARDNESS: Final = {
    Blocker.BREAK: 1,
    Blocker.LUNCH: 1,
    Blocker.SHIFT: 2,
    **dict.fromkeys(DOWN.values(), 3),
    **dict.fromkeys((Blocker.HELD_ONLINE, Blocker.RESERVED), 3),
}
BEGUN: Final = 4
PERSONAL: Final = {
    Kind.CLEARED: Blocker.NOT_CLEARED,
    Kind.ELSEWHERE: Blocker.CLIENT_ELSEWHERE,
    Kind.APART: Blocker.TOO_NEAR,
    Kind.AFTER: Blocker.NOT_PREPARED,
    Kind.NEEDED: Blocker.NEEDED,
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One fact that keeps somebody or something from serving a visit.

    Attributes:
        span: of the shift that is left, of the break, outage or use that is met, or in which lunch is owed.
        text: says it of the resource, for example "has a break 12:30-13:15".
        visit: whose use it is; none where no visit is in the way.
    """

    kind: Blocker
    resource_kind: ResourceKind
    resource: str
    span: Span
    text: str
    visit: AppointmentId | None = None

    @property
    def fact(self) -> object:
        """What would have to change; one visit is one fact, whatever it occupies."""
        return self.visit or (self.kind, self.resource, self.span)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason against a wish; it has to go, and with all of its refusal gone the wish is possible.

    Attributes:
        resource_kind: whom or what the visit does not get; none where its time alone is in the way.
        pool: the skill, type, clearance or earlier visit it would need; "" where any would do.
        sentence: accounts for everybody and everything that could serve; the cheapest way out comes first.
        visits: which visits would have to make way on the cheapest way out.
        causes: all that would have to change on it; empty where the time or the client alone is in the way.
        past: the visit of another day that is in the way, where it is not in the plan.
    """

    kind: Blocker
    resource_kind: ResourceKind | None
    pool: str
    sentence: str
    visits: tuple[AppointmentId, ...] = ()
    causes: tuple[Cause, ...] = ()
    past: PastVisit | None = None
