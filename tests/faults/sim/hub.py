"""A whole hub of production parts on SQLite, driven step by step instead of by its threads."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.util import LRUCache

from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.bookings.desk import BookingDesk
from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.keys import TenantKeys
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.ingest.service import WAKE, Arrived, IngestService
from cloud.metrics import HubMetrics
from cloud.rpc.callers import Callers
from cloud.storage.database import Database
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.payload import Catalogue
from shared.ids import TenantId, Uuid7Source
from tests.faults.sim.clocks import MachineClock
from tests.faults.sim.fuses import Fuse, Place

MAX_BLOB_BYTES = 1024 * 1024
_QUEUE = 4096
_COMPILED: LRUCache[Any, Any] = LRUCache(500)


class SimHubDatabase(Database):
    """The production database, in a machine that may die at any commit."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        # A hub that starts again must not compile every statement again: worlds restart it all the time.
        self._engine._compiled_cache = _COMPILED
        self._fuse = fuse

    @contextmanager
    def write(self, tenant: TenantId) -> Iterator[Connection]:
        """Open a write transaction; the machine may die before it commits, or before anybody hears that it did."""
        with super().write(tenant) as connection:
            yield connection
            self._fuse.burn(Place.BEFORE_COMMIT)
        self._fuse.burn(Place.AFTER_COMMIT)


class _Outgoing:
    """The hub's publisher."""

    def __init__(self, fuse: Fuse, send: Callable[[str, bytes], None]) -> None:
        self._fuse, self._send = fuse, send

    def publish(self, topic: str, payload: bytes) -> None:
        self._fuse.burn(Place.PUBLISH)
        self._send(topic, payload)


class SimHub:
    """One machine: what is on its disk stays, all else goes with a crash."""

    def __init__(
        self,
        folder: Path,
        tenants: frozenset[TenantId],
        clock: MachineClock,
        catalogue: Catalogue,
        send: Callable[[str, bytes], None],
    ) -> None:
        self.folder, self.clock = folder, clock
        self.fuse = Fuse("hub")
        self.running = False
        self._tenants, self._catalogue, self._send = tenants, catalogue, send
        self._arrived: list[Arrived] = []
        self._woken = False

    @property
    def file(self) -> Path:
        """The database file."""
        return self.folder / "hub.db"

    def boot(self) -> None:
        """Open what is on disk and start everything."""
        self.database = SimHubDatabase(f"sqlite:///{self.file}", self.fuse)
        self.keys = TenantKeys(SealedKeyFolder(self.folder / "keys"), self._tenants)
        self.metrics = HubMetrics()
        links = DownLinks(self.database, self.clock)
        intake = Intake(self.database, self._catalogue, self.clock)
        self.handler = MessageHandler(self.database, self.keys, intake, links, self.metrics, self.clock)
        self.service = IngestService(self.handler, links, self.metrics, self.clock, _QUEUE)
        self.service._publisher = _Outgoing(self.fuse, self._send)
        self.store = BlobStore(self.folder / "blobs", MAX_BLOB_BYTES)
        self.blobs = BlobsService(self.database, Callers(self.database), self.store, self.metrics, self.clock)
        self.desk = BookingDesk(self.database, self.keys, self.clock, Uuid7Source(self.clock), self._wake)
        self._arrived, self._woken = [], False
        self.running = True

    def enrolment(self) -> Enrolment:
        """Return the desk where people decide about devices."""
        authority = HubAuthority(self.folder / "keys", sorted(self._tenants), self.clock)
        return Enrolment(self.database, self.keys, authority, self.clock)

    def die(self) -> None:
        """Lose everything that is not on disk, and what had arrived and was not handled."""
        self.running = False
        self.fuse.put_out()
        self.database.close()

    def arrive(self, topic: str, payload: bytes) -> None:
        """Take what the broker brings; a hub that is off gets nothing, the broker keeps nothing for it."""
        if self.running:
            self._arrived.append(Arrived(topic, payload))

    def hear(self) -> bool:
        """Handle what has arrived; tell whether there was anything."""
        heard = bool(self._arrived) or self._woken
        while self._arrived:
            self.service.step(self._arrived.pop(0))
            self.service._again()
        if self._woken:
            self._woken = False
            self.service.step(WAKE)
        return heard

    @property
    def holds(self) -> bool:
        """Tell whether messages that came too early are held a moment."""
        return self.running and bool(self.service._held)

    def again(self) -> None:
        """Try what is held."""
        self.service._again()

    def tick(self) -> None:
        """Let the time-out of the queue pass once."""
        self.service.step(WAKE)

    def forget_wake_up(self) -> bool:
        """Lose the wake-up of a new booking; tell whether there was one."""
        lost, self._woken = self._woken, False
        return lost

    def auditor(self) -> "Auditor":
        """Return somebody who reads the database file past all of the product's code."""
        return Auditor(self.file)

    def _wake(self) -> None:
        self._woken = True


class Auditor:
    """Sees what is committed in the hub's database, and nothing else."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)

    def rows(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one reading statement."""
        return self._connection.execute(statement, parameters).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
