"""Proposals at the HTTP border: ways to go on after a disruption, who decides, and why a time is not possible."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from edge.api.schedule_stages import Stage
from edge.api.schemas import Identifier, Schema


class DecisionMode(StrEnum):
    """Who lets a way of going on happen."""

    EXECUTE = "execute"
    SUGGEST = "suggest"
    ESCALATE = "escalate"


class ProposalState(StrEnum):
    """What became of a proposal; `executed` was carried out at once, as the clinic's policy allows."""

    OPEN = "open"
    EXECUTED = "executed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class Step(Schema):
    """What a way of going on does to one visit; `stages` are where it is then, and empty where it has no place."""

    kind: Literal["moved", "new", "unplaced", "declined"]
    appointment_id: Identifier
    client_name: str
    service: str
    from_starts_at: AwareDatetime | None = None
    from_provider_id: Identifier | None = None
    from_room_id: Identifier | None = None
    to_starts_at: AwareDatetime | None = None
    to_provider_id: Identifier | None = None
    to_room_id: Identifier | None = None
    notify: bool = Field(default=False, description="Whether the client has to be told.")
    reason: str
    stages: list[Stage] = Field(default=[])


class Term(Schema):
    """One summand of the day's worth in points, and what it would be with nothing done; less is better."""

    name: str
    before: float
    after: float


class Counts(Schema):
    """What no term can make up for; each compared before the next."""

    lunches_missed: int
    dropped: int
    urgent_unplaced: int
    moved: int
    shifted: int
    requests_unplaced: int


class Answer(Schema):
    """One way to go on, what it costs, and who lets it happen."""

    title: str
    mode: DecisionMode
    why: str
    steps: list[Step]
    before: Counts
    after: Counts
    terms: list[Term]
    cost_before: float
    cost_after: float
    milliseconds: int = Field(ge=0)


class Proposal(Schema):
    """Ways to go on after a disruption: the first is proposed, the others are alternatives."""

    id: Identifier
    state: ProposalState
    kind: str
    cause: str
    made_at: AwareDatetime
    edited: bool = False
    stale: str | None = Field(default=None, description="Why it cannot be accepted any more, and what to do.")
    answers: list[Answer] = Field(description="Empty for one that was carried out at once.")


class Choice(Schema):
    """Which answer of a proposal is taken; 0 is the one proposed."""

    choice: int = Field(default=0, ge=0, le=9)


class Pin(Schema):
    """Where a person wants one visit of a proposal; what is empty is left to the plan."""

    appointment_id: Identifier
    starts_at: AwareDatetime | None = None
    provider_id: Identifier | None = None
    room_id: Identifier | None = None


class Slot(Schema):
    """A place that is free for a visit with nobody moved, and what it costs."""

    starts_at: AwareDatetime
    provider_id: Identifier | None = None
    room_id: Identifier
    sentence: str
    points: float


class WhyNot(Schema):
    """Whether a visit could start at a time with nobody moved; if not, the fewest reasons and the next best places."""

    possible: bool
    starts_at: AwareDatetime
    reasons: list[str]
    slots: list[Slot]
