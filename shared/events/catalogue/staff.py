"""Payloads about the clinic's staff; names and PIN hashes are sealed under the box's staff key."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel
from shared.vocabulary import StaffRole

_ID = 64


class StaffInvited(PayloadModel):
    """A manager gave out a one-time set-up code."""

    event_type: ClassVar[str] = "staff.invited"

    code_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    role: StaffRole
    expires_at: datetime


class StaffJoined(PayloadModel):
    """Somebody used a set-up code: from now on they sign in with their PIN."""

    event_type: ClassVar[str] = "staff.joined"

    staff: str = Field(max_length=_ID)
    role: StaffRole
    name_sealed: str = Field(max_length=1_000)
    pin_sealed: str = Field(max_length=1_000, description="The PIN's Argon2id hash, sealed.")
    code_hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="The code that was used up.")


class PinChanged(PayloadModel):
    """Somebody chose another PIN."""

    event_type: ClassVar[str] = "staff.pin_changed"

    staff: str = Field(max_length=_ID)
    pin_sealed: str = Field(max_length=1_000)


class StaffDeactivated(PayloadModel):
    """Somebody may not sign in any more."""

    event_type: ClassVar[str] = "staff.deactivated"

    staff: str = Field(max_length=_ID)


PAYLOADS: tuple[type[PayloadModel], ...] = (StaffInvited, StaffJoined, PinChanged, StaffDeactivated)
