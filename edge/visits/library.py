"""Finds captures again and opens their photographs; every look at one is an event."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from edge.audit.trail import AuditTrail
from edge.keys.clients import ClientKeystore
from edge.store.errors import ImageMissing
from edge.store.events import SqlcipherEventStore
from edge.store.vault import ImageVault
from shared.clock import SystemClock
from shared.errors import Rejected, Retryable
from shared.events.catalogue.capture import AnalysisCompleted, CaptureStored, StoredImage
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind


class ImageAtHub(Retryable):
    """The image made room on this box and is kept at the hub, which cannot be asked now."""


class HubImages(Protocol):
    """Where images are that are no longer on this box."""

    def image(self, name: BlobName, size: int) -> bytes | None:
        """Return an image as it was sealed, checked against its name, or None when it is not there.

        Raises:
            Retryable, Rejected: the hub does not answer, or refuses.
        """
        ...


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

    def __init__(
        self,
        store: SqlcipherEventStore,
        vault: ImageVault,
        keys: ClientKeystore,
        hub: HubImages | None = None,
        trail: AuditTrail | None = None,
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log.
            vault: the sealed images on this box.
            keys: the clients' data keys.
            hub: where images are that made room here; without it they are only named.
            trail: puts every look on record; one of its own by default.
        """
        self._store = store
        self._vault = vault
        self._keys = keys
        self._hub = hub
        self._trail = trail or AuditTrail(store, SystemClock())

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
            ImageAtHub: it made room, and the hub that keeps it cannot be asked now.
            DataKeyGone: its client was erased.
            StorageBroken: it is damaged on disk.
        """
        found = self.get(capture)
        image = next((item for item in found.stored.images if item.kind is kind), None)
        if image is None:
            raise ImageMissing("image_missing", "the capture has no image of this kind")
        name = BlobName(image.name)
        key = self._keys.key_of(found.client)
        try:
            data = self._vault.get(name, found.client, kind, key)
        except ImageMissing:
            data = self._vault.opened(self._from_hub(image), found.client, kind, key)
        self._trail.photo_read(capture, (name, kind), found.client, actor, purpose)
        return data

    def _from_hub(self, image: StoredImage) -> bytes:
        """Return the sealed bytes of an image that made room here; they are not kept: the room is wanted."""
        pruned = self._store.rows("SELECT 1 FROM images WHERE name = ? AND pruned = 1", (image.name,))
        if not pruned:
            raise ImageMissing("image_missing", f"image {image.name[:12]} is not in the vault of this box")
        try:
            sealed = self._hub.image(BlobName(image.name), image.size) if self._hub is not None else None
        except (Retryable, Rejected) as error:
            raise ImageAtHub(
                "image_at_hub", "the photograph is kept at the hub; it is shown when the hub can be reached"
            ) from error
        if sealed is None:
            raise ImageMissing("image_made_room", f"image {image.name[:12]} made room and the hub does not have it")
        return sealed


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
