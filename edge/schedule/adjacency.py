"""How close an add-on is to the visit it is added to: minutes between them, the same hands, the same room."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge.schedule.domain import Appointment, Plan, ResourceKind, Span
from edge.schedule.ids import AppointmentId, ProviderId, RoomId

TERM: Final = "add_on_adjacency"
ADD_ON_WAIT_MINUTES: Final = 30
"""So long a client waits at most between a visit and what is added to it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The visit that something is added to.

    Attributes:
        anchor: its id.
        span: when it takes place.
        own: the times of all visits of the client; the add-on keeps off them.
        providers, rooms: whom and which it has.
    """

    anchor: AppointmentId
    span: Span
    own: tuple[Span, ...]
    providers: frozenset[ProviderId]
    rooms: frozenset[RoomId]

    @classmethod
    def of(cls, plan: Plan, anchor: Appointment) -> "Beside":
        """Return what an add-on to a placed visit of a plan is measured by."""
        own = tuple(Span(visit.start, visit.end) for visit in plan.placed if visit.client == anchor.client)
        rooms = frozenset(stage.room for stage in anchor.stages)
        return cls(anchor.id, Span(anchor.start, anchor.end), own, frozenset(anchor.providers), rooms)

    def suits(self, start: int, shortest: int, longest: int) -> bool:
        """Tell whether, however long it takes, the client is in no other visit then and waits no longer than may be."""
        whole = Span(start, start + longest)
        near = self.gap(Span(start, start + shortest)) <= ADD_ON_WAIT_MINUTES
        return near and not any(whole.overlaps(other) for other in self.own)

    def gap(self, span: Span) -> int:
        """Return the minutes between the visit and the add-on, whichever comes first."""
        return max(span.start - self.span.end, self.span.start - span.end, 0)

    def is_strange(self, kind: ResourceKind, name: str, eligible: Iterable[str]) -> bool:
        """Tell whether the add-on has another than the visit, though one of the visit's could serve it, too."""
        mine: frozenset[str] = frozenset()
        match kind:
            case ResourceKind.PROVIDER:
                mine = frozenset(self.providers)
            case ResourceKind.ROOM:
                mine = frozenset(self.rooms)
            case ResourceKind.DEVICE:
                return False
        return name not in mine and not mine.isdisjoint(eligible)
