"""Production boxes and a production hub driven step by step on one virtual clock; only the broker is left out."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from cloud.backup.backup import HubFiles
from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.bookings.desk import BookingDesk
from cloud.config import LocationSettings, TenantSettings
from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.keys import TenantKeys
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.metrics import HubMetrics
from cloud.rpc.callers import Callers
from cloud.rpc.server import RpcServer
from cloud.storage.clinics import store_tenants
from cloud.storage.database import Database, migrate
from cloud.storage.down_links import BoxAddress
from cloud.storage.tables import events
from edge.keys.box import BoxKeys
from edge.store.events import BoxIdentity
from edge.store.hub_life import WAITING_COUNT
from edge.sync.hub_channel import HubChannel
from edge.sync.inbox import Inbox
from edge.sync.mqtt import Incoming, Signal
from edge.sync.protocol import LinkProtocol
from edge.sync.uploader import BlobUploader
from shared.clock import SystemClock
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import key_pem, make_request, new_key
from shared.crypto.tls import Credentials
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.catalogue.system import BookingAnswered, BookingRequested, BoxStarted
from shared.events.envelope import Event, EventDraft
from shared.ids import BlobName, ClientId, LocationId, TenantId, Uuid7Source
from shared.vocabulary import GateProfileName, ImageKind, Sensitivity
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire.envelope import seal_message
from shared.wire.topics import DOWN, UP, topic
from tests.support.clocks import ManualClock
from tests.support.records import BoxRecord, open_box_record

TENANT = TenantId("lumen")


@dataclass
class SteppedHub:
    """A hub's parts on one database, with its real gRPC server for images."""

    files: HubFiles
    database: Database
    keys: TenantKeys
    handler: MessageHandler
    enrolment: Enrolment
    desk: BookingDesk
    port: int


@contextmanager
def stepped_hub(files: HubFiles, clock: ManualClock, locations: Sequence[str], port: int) -> Iterator[SteppedHub]:
    """Start a hub as its process does: migrate, make the tenant known, serve images."""
    migrate(files.owner_url, files.database_url)
    database = Database(files.database_url)
    places = tuple(LocationSettings(id=name, name=name, services=("Consultation",)) for name in locations)
    store_tenants(database, (TenantSettings(id=TENANT, name="Lumen", locations=places),))
    keys = TenantKeys(files.keys, frozenset({TENANT}))
    links, metrics = DownLinks(database, clock), HubMetrics()
    handler = MessageHandler(database, keys, Intake(database, complete_catalogue(), clock), links, metrics, clock)
    desk = BookingDesk(database, keys, clock, Uuid7Source(clock), lambda: None)
    blobs = BlobsService(database, Callers(database), BlobStore(files.images, 10**7), metrics, clock)
    authority = HubAuthority(files.images.parent / "keys", [TENANT], SystemClock())
    server = RpcServer([partial(rpc.add_BlobsServicer_to_server, blobs)], "127.0.0.1", port, authority.hub)
    server.start()
    try:
        yield SteppedHub(files, database, keys, handler, Enrolment(database, keys, authority, clock), desk, port)
    finally:
        server.stop()
        database.close()


class _Wire:
    """Takes what a box says; whoever drives it carries it to the hub."""

    def __init__(self) -> None:
        self.said: deque[bytes] = deque()

    def publish(self, data: bytes) -> None:
        self.said.append(data)

    def waiting(self) -> int:
        return 0


