from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from edge.faces.errors import STATUSES
from tests.support.edge_ports import FakeActors, fake_edge_ports

WINDOW = {"first_day": "2031-03-12", "last_day": "2031-03-14", "starts": "09:00", "ends": "18:00"}
WISH: dict[str, Any] = {"service_id": "laser", "windows": [WINDOW], "messages": True}


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    with TestClient(create_edge_api(ports, statuses=STATUSES), base_url="http://localhost") as client:
        yield client


def test_the_list_holds_who_waits_and_what_is_on_offer_with_reasons(client: TestClient) -> None:
    body = client.get("/api/waitlist").json()
    assert [entry["state"] for entry in body["entries"]] == ["offered", "offered", "waiting", "waiting", "waiting"]
    assert body["offers"][0]["reasons"][0] == {
        "name": "fit", "points": 30.0, "sentence": "Fills 30 of the 30 free minutes",
    }  # fmt: skip


def test_who_waits_is_told_why_and_of_a_place_who_fills_it_and_who_does_not(client: TestClient) -> None:
    body = client.get("/api/waitlist").json()
    (why, busy) = body["entries"][3]["why"]
    assert (why["days"], why["starts_at"]) == (["2031-03-12", "2031-03-13"], None)
    assert (busy["starts_at"], len(busy["sentences"])) == ("2031-03-14T13:30:00Z", 2)
    (place,) = body["freed"]
    assert place["offered_to"] == ["Ana Prieto"]
    found = client.get(f"/api/waitlist/freed/{place['day']}/{place['id']}").json()
    assert found["place"] == place
    assert [one["client_name"] for one in found["next"]] == ["Noor Aziz"]
    assert all(one["sentences"] for one in found["left_out"])
    assert client.get(f"/api/waitlist/freed/{place['day']}/another").status_code == 404
    assert client.get(f"/api/waitlist/freed/yesterday/{place['id']}").status_code == 422


def test_a_client_is_added_changed_withdrawn_and_put_back(client: TestClient) -> None:
    added = client.post("/api/waitlist/entries", json=WISH | {"client_id": "client-2"})
    assert (added.status_code, added.json()["state"]) == (201, "waiting")
    name = added.json()["id"]
    changed = client.put(f"/api/waitlist/entries/{name}", json=WISH | {"travel_minutes": 30})
    assert changed.json()["travel_minutes"] == 30
    assert client.post(f"/api/waitlist/entries/{name}/withdraw").json()["state"] == "withdrawn"
    assert client.post(f"/api/waitlist/entries/{name}/restore").json()["state"] == "waiting"


def test_an_offer_is_made_and_answered(client: TestClient) -> None:
    made = client.post("/api/waitlist/entries/entry-3/offers", json={"channel": "phone"})
    assert (made.status_code, made.json()["channel"]) == (201, "phone")
    answer = client.post(f"/api/waitlist/offers/{made.json()['id']}/answer", json={"answer": "accepted"})
    assert (answer.json()["state"], answer.json()["appointment_id"]) == ("accepted", f"waitlist-{made.json()['id']}")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/waitlist/entries", WISH | {"client_id": "client-3"}, 409, "waits_already"),
        ("/api/waitlist/entries", WISH | {"client_id": "client-3", "windows": []}, 422, "invalid"),
        ("/api/waitlist/entries", WISH | {"client_id": "client-3", "surprise": 1}, 422, "invalid"),
        ("/api/waitlist/entries", WISH | {"client_id": "c", "windows": [WINDOW | {"weekdays": [7]}]}, 422, "invalid"),
        ("/api/waitlist/entries/entry-4/offers", {}, 409, "no_offer_now"),
        ("/api/waitlist/entries/none/withdraw", None, 404, "unknown_entry"),
        ("/api/waitlist/offers/offer-0/answer", {"answer": "accepted"}, 409, "offer_expired"),
        ("/api/waitlist/offers/none/answer", {"answer": "declined"}, 404, "unknown_offer"),
        ("/api/waitlist/offers/offer-1/answer", {"answer": "perhaps"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    client: TestClient, path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["sentence"]


def test_nobody_who_is_not_signed_in_sees_or_changes_it(client: TestClient, ports: EdgePorts) -> None:
    assert isinstance(ports.actors, FakeActors)
    ports.actors.signed_in = False
    assert client.get("/api/waitlist").status_code == 401
    assert client.get("/api/waitlist/freed/2031-03-12/place-1").status_code == 401
    assert client.post("/api/waitlist/entries/entry-1/withdraw").status_code == 401
