"""A whole box of production parts, driven step by step instead of by its threads."""

import queue
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from edge.clients.erasure import ClientEraser, replay_tombstones
from edge.clients.erasure_desk import ErasureDesk
from edge.keys.certificate import BoxCertificate
from edge.keys.transport import TransportKeys
from edge.schedule.book import ScheduleBook
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import Registry
from edge.store.database import Connection, Database
from edge.store.events import BoxIdentity
from edge.store.pruner import ImagePruner, RoomSettings
from edge.store.pruning import PruningPolicy
from edge.sync.hub_channel import HubChannel
from edge.sync.inbox import Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import Incoming, Signal
from edge.sync.uploader import BlobUploader
from shared.errors import Retryable
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.catalogue.client import ClientRegistered
from shared.events.catalogue.keys import TransportKeyDelivered
from shared.events.catalogue.system import BookingRequested
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue
from shared.ids import ClientId
from shared.vocabulary import (
    ConsentDecision,
    ConsentPurpose,
    ErasureReason,
    GateProfileName,
    ImageKind,
    LegalBasis,
    Sensitivity,
)
from tests.faults.sim.clocks import MachineClock
from tests.faults.sim.fuses import Fuse, Place
from tests.faults.sim.network import Network, SimTransport
from tests.support.hubs import ZONE
from tests.support.records import open_box_record

Result = TypeVar("Result")
CERTIFICATE: Final = "certificate.pem"
# A vault that may hold one byte: whatever may go must go.
_NO_ROOM: Final = RoomSettings(max_bytes=1, free_bytes=0)
_TICK: Final = Incoming(Signal.WAKE)
_MOST_STEPS: Final = 10_000
_IMAGES_SECONDS: Final = 1.0


