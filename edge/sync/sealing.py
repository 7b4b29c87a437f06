"""Seals what the link says and opens what it hears, while the transport key changes."""

from collections.abc import Sequence
from typing import Protocol

from edge.store.events import BoxIdentity
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_with, seal_message
from shared.wire.topics import DOWN, UP


class KeyRing(Protocol):
    """The transport keys of one box."""

    def held(self) -> Sequence[bytes]:
        """Return the keys, newest first and at least one."""
        ...

    def used_by_hub(self, key: bytes) -> None:
        """Learn which of them the hub has sealed with."""
        ...


class OneKey:
    """A ring of one key that never changes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def held(self) -> Sequence[bytes]:
        """Return the key."""
        return (self._key,)

    def used_by_hub(self, key: bytes) -> None:
        """There is nothing to learn."""


class LinkSealing:
    """Speaks with the newest key, understands all that are held."""

    def __init__(self, identity: BoxIdentity, keys: bytes | KeyRing) -> None:
        self._identity = identity
        self._ring = OneKey(keys) if isinstance(keys, bytes) else keys

    def seal(self, message: wire.Message) -> bytes:
        """Return the bytes to send to the hub."""
        return seal_message(message, self._identity.tenant, self._identity.device, UP, self._ring.held()[0])

    def open(self, data: bytes) -> wire.Message:
        """Open what came from the hub.

        Raises:
            MalformedMessage, CannotOpen: it is not for this box or under no key that is held.
        """
        message, key = open_with(data, self._identity.tenant, self._identity.device, DOWN, self._ring.held())
        self._ring.used_by_hub(key)
        return message
