"""Clearances at the HTTP border: what a visit's service asks for, who confirmed it, and until when it holds."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from edge.api.schemas import Identifier, Schema
from shared.vocabulary import ClearanceWithdrawal

ClearanceName = Annotated[str, Field(min_length=1, max_length=80)]


class ClearanceState(StrEnum):
    """How a clearance stands for one visit."""

    NOT_CONFIRMED = "not_confirmed"
    CONFIRMED = "confirmed"
    OVER = "over"
    WITHDRAWN = "withdrawn"


class Clearance(Schema):
    """The last word about one clearance of a visit's client; `over` where it holds no longer on the visit's day."""

    name: ClearanceName
    asked: bool = Field(description="Whether the visit's service asks for it, and not only another.")
    state: ClearanceState
    until: date | None = Field(default=None, description="Last day on which it holds.")
    by_name: str | None = Field(default=None, description="Who confirmed or withdrew it.")
    at: AwareDatetime | None = None
    reason: ClearanceWithdrawal | None = Field(default=None, description="Why it was withdrawn.")


class Professional(Schema):
    """Somebody licensed to confirm clearances."""

    id: Identifier
    name: str


class VisitClearances(Schema):
    """The clearances that services of the clinic ask for, as they stand for a visit; its own service's come first."""

    appointment_id: Identifier
    registered: bool = Field(description="Whether the client is in the register; nothing is confirmed of others.")
    clearances: list[Clearance]
    professionals: list[Professional]


class NewClearance(Schema):
    """A licensed professional confirms something about a visit's client."""

    name: ClearanceName
    until: date | None = Field(default=None, description="Last day on which it holds; empty until it is withdrawn.")
    person_id: Identifier | None = Field(default=None, description="Who confirms; empty for whoever is signed in.")


class WithdrawnClearance(Schema):
    """A licensed professional withdraws a clearance."""

    name: ClearanceName
    reason: ClearanceWithdrawal
    person_id: Identifier | None = Field(default=None, description="Who withdraws; empty for whoever is signed in.")
