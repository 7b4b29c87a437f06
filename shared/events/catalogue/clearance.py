"""Payloads of clearances: what a licensed professional has confirmed about a client, and what no longer holds.

Which clearance it is tells of the client's health, and is sealed. Who confirmed it is the event's actor.
"""

import datetime as dt
from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel, SealedText
from shared.vocabulary import ClearanceWithdrawal


class ClearanceGiven(PayloadModel):
    """A clearance holds from now on; given again, it holds by these terms instead."""

    event_type: ClassVar[str] = "clearance.given"

    clearance: SealedText = Field(min_length=1, max_length=80, description="As the clinic's services ask for it.")
    until: dt.date | None = Field(default=None, description="Last day on which it holds; None until withdrawn.")


class ClearanceWithdrawn(PayloadModel):
    """A clearance no longer holds."""

    event_type: ClassVar[str] = "clearance.withdrawn"

    clearance: SealedText = Field(min_length=1, max_length=80, description="As it was given.")
    reason: ClearanceWithdrawal


PAYLOADS: tuple[type[PayloadModel], ...] = (ClearanceGiven, ClearanceWithdrawn)
