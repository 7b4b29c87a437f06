"""A box's whole link against a real hub, with a network between them that can be cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cloud.main import Hub
from cloud.storage.log import EventLog
from cloud.storage.tables import booking_requests, events
from edge.audit.hub import HUB_ENTRIES
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.keys.transport import TransportKeys
from edge.schedule.book import ScheduleBook
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import demo_registry
from edge.store.events import BoxIdentity
from edge.sync.backfill import BackfillCall
from edge.sync.hub_channel import HubChannel
from edge.sync.inbox import Handler, Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import Incoming, MqttAddress, MqttTransport, Signal
from edge.sync.uploader import BlobUploader
from shared.clock import SystemClock
from shared.crypto.pki import key_pem, make_request, member_name, new_key
from shared.crypto.tls import Credentials
from shared.demo.proxy import SeverableNetwork
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked, ErasureConfirmed
from shared.events.catalogue.keys import TransportKeyDelivered
from shared.events.catalogue.log import HeadSigned
from shared.events.catalogue.system import BookingRequested, BoxStarted
from shared.events.envelope import Event, EventDraft
from shared.wire.topics import DOWN, PRESENCE, UP, topic
from tests.support.hubs import LOCATION, TENANT, ZONE, eventually
from tests.support.records import BoxRecord, open_box_record
from tests.support.servers import free_port


class TappedTransport(MqttTransport):
    """The real connection, keeping a copy of every message that goes over it."""

    def __init__(self, address: MqttAddress, credentials: Callable[[], Credentials]) -> None:
        super().__init__(address, credentials)
        self.sent: list[bytes] = []
        self.received: list[bytes] = []

    def publish(self, data: bytes) -> None:
        super().publish(data)
        self.sent.append(data)

    def _tell(self, incoming: Incoming) -> None:
        if incoming.signal is Signal.MESSAGE:
            self.received.append(incoming.data)
        super()._tell(incoming)


@dataclass
class Rig:
    """One enrolled box."""

    hub: Hub
    record: BoxRecord
    network: SeverableNetwork
    transport: TappedTransport
    channel: HubChannel
    link: SyncLink
    uploader: BlobUploader
    book: ScheduleBook

    def append(self, count: int) -> list[Event]:
        """Write events."""
        draft = EventDraft("box/test", BoxStarted(software="test", clean=True), "box", "operation")
        return self.record.store.append([draft] * count)

    def log(self) -> list[tuple[int, str, str]]:
        """Return place, id and hash of each of the box's events."""
        rows = self.record.store.rows("SELECT seq, id, hash FROM events ORDER BY position")
        return [(seq, event_id, digest) for seq, event_id, digest in rows]

    def at_hub(self) -> list[tuple[int, str, str]]:
        """Return the same, as the hub holds them."""
        columns = (events.c.seq, events.c.id, events.c.hash)
        device = self.record.store.identity.device
        with self.hub.database.read(TENANT) as connection:
            found: list[tuple[int, str, str]] = []
            for record in EventLog(connection, TENANT).epochs(device):
                query = select(*columns).where(events.c.device == device, events.c.epoch == record.applied.epoch)
                found += [tuple(row) for row in connection.execute(query.order_by(events.c.seq))]
            return found

    def acknowledged(self) -> bool:
        return self.link.status.online and self.link.status.acknowledged == self.record.store.head()

    def wait_acknowledged(self) -> None:
        eventually(self.acknowledged, 40)

    def down(self, payload: bytes) -> None:
        """Publish bytes on the box's down topic, through the hub's broker."""
        self.hub._mqtt.publish(topic(TENANT, self.record.store.identity.device, DOWN), payload)

    def request_state(self, request: str) -> tuple[str, int | None, str]:
        """Return how far a booking request has come at the hub."""
        columns = (booking_requests.c.state, booking_requests.c.start_minute, booking_requests.c.reason)
        with self.hub.database.read(TENANT) as connection:
            row = connection.execute(select(*columns).where(booking_requests.c.id == request)).one()
        return tuple(row)

    def close(self) -> None:
        self.uploader.stop()
        if self.link._thread.ident is not None:
            self.link.stop()
        self.network.stop()
        self.record.store.close()


def refused(hub: Hub) -> float:
    """Return how many messages the hub has refused, for whatever reason."""
    samples = (sample for family in hub.metrics.registry.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == "medspa_hub_messages_refused_total")


def metric(hub: Hub, name: str, **labels: str) -> float:
    return hub.metrics.registry.get_sample_value(name, labels) or 0.0


def _heard(_event: Event) -> tuple[()]:
    """Answer nothing: other tests of this hub have spoken to the whole clinic."""
    return ()


def build(hub: Hub, folder: Path, handlers: Callable[[ScheduleBook], Mapping[str, Handler]] | None = None) -> Rig:
    """Enrol a box and put its link together; nothing runs yet but the network."""
    folder.mkdir(exist_ok=True)
    keys = BoxKeys(folder / "keys")
    device_keys = keys.identity()
    tls_key, code = new_key(), hub.enrolment.invite(TENANT, LOCATION, 600)
    done = hub.enrolment.enrol(code, "Test", device_keys.public, make_request(tls_key))
    certificate = BoxCertificate(keys.sealed)
    certificate.replace(Credentials(key_pem(tls_key), done.certified.chain, done.certified.trust))
    keys.keep_transport(device_keys.receive(done.delivery, f"enrol/{done.tenant}/{done.device}".encode()))
    network = SeverableNetwork({free_port(): hub.settings.broker.port, free_port(): hub.settings.rpc.port})
    network.start()
    broker, rpc = (relay.listen_port for relay in network._relays)
    clock = SystemClock()
    identity = BoxIdentity(done.tenant, done.location, done.device)
    record = open_box_record(folder, clock, identity)
    book = ScheduleBook(record.store, demo_registry(), record.ids, clock, ZONE)
    address = MqttAddress(
        host="127.0.0.1",
        port=broker,
        client_id=member_name(done.tenant, done.device),
        up_topic=topic(TENANT, done.device, UP),
        down_topic=topic(TENANT, done.device, DOWN),
        presence_topic=topic(TENANT, done.device, PRESENCE),
        keepalive_seconds=5,
        reconnect_max_seconds=0.5,
    )
    transport = TappedTransport(address, certificate.present)
    ring = TransportKeys(record.keys, identity)
    answers = handlers(book) if handlers else {BookingRequested.event_type: OnlineDesk(book).answer}
    heard = {model.event_type: _heard for model in (HeadSigned, ErasureAsked, ErasureAgreed, ErasureConfirmed)}
    answers = {**heard, **HUB_ENTRIES, **answers, TransportKeyDelivered.event_type: ring.take}
    snapshot: dict[str, Any] = {}
    channel = HubChannel(f"127.0.0.1:{rpc}", certificate.present)
    link = SyncLink(
        record.store,
        Inbox(record.store, complete_catalogue(), answers),
        transport,
        transport_key=ring,
        clock=clock,
        snapshot=lambda: snapshot,
        software="test",
        bulk=BackfillCall(channel, transport.inbox),
    )
    uploader = BlobUploader(record.store, record.vault, channel, lambda: 0, lambda _client: True)
    return Rig(hub, record, network, transport, channel, link, uploader, book)
