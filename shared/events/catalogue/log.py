"""Payloads about the hub's own log: the heads it signs, and what boxes make of them."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel

_HASH = r"^[0-9a-f]{64}$"
_EPOCH = r"^[0-9a-f]{1,16}$"


class HeadSigned(PayloadModel):
    """Down from the hub: a signed head of the tree over every event it has applied for the tenant."""

    event_type: ClassVar[str] = "log.head_signed"

    epoch: str = Field(pattern=_EPOCH)
    size: int = Field(ge=0, lt=2**63)
    root: str = Field(pattern=_HASH)
    at: int = Field(ge=0, description="Milliseconds since 1970 by the hub's clock.")
    key: str = Field(pattern=_HASH, description="The log key's raw public half.")
    signature: str = Field(pattern=r"^[0-9a-f]{128}$")


class HeadVerified(PayloadModel):
    """The box verified the hub's tree up to here; at most once a day."""

    event_type: ClassVar[str] = "log.head_verified"

    key_id: str = Field(max_length=16)
    epoch: str = Field(pattern=_EPOCH)
    size: int = Field(ge=0)
    root: str = Field(pattern=_HASH)


class HubRestored(PayloadModel):
    """The hub declared that it was restored from a backup, and its tree goes on from an earlier size."""

    event_type: ClassVar[str] = "log.hub_restored"

    before: str = Field(pattern=_EPOCH)
    epoch: str = Field(pattern=_EPOCH)
    size_known: int = Field(ge=0, description="Size of the latest tree this box had verified.")
    size_resumed: int = Field(ge=0, description="Size that the restored tree goes on from.")


class HubRewroteHistory(PayloadModel):
    """Alarm: what the hub shows contradicts what it signed or acknowledged; both heads are the evidence."""

    event_type: ClassVar[str] = "log.hub_rewrote_history"

    reason: str = Field(max_length=64, description="Code of what was found.")
    sentence: str = Field(max_length=500)
    known: HeadSigned | None = Field(default=None, description="The head this box had verified last.")
    shown: HeadSigned | None = Field(default=None, description="What the hub shows instead.")
    seq: int | None = Field(default=None, ge=1, description="The box's own event that is missing or changed.")


class LogKeyTrusted(PayloadModel):
    """A person decided that the hub's log is signed by this key now, though no earlier key says so."""

    event_type: ClassVar[str] = "log.key_trusted"

    key_id: str = Field(pattern=r"^[0-9a-f]{16}$", description="Fingerprint, as the hub's operator told it.")
    why: str = Field(min_length=1, max_length=500)


PAYLOADS: tuple[type[PayloadModel], ...] = (HeadSigned, HeadVerified, HubRestored, HubRewroteHistory, LogKeyTrusted)
