"""Poison of every kind at a real hub, beside a real box: nothing else is delayed, and the cause is on record."""

import io
import json
import secrets
import time
import zipfile
from collections.abc import Callable, Iterator

import grpc
import paho.mqtt.client as paho
import pytest

from cloud.main import Hub
from cloud.portal.ports import Viewer
from cloud.queries.ports import FleetQueries
from edge.sync.hub_channel import HubChannel
from shared.clock import SystemClock
from shared.wire import backfill_pb2, backfill_pb2_grpc
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire.topics import UP, topic
from tests.edge.sync.rig import Rig, metric, refused
from tests.support.box import FakeBox, MqttBox
from tests.support.hubs import LOCATION, TENANT, eventually
from tests.support.promises import Tally

DEEP = b"[" * 20_000 + b"]" * 20_000


@pytest.fixture
def poisoner(hub: Hub) -> Iterator[MqttBox]:
    """An enrolled box that sends whatever it likes."""
    protocol = paho.MQTTv5 if hub.settings.broker.mode == "external" else paho.MQTTv311
    connected = MqttBox(FakeBox.enrol(hub.enrolment, TENANT, LOCATION), hub.settings.broker.port, int(protocol))
    yield connected
    connected.close()


def messages(box: FakeBox) -> dict[str, bytes]:
    """Return bytes that are no message of this box, by what is wrong with them."""
    good = box.sealed(box.hello())[1]
    return {
        "empty": b"",
        "no protobuf": b"\xff" * 500,
        "cut short": good[:-3],
        "one bit turned": good[:-9] + bytes([good[-9] ^ 1]) + good[-8:],
        "sealed with another key": box.sealed(box.hello(), secrets.token_bytes(32))[1],
        "another sender named": good.replace(box.device.encode(), secrets.token_hex(len(box.device) // 2).encode()),
        "says nothing": box.sealed(wire.Message())[1],
        "now that nests without end": box.sealed(wire.Message(now=wire.Now(session=box.session, json=DEEP)))[1],
        "now with NaN for an object": box.sealed(wire.Message(now=wire.Now(session=box.session, json=b"NaN")))[1],
        "an epoch that is none": box.sealed(box.bodies_message(1, [b"{}"], epoch="zzz"))[1],
        "a batch without end": box.sealed(box.bodies_message(1, [b"{}"] * 1500))[1],
        "a resend nobody asked for": box.sealed(
            wire.Message(resent=wire.EventBatch(epoch=box.epoch, first_seq=1, bodies=[b"{}"]))
        )[1],
    }


@pytest.mark.req("P-6", "I-10", "F-11")
def test_messages_that_are_poison_are_refused_and_counted_and_a_box_beside_is_served(
    rig: Rig, poisoner: MqttBox, tally: Tally
) -> None:
    rig.link.start()
    rig.wait_acknowledged()
    before, sent = refused(rig.hub), messages(poisoner.box)
    for payload in sent.values():
        poisoner.client.publish(topic(TENANT, poisoner.box.device, UP), payload, qos=1).wait_for_publish(10)
        rig.append(1)
    tally.injected(len(sent))
    healed = time.monotonic()
    rig.wait_acknowledged()
    tally.converged(time.monotonic() - healed)
    assert rig.at_hub() == rig.log()
    tally.lost(len(set(rig.log()) - set(rig.at_hub())))
    eventually(lambda: refused(rig.hub) - before >= len(sent), 20)
    assert rig.hub.ready()


Poison = Callable[[FakeBox], bytes]
FENCING: dict[str, Poison] = {
    "bad schema of an envelope": lambda box: json.dumps({"id": "x"}).encode(),
    "NaN": lambda box: box.log[-1].body.replace(b'"payload":{}', b'"payload":{"x":NaN}'),
    "deep JSON": lambda box: box.log[-1].body.replace(b'"payload":{}', b'"payload":{"x":' + DEEP + b"}"),
    "wrong tenant": lambda box: box.log[-1].body.replace(b'"tenant":"lumen"', b'"tenant":"aurora"'),
    "not text": lambda box: b"\x00\xff" * 300,
    "too large": lambda box: box.log[-1].body.replace(b'"payload":{}', b'"payload":{"x":"' + b"y" * 140_000 + b'"}'),
}


@pytest.mark.req("P-6", "I-10", "I-13", "F-11")
@pytest.mark.parametrize("kind", sorted(FENCING))
def test_a_box_whose_log_is_poison_is_fenced_with_the_cause_and_no_other_is_delayed(
    rig: Rig, poisoner: MqttBox, kind: str, tally: Tally
) -> None:
    rig.link.start()
    rig.wait_acknowledged()
    box = poisoner.box
    box.record("box.stopped", {})
    poisoner.say(box.hello())
    poisoner.say(box.bodies_message(1, [FENCING[kind](box)]))
    tally.injected(1)
    rig.append(2)
    rig.wait_acknowledged()
    ack = poisoner.wait_for("ack").ack
    while not ack.fenced:
        ack = poisoner.wait_for("ack").ack
    assert ack.reason.startswith("event 1 ")
    shown = FleetQueries(rig.hub.database, SystemClock(), {}).fleet(Viewer("v", "V", TENANT))
    alarms = {device.id: device.alarm for place in shown.locations for device in place.devices}
    assert ack.reason in str(alarms[box.device])
    assert not rig.link.status.fenced
    assert rig.at_hub() == rig.log()


@pytest.mark.req("P-6", "I-10", "F-11")
def test_an_event_with_a_bad_payload_is_set_aside_with_its_cause_and_the_rest_goes_on(
    rig: Rig, poisoner: MqttBox
) -> None:
    box = poisoner.box
    box.record("thing.unheard_of", {"x": 1}, "thing/odd")
    box.record("capture.stored", {"images": "none"}, "thing/bad")
    good = box.capture()
    poisoner.say(box.hello())
    poisoner.say(box.batch(1, 3))
    while poisoner.wait_for("ack").ack.applied.seq < 3:
        pass
    shown = FleetQueries(rig.hub.database, SystemClock(), {}).parked(Viewer("v", "V", TENANT)).items
    causes = {item.seq: item.reason.partition(":")[0] for item in shown if item.device_id == box.device}
    assert causes == {1: "unknown_schema", 2: "invalid_payload"}
    assert good.startswith("capture/")


@pytest.mark.req("I-10", "F-11")
def test_ten_megabytes_at_once_are_refused_over_grpc(rig: Rig, poisoner: MqttBox) -> None:
    rig.link.start()
    rig.wait_acknowledged()
    huge = secrets.token_bytes(10 * 1024 * 1024)
    with channel_of(poisoner.box, rig.hub).open() as channel:
        parcels = iter([backfill_pb2.Parcel(sealed_message=huge)])
        with pytest.raises(grpc.RpcError) as caught:
            list(backfill_pb2_grpc.BackfillStub(channel).Send(parcels, timeout=20))
    assert caught.value.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT}
    rig.append(2)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()


@pytest.mark.req("P-6", "I-10", "F-11")
def test_an_image_that_is_not_what_it_says_is_refused_and_the_next_is_taken(rig: Rig, poisoner: MqttBox) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.png", bytes(5_000_000))
    data, name = bomb.getvalue(), secrets.token_hex(32)
    before = metric(rig.hub, "medspa_hub_blobs_stored_total")
    with channel_of(poisoner.box, rig.hub).open() as channel:
        stub = rpc.BlobsStub(channel)
        chunk = wire.BlobChunk(name=name, size=len(data), offset=0, data=data)
        for wrong in (chunk, wire.BlobChunk(name="../../etc", size=5, data=b"12345")):
            with pytest.raises(grpc.RpcError):
                stub.Upload(iter([wrong]), timeout=20)
        with pytest.raises(grpc.RpcError):
            stub.Where(wire.BlobQuery(name=name, size=2**62), timeout=20)
    assert metric(rig.hub, "medspa_hub_blobs_stored_total") == before
    assert rig.hub.ready()


def channel_of(box: FakeBox, hub: Hub) -> HubChannel:
    return HubChannel(f"127.0.0.1:{hub.settings.rpc.port}", lambda: box.credentials)
