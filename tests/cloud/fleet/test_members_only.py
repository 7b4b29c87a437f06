"""Broker and gRPC let in members only, each to its own; a revoked one is out while it is connected."""

import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.main import Hub
from cloud.rpc.callers import CallerRefused, proof_of
from shared.crypto.pki import Member, certificate_pem, member_name
from shared.crypto.tls import hub_context, stranger_context
from shared.ids import DeviceId
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire.topics import DOWN, PRESENCE, UP, topic
from tests.support.box import FakeBox
from tests.support.certificates import authority_of, certified
from tests.support.hubs import LOCATION, TENANT, eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.servers import mosquitto

pytestmark = [
    pytest.mark.system,
    pytest.mark.req("P-5", "I-13"),
    # The embedded broker leaves connections that were reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", params=["amqtt", "mosquitto"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    real = request.param == "mosquitto"
    settings = hub_settings(folder / "data", external_broker(folder / "broker") if real else None)
    with mosquitto(settings) if real else nullcontext(), running_hub(settings) as running:
        yield running


@dataclass
class Client:
    """Somebody at the broker; `heard` has the topics of what arrived."""

    hub: Hub
    context: ssl.SSLContext
    client_id: str
    will: str | None = None
    heard: "queue.Queue[str]" = field(default_factory=queue.Queue)
    answered: "queue.Queue[bool]" = field(default_factory=queue.Queue)
    accepted: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        modern = self.hub.settings.broker.mode == "external"
        protocol = paho.MQTTv5 if modern else paho.MQTTv311
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2, self.client_id, protocol=protocol, reconnect_on_failure=False
        )
        self.paho.tls_set_context(self.context)
        self.paho.on_connect = self._on_connect
        self.paho.on_subscribe = lambda *_: self.answered.put(True)
        self.paho.on_disconnect = lambda *_: self.gone.set()
        self.paho.on_message = lambda _c, _u, message: self.heard.put(message.topic)
        if self.will is not None:
            self.paho.will_set(self.will, b"x", qos=1)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self.accepted.set()

    def subscribe(self, wanted: str) -> None:
        """Subscribe, and wait for the broker's answer, whatever it is."""
        self.paho.subscribe(wanted, qos=1)
        self.answered.get(timeout=10)

    def connect(self) -> bool:
        """Connect; tell whether the broker took us, and still has us a moment later."""
        try:
            self.paho.connect("127.0.0.1", self.hub.settings.broker.port)
        except (OSError, ssl.SSLError):
            return False
        self.paho.loop_start()
        return self.accepted.wait(3) and not self.gone.wait(0.3)

    def close(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    made: list[Client] = []
    yield made
    for client in made:
        client.close()


def enrolled(hub: Hub, tenant: str = TENANT) -> FakeBox:
    return FakeBox.enrol(hub.enrolment, tenant, f"{tenant}-one")


def client_of(hub: Hub, box: FakeBox) -> Client:
    return Client(hub, hub_context(box.credentials), member_name(box.tenant, box.device))


def connected(hub: Hub, box: FakeBox, clients: list[Client]) -> Client:
    client = client_of(hub, box)
    clients.append(client)
    assert client.connect()
    return client


def stays_out(client: Client, clients: list[Client]) -> bool:
    clients.append(client)
    return not client.connect()


def test_a_box_uses_its_own_topics_and_no_others(hub: Hub, clients: list[Client], tally: Tally) -> None:
    mine, other, foreign = enrolled(hub), enrolled(hub), enrolled(hub, "aurora")
    me, victim = connected(hub, mine, clients), connected(hub, other, clients)
    for box in (mine, other, foreign):
        me.subscribe(topic(box.tenant, box.device, DOWN))
        me.subscribe(topic(box.tenant, box.device, UP))
    me.subscribe("medspa/1/+/+/down")
    me.subscribe("#")
    victim.subscribe(topic(other.tenant, other.device, DOWN))
    refused = hub.metrics.registry.get_sample_value
    before = refused("medspa_hub_messages_refused_total", {"code": "malformed_message"}) or 0.0
    for box in (other, foreign):
        for channel in (UP, DOWN, PRESENCE):
            me.paho.publish(topic(box.tenant, box.device, channel), b"forged", qos=1)
    for box in (other, foreign, mine):
        hub._mqtt.publish(topic(box.tenant, box.device, DOWN), b"secret")
    assert victim.heard.get(timeout=10) == topic(other.tenant, other.device, DOWN)
    assert me.heard.get(timeout=10) == topic(mine.tenant, mine.device, DOWN)
    me.paho.publish(topic(mine.tenant, mine.device, UP), b"rubbish of my own", qos=1)
    eventually(lambda: (refused("medspa_hub_messages_refused_total", {"code": "malformed_message"}) or 0) > before)
    assert victim.heard.empty()
    heard = {me.heard.get() for _ in range(me.heard.qsize())}  # a broker may deliver once a subscription
    assert heard <= {topic(mine.tenant, mine.device, DOWN)}
    assert (refused("medspa_hub_messages_refused_total", {"code": "malformed_message"}) or 0) == before + 1
    tally.injected(6)


def test_nobody_without_a_certificate_of_this_hub_is_let_in(hub: Hub, clients: list[Client], tmp_path: Path) -> None:
    box = enrolled(hub)
    name = member_name(box.tenant, box.device)
    assert stays_out(Client(hub, stranger_context(), name), clients)
    member = Member(box.tenant, box.location, box.device)
    forged = certified(authority_of(tmp_path / "elsewhere", member), member, hub.authority.trust)
    assert stays_out(Client(hub, hub_context(forged), name), clients)
    plain = socket.create_connection(("127.0.0.1", hub.settings.broker.port))
    plain.sendall(b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab")
    plain.settimeout(10)
    with plain, suppress(ConnectionResetError):
        assert not plain.recv(64).startswith(b"\x20")
    assert connected(hub, box, clients)


def test_older_tls_is_refused(hub: Hub, clients: list[Client]) -> None:
    box = enrolled(hub)
    context = hub_context(box.credentials)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert stays_out(Client(hub, context, member_name(box.tenant, box.device)), clients)


@dataclass
class Call:
    """What gRPC knows of a call's connection."""

    facts: dict[str, list[bytes]]

    def auth_context(self) -> dict[str, list[bytes]]:
        return self.facts


def test_a_call_over_older_tls_or_without_a_members_certificate_is_nobodys(hub: Hub) -> None:
    box = enrolled(hub)
    leaf = certificate_pem(box.credentials.certificate)
    good = {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [leaf]}
    assert proof_of(Call(good)) == (box.credentials.certificate, Member(box.tenant, box.location, box.device))
    for facts in (
        good | {"ssl_tls_version": [b"TLSv1.2"]},
        {"x509_pem_cert": [leaf]},
        {"ssl_tls_version": [b"TLSv1.3"]},
        good | {"x509_pem_cert": [hub.authority.hub().chain]},
        good | {"x509_pem_cert": [b"rubbish"]},
    ):
        with pytest.raises(CallerRefused):
            proof_of(Call(facts))


def test_a_box_cannot_end_anothers_session_nor_leave_a_will_for_it(hub: Hub, clients: list[Client]) -> None:
    mine, other = enrolled(hub), enrolled(hub)
    victim = connected(hub, other, clients)
    theft = Client(hub, hub_context(mine.credentials), member_name(other.tenant, other.device))
    clients.append(theft)
    theft.connect()  # Mosquitto gives it the name of its certificate, ours refuses it
    assert not victim.gone.wait(1)
    name = member_name(mine.tenant, mine.device)
    heir = Client(hub, hub_context(mine.credentials), name, will=topic(other.tenant, other.device, DOWN))
    victim.subscribe(topic(other.tenant, other.device, DOWN))
    clients.append(heir)
    if heir.connect():
        heir.paho._sock_close()  # the line breaks, and the broker speaks the last will
    hub._mqtt.publish(topic(other.tenant, other.device, DOWN), b"from the hub")
    assert victim.heard.get(timeout=10) == topic(other.tenant, other.device, DOWN)
    with pytest.raises(queue.Empty):
        victim.heard.get(timeout=1)


@pytest.mark.req("F-17")
def test_a_revoked_box_is_out_at_once_wherever_it_is_connected(hub: Hub, clients: list[Client], tally: Tally) -> None:
    stolen, other = enrolled(hub), enrolled(hub)
    client, bystander = connected(hub, stolen, clients), connected(hub, other, clients)
    with stolen.channel(hub.settings.rpc.port) as channel:
        stub = rpc.BlobsStub(channel)
        assert stub.Where(wire.BlobQuery(name="a" * 64, size=5), timeout=10).offset == 0
        never = threading.Event()
        under_way = stub.Upload.future(held_open(never), timeout=60)
        hub.enrolment.revoke(stolen.tenant, stolen.device, "stolen")
        tally.injected(1)
        assert client.gone.wait(20)
        with pytest.raises(grpc.RpcError):
            under_way.result(timeout=20)
        never.set()
        with pytest.raises(grpc.RpcError) as refused:
            stub.Where(wire.BlobQuery(name="a" * 64, size=5), timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    eventually(lambda: stays_out(client_of(hub, stolen), clients))
    assert not bystander.gone.is_set()
    assert connected(hub, other, clients)


@pytest.mark.req("F-14", "F-17")
def test_a_replaced_machine_is_out_wherever_it_is_connected_and_the_new_one_is_in_under_the_same_name(
    hub: Hub, clients: list[Client], tally: Tally
) -> None:
    old = enrolled(hub)
    client = connected(hub, old, clients)
    code = hub.enrolment.invite_replacement(old.tenant, old.device, 600)
    assert not client.gone.wait(0.5), "a code alone keeps nobody out"
    new = FakeBox.enrol_with(hub.enrolment, code)
    tally.injected(1)
    assert new.device == old.device
    never = threading.Event()
    with new.channel(hub.settings.rpc.port) as channel:
        under_way = rpc.BlobsStub(channel).Upload.future(held_open(never, "c"), timeout=60)
        assert client.gone.wait(20)
        with pytest.raises(grpc.FutureTimeoutError):
            under_way.result(timeout=1)
        never.set()
        assert under_way.result(timeout=20).offset == 10, "the new machine's call was ended with the old one's"
    for box, allowed in ((old, False), (new, True)):
        with box.channel(hub.settings.rpc.port) as channel:
            query = wire.BlobQuery(name="a" * 64, size=5)
            if allowed:
                assert rpc.BlobsStub(channel).Where(query, timeout=10).offset == 0
                continue
            with pytest.raises(grpc.RpcError) as refused:
                rpc.BlobsStub(channel).Where(query, timeout=10)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    eventually(lambda: stays_out(client_of(hub, old), clients))
    eventually(lambda: not stays_out(client_of(hub, new), clients))


def held_open(until: threading.Event, letter: str = "b") -> Iterator[wire.BlobChunk]:
    yield wire.BlobChunk(name=letter * 64, size=1000, offset=0, data=b"x" * 10)
    until.wait(60)


@pytest.mark.req("F-16")
def test_after_a_new_root_old_and_new_boxes_are_served_by_a_hub_that_shows_the_new_one(
    hub: Hub, clients: list[Client]
) -> None:
    before = enrolled(hub)
    old_root = hub.authority.fingerprint
    hub.authority.roll()
    hub._watch.look()
    after = enrolled(hub)
    assert hub.authority.fingerprint != old_root
    eventually(lambda: not stays_out(client_of(hub, after), clients))
    for box in (before, after):
        connected(hub, box, clients)
        with box.channel(hub.settings.rpc.port) as channel:
            assert rpc.BlobsStub(channel).Where(wire.BlobQuery(name="d" * 64, size=5), timeout=10).offset == 0
    assert hub.enrolment.behind([TENANT]) >= {before.device}
    assert after.device not in hub.enrolment.behind([TENANT])


@pytest.mark.req("F-16")
def test_an_ended_certificate_is_refused(hub: Hub, clients: list[Client]) -> None:
    box = enrolled(hub)
    member = Member(box.tenant, LOCATION, DeviceId(box.device))
    ended = certified(hub.authority, member, life_seconds=-60)
    assert stays_out(Client(hub, hub_context(ended), member.name), clients)
    assert connected(hub, box, clients)
