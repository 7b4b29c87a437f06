"""A box as the hub sees one: it writes a log, seals messages and speaks the protocol; nothing of `edge` is used."""

import queue
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from cloud.fleet.enrolment import Enrolled, Enrolment
from shared.clock import SystemClock
from shared.crypto.identity import DeviceIdentity
from shared.crypto.pki import HUB_HOST, key_pem, make_request, member_name, new_key
from shared.crypto.tls import Credentials, hub_context
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.envelope import GENESIS_HASH, Event
from shared.ids import LocationId, TenantId, Uuid7Source
from shared.sync.position import Position
from shared.vocabulary import GateProfileName, ImageKind
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_message, seal_message
from shared.wire.topics import DOWN, PRESENCE, UP, topic

# As a box makes them: in the order of time.
_IDS = Uuid7Source(SystemClock())
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeBox:
    """A box with a log in memory."""

    def __init__(self, identity: DeviceIdentity, enrolled: Enrolled, key: bytes, credentials: Credentials) -> None:
        self.identity = identity
        self.credentials = credentials
        self.tenant, self.location, self.device = enrolled.tenant, enrolled.location, enrolled.device
        self.key = key
        self.epoch = secrets.token_hex(8)
        self.session = secrets.token_hex(8)
        self.log: list[Event] = []
        self.previous_hash = GENESIS_HASH
        self.fences: int | None = None

    @classmethod
    def enrol(cls, enrolment: Enrolment, tenant: str, location: str, label: str = "Room 1") -> "FakeBox":
        """Enrol a new box."""
        return cls.enrol_with(enrolment, enrolment.invite(TenantId(tenant), LocationId(location), 600), label)

    @classmethod
    def enrol_with(cls, enrolment: Enrolment, code: str, label: str = "Room 1") -> "FakeBox":
        """Enrol a machine with keys of its own and a code."""
        identity = DeviceIdentity.generate()
        tls_key = new_key()
        enrolled = enrolment.enrol(code, label, identity.public, make_request(tls_key))
        context = f"enrol/{enrolled.tenant}/{enrolled.device}".encode()
        credentials = Credentials(key_pem(tls_key), enrolled.certified.chain, enrolled.certified.trust)
        return cls(identity, enrolled, identity.receive(enrolled.delivery, context), credentials)

    def channel(self, port: int) -> grpc.Channel:
        """Return a gRPC channel to a hub on this machine."""
        shown = self.credentials
        tls = grpc.ssl_channel_credentials(shown.trust, shown.key, shown.chain)
        options = (("grpc.enable_http_proxy", 0), ("grpc.ssl_target_name_override", HUB_HOST))
        return grpc.secure_channel(f"127.0.0.1:{port}", tls, options=options)

    def record(self, event_type: str, payload: dict[str, Any], aggregate: str | None = None, **changes: Any) -> Event:
        """Append an event to the log."""
        seq = len(self.log) + 1
        fields: dict[str, Any] = {
            "id": _IDS.new(), "tenant": self.tenant, "location": self.location, "device": self.device,
            "epoch": self.epoch, "seq": seq, "prev_hash": self.log[-1].hash if self.log else self.previous_hash,
            "aggregate": aggregate or f"thing/{seq}", "version": 1, "hlc": f"{seq:016x}",
            "wall_time": (START + timedelta(minutes=seq)).isoformat(), "clock_quality": "synchronised",
            "type": event_type, "schema_version": 1, "actor": "staff-1", "purpose": "test",
            "sensitivity": "operational", "client": None, "payload": payload,
        }  # fmt: skip
        event = Event.seal_in_chain(fields | changes)
        self.log.append(event)
        return event

    def capture(self, image: str | None = None, capture: str | None = None) -> str:
        """Record a photograph and return its aggregate."""
        aggregate = f"capture/{capture or _IDS.new()}"
        self.record("capture.stored", capture_payload(image or secrets.token_hex(32)), aggregate)
        return aggregate

    def analyse(self, aggregate: str, findings: int = 2) -> Event:
        """Record what was found on a photograph."""
        found = {"type": "spot", "confidence": 0.5, "box": {"x": 1, "y": 1, "w": 2, "h": 2}, "region": None}
        payload = {"findings": [found] * findings, "measures": [], "models": [], "milliseconds": 5.0}
        return self.record("analysis.completed", payload, aggregate)

    def restart_epoch(self, at: int | None = None) -> None:
        """Go on in a new epoch, behind event `at` of the present one or its end."""
        kept = self.log if at is None else self.log[:at]
        self.previous_hash = kept[-1].hash if kept else self.previous_hash
        self.epoch, self.session, self.log = secrets.token_hex(8), secrets.token_hex(8), []

    @property
    def head(self) -> Position:
        """The end of the log."""
        return Position(self.epoch, len(self.log), self.log[-1].hash if self.log else GENESIS_HASH)

    def hello(self, session: str | None = None, told: wire.Ack | None = None) -> wire.Message:
        """Return the greeting; after `told`, that which says that the log has no such event."""
        hello = wire.Hello(session=session or self.session, head=self.head.to_wire(), software="test-1")
        if told is not None:
            hello.applied.CopyFrom(told.applied)
            hello.fences = told.fences
        return wire.Message(hello=hello)

    def batch(self, first: int, last: int) -> wire.Message:
        """Return events `first` to `last` as a batch."""
        return self.bodies_message(first, [event.body for event in self.log[first - 1 : last]])

    def bodies_message(self, first: int, bodies: Sequence[bytes], epoch: str | None = None) -> wire.Message:
        """Return a batch of any bodies."""
        batch = wire.EventBatch(
            session=self.session, epoch=epoch or self.epoch, first_seq=first, bodies=bodies, fences=self.fences
        )
        return wire.Message(events=batch)

    def hear(self, ack: wire.Ack) -> None:
        """Remember how often the hub has fenced this box, to say so with what is sent next."""
        if ack.HasField("fences"):
            self.fences = ack.fences

    def sealed(self, message: wire.Message, key: bytes | None = None) -> tuple[str, bytes]:
        """Return topic and payload of a message."""
        sealed = seal_message(message, self.tenant, self.device, UP, key or self.key)
        return topic(self.tenant, self.device, UP), sealed

    def opened(self, payload: bytes) -> wire.Message:
        """Open what came on `down`."""
        return open_message(payload, self.tenant, self.device, DOWN, self.key)


