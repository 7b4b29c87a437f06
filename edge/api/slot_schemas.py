"""Slots lent to online booking at the HTTP border."""

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field

from edge.api.schedule_stages import Interval, Stage
from edge.api.schemas import Identifier, Schema


class LentState(StrEnum):
    """Who may do what with a slot that is held for online booking."""

    LENT = "lent"
    ASKED_BACK = "asked_back"
    IN_DOUBT = "in_doubt"


class SlotDoubt(StrEnum):
    """Why it is not known whether a slot was sold.

    `hub_restored`: it was lent to a hub that has been restored since, and may have been sold by it. `hub_not_heard`:
    its time to be sold is over and the hub is not reached. `given_up_before`: it was given up, and that was taken back.
    """

    HUB_RESTORED = "hub_restored"
    HUB_NOT_HEARD = "hub_not_heard"
    GIVEN_UP_BEFORE = "given_up_before"


class SlotFate(StrEnum):
    """What has become of a slot that was given up."""

    NOT_KNOWN = "not_known"
    SOLD = "sold"
    NOT_SOLD = "not_sold"


class LentSlot(Interval):
    """A place that is held for online booking until the hub has sold it or gives it back.

    Of one in doubt it is not known whether it was sold; a manager may give it up.
    """

    id: Identifier
    day: date
    service: str
    stages: list[Stage]
    until: AwareDatetime = Field(description="The hub sells it before this moment, unless the box lends it longer.")
    state: LentState
    doubt: SlotDoubt | None = Field(default=None, description="What is in doubt, where something is.")
    doubt_since: AwareDatetime | None = Field(default=None, description="Empty where that is not on record.")
    held_until: AwareDatetime = Field(description="When its time is over, and it is held no longer in any case.")


class GivenUpSlot(Interval):
    """A place that was held for online booking until somebody gave it up in doubt."""

    id: Identifier
    day: date
    service: str
    given_up_at: AwareDatetime | None = None
    given_up_by: str = Field(default="", description="Who did; empty where no more is known than that somebody did.")
    fate: SlotFate
    stays_because: str | None = Field(default=None, description="Why it cannot be held again; empty where it can.")


class LentSlots(Schema):
    """Everything that is held for online booking from today on, and what was given up of it; earliest first."""

    lent: list[LentSlot]
    given_up: list[GivenUpSlot]


class SlotRelease(Schema):
    """What whoever gives a slot up was told is in doubt; refused where it is something else by now."""

    doubt: SlotDoubt
