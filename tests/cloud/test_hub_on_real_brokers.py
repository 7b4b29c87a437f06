import base64
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import paho.mqtt.client as paho
import pytest

from cloud.config import HubSettings
from cloud.main import Hub
from shared.crypto.identity import DeviceIdentity
from shared.crypto.pki import HUB_HOST, key_pem, make_request, new_key
from shared.ids import LocationId, TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from tests.cloud.conftest import TENANTS
from tests.cloud.web import call
from tests.support.box import FakeBox, MqttBox
from tests.support.hubs import external_broker, fleet_call
from tests.support.servers import free_port, mosquitto

pytestmark = pytest.mark.system


def hub_settings(folder: Path, broker: dict[str, object]) -> HubSettings:
    return HubSettings.model_validate(
        {
            "data_folder": folder,
            "broker": broker,
            "rpc": {"port": free_port()},
            "fleet": {"port": free_port()},
            "http": {"names": ["testserver"]},
            "tenants": [tenant.model_dump() for tenant in TENANTS],
        }
    )


@pytest.fixture(params=["amqtt", "mosquitto"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Hub, int, int]]:
    """A running hub, the port of its broker and the protocol the broker speaks."""
    if request.param == "amqtt":
        settings = hub_settings(tmp_path, {"mode": "embedded", "port": free_port()})
        broker, protocol = nullcontext(), paho.MQTTv311
    else:
        settings = hub_settings(tmp_path, external_broker(tmp_path / "broker"))
        broker, protocol = mosquitto(settings), paho.MQTTv5
    with broker:
        hub = Hub(settings)
        hub.start()
        try:
            assert hub.ready()
            yield hub, settings.broker.port, int(protocol)
        finally:
            hub.stop()


@pytest.fixture
def box(running: tuple[Hub, int, int]) -> Iterator[MqttBox]:
    hub, port, protocol = running
    connected = MqttBox(FakeBox.enrol(hub.enrolment, "lumen", "lumen-one"), port, protocol)
    yield connected
    connected.close()


def test_a_box_enrols_over_http_greets_sends_and_is_acknowledged(running: tuple[Hub, int, int], box: MqttBox) -> None:
    fake = box.box
    for _ in range(30):
        fake.analyse(fake.capture())
    box.say(fake.hello())
    assert box.wait_for("ack").ack.applied.seq == 0
    box.say(fake.batch(1, 40))
    box.say(fake.batch(1, 40))
    box.say(fake.batch(41, 60))
    assert [box.wait_for("ack").ack.duplicates for _ in range(3)] == [0, 40, 0]
    shown = call(running[0].app, "GET", "/api/portal/fleet").json()["locations"][0]["devices"][0]
    assert (shown["events_received"], shown["online"], shown["lag_events"]) == (60, True, 0)
    assert shown["blobs_missing"] == 30


def test_a_booking_goes_down_and_its_answer_comes_up(running: tuple[Hub, int, int], box: MqttBox) -> None:
    hub, fake = running[0], box.box
    box.say(fake.hello())
    greeting = box.wait_for("hello").hello
    assert greeting.head.seq == 0
    down = wire.Position(epoch=greeting.head.epoch)
    box.say(wire.Message(ack=wire.Ack(session=greeting.session, applied=down)))
    start = (datetime.now(UTC) + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    wish = {
        "location_id": "lumen-one", "service": "Consultation", "client_name": "Planted Name",
        "wanted_from": start.isoformat(), "wanted_until": (start + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    made = call(hub.app, "POST", "/api/portal/booking-requests", wish)
    assert (made.status_code, made.json()["state"]) == (201, "tentative")
    batch = box.wait_for("events").events
    assert (batch.first_seq, len(batch.bodies), batch.session) == (1, 1, greeting.session)
    assert b"Planted Name" not in batch.bodies[0]
    answer = {"request": made.json()["id"], "accepted": True, "appointment": "a-1", "start_minute": 600, "reason": ""}
    fake.record("booking.answered", answer, "booking/answer")
    box.say(fake.batch(1, 1))
    box.wait_for("ack")
    shown = call(hub.app, "GET", "/api/portal/booking-requests").json()["items"][0]
    assert (shown["state"], shown["starts_at"] is not None) == ("accepted", True)


def test_rubbish_on_the_broker_does_not_stop_the_hub(running: tuple[Hub, int, int], box: MqttBox) -> None:
    fake = box.box
    name, payload = fake.sealed(fake.hello())
    for rubbish in (b"", b"\xff" * 1000, payload[:-1]):
        box.client.publish(name, rubbish, qos=1).wait_for_publish(10)
    box.say(fake.hello())
    assert box.wait_for("ack").ack.session == fake.session
    assert running[0].ready()


def test_everything_a_hub_says_about_itself_is_up(running: tuple[Hub, int, int]) -> None:
    ready = call(running[0].app, "GET", "/readyz").json()
    metrics = call(running[0].app, "GET", "/metrics").text
    assert ready == {"ready": True, "parts": {"database": True, "broker": True, "ingest": True}}
    assert "medspa_hub_events_applied_total" in metrics


def test_enrolment_hands_out_a_key_that_opens_the_hubs_answer_and_a_certificate_that_opens_its_doors(
    running: tuple[Hub, int, int],
) -> None:
    hub = running[0]
    identity, tls_key = DeviceIdentity.generate(), new_key()
    code = hub.enrolment.invite(TenantId("lumen"), LocationId("lumen-one"), 60)
    body = {
        "code": code, "label": "Room 2",
        "signing_key": base64.b64encode(identity.public.signing).decode(),
        "receiving_key": base64.b64encode(identity.public.receiving).decode(),
        "request": make_request(tls_key).decode(),
    }  # fmt: skip
    done, again = (fleet_call(hub, "POST", "/api/enrol", body) for _ in range(2))
    assert (done.status_code, again.status_code) == (200, 200)
    assert again.json()["device"] == done.json()["device"]
    stranger = DeviceIdentity.generate().public
    other = body | {"signing_key": base64.b64encode(stranger.signing).decode()}
    refused = fleet_call(hub, "POST", "/api/enrol", other)
    assert (refused.status_code, refused.json()["code"]) == (409, "code_used")
    answer = done.json()
    context = f"enrol/{answer['tenant']}/{answer['device']}".encode()
    key = identity.receive(base64.b64decode(answer["delivery"]), context)
    assert key == hub.keys.transport(TenantId("lumen"), answer["device"])
    pem = {name: text.encode() for name, text in answer["certified"].items()}
    tls = grpc.ssl_channel_credentials(pem["trust"], key_pem(tls_key), pem["chain"])
    options = (("grpc.ssl_target_name_override", HUB_HOST), ("grpc.enable_http_proxy", 0))
    with grpc.secure_channel(f"127.0.0.1:{hub.settings.rpc.port}", tls, options=options) as channel:
        state = rpc.BlobsStub(channel).Where(wire.BlobQuery(name="a" * 64, size=5), timeout=10)
    assert (state.offset, state.durable) == (0, False)
