import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloud.portal.api import create_portal_api
from cloud.portal.openapi import document
from cloud.portal.ports import PortalPorts
from tests.support.portal_ports import fake_portal_ports

ROOT = Path(__file__).parents[3]
WISH = {
    "location_id": "harbor",
    "service": "Facial",
    "client_name": "Ana Prieto",
    "wanted_from": "2031-03-14T14:00:00Z",
    "wanted_until": "2031-03-14T16:00:00Z",
}


@pytest.fixture
def ports() -> PortalPorts:
    return fake_portal_ports()


@pytest.fixture
def client(ports: PortalPorts) -> TestClient:
    return TestClient(create_portal_api(ports), base_url="http://localhost")


def test_a_request_starts_tentative_and_does_not_show_the_name(client: TestClient) -> None:
    made = client.post("/api/portal/booking-requests", json=WISH)
    assert (made.status_code, made.json()["state"]) == (201, "tentative")
    listed = client.get("/api/portal/booking-requests")
    assert listed.json()["items"][0] == made.json()
    assert "Prieto" not in listed.text


def test_a_window_that_runs_backwards_is_refused_without_repeating_the_name(client: TestClient) -> None:
    answer = client.post("/api/portal/booking-requests", json=WISH | {"wanted_until": "2031-03-14T13:00:00Z"})
    assert answer.status_code == 422
    assert "latest time" in answer.json()["sentence"]
    assert "Prieto" not in answer.text


def test_a_lent_slot_is_bought_once_and_an_order_may_be_sent_again(client: TestClient) -> None:
    assert [slot["id"] for slot in client.get("/api/portal/slots").json()["free"]] == ["slot-1"]
    sale = {"order": "order-1", "client_name": "Ana Prieto"}
    made = client.post("/api/portal/slots/slot-1/sell", json=sale)
    assert (made.status_code, made.json()["outcome"]) == (200, "sold")
    assert client.post("/api/portal/slots/slot-1/sell", json=sale).json() == made.json()
    other = client.post("/api/portal/slots/slot-1/sell", json=sale | {"order": "order-2"})
    assert (other.status_code, other.json()["code"]) == (409, "slot_sold")
    assert client.post("/api/portal/slots/slot-9/sell", json=sale).status_code == 404
    listed = client.get("/api/portal/slots")
    assert (listed.json()["free"], [slot["id"] for slot in listed.json()["sold"]]) == ([], ["slot-1"])
    assert "Prieto" not in listed.text


def test_another_tenants_clinic_is_not_found(client: TestClient) -> None:
    answer = client.post("/api/portal/booking-requests", json=WISH | {"location_id": "elsewhere"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_location")


def test_activity_covers_the_days_asked_for_within_limits(client: TestClient) -> None:
    activity = client.get("/api/portal/activity", params={"days": 3}).json()
    assert (activity["first_day"], activity["last_day"]) == ("2031-03-10", "2031-03-12")
    assert client.get("/api/portal/activity", params={"days": 9999}).status_code == 422


@pytest.mark.parametrize("path", ["fleet", "activity", "parked", "summary", "booking-requests", "slots"])
def test_nobody_signed_in_sees_nothing(client: TestClient, ports: PortalPorts, path: str) -> None:
    assert client.get(f"/api/portal/{path}").status_code == 200
    ports.viewers.signed_in = False  # type: ignore[attr-defined]
    assert client.get(f"/api/portal/{path}").status_code == 401


@pytest.mark.req("P-6")
def test_a_set_aside_event_is_replayed_or_skipped_with_a_reason(client: TestClient, ports: PortalPorts) -> None:
    tried = client.post("/api/portal/parked/parked-1/replay", json={})
    assert (tried.status_code, tried.json()) == (200, {"applied": 0, "set_aside": 3})
    assert client.post("/api/portal/parked/parked-1/skip", json={"reason": ""}).status_code == 422
    skipped = client.post("/api/portal/parked/parked-1/skip", json={"reason": "A test entry"})
    assert (skipped.status_code, skipped.json()) == (200, {"applied": 2, "set_aside": 0})
    assert client.post("/api/portal/parked/parked-1/replay", json={}).status_code == 404
    ports.viewers.signed_in = False  # type: ignore[attr-defined]
    assert client.post("/api/portal/parked/parked-1/replay", json={}).status_code == 401


def test_an_alert_is_acknowledged_with_a_note(client: TestClient) -> None:
    assert client.get("/api/portal/alerts").json()["waiting"] == 1
    assert client.post("/api/portal/alerts/alert-1/acknowledge", json={"note": "  "}).status_code == 422
    done = client.post("/api/portal/alerts/alert-1/acknowledge", json={"note": "An audit of ours"})
    assert (done.status_code, done.json()["note"]) == (200, "An audit of ours")
    assert client.get("/api/portal/alerts").json()["waiting"] == 0
    assert client.post("/api/portal/alerts/alert-9/acknowledge", json={"note": "nobody"}).status_code == 404


def test_routes_and_health_are_reached_although_pages_answer_the_rest(ports: PortalPorts, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page __CSP_NONCE__")
    client = TestClient(create_portal_api(ports, tmp_path), base_url="http://localhost")
    assert client.get("/api/portal/fleet").json()["locations"]
    assert client.get("/healthz").headers["content-type"] == "application/json"
    assert client.get("/portal").text.startswith("page ")


def test_the_committed_interface_is_the_one_served() -> None:
    committed = (ROOT / "cloud/web/openapi.json").read_text(encoding="utf-8")
    assert committed == document(), "run `make client` and commit what it writes"


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert len(packages) > 50
    assert [name for name, one in packages.items() if "://" in one.get("resolved", "")] == []


def test_an_erasure_is_asked_for_approved_by_another_person_and_proven(client: TestClient) -> None:
    wish = {"client_id": "client-9", "reason": "client_asked", "legal_basis": "gdpr_article_17"}
    made = client.post("/api/portal/erasures", json=wish)
    assert (made.status_code, made.json()["state"]) == (201, "requested")
    own = client.post(f"/api/portal/erasures/{made.json()['id']}/approve")
    assert (own.status_code, own.json()["code"]) == (422, "same_person")
    assert client.post("/api/portal/erasures/erasure-2/approve").json()["state"] == "approved"
    assert next(iter(client.get("/api/portal/erasures").json()["items"]))["id"] == made.json()["id"]
    receipt = client.get("/api/portal/erased/client-7/receipt")
    assert receipt.headers["content-disposition"] == 'attachment; filename="erasure-client-7.json"'
    assert client.get("/api/portal/erased/client-31/receipt").status_code == 404


def test_an_erasure_with_free_text_is_refused(client: TestClient) -> None:
    wish = {"client_id": "client-9", "reason": "because Ana asked", "legal_basis": "gdpr_article_17"}
    answer = client.post("/api/portal/erasures", json=wish)
    assert answer.status_code == 422
    assert "Ana" not in answer.text
