"""Payloads about slots that a box lends to the hub, which sells them at once: up from the box, and down to it.

A lease has one id for good. Everything about it is idempotent by that id; nothing but the events below ends one.
"""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.catalogue.schedule import Minute, Name, StagePart
from shared.events.payload import PayloadModel

LeaseId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Life = Annotated[str, Field(min_length=1, max_length=16)]
Sentence = Annotated[str, Field(max_length=500)]


class SlotPart(BaseModel):
    """A concrete place for one visit; each word about a lease repeats it, for either side may have forgotten it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lease: LeaseId
    day: dt.date
    service: Name
    stages: tuple[StagePart, ...] = Field(min_length=1, max_length=8)

    @property
    def start(self) -> int:
        """First minute after the clinic's midnight."""
        return self.stages[0].start

    @property
    def end(self) -> int:
        """Minute after the last."""
        return self.stages[-1].end


class SlotLeased(PayloadModel):
    """Up: the box has set a slot aside; that life of the hub, and no other, may sell it before `until`."""

    event_type: ClassVar[str] = "slot.leased"

    slot: SlotPart
    hub_epoch: Life = Field(description="The life of the hub's database that may sell it.")
    until: AwareDatetime


class SlotRenewed(PayloadModel):
    """Up: a slot may be sold longer; a lease only ever grows."""

    event_type: ClassVar[str] = "slot.renewed"

    lease: LeaseId
    day: dt.date
    until: AwareDatetime


class SlotRecallRequested(PayloadModel):
    """Up: the clinic needs the room; the slot stays lent until the hub has answered."""

    event_type: ClassVar[str] = "slot.recall_requested"

    lease: LeaseId
    day: dt.date
    reason: Sentence


class SlotClosed(PayloadModel):
    """Up: what became of a lease at the box.

    `booked`: sold, and a visit at the time it was sold for. `waiting`: sold, but there is no place; people must call
    the client. `returned`, `expired`: by the hub's word. `lapsed`: unsold, and its time is over. `released`: a person
    at the clinic gave up one of which it was not known whether it had been sold; what became of it after all, if that
    is ever heard of, closes it once more.
    """

    event_type: ClassVar[str] = "slot.closed"

    lease: LeaseId
    day: dt.date
    outcome: Literal["booked", "waiting", "returned", "expired", "lapsed", "released"]
    appointment: Name | None = None
    start: Minute | None = None
    reason: Sentence = ""


class SlotDoubted(PayloadModel):
    """Up: the box has learnt that the hub was restored, so that whether this slot was sold may be forgotten."""

    event_type: ClassVar[str] = "slot.doubted"

    lease: LeaseId
    day: dt.date


class SlotHeldAgain(PayloadModel):
    """Up: a person took it back that a slot was given up; the box holds it, and no life of the hub may sell it."""

    event_type: ClassVar[str] = "slot.held_again"

    lease: LeaseId
    day: dt.date


class SlotSold(PayloadModel):
    """Down: somebody has bought a slot; nothing takes that back."""

    event_type: ClassVar[str] = "slot.sold"

    slot: SlotPart
    hub_epoch: Life
    order: str = Field(min_length=1, max_length=64, description="Names the buyer's order; the same order buys once.")


class SlotReturned(PayloadModel):
    """Down: the hub will not sell this slot; the box has it back."""

    event_type: ClassVar[str] = "slot.returned"

    slot: SlotPart
    reason: Sentence


class SlotExpired(PayloadModel):
    """Down: by the hub's clock the time to sell this slot is over; the box has it back."""

    event_type: ClassVar[str] = "slot.expired"

    slot: SlotPart


PAYLOADS: tuple[type[PayloadModel], ...] = (
    SlotLeased,
    SlotRenewed,
    SlotRecallRequested,
    SlotClosed,
    SlotDoubted,
    SlotHeldAgain,
    SlotSold,
    SlotReturned,
    SlotExpired,
)
OF_A_DAY: tuple[type[PayloadModel], ...] = (
    SlotLeased,
    SlotRenewed,
    SlotRecallRequested,
    SlotClosed,
    SlotDoubted,
    SlotHeldAgain,
)
"""Those that belong to a clinic's day and stand in its stream."""
