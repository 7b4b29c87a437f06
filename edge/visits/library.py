"""Finds captures again and opens their photographs; every look at one is an event."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge.keys.clients import ClientKeystore
from edge.store.errors import ImageMissing
from edge.store.events import SqlcipherEventStore
from edge.store.vault import ImageVault
from shared.errors import Rejected
from shared.events.catalogue.capture import AnalysisCompleted, CaptureStored, ImageRead
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind, Sensitivity


class CaptureUnknown(Rejected):
    """The box holds no such capture."""


class CaptureErased(CaptureUnknown):
    """The capture's client was deleted, and it with them."""


@dataclass(frozen=True, slots=True)
class StoredCapture:
    """One capture as recorded; `stored.note` stays empty, it is sealed."""

    id: str
    client: ClientId
    taken_at: datetime
    stored: CaptureStored
    analysis: AnalysisCompleted | None
    analysed_at: datetime | None


class CaptureLibrary:
    """The clinic's captures."""

    def __init__(self, store: SqlcipherEventStore, vault: ImageVault, keys: ClientKeystore) -> None:
        self._store = store
        self._vault = vault
        self._keys = keys

    def latest(self, client: ClientId | None, limit: int) -> list[StoredCapture]:
        """Return the latest captures, newest first, of one client or of all."""
        rows = self._store.rows(
            "SELECT capture, client, taken_at, payload, analysis, analysed_at FROM captures"
            " WHERE ?1 IS NULL OR client = ?1 ORDER BY rowid DESC LIMIT ?2",
            (client, limit),
        )
        return [_capture(row) for row in rows]

    def get(self, capture: str) -> StoredCapture:
        """Return one capture.

        Raises:
            CaptureUnknown: there is none of this id.
            CaptureErased: its client was deleted.
        """
        rows = self._store.rows(
            "SELECT capture, client, taken_at, payload, analysis, analysed_at FROM captures WHERE capture = ?",
            (capture,),
        )
        if not rows:
            if self._store.rows("SELECT 1 FROM erased_captures WHERE capture = ?", (capture,)):
                raise CaptureErased("client_erased", "this client was erased, and the photograph with them")
            raise CaptureUnknown("capture_unknown", "this box holds no such capture")
        return _capture(rows[0])

    def count(self, client: ClientId) -> int:
        """Return how many captures a client has."""
        return int(self._store.rows("SELECT count(*) FROM captures WHERE client = ?", (client,))[0][0])

    def open_image(self, capture: str, kind: ImageKind, purpose: str, actor: str) -> bytes:
        """Return a photograph in clear; the read is on record before the bytes are returned.

        Raises:
            CaptureUnknown, ImageMissing: it is not here.
            DataKeyGone: its client was erased.
            StorageBroken: it is damaged on disk.
        """
        found = self.get(capture)
        image = next((item for item in found.stored.images if item.kind is kind), None)
        if image is None:
            raise ImageMissing("image_missing", "the capture has no image of this kind")
        name = BlobName(image.name)
        data = self._vault.get(name, found.client, kind, self._keys.key_of(found.client))
        read = EventDraft(f"capture/{capture}", ImageRead(name=name), actor, purpose, Sensitivity.HEALTH, found.client)
        self._store.append([read])
        return data


def _capture(row: tuple[Any, ...]) -> StoredCapture:
    capture, client, taken_at, payload, analysis, analysed_at = row
    stored = {name: value for name, value in json.loads(payload).items() if name != "sealed"}
    return StoredCapture(
        capture,
        ClientId(client),
        datetime.fromisoformat(taken_at),
        CaptureStored.model_validate(stored),
        AnalysisCompleted.model_validate_json(analysis) if analysis else None,
        datetime.fromisoformat(analysed_at) if analysed_at else None,
    )
