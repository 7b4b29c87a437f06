"""What a box does when it is cut or killed, and what must hold of its folder afterwards."""

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final, Protocol

from edge.clients.erasure import ClientEraser
from edge.clients.erasure_desk import ErasureDesk
from edge.config import StoreSettings
from edge.keys.clients import ClientKeystore, DataKeyGone
from edge.keys.opening import open_keys
from edge.keys.rekey import Rekey
from edge.keys.rotation import KeyRotation
from edge.record import RECORD_FILE, Record, open_record
from edge.store.events import BoxIdentity, SqlcipherEventStore
from edge.store.vault import ImageVault
from shared.clock import SystemClock
from shared.errors import Retryable
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.catalogue.client import ClientRegistered
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId, DeviceId, LocationId, TenantId, Uuid7Source
from shared.vocabulary import ErasureReason, GateProfileName, ImageKind, LegalBasis

IDENTITY: Final = BoxIdentity(TenantId("tenant-a"), LocationId("clinic-1"), DeviceId("box-1"))
# A thousand pages in the write-ahead log make SQLite carry them over; closing the record does so, too.
CHECKPOINT_BATCHES: Final = int(os.environ.get("CHECKPOINT_BATCHES", "6"))
_PHOTOGRAPH: Final = b"photograph" * 300


def settings(folder: Path) -> StoreSettings:
    """Return a box's settings with everything below one folder."""
    return StoreSettings(folder=folder / "data", keys_folder=folder / "keys", reserve_bytes=1024 * 1024)


def open_box(folder: Path) -> Record:
    """Open the record as the running box does."""
    clock = SystemClock()
    record = open_record(settings(folder), clock, Uuid7Source(clock))
    record.vault.discard_unfinished()
    return record


def prepare(folder: Path) -> None:
    """Make a box that has been at work, stopped in order."""
    data = settings(folder).folder
    data.mkdir(parents=True)
    (data / "identity.json").write_text(json.dumps(asdict(IDENTITY)))
    record = open_box(folder)
    client = _register(record)
    _photograph(record, client)
    record.store.close()


def commit(folder: Path) -> None:
    """Register clients and take photographs."""
    record = open_box(folder)
    for _ in range(2):
        client = _register(record)
        _photograph(record, client)
    record.store.close()


def checkpoint(folder: Path) -> None:
    """Write until the write-ahead log is carried over into the database, and go on."""
    record = open_box(folder)
    note = EventDraft("box/box-1", BoxStarted(software="x" * 60, clean=True), "box", "operation")
    for _ in range(CHECKPOINT_BATCHES):
        events = record.store.append([note] * 60)
        acknowledge(f"seq {events[-1].fields.seq}")
    record.store.close()


def persist(folder: Path) -> None:
    """Write events however often the disk refuses, as a box does, and say how often it did."""
    record = open_box(folder)
    note = EventDraft("box/box-1", BoxStarted(software="x" * 60, clean=True), "box", "operation")
    refused = kept = 0
    while kept < 20:
        try:
            event = record.store.append([note])[0]
        except Retryable:
            refused += 1
            continue
        kept += 1
        acknowledge(f"seq {event.fields.seq}")
    os.write(1, f"{refused} refused, {kept} kept\n".encode())
    record.store.close()


def rotate(folder: Path) -> None:
    """Change every wrapping key."""
    keys, clock = open_keys(settings(folder)), SystemClock()
    clients = ClientKeystore(settings(folder).keys_folder / "clients", keys.sealed, clock)
    KeyRotation(keys, clients, clock).rotate()


def rekey(folder: Path) -> None:
    """Write the record anew under another key."""
    Rekey(settings(folder).folder / RECORD_FILE, open_keys(settings(folder))).run()


def erase(folder: Path) -> None:
    """Delete the client whose deletion was approved."""
    record = open_box(folder)
    ClientEraser(record.store, record.clients, record.vault).complete_pending()
    record.store.close()


def prepare_erasure(folder: Path) -> None:
    """Make a box where the deletion of one client of two is approved and not yet done."""
    prepare(folder)
    record = open_box(folder)
    client = _register(record)
    _photograph(record, client)
    desk = ErasureDesk(record.store, Uuid7Source(SystemClock()))
    request = desk.request(client, ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17, "front-desk")
    desk.approve(request.request, "manager")
    record.store.close()


