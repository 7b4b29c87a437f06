"""What a hub does when it is cut or killed: it takes events and images, and boxes prune on its word."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import select

from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.fleet.enrolment import Enrolment
from cloud.ingest.intake import Intake
from cloud.metrics import HubMetrics
from cloud.rpc.callers import Caller, Callers
from cloud.side import rebuild_tenant, verify_tenant
from cloud.storage.database import Database
from cloud.storage.down_links import BoxAddress
from cloud.storage.images import ImageRepository
from cloud.storage.tables import events
from cloud.wiring.opening import open_authority, open_database, open_keys
from shared.clock import SystemClock
from shared.crypto.identity import DeviceIdentity
from shared.events.catalogue import complete_catalogue
from shared.ids import BlobName, DeviceId
from shared.sync.receiver import read_batch
from shared.wire import medspa_pb2 as wire
from tests.faults.disk.box_work import acknowledge, told
from tests.support.box import FakeBox
from tests.support.hubs import LOCATION, TENANT, hub_settings

_IMAGE_BYTES: Final = 5000
_CHUNK: Final = 2000


def prepare(folder: Path) -> None:
    """Make a hub with one enrolled box."""
    database = _database(folder)
    box = _enrolled(folder, database)
    (folder / "box.json").write_text(json.dumps(box.device))
    database.close()


def receive(folder: Path) -> None:
    """Take batches of events and the images they name, as they come from a box."""
    database = _database(folder)
    intake = Intake(database, complete_catalogue(), SystemClock())
    service = _service(folder, database)
    box = _known(folder)
    for number in range(3):
        image = bytes([number]) * _IMAGE_BYTES
        name = hashlib.sha256(image).hexdigest()
        box.capture(name)
        box.capture()
        first = len(box.log) - 1
        bodies = [event.body for event in box.log[first - 1 :]]
        answer = intake.batch(BoxAddress(TENANT, box.device), box.epoch, first, read_batch(bodies))
        acknowledge(f"seq {answer.applied.seq}")
        if service.Upload(_chunks(name, image), None).durable:
            acknowledge(f"image {name}")
    database.close()


def check(folder: Path, acknowledged: tuple[str, ...]) -> None:
    """Start the hub again and hold it to what it told the box.

    Raises:
        AssertionError: something acknowledged is gone, half there, or there twice.
    """
    database = _database(folder)
    try:
        for report in verify_tenant(database, TENANT):
            assert report.report.intact, report
        box = _known(folder)
        with database.read(TENANT) as connection:
            stored = list(connection.execute(select(events.c.seq).where(events.c.device == box.device)).scalars())
            images = ImageRepository(connection, TENANT)
            durable = [name for name in _names() if images.is_durable(name)]
        assert len(stored) >= max(map(int, told(acknowledged, "seq")), default=0), "an acknowledged event is gone"
        assert sorted(stored) == list(range(1, len(stored) + 1))
        assert set(told(acknowledged, "image")) <= set(durable), "an image that the box may prune is gone"
        store = _store(folder)
        for name in durable:
            assert hashlib.sha256(store.path(TENANT, name).read_bytes()).hexdigest() == name
        for item in rebuild_tenant(database, TENANT):
            assert item.digest_before == item.digest_after, item.name
    finally:
        database.close()


class _OneBox(Callers):
    """The box of this folder makes every call; what a call must prove is another test's subject."""

    def __init__(self, device: DeviceId) -> None:
        self._device = device

    def identify(self, context: Any) -> Caller:
        """Return the box."""
        return Caller(TENANT, LOCATION, self._device)


def _database(folder: Path) -> Database:
    return open_database(hub_settings(folder / "hub"))


def _store(folder: Path) -> BlobStore:
    return BlobStore(folder / "hub" / "blobs", 1_000_000)


def _service(folder: Path, database: Database) -> BlobsService:
    return BlobsService(database, _OneBox(_known(folder).device), _store(folder), HubMetrics(), SystemClock())


def _enrolled(folder: Path, database: Database) -> FakeBox:
    settings, clock = hub_settings(folder / "hub"), SystemClock()
    enrolment = Enrolment(database, open_keys(settings), open_authority(settings, clock), clock)
    return FakeBox.enrol(enrolment, TENANT, LOCATION)


def _known(folder: Path) -> FakeBox:
    """Return the box with an empty log, the same in every life."""
    device = DeviceId(json.loads((folder / "box.json").read_text()))
    box = cast("FakeBox", object.__new__(FakeBox))
    box.identity, box.tenant, box.location, box.device = DeviceIdentity.generate(), TENANT, LOCATION, device
    box.key, box.session, box.log, box.previous_hash = b"", "session", [], "0" * 64
    box.epoch = "00112233445566ff"
    return box


def _names() -> list[BlobName]:
    return [BlobName(hashlib.sha256(bytes([number]) * _IMAGE_BYTES).hexdigest()) for number in range(3)]


def _chunks(name: str, image: bytes) -> Iterator[wire.BlobChunk]:
    for start in range(0, len(image), _CHUNK):
        yield wire.BlobChunk(name=name, size=len(image), offset=start, data=image[start : start + _CHUNK])
