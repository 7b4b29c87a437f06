from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from edge.faces.errors import STATUSES
from shared.vocabulary import StaffRole
from tests.support.edge_ports import FakeActors, fake_edge_ports
from tests.support.registry_ports import FakeRegistry
from tests.support.staffed import staffed_clinic

URL = "/api/clinic/registry"


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    with TestClient(create_edge_api(ports, statuses=STATUSES), base_url="http://localhost") as client:
        yield client


def drafted(client: TestClient, **changes: Any) -> dict[str, Any]:
    """Return the document with Dr. Cedar changed, and its version."""
    body = client.get(URL).json()
    body["document"]["providers"][0] |= changes
    return {"version": body["version"], "document": body["document"]}


def test_the_registry_is_read_changed_and_taken_back(client: TestClient) -> None:
    before = client.get(URL).json()
    assert (before["version"], before["file"]["state"], before["changes"]) == (0, "counts", [])
    edit = drafted(client, name="Dr. Sequoia")
    effect = client.post(f"{URL}/check", json={"document": edit["document"]}).json()
    assert effect["sentences"] == ["Dr. Cedar: name Dr. Cedar → Dr. Sequoia."]
    after = client.post(URL, json=edit).json()
    assert after["document"]["providers"][0]["name"] == "Dr. Sequoia"
    (change,) = after["changes"]
    assert (change["made_by"], change["undoable"], change["origin"]) == ("Jo", True, "tablet")
    undo = {"version": after["version"], "change": change["id"]}
    assert client.post(f"{URL}/check", json={"undo": change["id"]}).json()["sentences"]
    again = client.post(f"{URL}/undo", json=undo).json()
    assert again["document"] == before["document"]
    assert (again["changes"][0]["undone_by"], again["changes"][0]["undoable"]) == ("Jo", False)


def test_what_is_wrong_is_told_by_field_and_saves_nothing(client: TestClient) -> None:
    edit = drafted(client, shift={"start": "09:02", "end": "18:00"})
    effect = client.post(f"{URL}/check", json={"document": edit["document"]}).json()
    (fault,) = effect["faults"]
    assert (fault["section"], fault["entry"], fault["field"]) == ("providers", "cedar", "shift.start")
    refusal = client.post(URL, json=edit)
    assert (refusal.status_code, refusal.json()["code"]) == (422, "invalid_clinic")
    assert client.get(URL).json()["version"] == 0


def test_whom_it_hurts_has_to_be_confirmed(client: TestClient) -> None:
    edit = drafted(client, shift={"start": "10:00", "end": "18:00"})
    (hurt,) = client.post(f"{URL}/check", json={"document": edit["document"]}).json()["hurt"]
    assert (hurt["service"], hurt["providers"]) == ("Skin consultation", ["Dr. Cedar"])
    refusal = client.post(URL, json=edit)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "confirm_first")
    assert client.post(URL, json=edit | {"confirmed": [hurt["id"]]}).status_code == 200


def test_a_change_from_a_date_on_is_to_come_and_is_read_for_its_day(client: TestClient) -> None:
    edit = drafted(client, name="Dr. Sequoia") | {"valid_from": "2031-04-01", "drafted_on": "2031-03-12"}
    after = client.post(URL, json=edit).json()
    (coming,) = after["to_come"]
    assert (after["shown_on"], after["changes"]) == ("2031-03-12", [])
    assert (coming["valid_from"], coming["undoable"]) == ("2031-04-01", True)
    names = [
        client.get(URL, params={"on": day}).json()["document"]["providers"][0]["name"]
        for day in ("2031-03-01", "2031-03-31", "2031-04-01", "2031-12-01")
    ]
    assert names == ["Dr. Cedar", "Dr. Cedar", "Dr. Sequoia", "Dr. Sequoia"]
    undone = client.post(f"{URL}/undo", json={"version": after["version"], "change": coming["id"]}).json()
    assert (undone["to_come"], [one["valid_from"] for one in undone["changes"]]) == ([], ["2031-04-01"])
    assert client.get(URL, params={"on": "soon"}).status_code == 422


def test_a_file_that_differs_is_left_or_taken_over(client: TestClient, ports: EdgePorts) -> None:
    client.post(URL, json=drafted(client, name="Dr. Sequoia"))
    assert isinstance(ports.registry, FakeRegistry)
    ports.registry.file = ports.registry.file.model_copy(update={"clinic": "Another name"})
    assert client.get(URL).json()["file"]["news"]
    left = client.post(f"{URL}/file", json={"version": 2, "take": False}).json()
    assert (left["file"]["news"], left["file"]["state"]) == (False, "differs")
    taken = client.post(f"{URL}/file", json={"version": 3, "take": True}).json()
    assert (taken["document"]["clinic"], taken["changes"][0]["origin"]) == ("Another name", "file")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"version": 0}),
        ("", {"version": 0, "document": []}),
        ("/undo", {"version": 0}),
        ("/undo", {"version": 0, "change": "x y"}),
        ("/file", {"version": 0, "take": True, "surprise": 1}),
        ("/check", {"surprise": 1}),
        ("", {"version": 0, "document": {}, "valid_from": "soon"}),
    ],
)
def test_a_body_that_is_none_is_refused(client: TestClient, path: str, body: dict[str, Any]) -> None:
    assert client.post(f"{URL}{path}", json=body).status_code == 422


def test_nobody_who_is_not_signed_in_sees_or_changes_it(client: TestClient, ports: EdgePorts) -> None:
    assert isinstance(ports.actors, FakeActors)
    ports.actors.signed_in = False
    assert client.get(URL).status_code == 401
    assert client.post(f"{URL}/undo", json={"version": 0, "change": "c"}).status_code == 401


@pytest.mark.parametrize(
    ("role", "status"), [(StaffRole.MANAGER, 200), (StaffRole.PROVIDER, 403), (StaffRole.FRONT_DESK, 403)]
)
def test_only_a_manager_sees_and_changes_it(tmp_path: Path, role: StaffRole, status: int) -> None:
    with staffed_clinic(tmp_path) as clinic:
        clinic.enter(role)
        assert clinic.browser.get(URL).status_code == status
        assert clinic.browser.post(f"{URL}/check", json={}).status_code == status
