"""Carries a deletion out: the client's key is destroyed, their images go, and the tombstone says so.

The approval in the log is what makes it certain. Every step after it can be done again, so wherever it stops it is
taken up at the next start and ends complete; and no key is destroyed without an approval that says why.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from edge.clients.erasure_desk import draft
from edge.keys.clients import DataKeyGone
from edge.store.events import SqlcipherEventStore
from edge.store.vault import ImageVault
from shared.erasure.rules import ErasureState
from shared.errors import Corrupt
from shared.events.catalogue.erasure import NAMES_AN_EVENT, ClientErased, ImagesShredded
from shared.events.envelope import Event, EventDraft
from shared.ids import BlobName, ClientId

_BOX: Final = "box"
ErasedListener = Callable[[ClientId], None]


class DestroyableKeys(Protocol):
    """The client keystore, as far as deleting needs it."""

    def key_of(self, client: ClientId) -> bytes:
        """Return a client's data key; raises `DataKeyGone` when there is none."""
        ...

    def destroy(self, client: ClientId) -> int:
        """Destroy a client's data key and return the generation without it; idempotent by the client."""
        ...


class ClientEraser:
    """Completes approved deletions; used by one thread of the one process that runs the box."""

    def __init__(self, store: SqlcipherEventStore, keys: DestroyableKeys, vault: ImageVault) -> None:
        self._store = store
        self._keys = keys
        self._vault = vault
        self._listeners: list[ErasedListener] = []

    def on_erased(self, listener: ErasedListener) -> None:
        """Call `listener` with each client whose key is gone, so that nothing opened before stays in memory."""
        self._listeners.append(listener)

    def complete_pending(self) -> int:
        """Carry out every approved deletion and return how many. Idempotent by the request.

        Raises:
            Retryable: the disk refuses; what is left is done by the next call.
        """
        rows = self._store.rows(
            "SELECT request, client, reason, legal_basis, requested_by, decided_by FROM erasures"
            " WHERE state = ? ORDER BY rowid",
            (str(ErasureState.APPROVED),),
        )
        for row in rows:
            self._complete(row)
        return len(rows)

    def _complete(self, row: tuple[Any, ...]) -> None:
        request, client = str(row[0]), ClientId(row[1])
        generation = self._keys.destroy(client)
        self._forget(client)
        # Read after the key is gone: from then on no photograph of this client can be recorded any more.
        names = self._images(client)
        for name in names:
            self._vault.shred(name)
        tombstone = ClientErased(
            request=request,
            client=client,
            reason=row[2],
            legal_basis=row[3],
            requested_by=row[4],
            approved_by=row[5],
            keystore_generation=generation,
            images=tuple(names[:NAMES_AN_EVENT]),
        )
        self._store.append([*_more_images(request, client, names[NAMES_AN_EVENT:]), draft(tombstone, _BOX)])
        self._forget(client)

    def _images(self, client: ClientId) -> list[BlobName]:
        rows = self._store.rows(
            "SELECT name FROM images JOIN captures USING (capture) WHERE client = ? ORDER BY name", (client,)
        )
        return [BlobName(name) for (name,) in rows]

    def _forget(self, client: ClientId) -> None:
        for listener in self._listeners:
            listener(client)


def replay_tombstones(store: SqlcipherEventStore, keys: DestroyableKeys, vault: ImageVault) -> list[ClientId]:
    """Destroy the key and the images of every deleted client that a restored copy has brought back.

    To be called when a record is opened, before anything serves. Idempotent by the client.

    Returns:
        The clients whose key had come back.
    """
    returned = [client for client in _erased(store) if _has_key(keys, client)]
    for client in returned:
        keys.destroy(client)
    if returned:
        for name in _names_in_tombstones(store, frozenset(returned)):
            vault.shred(name)
    return returned


def _erased(store: SqlcipherEventStore) -> list[ClientId]:
    return [ClientId(client) for (client,) in store.rows("SELECT client FROM erased_clients ORDER BY client")]


def _has_key(keys: DestroyableKeys, client: ClientId) -> bool:
    try:
        keys.key_of(client)
    except (DataKeyGone, Corrupt):
        # A keystore that is lost holds nobody's key; the record must open, so that the others are recovered.
        return False
    return True


def _names_in_tombstones(store: SqlcipherEventStore, clients: frozenset[ClientId]) -> list[BlobName]:
    rows = store.rows(
        "SELECT body FROM events WHERE type IN (?, ?) ORDER BY position",
        (ClientErased.event_type, ImagesShredded.event_type),
    )
    payloads = [Event.from_body(body).fields.payload for (body,) in rows]
    return [BlobName(name) for payload in payloads if payload["client"] in clients for name in payload["images"]]


def _more_images(request: str, client: ClientId, names: Sequence[BlobName]) -> list[EventDraft]:
    parts = (names[start : start + NAMES_AN_EVENT] for start in range(0, len(names), NAMES_AN_EVENT))
    return [draft(ImagesShredded(request=request, client=client, images=tuple(part)), _BOX) for part in parts]
