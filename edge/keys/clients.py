"""The client keystore: one data key per client, apart from the record and never part of its backup.

Each key is its own sealed file. Creating one is durable before anything is sealed with it; destroying one
makes everything sealed with it unreadable.
"""

import threading
from pathlib import Path

from shared.crypto.aead import new_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.ids import ClientId


class DataKeyGone(Rejected):
    """There is no data key for this client: unknown here, or erased."""


class ClientKeystore:
    """Data keys by client, cached once opened; safe to share by threads."""

    def __init__(self, folder: Path) -> None:
        self._keys = SealedKeyFolder(folder)
        self._cache: dict[ClientId, bytes] = {}
        self._lock = threading.Lock()

    def create(self, client: ClientId) -> None:
        """Make a client's data key, durable when this returns.

        Raises:
            Rejected: the client has one already; a second would orphan what the first has sealed.
        """
        with self._lock:
            if self._keys.get(client) is not None:
                raise Rejected("data_key_exists", "the client has a data key already")
            self._keys.put(client, new_key())

    def key_of(self, client: ClientId) -> bytes:
        """Return a client's data key.

        Raises:
            DataKeyGone: unknown client, or erased.
        """
        with self._lock:
            key = self._cache.get(client) or self._keys.get(client)
            if key is None:
                raise DataKeyGone("data_key_gone", "this client is not known on this box, or was erased")
            self._cache[client] = key
            return key

    def count(self) -> int:
        """Return how many clients have a key."""
        return len(self._keys.names())
