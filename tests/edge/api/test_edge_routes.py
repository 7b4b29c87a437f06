import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client import Counter

from edge.api.app import create_edge_api
from edge.api.openapi import document
from edge.api.ports import EdgePorts
from edge.api.schemas import ImportRequest
from edge.staff.permissions import PERMITTED, Action
from shared.http.guard import GuardSettings
from shared.vocabulary import StaffRole
from tests.support.day_ports import DOUBTFUL, FakeSchedule
from tests.support.edge_ports import FakeActors, FakeStatus, fake_edge_ports
from tests.support.kiosk_ports import preview_photo

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    app = create_edge_api(ports, guard=GuardSettings(max_body_bytes=2_000_000))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def import_form(client_id: str = "client-1") -> dict[str, str]:
    return {"details": ImportRequest(client_id=client_id).model_dump_json()}


def test_a_photo_that_passes_is_created_and_one_that_does_not_says_why(client: TestClient) -> None:
    passed = client.post("/api/captures/import", data=import_form(), files={"photo": preview_photo()})
    failed = client.post("/api/captures/import", data=import_form("client-9"), files={"photo": preview_photo()})
    assert (passed.status_code, passed.json()["capture"]["id"]) == (201, "capture-1")
    assert (failed.status_code, failed.json()["capture"]) == (200, None)
    assert failed.json()["verdict"]["failures"][0]["code"] == "no_face"


def test_a_text_file_named_jpg_is_refused_with_a_sentence(client: TestClient) -> None:
    answer = client.post("/api/captures/import", data=import_form(), files={"photo": ("a.jpg", b"hello")})
    assert answer.status_code == 422
    assert answer.json() == {
        "code": "not_an_image",
        "sentence": "This file is not a photograph. Please choose a JPEG.",
    }


def test_unknown_keys_in_the_import_form_are_named_and_not_repeated(client: TestClient) -> None:
    form = {"details": json.dumps({"client_id": "client-1", "surprise": "Ana Prieto"})}
    answer = client.post("/api/captures/import", data=form, files={"photo": preview_photo()})
    assert answer.status_code == 422
    assert answer.json()["field"] == "details.surprise"
    assert "Prieto" not in answer.text


def test_a_wrong_entry_is_named_and_its_value_not_repeated(client: TestClient) -> None:
    answer = client.post("/api/clients", json={"name": "Ana Prieto", "tone": 99})
    assert (answer.status_code, answer.json()["field"]) == (422, "tone")
    assert "Prieto" not in answer.text


def test_names_are_searched_in_the_body_so_that_no_url_holds_one(client: TestClient) -> None:
    assert [one["id"] for one in client.post("/api/clients/search", json={"query": "ana"}).json()] == ["client-1"]
    assert client.get("/api/clients", params={"query": "ana"}).status_code in (404, 405)


def test_pixels_are_not_given_without_a_purpose(client: TestClient, ports: EdgePorts) -> None:
    assert client.get("/api/captures/capture-1/image").status_code == 422
    assert ports.captures.reads == []  # type: ignore[attr-defined]
    answer = client.get("/api/captures/capture-1/image", headers={"X-Purpose": "provider_review"})
    assert answer.content.startswith(b"\xff\xd8")
    assert answer.headers["cache-control"] == "no-store"
    assert ports.captures.reads == [("capture-1", "provider_review", "staff-1")]  # type: ignore[attr-defined]


def test_an_unknown_capture_is_not_found(client: TestClient) -> None:
    assert client.get("/api/captures/nothing").json()["code"] == "no_such_capture"


def test_a_stale_revision_conflicts_and_changes_nothing(client: TestClient) -> None:
    day = client.get("/api/schedule").json()
    disruption = {
        "kind": "provider_out",
        "provider_id": "ana",
        "starts_at": day["now"],
        "ends_at": day["closes_at"],
    }
    body = {"day": day["day"], "revision": day["revision"] - 1, "disruption": disruption}
    assert client.post("/api/schedule/proposals", json=body).status_code == 409
    assert client.get("/api/schedule").json() == day


def test_a_proposal_changes_nothing_until_it_is_accepted_and_the_change_can_be_undone(client: TestClient) -> None:
    day = client.get("/api/schedule").json()
    disruption = {
        "kind": "provider_out",
        "provider_id": "ana",
        "starts_at": day["now"],
        "ends_at": day["closes_at"],
    }
    body = {"day": day["day"], "disruption": disruption}
    made = client.post("/api/schedule/proposals", json=body)
    assert made.status_code == 201
    name = made.json()["id"]
    waiting = client.get("/api/schedule").json()
    assert (waiting["appointments"], [one["id"] for one in waiting["proposals"]]) == (day["appointments"], [name])
    accepted = client.post(f"/api/schedule/proposals/{name}/accept", json={"choice": 0}).json()
    assert accepted["appointments"] != day["appointments"]
    undone = client.post(f"/api/schedule/replans/{name}/undo").json()
    assert undone["appointments"] == day["appointments"]


def test_only_one_way_reports_a_disruption(client: TestClient) -> None:
    for path in ("/api/schedule/disruptions", "/api/schedule/disruptions/preview"):
        assert client.post(path, json={}).status_code == 404


