"""The event: an immutable, hash-chained record of something that happened.

The *body* is the canonical JSON of every field but the hash; the hash is taken over those very bytes, and
the bytes are what is stored and sent. So a field that this version does not know survives a round trip.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Corrupt, Rejected
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from shared.vocabulary import ClockQuality, Sensitivity

GENESIS_HASH: Final = "0" * 64
MAX_BODY_BYTES: Final = 128 * 1024
# Made once: making an encoder costs more than most events take to encode.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_HASH_DOMAIN: Final = b"medspasync/event/1\0"


class MalformedEvent(Rejected):
    """The bytes are not an event."""


class HashMismatch(Corrupt):
    """An event's hash is not the hash of its body."""


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What a capability wants recorded; the store adds identity, order and the chain.

    Attributes:
        aggregate: what the event is about, `kind/id`; never holds personal data.
        payload: what happened.
        actor: who did it, as an opaque id.
        purpose: why, in one or two words.
        client: whose data key seals the payload's sealed fields; required when there are any.
        expected_version: position the aggregate must be at before this event, or None for any.
    """

    aggregate: str
    payload: PayloadModel
    actor: str
    purpose: str
    sensitivity: Sensitivity = Sensitivity.OPERATIONAL
    client: ClientId | None = None
    expected_version: int | None = None


class EventBody(BaseModel):
    """Every field of an event but its hash; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    tenant: str = Field(min_length=1, max_length=64)
    location: str = Field(min_length=1, max_length=64)
    device: str = Field(min_length=1, max_length=64)
    epoch: str = Field(pattern=r"^[0-9a-f]{16}$")
    seq: int = Field(ge=1, lt=2**63)
    prev_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    aggregate: str = Field(min_length=1, max_length=128)
    version: int = Field(ge=1, lt=2**63)
    hlc: str = Field(pattern=r"^[0-9a-f]{16}$")
    wall_time: datetime
    clock_quality: ClockQuality
    type: str = Field(min_length=1, max_length=64)
    schema_version: int = Field(ge=1, le=10_000)
    actor: str = Field(max_length=64)
    purpose: str = Field(max_length=64)
    sensitivity: Sensitivity
    client: str | None = Field(default=None, max_length=64)
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as stored and sent: parsed fields beside the exact bytes they came from."""

    fields: EventBody
    body: bytes
    hash: str

    @classmethod
    def seal_in_chain(cls, fields: Mapping[str, Any]) -> Self:
        """Make the event out of its fields: canonical bytes, then hash.

        Raises:
            MalformedEvent: a field is missing or out of range, or the event is over `MAX_BODY_BYTES`.
        """
        return cls.from_body(canonical_json(fields))

    @classmethod
    def from_body(cls, body: bytes, expected_hash: str | None = None) -> Self:
        """Read an event from its bytes.

        Raises:
            MalformedEvent: the bytes are no event.
            HashMismatch: `expected_hash` is given and is not theirs.
        """
        if len(body) > MAX_BODY_BYTES:
            raise MalformedEvent("event_too_large", f"an event may have {MAX_BODY_BYTES} bytes at most")
        try:
            parsed = _parse(body)
        except (ValueError, ValidationError, RecursionError) as error:
            raise MalformedEvent("malformed_event", f"not an event: {_where(error)}") from None
        digest = body_hash(body)
        if expected_hash is not None and digest != expected_hash:
            raise HashMismatch("hash_mismatch", f"event {parsed.id}: the stored hash is not that of its body")
        return cls(parsed, body, digest)


def body_hash(body: bytes) -> str:
    """Return the SHA-256 of an event's body as 64 hex digits, separated from other uses of the hash."""
    return hashlib.sha256(_HASH_DOMAIN + body).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return the one JSON text of a value: sorted keys, no white space, UTF-8.

    Raises:
        MalformedEvent: the value holds NaN, an infinity or something JSON has no word for.
    """
    try:
        return _CANONICAL.encode(value).encode()
    except (TypeError, ValueError) as error:
        raise MalformedEvent("not_json", f"cannot be written as JSON: {type(error).__name__}") from None


def _parse(body: bytes) -> EventBody:
    """Read and check a body in one pass; what that pass cannot judge is left to the standard library's parser."""
    if b"NaN" not in body and b"Infinity" not in body:
        with suppress(ValidationError):
            return EventBody.model_validate_json(body)
    return EventBody.model_validate(json.loads(body, parse_constant=_refuse_constant))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _where(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'body'} ({first['type']})"
    return type(error).__name__
