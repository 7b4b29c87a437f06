"""Payloads of the audit: who looked at, took out, was refused or changed what; never a name, never a PIN.

Actor and purpose stand in the event itself; `justification` says by what right: a role, break-glass, the station.
"""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel
from shared.vocabulary import ImageKind, StaffRole

_ID = 64
_CODE = r"^[a-z][a-z0-9_]{0,63}$"


class PhotoRead(PayloadModel):
    """A photograph was opened; stands for every look by this actor at it within the minute."""

    event_type: ClassVar[str] = "audit.photo_read"

    capture: str = Field(max_length=_ID)
    image: str = Field(pattern=r"^[0-9a-f]{64}$")
    kind: ImageKind
    justification: str = Field(pattern=_CODE)


class Exported(PayloadModel):
    """Data left the box or the hub as a file; written before it does."""

    event_type: ClassVar[str] = "audit.export"

    what: str = Field(pattern=_CODE)
    items: int = Field(ge=0, description="How many records or images.")
    justification: str = Field(pattern=_CODE)


class KeyUse(StrEnum):
    """What was done with a key."""

    ROTATED = "rotated"
    REPLACED = "replaced"
    RETIRED = "retired"
    RECOVERED = "recovered"
    EXPORTED = "exported"
    IMPORTED = "imported"
    RESTORED_WITH = "restored_with"


class KeyUsed(PayloadModel):
    """A person had a key changed, given back or carried away; never the key itself."""

    event_type: ClassVar[str] = "audit.key_used"

    key: str = Field(pattern=_CODE)
    use: KeyUse
    justification: str = Field(pattern=_CODE)


class AccessRefused(PayloadModel):
    """Somebody asked for what their role does not allow; stands for every such try within the minute."""

    event_type: ClassVar[str] = "audit.refused_access"

    action: str = Field(pattern=_CODE)
    role: StaffRole


class SignedIn(PayloadModel):
    """Somebody signed in or unlocked their session."""

    event_type: ClassVar[str] = "audit.signed_in"

    role: StaffRole
    unlocked: bool = False


class SignedOut(PayloadModel):
    """Somebody signed out."""

    event_type: ClassVar[str] = "audit.signed_out"


class SignInFailed(PayloadModel):
    """A PIN or set-up code was wrong; the actor is whom it was tried for, `unknown` for nobody here."""

    event_type: ClassVar[str] = "audit.sign_in_failed"

    failures: int = Field(ge=1, description="In a row, this one included.")
    pause_seconds: int = Field(ge=0, description="How long nobody can try again.")


class GlassBroken(PayloadModel):
    """Somebody took rights beyond their role for a limited time; the reason is sealed under the staff key."""

    event_type: ClassVar[str] = "audit.break_glass"

    role: StaffRole
    seconds: int = Field(ge=1)
    reason_sealed: str = Field(max_length=3_000)


class ConfigurationChanged(PayloadModel):
    """The box runs with other settings than before; values are never told."""

    event_type: ClassVar[str] = "audit.configuration_changed"

    before: str = Field(pattern=r"^([0-9a-f]{64})?$", description="Digest of all settings; empty the first time.")
    after: str = Field(pattern=r"^[0-9a-f]{64}$")
    settings: tuple[str, ...] = Field(max_length=500, description="Names of the settings that differ.")
    digests: dict[str, str] = Field(max_length=500, description="Keyed digest of each setting.")


PAYLOADS: tuple[type[PayloadModel], ...] = (
    PhotoRead,
    Exported,
    KeyUsed,
    AccessRefused,
    SignedIn,
    SignedOut,
    SignInFailed,
    GlassBroken,
    ConfigurationChanged,
)