def check(folder: Path, acknowledged: tuple[str, ...]) -> None:
    """Open the record as the next start would, and hold it to what was acknowledged.

    Raises:
        AssertionError: something acknowledged is gone, half there, or there twice.
        MedSpaError: the record does not open.
    """
    record = open_box(folder)
    try:
        report = record.store.verify()
        assert report.intact, report
        assert report.length >= max(map(int, told(acknowledged, "seq")), default=0), "an acknowledged event is gone"
        # What was approved is carried out, whatever stopped it.
        ClientEraser(record.store, record.clients, record.vault).complete_pending()
        erased = {client for (client,) in record.store.rows("SELECT client FROM erasures WHERE erased_at IS NOT NULL")}
        _check_photographs(
            record, erased, [line.split(" ", 1)[1] for line in acknowledged if line.startswith("image ")]
        )
        _check_clients(record, erased, [line.split(" ", 1)[1] for line in acknowledged if line.startswith("client ")])
        assert all(item.digest_before == item.digest_after for item in record.store.rebuild()), "tables and log differ"
        record.store.append([EventDraft("box/box-1", BoxStarted(software="after", clean=False), "box", "operation")])
    finally:
        record.store.close()


def told(acknowledged: tuple[str, ...], kind: str) -> list[str]:
    """Return what was acknowledged of one kind."""
    return [line.partition(" ")[2] for line in acknowledged if line.startswith(f"{kind} ")]


def _check_photographs(record: Record, erased: set[str], acknowledged: list[str]) -> None:
    rows = record.store.rows("SELECT name, kind, client FROM images JOIN captures USING (capture)")
    named = [name for name, _, _ in rows]
    assert len(named) == len(set(named)), "a photograph is there twice"
    assert set(acknowledged) <= set(named), "an acknowledged photograph is gone"
    for name, kind, client in rows:
        if client in erased:
            continue
        key = record.clients.key_of(ClientId(client))
        assert record.vault.get(name, ClientId(client), ImageKind(kind), key) == _PHOTOGRAPH


def _check_clients(record: Record, erased: set[str], acknowledged: list[str]) -> None:
    registered = {client for (client,) in record.store.rows("SELECT client FROM clients")}
    assert set(acknowledged) <= registered, "an acknowledged client is gone"
    for client in registered - erased:
        record.clients.key_of(ClientId(client))
    for client in erased:
        with contextlib.suppress(DataKeyGone):
            record.clients.key_of(ClientId(client))
            raise AssertionError("an erased client's key is there again")


def _register(record: Record) -> ClientId:
    client = ClientId(Uuid7Source(SystemClock()).new())
    record.clients.create(client)
    draft = EventDraft(f"client/{client}", ClientRegistered(name="Ada Canary"), "t", "t", client=client)
    event = record.store.append([draft])[0]
    acknowledge(f"seq {event.fields.seq}")
    acknowledge(f"client {client}")
    return client


class Opened(Protocol):
    """What a photograph is stored with."""

    @property
    def clients(self) -> ClientKeystore: ...
    @property
    def store(self) -> SqlcipherEventStore: ...
    @property
    def vault(self) -> ImageVault: ...


def photograph(record: Opened, client: ClientId, image_bytes: bytes) -> BlobName:
    """Store a photograph as a capture does: image first, then the event that names it."""
    sealed = record.vault.put(client, ImageKind.ORIGINAL, image_bytes, record.clients.key_of(client))
    image = StoredImage(
        name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=1, height=1
    )
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    stored = CaptureStored(metadata=CaptureMetadata(camera="test", protocol="p"), images=(image,), gate=gate)
    capture = Uuid7Source(SystemClock()).new()
    record.store.append([EventDraft(f"capture/{capture}", stored, "t", "t", client=client)])
    return sealed.name


def _photograph(record: Record, client: ClientId) -> None:
    name = photograph(record, client, _PHOTOGRAPH)
    acknowledge(f"seq {record.store.head().seq}")
    acknowledge(f"image {name}")


def acknowledge(what: str) -> None:
    """Say that something is saved, as the pages would."""
    os.write(1, f"acknowledged {what}\n".encode())
