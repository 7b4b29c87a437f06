"""Destroys at the hub what a deleted client leaves: images, the key in escrow; then signs the receipt.

Each step can be done again, and the receipt is the last one, so whatever stops it is taken up by the next call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from cloud.blobs.store import BlobStore
from cloud.erasure.signing import ReceiptSigner
from cloud.ingest.down_writer import DownWriter
from cloud.keyservice.deposits import EscrowTombstone
from cloud.keyservice.escrow import KeyService
from cloud.storage.database import Database
from cloud.storage.erasures import DUE, ERASED, ErasureRepository
from cloud.storage.times import from_milliseconds, to_milliseconds
from shared.clock import Clock
from shared.erasure.receipt import Destroyed, ErasureReceipt, names_digest
from shared.events.catalogue.erasure import ErasureConfirmed
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId, LocationId, TenantId


@dataclass(frozen=True, slots=True)
class EraserTools:
    """What the eraser works with."""

    database: Database
    blobs: BlobStore
    escrow: KeyService
    signer: ReceiptSigner
    down: DownWriter
    clock: Clock


class HubEraser:
    """Completes deletions and destroys images that must not be here; used by one thread only."""

    def __init__(self, tools: EraserTools, wake: Callable[[], None]) -> None:
        """Keep the collaborators.

        Args:
            tools: what it works with.
            wake: lets the links look for something new to send down.
        """
        self._tools = tools
        self._wake = wake

    def complete_due(self, tenant: TenantId) -> int:
        """Do everything that is due for a tenant and return how many clients were completed.

        Idempotent by image name and by client.

        Raises:
            OSError: a disk refuses; what is left is done by the next call.
        """
        with self._tools.database.read(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            images, due = known.to_shred(), known.due()
        if images:
            self._destroy_images(tenant, images)
        for row in due:
            self._complete(tenant, row)
        if due:
            self._wake()
        return len(due)

    def replay_tombstones(self, tenant: TenantId) -> int:
        """Destroy again whatever a restored database or a restored folder has brought back of deleted clients.

        To be called before anything serves. What the key service remembers counts even where the hub's database is
        from before the deletion. Idempotent.

        Returns:
            How many images had come back.
        """
        with self._tools.database.write(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            for stone in self._tools.escrow.tombstones(tenant):
                if stone.client not in known.deleted_among({stone.client}):
                    moment = to_milliseconds(datetime.fromisoformat(stone.erased_at))
                    known.recall(stone.client, stone.request, moment)
                    for item in known.taken(stone.client):
                        known.shred(item.images, stone.client, ERASED, "", moment)
            names = known.all_shredded()
        returned = sum(self._tools.blobs.remove(tenant, name) for name in names)
        if names:
            with self._tools.database.write(tenant) as connection:
                ErasureRepository(connection, tenant).shredded(names)
        return returned

    def _destroy_images(self, tenant: TenantId, names: list[BlobName]) -> None:
        for name in names:
            self._tools.blobs.remove(tenant, name)
        with self._tools.database.write(tenant) as connection:
            ErasureRepository(connection, tenant).shredded(names)

    def _complete(self, tenant: TenantId, row: Row[Any]) -> None:
        stone = self._tools.escrow.destroy(tenant, ClientId(row.client), row.request)
        with self._tools.database.write(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            if not any(item.client == row.client and item.state == DUE for item in known.due()):
                return  # another process of this hub was faster
            receipt = self._receipt(tenant, row, stone, known.shredded_of(row.client))
            text = self._tools.signer.sign(receipt).to_text()
            known.finish(row.client, text, to_milliseconds(receipt.issued_at))
            payload = ErasureConfirmed(
                request=row.request, client=row.client, reason=row.reason, legal_basis=row.legal_basis, receipt=text
            )
            draft = EventDraft(f"erasure-receipt/{row.client}", payload, "hub", "erasure")
            self._tools.down.append(connection, tenant, LocationId(row.location), draft)

    def _receipt(self, tenant: TenantId, row: Row[Any], stone: EscrowTombstone, images: list[str]) -> ErasureReceipt:
        now, erased_at = self._tools.clock.wall(), from_milliseconds(row.erased_at)
        generation = f"keystore generation {row.generation} is the first without it"
        escrow = f"key service generation {stone.generation} is the first without it"
        return ErasureReceipt(
            tenant=tenant,
            location=row.location,
            client=row.client,
            request=row.request,
            reason=row.reason,
            legal_basis=row.legal_basis,
            device=row.device,
            tombstone_event=row.event,
            tombstone_hash=row.hash,
            images_sha256=names_digest(images),
            destroyed=(
                Destroyed(place="box", what="client_key", count=1, detail=generation, at=erased_at),
                Destroyed(place="box", what="images", count=len(images), at=erased_at),
                Destroyed(place="hub", what="images", count=len(images), at=now),
                Destroyed(
                    place="key_service",
                    what="escrowed_key",
                    count=int(stone.held),
                    detail=escrow,
                    at=datetime.fromisoformat(stone.erased_at),
                ),
            ),
            issued_at=now,
        )