class SteppedBox:
    """An enrolled box without threads."""

    def __init__(self, hub: SteppedHub, folder: Path, location: str, clock: ManualClock) -> None:
        folder.mkdir(parents=True)
        keys = BoxKeys(folder / "keys")
        identity = keys.identity()
        tls_key, code = new_key(), hub.enrolment.invite(TENANT, LocationId(location), 600)
        done = hub.enrolment.enrol(code, "Test", identity.public, make_request(tls_key))
        shown = Credentials(key_pem(tls_key), done.certified.chain, done.certified.trust)
        keys.keep_transport(identity.receive(done.delivery, f"enrol/{done.tenant}/{done.device}".encode()))
        self.record: BoxRecord = open_box_record(folder, clock, BoxIdentity(done.tenant, done.location, done.device))
        self.device, self.location, self._key = done.device, done.location, keys.transport()
        self.inbox = Inbox(self.record.store, complete_catalogue(), {BookingRequested.event_type: self._answer})
        self._wire = _Wire()
        self.protocol = LinkProtocol(
            self.record.store,
            self.inbox,
            self._wire,
            transport_key=self._key,
            clock=clock,
            snapshot=dict,
            software="test",
        )
        self._channel = HubChannel(f"127.0.0.1:{hub.port}", lambda: shown)
        self.uploader = BlobUploader(
            self.record.store, self.record.vault, self._channel, lambda: 0, lambda _client: True
        )
        self.client = self.record.new_client()

    def _answer(self, event: Event) -> Sequence[EventDraft]:
        request = str(event.fields.payload["request"])
        answer = BookingAnswered(request=request, accepted=True, appointment="a", start_minute=600)
        return [EventDraft(f"booking/{request}", answer, "box", "booking")]

    def work(self, count: int) -> None:
        """Write events."""
        draft = EventDraft("box/test", BoxStarted(software="test", clean=True), "box", "operation")
        self.record.store.append([draft] * count)

    def photograph(self, data: bytes) -> BlobName:
        """Put an image on record."""
        key = self.record.clients.key_of(self.client)
        sealed = self.record.vault.put(self.client, ImageKind.ORIGINAL, data, key)
        image = StoredImage(
            name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=2, height=2
        )
        stored = CaptureStored(
            metadata=CaptureMetadata(camera="import", protocol="front", source="import"),
            images=(image,),
            gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
        )
        aggregate = f"capture/{self.record.ids.new()}"
        draft = EventDraft(aggregate, stored, "tester", "test", Sensitivity.HEALTH, ClientId(self.client))
        self.record.store.append([draft])
        return sealed.name

    def connect(self) -> None:
        """Connect anew."""
        self._wire.said.clear()
        self.protocol.handle(Incoming(Signal.CONNECTED))

    def talk(self, hub: SteppedHub, clock: ManualClock, rounds: int = 400) -> None:
        """Carry messages both ways until both are silent and nothing waits."""
        address = BoxAddress(TENANT, self.device)
        for _ in range(rounds):
            self.protocol.pump()
            moved = bool(self._wire.said)
            while self._wire.said:
                _, answers = hub.handler.handle(topic(TENANT, self.device, UP), self._wire.said.popleft())
                self._hear(hub, answers)
            self._hear(hub, hub.handler.due(address))
            if not moved and self.settled():
                return
            clock.advance(1)
        raise AssertionError("box and hub do not come to rest")

    def _hear(self, hub: SteppedHub, messages: Sequence[object]) -> None:
        key = hub.keys.transport(TENANT, self.device)
        for message in messages:
            data = seal_message(message, TENANT, self.device, DOWN, key)  # type: ignore[arg-type]
            self.protocol.handle(Incoming(Signal.MESSAGE, data))

    def settled(self) -> bool:
        """Whether the hub has acknowledged everything."""
        return self.protocol.status.acknowledged == self.record.store.head()

    def upload(self) -> None:
        """Send the images that wait."""
        with self._channel.open() as channel:
            self.uploader.step(rpc.BlobsStub(channel))

    def waiting_images(self) -> int:
        """Return how many images the present hub has not confirmed."""
        return int(self.record.store.rows(WAITING_COUNT)[0][0])

    def log(self) -> list[tuple[int, str]]:
        """Return place and hash of each event."""
        return [(event.fields.seq, event.hash) for event in self.record.store.read(0, 1_000_000)]

    def at_hub(self, hub: SteppedHub) -> list[tuple[int, str]]:
        """Return the same, as the hub holds them."""
        query = select(events.c.seq, events.c.hash).where(events.c.device == self.device).order_by(events.c.seq)
        with hub.database.read(TENANT) as connection:
            return [tuple(row) for row in connection.execute(query)]


def sqlite_files(folder: Path) -> HubFiles:
    """Return where an embedded hub in a folder keeps its things."""
    url = f"sqlite:///{folder / 'hub.db'}"
    return HubFiles(url, url, folder / "blobs", SealedKeyFolder(folder / "keys"))