class SimDatabase(Database):
    """The production database, in a machine that may die at any commit."""

    def __init__(self, path: Path, key: bytes, fuse: Fuse) -> None:
        self._fuse = fuse
        super().__init__(path, key)

    def write(self, task: Callable[[Connection], Result]) -> Result:
        """Run a transaction; the machine may die before it commits, or before anybody hears that it did."""

        def dying(connection: Connection) -> Result:
            result = task(connection)
            self._fuse.burn(Place.BEFORE_COMMIT)
            return result

        result = super().write(dying)
        self._fuse.burn(Place.AFTER_COMMIT)
        return result


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every box of a world shares and none of them changes."""

    network: Network
    catalogue: Catalogue
    registry: Registry


class SimBox:
    """One machine: what is on its disk stays, all else goes with a crash."""

    def __init__(
        self, name: str, folder: Path, identity: BoxIdentity, clock: MachineClock, around: Surroundings
    ) -> None:
        self.name, self.folder, self.identity, self.clock = name, folder, identity, clock
        self.fuse = Fuse(name)
        self.saved: list[str] = []
        self.running = False
        self._around = around
        self._paused_until = self._images_at = 0.0

    def boot(self) -> None:
        """Open what is on disk and start everything."""
        record = open_box_record(
            self.folder, self.clock, self.identity, catalogue=self._around.catalogue, database=self._database
        )
        self.store, self.vault, self.clients = record.store, record.vault, record.clients
        self.register, self.consent, keys = record.register, record.consent, record.keys
        book = ScheduleBook(self.store, self._around.registry, record.ids, self.clock, ZONE)
        # As the product opens a record: whom a restored keystore has brought back is deleted again.
        replay_tombstones(self.store, self.clients, self.vault)
        self.erasures = ErasureDesk(self.store, record.ids)
        self.eraser = ClientEraser(self.store, self.clients, self.vault)
        self.eraser.on_erased(self.register.forget)
        # As the product's worker does when it starts: what a crash has cut short is completed first.
        self.eraser.complete_pending()
        self.pruner = ImagePruner(
            self.store, self.vault, _NO_ROOM, PruningPolicy(min_age_days=0, keep_newest=0), self.clock, ZONE
        )
        ring = TransportKeys(keys, self.identity)
        self.certificate = (self.folder / CERTIFICATE).read_bytes()
        self.transport = SimTransport(self._around.network, self.identity.tenant, self.identity.device, self.fuse)
        self.link = SyncLink(
            self.store,
            Inbox(
                self.store,
                self._around.catalogue,
                {BookingRequested.event_type: OnlineDesk(book).answer, TransportKeyDelivered.event_type: ring.take},
            ),
            self.transport,
            transport_key=ring,
            clock=self.clock,
            snapshot=dict,
            software="simulated",
        )
        self.uploader = BlobUploader(
            self.store,
            self.vault,
            HubChannel("simulated", BoxCertificate(keys.sealed).present),
            lambda: self.store.head().seq - self.link.status.acknowledged_seq,
            self.may_leave,
        )
        self._paused_until = self._images_at = 0.0
        self.running = True
        self.transport.start()

    def die(self) -> None:
        """Lose everything that is not on disk."""
        self.running = False
        self.fuse.put_out()
        self.transport.stop()
        self.store.close()
        self.clients.close()

    def copy_disk(self, target: Path) -> None:
        """Copy the disk of a machine that is off."""
        shutil.copytree(self.folder, target)

    def may_leave(self, client: ClientId) -> bool:
        """Tell whether a client allows now that an image leaves, as `edge.main` wires it."""
        return ConsentPurpose.TREATMENT_RECORD in self.consent.granted(client)

    # --- what people do ---------------------------------------------------------------------------
    def append(self, *drafts: EventDraft) -> list[Event]:
        """Record events; those that were acknowledged to the caller are remembered as saved."""
        events = self.store.append(drafts)
        self.saved += [event.fields.id for event in events]
        return events

    def photograph(self, client: ClientId, data: bytes) -> str:
        """Store a photograph as the capture intake does, vault first and event after it; return its aggregate."""
        sealed = self.vault.put(client, ImageKind.ORIGINAL, data, self.clients.key_of(client))
        image = StoredImage(
            name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=2, height=2
        )
        stored = CaptureStored(
            metadata=CaptureMetadata(camera="simulated", protocol="front", source="import"),
            images=(image,),
            gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
        )
        aggregate = f"capture/{sealed.name[:16]}"
        self.append(EventDraft(aggregate, stored, "tester", "test", Sensitivity.HEALTH, client))
        return aggregate

    def welcome(self, name: str) -> ClientId:
        """Register a client who consents."""
        client = self.register.add(ClientRegistered(name=name, note=""), "tester").id
        words = self.consent.texts.text("en")
        choices = [(ConsentPurpose.TREATMENT_RECORD, ConsentDecision.GRANTED)]
        self.consent.record(client, "en", words.version, choices, "[]", "tester")
        return client

    def erase(self, client: ClientId) -> None:
        """Delete a client: one person asks, another approves, and it is carried out."""
        request = self.erasures.request(
            client, ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17, "manager"
        ).request
        self.erasures.approve(request, "owner")
        self.eraser.complete_pending()

    def clients_known(self) -> list[ClientId]:
        """Return every client on record."""
        return [ClientId(client) for (client,) in self.store.rows("SELECT client FROM clients ORDER BY rowid")]

    # --- the machine's own work -------------------------------------------------------------------
    def hear(self) -> bool:
        """Let the link take in what waits for it; tell whether there was anything."""
        heard = False
        for _ in range(_MOST_STEPS):
            if self.clock.monotonic() < self._paused_until:
                return heard
            try:
                incoming = self.transport.inbox.get_nowait()
            except queue.Empty:
                return heard
            heard = True
            self._step(incoming)
        raise AssertionError("a box never comes to rest")

    def tick(self) -> None:
        """Let the time-out of the link's queue pass once."""
        if self.transport.inbox.empty() and self.clock.monotonic() >= self._paused_until:
            self._step(_TICK)

    def send_images(self, stub: object) -> None:
        """Let the uploader do one round, when its pause is over."""
        if self.clock.monotonic() >= self._images_at:
            self._images_at = self.clock.monotonic() + _IMAGES_SECONDS
            with suppress(Retryable):  # its worker tries again
                self.uploader.step(stub)  # type: ignore[arg-type]

    def lose_wake_ups(self, chance: random.Random) -> int:
        """Take some of the link's wake-ups out of its queue and return how many."""
        kept: list[Incoming] = []
        lost = 0
        with suppress(queue.Empty):
            while True:
                incoming = self.transport.inbox.get_nowait()
                if incoming.signal is Signal.WAKE and chance.random() < 0.9:
                    lost += 1
                else:
                    kept.append(incoming)
        for incoming in kept:
            self.transport.inbox.put(incoming)
        return lost

    def _database(self, path: Path, key: bytes) -> Database:
        return SimDatabase(path, key, self.fuse)

    def _step(self, incoming: Incoming) -> None:
        self._paused_until = self.clock.monotonic() + self.link.step(incoming)
