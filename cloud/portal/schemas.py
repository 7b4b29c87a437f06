"""What crosses the hub's HTTP border to the portal.

Every model refuses unknown keys; times are aware datetimes in UTC. No client data is opened here: the
portal counts captures and findings, it shows none.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from cloud.audit.rules import AlertKind
from shared.erasure.rules import ErasureState
from shared.vocabulary import ClockQuality, ErasureReason, LegalBasis

Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Schema(BaseModel):
    """Base of every model at this border: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ComponentVersion(Schema):
    """One versioned part of a box."""

    name: str
    version: str


class Device(Schema):
    """A box as the hub knows it."""

    id: Identifier
    name: str
    online: bool
    since: AwareDatetime = Field(description="Since when it has been on line or off line.")
    last_contact_at: AwareDatetime | None = None
    lag_events: int = Field(ge=0, description="Events the box says it has and the hub has not.")
    lag_seconds: float = Field(ge=0, description="Age of the oldest of those events.")
    events_received: int = Field(default=0, ge=0)
    blobs_missing: int = Field(ge=0, description="Images named by events and not yet here.")
    fenced: bool = Field(description="Refused until a person has looked: a restored or copied box.")
    alarm: str | None = Field(default=None, description="What is wrong and what to do, for people.")
    clock: ClockQuality = ClockQuality.SYNCHRONISED
    versions: list[ComponentVersion] = Field(default=[])


class Location(Schema):
    """A clinic and its boxes."""

    id: Identifier
    name: str
    timezone: str
    devices: list[Device]


class Fleet(Schema):
    """All clinics of the tenant; `now` lets the page show ages."""

    now: AwareDatetime
    locations: list[Location]


class ActivityRow(Schema):
    """What one clinic did on one of its own days."""

    day: date
    location_id: Identifier
    captures: int = Field(ge=0)
    findings: int = Field(ge=0)


class Activity(Schema):
    """Captures and findings per day per location; a day with nothing may be left out."""

    first_day: date
    last_day: date
    rows: list[ActivityRow]


class ParkedEvent(Schema):
    """An event that could not be applied, set aside so that the others go on."""

    id: Identifier
    location_id: Identifier
    device_id: Identifier
    seq: int
    type: str
    reason: str
    action: str = Field(description="What a person can do about it.")
    parked_at: AwareDatetime
    waiting: int = Field(default=0, ge=0, description="Later events of the same aggregate held back.")


class Parked(Schema):
    """Set-aside events, oldest first."""

    items: list[ParkedEvent]


class SkipParked(Schema):
    """A person decides to do without an event's effect."""

    reason: str = Field(min_length=1, max_length=500, description="Why; kept for good.")


class ParkedOutcome(Schema):
    """What came of a decision about a set-aside event."""

    applied: int = Field(ge=0, description="Events applied now.")
    set_aside: int = Field(ge=0, description="Events that are set aside still.")


class BookingState(StrEnum):
    """What the clinic's box has said to a request."""

    TENTATIVE = "tentative"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class NewBookingRequest(Schema):
    """A wish for a visit; the clinic's box decides."""

    location_id: Identifier
    service: str = Field(min_length=1, max_length=80)
    client_name: str = Field(min_length=1, max_length=120)
    phone: str | None = Field(default=None, max_length=32)
    wanted_from: AwareDatetime
    wanted_until: AwareDatetime

    @model_validator(mode="after")
    def _window_runs_forward(self) -> "NewBookingRequest":
        if self.wanted_until <= self.wanted_from:
            raise ValueError("the latest time must come after the earliest")
        return self


class BookingRequest(Schema):
    """A request and its answer; the client's name stays sealed on the way and is not shown here."""

    id: Identifier
    location_id: Identifier
    service: str
    wanted_from: AwareDatetime
    wanted_until: AwareDatetime
    requested_at: AwareDatetime
    state: BookingState
    starts_at: AwareDatetime | None = None
    reason: str | None = None
    alternatives: list[AwareDatetime] = Field(default=[])


class BookingRequests(Schema):
    """Requests, latest first."""

    items: list[BookingRequest]
    services: dict[str, list[str]] = Field(description="Services offered, by location id.")


class Slot(Schema):
    """A slot that a clinic has lent and that can be bought at once."""

    id: Identifier
    location_id: Identifier
    service: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class SlotOutcome(StrEnum):
    """What the clinic's box has made of a sale."""

    SOLD = "sold"
    BOOKED = "booked"
    WAITING = "waiting"


class SoldSlot(Slot):
    """A sale, which is final; `waiting` means that people at the clinic must call the client."""

    sold_at: AwareDatetime
    outcome: SlotOutcome
    reason: str | None = None


class Slots(Schema):
    """What can be bought now, earliest first, and the latest sales, latest first."""

    free: list[Slot]
    sold: list[SoldSlot]


class NewSlotSale(Schema):
    """Somebody buys a slot; the name stays sealed and is not shown."""

    order: Identifier = Field(description="Chosen by who asks: the same order buys once, however often it is sent.")
    client_name: str = Field(min_length=1, max_length=120)
    phone: str | None = Field(default=None, max_length=32)


class Summary(Schema):
    """The day so far over all clinics."""

    now: AwareDatetime
    tenant_name: str
    locations: int
    devices: int
    devices_online: int
    captures_today: int
    findings_today: int
    replans_today: int
    events_today: int
    parked: int


class NewErasure(Schema):
    """A request that a client's clinic delete them; another person approves it, here or there."""

    client_id: Identifier = Field(description="The client's number; the portal knows no names.")
    reason: ErasureReason
    legal_basis: LegalBasis


class Erasure(Schema):
    """A request to delete a client, and what became of it."""

    id: Identifier
    client_id: Identifier
    location_id: Identifier
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str
    requested_at: AwareDatetime
    state: ErasureState
    decided_by: str | None = None
    erased_at: AwareDatetime | None = Field(default=None, description="When the clinic's box destroyed the key.")
    receipt_at: AwareDatetime | None = Field(default=None, description="When the signed receipt was made.")
    may_approve: bool = Field(description="Whether whoever looks may approve it.")


class Erasures(Schema):
    """Requests, latest first."""

    items: list[Erasure]


class AuditAlert(Schema):
    """Something in the audit that deserves a person's look; people are named by opaque id, names are on the box."""

    id: Identifier
    location_id: Identifier
    kind: AlertKind
    actor: str = Field(description="Who did it, as an opaque id.")
    day: date = Field(description="Day of the clinic's calendar.")
    sentence: str
    first_at: AwareDatetime
    last_at: AwareDatetime
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    note: str | None = Field(default=None, description="What was found; kept sealed.")


class Alerts(Schema):
    """Alerts: those that wait for a person first, then latest first."""

    waiting: int = Field(ge=0)
    items: list[AuditAlert]


class AcknowledgeAlert(Schema):
    """What a person found when they looked."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