class MqttBox:
    """A fake box on a real broker."""

    def __init__(self, box: FakeBox, port: int, protocol: int) -> None:
        self.box = box
        self.arrived: queue.Queue[wire.Message] = queue.Queue()
        self._ready: queue.Queue[bool] = queue.Queue()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            member_name(box.tenant, box.device),
            protocol=protocol,  # type: ignore[arg-type]
        )
        self.client.tls_set_context(hub_context(box.credentials))
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._ready.put(True)
        self.client.on_message = self._on_message
        self.client.will_set(topic(box.tenant, box.device, PRESENCE), b"offline", qos=1, retain=True)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self._ready.get(timeout=10)

    def _on_connect(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(topic(self.box.tenant, self.box.device, DOWN), qos=1)
        client.publish(topic(self.box.tenant, self.box.device, PRESENCE), b"online", qos=1, retain=True)

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        # Some brokers send a client's own last will back to it.
        if message.topic == topic(self.box.tenant, self.box.device, DOWN):
            self.arrived.put(self.box.opened(bytes(message.payload)))

    def say(self, message: wire.Message) -> None:
        """Publish a message."""
        self.client.publish(*self.box.sealed(message), qos=1).wait_for_publish(10)

    def wait_for(self, kind: str) -> wire.Message:
        """Return the next message of a kind."""
        while True:
            message = self.arrived.get(timeout=15)
            if message.WhichOneof("kind") == kind:
                return message

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


def capture_payload(image: str) -> dict[str, Any]:
    """Return the payload of a stored photograph."""
    stored = CaptureStored(
        metadata=CaptureMetadata(camera="import", protocol="front", source="import"),
        images=(StoredImage(name=image, kind=ImageKind.ORIGINAL, size=10, media_type="image/png", width=2, height=2),),
        gate=GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={}),
    )
    return stored.model_dump(mode="json", exclude={"note"})
