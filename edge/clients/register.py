"""Adds clients and finds them again; names are opened in memory and never stored or logged in clear."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from edge.keys.clients import ClientKeystore, DataKeyGone
from edge.store.events import SqlcipherEventStore
from shared.errors import Rejected
from shared.events.catalogue.client import ClientRegistered
from shared.events.envelope import EventDraft
from shared.events.sealing import open_payload
from shared.ids import ClientId, IdSource
from shared.vocabulary import Sensitivity


class ClientUnknown(Rejected):
    """The register holds no such client, the client was erased, or the client's key is not here."""


class ClientErased(ClientUnknown):
    """The client was deleted for good."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client with the sealed fields opened."""

    id: ClientId
    registered_at: datetime
    details: ClientRegistered


class ClientRegister:
    """The clinic's clients."""

    def __init__(self, store: SqlcipherEventStore, keys: ClientKeystore, ids: IdSource) -> None:
        self._store = store
        self._keys = keys
        self._ids = ids
        self._opened = lru_cache(maxsize=4096)(self._open)

    def add(self, details: ClientRegistered, actor: str) -> RegisteredClient:
        """Register a client under a new data key; the key is durable before the event."""
        client = ClientId(self._ids.new())
        self._keys.create(client)
        draft = EventDraft(f"client/{client}", details, actor, "registration", Sensitivity.PERSONAL, client)
        event = self._store.append([draft])[0]
        return RegisteredClient(client, event.fields.wall_time, details)

    def get(self, client: ClientId) -> RegisteredClient:
        """Return one client.

        Raises:
            ClientErased: deleted.
            ClientUnknown: not registered here, or the key that opens the client is lost.
        """
        rows = self._store.rows(
            "SELECT client, event_id, registered_at, payload FROM clients WHERE client = ?", (client,)
        )
        if not rows:
            if self._store.rows("SELECT 1 FROM erased_clients WHERE client = ?", (client,)):
                raise ClientErased("client_erased", "this client was erased")
            raise ClientUnknown("client_unknown", "no such client is registered at this clinic")
        try:
            return self._look_up(rows[0])
        except DataKeyGone:
            raise ClientUnknown(
                "client_key_missing",
                "this client's key is not on this box; get it back with `medspa edge recover-keys`",
            ) from None

    def forget(self, client: ClientId) -> None:
        """Keep nothing in memory that was opened; for a client who is being deleted, and everybody with them."""
        del client
        self._opened.cache_clear()

    def all(self) -> list[RegisteredClient]:
        """Return every client that can be opened, latest first."""
        rows = self._store.rows("SELECT client, event_id, registered_at, payload FROM clients ORDER BY rowid DESC")
        found: list[RegisteredClient] = []
        for row in rows:
            try:
                found.append(self._look_up(row))
            except DataKeyGone:
                continue
        return found

    def _look_up(self, row: tuple[Any, ...]) -> RegisteredClient:
        """Return a client from the cache, which must forget whoever was erased since."""
        try:
            self._keys.key_of(ClientId(row[0]))
        except DataKeyGone:
            self._opened.cache_clear()
            raise
        return self._opened(*row)

    def _open(self, client: str, event_id: str, registered_at: str, payload: str) -> RegisteredClient:
        key = self._keys.key_of(ClientId(client))
        opened: dict[str, Any] = open_payload(json.loads(payload), event_id, key)
        return RegisteredClient(
            ClientId(client), datetime.fromisoformat(registered_at), ClientRegistered.model_validate(opened)
        )
