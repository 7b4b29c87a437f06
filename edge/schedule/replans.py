"""What a replan answers: moves with their reasons, who has no place, the day's worth before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edge.schedule.domain import Plan, Stages
from edge.schedule.ids import AppointmentId, ServiceId


class ForcedBy(StrEnum):
    """The constraint that made a move necessary."""

    PROVIDER_OUT = "provider_out"
    ROOM_DOWN = "room_down"
    DEVICE_DOWN = "device_down"
    CLIENT_LATE = "client_late"
    OVERRUN = "overrun"
    LUNCH = "lunch"
    CLIENT = "client"
    NOT_ALLOWED = "not_allowed"
    GIVES_WAY = "gives_way"
    HELD_ONLINE = "held_online"
    PLACE_FOUND = "place_found"
    BY_HAND = "by_hand"
    BY_CHOICE = "by_choice"
    ROLLED = "rolled"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an appointment moved, in words for people and as a code for programs.

    Attributes:
        forced_by: the kind of constraint.
        constraint: what exactly, for example `provider:laurel 13:00-18:00` or `appointment:a-17`.
        sentence: names services, providers, rooms and times, never the client.
    """

    forced_by: ForcedBy
    constraint: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Move:
    """One appointment's change of place; `before` is empty for one that had none."""

    appointment: AppointmentId
    service: ServiceId
    before: Stages
    after: Stages
    reason: Reason

    @property
    def notify(self) -> bool:
        """Whether the client has to be told: another start or another provider."""
        return not self.before or noticed(self.before) != noticed(self.after)


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A visit for which the day has no room, and why."""

    appointment: AppointmentId
    sentence: str


@dataclass(frozen=True, slots=True, order=True)
class Objective:
    """How good a day is; compared level by level, less is better.

    Attributes:
        lunches_missed: providers whom the day leaves no time for the lunch they are owed.
        dropped: booked visits without a place.
        urgent_unplaced: urgent requests without a place.
        moved: notified clients with another start, provider or room.
        shifted: the same of clients who have not been notified.
        walk_ins_unplaced: walk-ins without a place.
        cost: sum of the weighed terms, in hundredths of a point.
        terms: the summands, by name.
    """

    lunches_missed: int
    dropped: int
    urgent_unplaced: int
    moved: int
    shifted: int
    walk_ins_unplaced: int
    cost: int
    terms: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def first_level(self) -> tuple[int, ...]:
        """What no weighed term can make up for."""
        return self.lunches_missed, self.dropped, self.urgent_unplaced, self.moved, self.shifted, self.walk_ins_unplaced


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another possible day.

    Attributes:
        title: what speaks for it, in words.
        worth: by the same objective as the answer's.
        moved: clients with another start, provider or room; `notified` of them counted on theirs.
    """

    title: str
    plan: Plan
    worth: Objective
    moved: int
    notified: int


class SolverStatus(StrEnum):
    """Whose answer stands; of an optimal one it is proven that no plan is better."""

    NOTHING_TO_DO = "nothing_to_do"
    REPAIR = "repair"
    IMPROVED = "improved"
    OPTIMAL = "optimal"


@dataclass(frozen=True, slots=True)
class Replan:
    """The answer to one disruption.

    Attributes:
        facts: the day with the disruption applied and nothing replanned yet.
        plan: the day as it is to be.
        before: objective of leaving those who are hit without a place.
        milliseconds: time from the question to this answer.
        proven_first_level: whether it is proven that no plan is better on the first level.
        cost_bound: no plan that is as good on the first level costs less, in hundredths of a point; None: not known.
        alternatives: other possible days, where they were asked for.
    """

    facts: Plan
    plan: Plan
    moves: tuple[Move, ...]
    unplaced: tuple[Unplaced, ...]
    declined: tuple[Unplaced, ...]
    before: Objective
    after: Objective
    status: SolverStatus
    milliseconds: float
    alternatives: tuple[Alternative, ...] = ()
    proven_first_level: bool = False
    cost_bound: int | None = None

    @property
    def by_id(self) -> Mapping[AppointmentId, Move]:
        """Moves by appointment."""
        return {move.appointment: move for move in self.moves}


def noticed(stages: Stages) -> tuple[int, tuple[str | None, ...]]:
    """Return what a client notices of where a visit is and has to be told: its start and who serves it."""
    return stages[0].start, tuple(stage.provider for stage in stages)
