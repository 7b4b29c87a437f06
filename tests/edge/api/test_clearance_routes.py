from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from edge.faces.errors import STATUSES
from tests.support.edge_ports import fake_edge_ports

VISIT = "/api/schedule/appointments/a3/clearances"


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    with TestClient(create_edge_api(ports, statuses=STATUSES), base_url="http://localhost") as client:
        yield client


def state(answer: dict[str, list[dict[str, object]]], name: str) -> object:
    return next(one["state"] for one in answer["clearances"] if one["name"] == name)


def test_a_clearance_is_confirmed_and_withdrawn_in_the_name_of_whoever_does_it(
    client: TestClient, ports: EdgePorts
) -> None:
    assert state(client.get(VISIT).json(), "patch_test") == "not_confirmed"
    given = client.post(VISIT, json={"name": "patch_test", "until": "2031-04-01", "person_id": "staff-2"})
    assert (given.status_code, state(given.json(), "patch_test")) == (200, "confirmed")
    withdrawn = client.post(f"{VISIT}/withdraw", json={"name": "patch_test", "reason": "no_longer_true"})
    assert state(withdrawn.json(), "patch_test") == "withdrawn"
    assert ports.clearances.acted == [("patch_test", "staff-2"), ("patch_test", "staff-1")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (VISIT, {"name": "tattoo_free"}, 404),
        (VISIT, {"name": "patch_test", "until": "soon"}, 422),
        (VISIT, {"name": "patch_test", "note": "on tablets since May"}, 422),
        (f"{VISIT}/withdraw", {"name": "patch_test", "reason": "she told me"}, 422),
        (f"{VISIT}/withdraw", {"name": "patch_test"}, 422),
    ],
)
def test_what_is_not_understood_is_refused_and_free_text_has_no_place(
    client: TestClient, ports: EdgePorts, path: str, body: dict[str, str], status: int
) -> None:
    assert client.post(path, json=body).status_code == status
    assert ports.clearances.acted == []  # type: ignore[attr-defined]
