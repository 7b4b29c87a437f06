"""Payloads of proposals: what a disruption would make of a day, and what people decided about it.

They stand in the stream of their day. Times are minutes from local midnight of `day`; ids are opaque.
"""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.catalogue.schedule import Minute, Name, ObjectivePart, PastPart, StagePart, VisitPart
from shared.events.payload import PayloadModel

Kind = Literal[
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
    "clinic_changed",
]
Choice = Annotated[int, Field(ge=0, le=9)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DisruptionPart(_Part):
    """What happened, complete enough to be replanned again; fields that a kind does not have are empty."""

    kind: Kind
    at: Minute
    resource: Name | None = None
    start: Minute | None = None
    end: Minute | None = None
    appointment: Name | None = None
    minutes: int | None = None
    service: Name | None = None
    provider: Name | None = None
    room: Name | None = None
    urgent: bool = False
    request: VisitPart | None = None
    cleared: tuple[Name, ...] = Field(default=(), description="Of an add-on: what its service asks for and was given.")
    history: tuple[PastPart, ...] = Field(default=(), description="Of an add-on: what its client has on other days.")


class PinPart(_Part):
    """Where a person put one visit of a proposal."""

    appointment: Name
    start: Minute | None = None
    provider: Name | None = None
    room: Name | None = None


class MovePart(_Part):
    """A visit's change of place and why; `before` is empty for one that had none."""

    appointment: Name
    service: Name
    before: tuple[StagePart, ...]
    after: tuple[StagePart, ...]
    forced_by: Name
    constraint: str
    reason: str


class UnplacedPart(_Part):
    """A visit or a request without a place, and why."""

    appointment: Name
    reason: str


class AnswerPart(_Part):
    """One way to go on: `visits` are those that it makes other than the facts have them."""

    title: str
    mode: Literal["execute", "suggest", "escalate"]
    why: str
    visits: tuple[VisitPart, ...]
    moves: tuple[MovePart, ...]
    unplaced: tuple[UnplacedPart, ...] = ()
    declined: tuple[UnplacedPart, ...] = ()
    objective_before: ObjectivePart
    objective_after: ObjectivePart
    solver_status: Name
    milliseconds: float


class ReplanProposed(PayloadModel):
    """A disruption waits for a decision; the day stands as it was.

    `base` is the day's version that was replanned, the first of `answers` is the one proposed. `unit_points` are what
    one unit of a term cost then, of the terms with a weight to themselves; without them nothing is learnt from it.
    """

    event_type: ClassVar[str] = "schedule.replan_proposed"
    day: dt.date
    proposal: Name
    base: int = Field(ge=0)
    cause: str
    disruption: DisruptionPart
    answers: tuple[AnswerPart, ...] = Field(min_length=1, max_length=10)
    pins: tuple[PinPart, ...] = Field(default=(), max_length=50)
    replaces: Name | None = Field(default=None, description="The proposal that this one was made from.")
    unit_points: dict[Name, Annotated[float, Field(gt=0)]] = Field(default_factory=dict, max_length=20)


class ProposalAccepted(PayloadModel):
    """A person took one of the answers; the replan of the same id follows."""

    event_type: ClassVar[str] = "schedule.proposal_accepted"
    day: dt.date
    proposal: Name
    choice: Choice = 0


class ProposalRejected(PayloadModel):
    """A person took none of the answers; the day stays as it is."""

    event_type: ClassVar[str] = "schedule.proposal_rejected"
    day: dt.date
    proposal: Name


class ProposalSuperseded(PayloadModel):
    """Another proposal stands in its place: it was edited, or worked out again on the day as it is now."""

    event_type: ClassVar[str] = "schedule.proposal_superseded"
    day: dt.date
    proposal: Name
    by: Name


class ProposalExpired(PayloadModel):
    """The day it was made for is no more: another replan has changed it."""

    event_type: ClassVar[str] = "schedule.proposal_expired"
    day: dt.date
    proposal: Name


PAYLOADS: tuple[type[PayloadModel], ...] = (
    ReplanProposed,
    ProposalAccepted,
    ProposalRejected,
    ProposalSuperseded,
    ProposalExpired,
)
