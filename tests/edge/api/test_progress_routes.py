"""The progress page's routes: what they answer, what they refuse, and that no pixel is given without a purpose."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from edge.api import progress_schemas as schemas
from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from edge.progress.change import Direction
from edge.progress.marks import MarkKind
from edge.progress.readings import Measure
from tests.support.edge_ports import fake_edge_ports
from tests.support.progress_ports import FakeProgress

PURPOSE = {"X-Purpose": "provider_review"}


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    with TestClient(create_edge_api(ports), base_url="http://localhost") as client:
        yield client


def reads(ports: EdgePorts) -> list[tuple[str, str, str]]:
    assert isinstance(ports.progress, FakeProgress)
    return ports.progress.reads


def test_a_timeline_lists_a_clients_captures_by_view_with_their_band(client: TestClient) -> None:
    (front,) = client.get("/api/clients/client-1/timeline").json()["views"]
    assert [point["capture_id"] for point in front["points"]] == ["capture-3", "capture-1"]
    assert front["bands"][0]["measure"] == "count"
    assert client.get("/api/clients/nobody/timeline").status_code == 404


def test_what_cannot_be_compared_is_an_answer_with_its_reason_and_not_an_error(client: TestClient) -> None:
    answer = client.get("/api/captures/capture-1/compare/capture-3")
    assert answer.status_code == 200
    assert answer.json()["not_compared"] == [{"code": "other_light", "sentence": "The light differs."}]


@pytest.mark.parametrize("other", ["capture-1", "capture-2"])
def test_a_capture_is_not_compared_with_itself_or_with_somebody_elses(client: TestClient, other: str) -> None:
    assert client.get(f"/api/captures/capture-1/compare/{other}").status_code == 409
    assert client.get(f"/api/captures/capture-1/aligned/{other}/image", headers=PURPOSE).status_code == 409


@pytest.mark.parametrize(
    "path", ["/api/captures/capture-1/aligned/capture-3/image", "/api/captures/capture-1/similar/capture-2/image"]
)
def test_no_picture_is_given_without_a_purpose_and_none_is_kept_by_the_browser(
    client: TestClient, ports: EdgePorts, path: str
) -> None:
    assert client.get(path).status_code == 422
    assert client.get(path, headers={"X-Purpose": "Ana Prieto"}).status_code == 422
    assert reads(ports) == []
    answer = client.get(path, headers=PURPOSE)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert [purpose for _, purpose, _ in reads(ports)] == ["provider_review"]


def test_similar_cases_come_without_any_name(client: TestClient) -> None:
    answer = client.get("/api/captures/capture-1/similar", params={"limit": 5})
    assert answer.json()["cases"] == [
        {"capture_id": "capture-2", "similarity": 0.91, "same_client": False, "view": "front"}
    ]
    assert not {"client_id", "client_name", "name"} & schemas.SimilarCase.model_fields.keys()
    assert client.get("/api/captures/capture-1/similar", params={"limit": 51}).status_code == 422


def test_whoever_withdrew_is_not_shown_any_more(client: TestClient, ports: EdgePorts) -> None:
    ports.progress.findable = False  # type: ignore[attr-defined]  # the fake's switch
    assert client.get("/api/captures/capture-1/similar").json()["cases"] == []
    path = "/api/captures/capture-1/similar/capture-2/image"
    assert client.get(path, headers=PURPOSE).status_code == 422
    assert all(capture != "capture-2" for capture, _, _ in reads(ports))


def test_nobody_signed_in_sees_no_comparison(client: TestClient, ports: EdgePorts) -> None:
    ports.actors.signed_in = False  # type: ignore[attr-defined]
    for path in ("compare/capture-3", "similar"):
        assert client.get(f"/api/captures/capture-1/{path}").status_code == 401


def test_the_border_and_the_rules_use_the_same_words() -> None:
    assert list(schemas.ProgressMeasure) == list(Measure)
    assert list(schemas.MarkKind) == list(MarkKind)
    assert list(schemas.ChangeDirection) == list(Direction)
