from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from edge.api.app import create_edge_api
from edge.api.kiosk_socket import decode_frame_header
from edge.api.ports import EdgePorts
from tests.support.edge_ports import fake_edge_ports
from tests.support.kiosk_ports import TEXTS

HERE = {"Origin": "http://localhost"}
ANSWER = {
    "language": "en",
    "text_version": TEXTS["en"].version,
    "choices": [{"purpose": "treatment_record", "decision": "granted"}],
    "signature": {"width": 100, "height": 50, "strokes": [[{"x": 1, "y": 1, "t": 0}]]},
}


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def page(ports: EdgePorts) -> Iterator[WebSocketTestSession]:
    client = TestClient(create_edge_api(ports), base_url="http://localhost")
    with client, client.websocket_connect("ws://localhost/api/kiosk", headers=HERE) as socket:
        yield socket


def until_frame(page: WebSocketTestSession) -> dict[str, Any]:
    """The header of the next preview frame; its JPEG is checked on the way."""
    while True:
        message = page.receive()
        if message.get("bytes"):
            header, jpeg = decode_frame_header(message["bytes"])
            assert jpeg.startswith(b"\xff\xd8")
            return header


def begin(page: WebSocketTestSession) -> None:
    page.send_json({"type": "begin", "language": "en"})
    assert page.receive_json()["phase"] == "consent"
    page.send_json({"type": "consent", "answer": ANSWER})


def test_the_present_state_is_the_first_thing_said(page: WebSocketTestSession) -> None:
    assert (state := page.receive_json())["type"] == "state"
    assert state["phase"] == "welcome"


def test_no_further_frame_comes_before_the_last_is_acknowledged(page: WebSocketTestSession, ports: EdgePorts) -> None:
    page.receive_json()
    begin(page)
    first = until_frame(page)
    page.send_json({"type": "ack", "seq": first["seq"] + 1})  # not the frame that is awaited
    page.send_text("not json")
    assert page.receive_json()["code"] == "invalid_message"  # in order: no frame overtook it
    assert ports.kiosk.stations[-1].seq == first["seq"]  # type: ignore[attr-defined]
    page.send_json({"type": "ack", "seq": first["seq"]})
    assert until_frame(page)["seq"] == first["seq"] + 1


def test_a_message_out_of_turn_is_a_problem_and_the_line_stays_open(page: WebSocketTestSession) -> None:
    page.receive_json()
    page.send_json({"type": "consent", "answer": ANSWER})
    assert page.receive_json() == {"type": "problem", "code": "not_now", "sentence": "Please begin first."}
    page.send_json({"type": "begin"})
    assert page.receive_json()["phase"] == "consent"


@pytest.mark.parametrize("text", ["[]", '{"type":"shoot"}', '{"type":"begin","admin":true}', "x" * 1_000_001])
def test_a_malformed_message_does_nothing(page: WebSocketTestSession, ports: EdgePorts, text: str) -> None:
    page.receive_json()
    page.send_text(text)
    assert page.receive_json()["code"] == "invalid_message"
    assert ports.kiosk.stations[-1].phase == "welcome"  # type: ignore[attr-defined]


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}])
def test_a_page_of_another_site_cannot_open_the_camera(ports: EdgePorts, headers: dict[str, str]) -> None:
    client = TestClient(create_edge_api(ports), base_url="http://localhost")
    with (
        pytest.raises(WebSocketDisconnect) as refusal,
        client.websocket_connect("ws://localhost/api/kiosk", headers=headers),
    ):
        pass
    assert refusal.value.code == 4403
    assert ports.kiosk.stations == []  # type: ignore[attr-defined]


def test_nobody_signed_in_cannot_open_the_camera(ports: EdgePorts) -> None:
    ports.actors.signed_in = False  # type: ignore[attr-defined]
    client = TestClient(create_edge_api(ports), base_url="http://localhost")
    with (
        pytest.raises(WebSocketDisconnect) as refusal,
        client.websocket_connect("ws://localhost/api/kiosk", headers=HERE),
    ):
        pass
    assert refusal.value.code == 4401
