"""Names of things, typed so that one kind is not taken for another."""

import secrets
from collections.abc import Callable
from typing import NewType, Protocol

from shared.clock import Clock

TenantId = NewType("TenantId", str)
LocationId = NewType("LocationId", str)
DeviceId = NewType("DeviceId", str)
ClientId = NewType("ClientId", str)
EventId = NewType("EventId", str)
BlobName = NewType("BlobName", str)


class IdSource(Protocol):
    """Source of new unique ids."""

    def new(self) -> str:
        """Return an id nobody else has."""
        ...


class Uuid7Source:
    """UUIDv7 ids (RFC 9562 §5.7): time-ordered, 74 random bits."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def new(self) -> str:
        """Return a fresh UUIDv7 in its canonical text form."""
        milliseconds = int(self._clock.wall().timestamp() * 1000) & ((1 << 48) - 1)
        value = (milliseconds << 80) | int.from_bytes(self._random_bytes(10), "big")
        value = (value & ~(0xF << 76)) | (0x7 << 76)
        value = (value & ~(0x3 << 62)) | (0x2 << 62)
        digits = f"{value:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
