"""Clearances on record: a stream for each client, whose names only the client's key opens."""

from dataclasses import dataclass
from typing import Final, Protocol

from edge.clearances.rules import Clearances, after
from edge.keys.clients import DataKeyGone
from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.clearance import PAYLOADS, ClearanceGiven, ClearanceWithdrawn
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue
from shared.events.sealing import open_payload
from shared.ids import ClientId
from shared.vocabulary import Sensitivity

PURPOSE: Final = "care"


class OpeningKeys(Protocol):
    """The client keystore, as far as reading needs it."""

    def key_of(self, client: ClientId) -> bytes:
        """Return a client's data key; raises `DataKeyGone` when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a client's clearances, and at which version of their stream."""

    version: int
    clearances: Clearances


class ClearanceRecord:
    """Reads the clearances of clients; each time from the log, so that nothing opened stays in memory."""

    def __init__(self, store: SqlcipherEventStore, keys: OpeningKeys) -> None:
        self._store = store
        self._keys = keys
        self._catalogue = Catalogue(PAYLOADS)

    def of(self, client: ClientId) -> Known:
        """Return what is known of a client's clearances.

        Raises:
            DataKeyGone: there are some, and the client was erased, or the key is not on this box.
        """
        events = self._store.stream(_aggregate(client))
        known: Clearances = {}
        for event in events:
            known = after(known, self._opened(event, client), event.fields.actor, event.fields.wall_time)
        return Known(len(events), known)

    def readable(self, client: ClientId) -> Clearances:
        """Return a client's clearances, or none where nobody can read them any more."""
        try:
            return self.of(client).clearances
        except DataKeyGone:
            return {}

    def draft(
        self, client: ClientId, payload: ClearanceGiven | ClearanceWithdrawn, known: Known, actor: str
    ) -> EventDraft:
        """Return the event of a decision, refused when the client's clearances are no longer those decided on."""
        health = Sensitivity.HEALTH
        return EventDraft(_aggregate(client), payload, actor, PURPOSE, health, client, known.version)

    def _opened(self, event: Event, client: ClientId) -> ClearanceGiven | ClearanceWithdrawn:
        fields = event.fields
        model = self._catalogue.model(fields.type, fields.schema_version)
        payload = model.model_validate(open_payload(fields.payload, fields.id, self._keys.key_of(client)))
        if not isinstance(payload, ClearanceGiven | ClearanceWithdrawn):
            raise TypeError(f"{fields.type} is no event of clearances")
        return payload


def _aggregate(client: ClientId) -> str:
    return f"clearance/{client}"