def test_a_slot_held_for_online_booking_is_asked_back_and_stays_held(client: TestClient) -> None:
    day = client.get("/api/schedule").json()
    (slot,) = day["lent"]
    assert (slot["service"], slot["state"]) == ("Consultation", "lent")
    path = f"/api/schedule/slots/{day['day']}/{slot['id']}/recall"
    for _ in range(2):
        (asked,) = client.post(path).json()["lent"]
        assert asked == {**slot, "state": "asked_back"}
    assert client.post(path.replace(slot["id"], "another")).status_code == 404


def test_a_slot_in_doubt_is_given_up_by_a_manager_for_what_was_confirmed_and_held_again(
    client: TestClient, ports: EdgePorts
) -> None:
    assert isinstance(ports.schedule, FakeSchedule)
    assert isinstance(ports.actors, FakeActors)
    ports.schedule.lent = [DOUBTFUL]
    found = client.get("/api/schedule/slots").json()
    assert [(one["doubt"], one["state"]) for one in found["lent"]] == [("hub_not_heard", "in_doubt")]
    path = f"/api/schedule/slots/{found['lent'][0]['day']}/{DOUBTFUL.id}"
    right = {"doubt": "hub_not_heard"}
    assert client.post(f"{path}/release", json={}).status_code == 422
    assert client.post(f"{path}/release", json={"doubt": "hub_restored"}).status_code == 409
    ports.actors.rights = PERMITTED[StaffRole.FRONT_DESK]
    for act, body in (("release", right), ("hold", None)):
        assert client.post(f"{path}/{act}", json=body).status_code == 403
    ports.actors.rights = PERMITTED[StaffRole.MANAGER]
    assert client.post(f"{path}/release", json=right).json()["lent"] == []
    (given,) = client.get("/api/schedule/slots").json()["given_up"]
    assert (given["given_up_by"], given["fate"]) == ("Jo", "not_known")
    (held,) = client.post(f"{path}/hold").json()["lent"]
    assert held["doubt"] == "given_up_before"
    assert client.post(f"{path}/hold").status_code == 404


def test_a_page_is_told_what_whoever_stands_before_it_may_do(client: TestClient, ports: EdgePorts) -> None:
    assert isinstance(ports.actors, FakeActors)
    assert set(client.get("/api/sign-in/rights").json()["actions"]) == set(Action)
    ports.actors.rights = PERMITTED[StaffRole.FRONT_DESK]
    told = client.get("/api/sign-in/rights").json()["actions"]
    assert "change_schedule" in told
    assert "decide_schedule" not in told
    ports.actors.signed_in = False
    assert client.get("/api/sign-in/rights").status_code == 401


def test_a_page_of_another_site_cannot_change_anything(client: TestClient, ports: EdgePorts) -> None:
    answer = client.post("/api/clients", json={"name": "X"}, headers={"Origin": "http://elsewhere.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    answer = client.post("/api/clients", json={"name": "X"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert len(ports.clients.known) == 1  # type: ignore[attr-defined]


def test_a_foreign_host_name_is_not_served(client: TestClient) -> None:
    assert client.get("/api/status", headers={"Host": "rebound.example"}).status_code == 400


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_above_the_limit_is_ended_whether_announced_or_not(client: TestClient, announced: bool) -> None:
    big = b"x" * 2_100_000
    content = big if announced else (big[i : i + 50_000] for i in range(0, len(big), 50_000))
    answer = client.post("/api/clients", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/api/status", "/healthz", "/nothing", "/api/captures/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_readiness_follows_the_parts_and_metrics_are_printed(client: TestClient, ports: EdgePorts) -> None:
    Counter("captures", "Photographs taken", registry=ports.metrics).inc(3)
    assert client.get("/readyz").status_code == 200
    assert isinstance(ports.status, FakeStatus)
    ports.status.ready = False
    assert client.get("/readyz").json() == {"ready": False, "parts": {"store": False, "camera": True}}
    assert client.get("/healthz").status_code == 200
    assert "captures_total 3.0" in client.get("/metrics").text


def test_nobody_signed_in_gets_401(client: TestClient, ports: EdgePorts) -> None:
    ports.actors.signed_in = False  # type: ignore[attr-defined]
    assert client.post("/api/clients", json={"name": "X"}).status_code == 401


def test_pages_are_given_for_their_own_addresses_only(ports: EdgePorts, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/app-1.js").write_text("1")
    (tmp_path / "index.html").write_text('<meta name="csp-nonce" content="__CSP_NONCE__">')
    client = TestClient(create_edge_api(replace(ports), tmp_path), base_url="http://localhost")
    first, second = client.get("/kiosk"), client.get("/tablet/captures/capture-1")
    assert first.status_code == second.status_code == 200
    assert first.text != second.text  # a nonce is never used twice
    nonce = first.text.split('content="')[1].rstrip('">')
    assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert "script-src 'self'" in first.headers["content-security-policy"]
    assert client.get("/assets/app-1.js").headers["cache-control"].endswith("immutable")
    for missing in ("/api/nothing", "/assets/app-2.js", "/.env", "/robots.txt"):
        assert client.get(missing).status_code == 404


def test_the_committed_interface_is_the_one_served() -> None:
    committed = (ROOT / "edge/web/openapi.json").read_text(encoding="utf-8")
    assert committed == document(), "run `make client` and commit what it writes"
