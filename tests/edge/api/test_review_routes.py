"""The review's routes: what each step answers, and what bad input is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.api.ports import EdgePorts
from tests.support.edge_ports import fake_edge_ports

PATH = "/api/captures/capture-1/review"


@pytest.fixture
def ports() -> EdgePorts:
    return fake_edge_ports()


@pytest.fixture
def client(ports: EdgePorts) -> Iterator[TestClient]:
    with TestClient(create_edge_api(ports), base_url="http://localhost") as client:
        yield client


def correct(client: TestClient, revision: int, *corrections: dict[str, Any]) -> Any:
    return client.post(f"{PATH}/corrections", json={"revision": revision, "corrections": list(corrections)})


def confirm(number: int) -> dict[str, Any]:
    return {"action": "confirm", "reason": "agreed", "finding": number}


def test_a_review_is_corrected_undone_signed_and_reopened(client: TestClient) -> None:
    made = correct(client, 0, {"action": "remove", "reason": "hair", "finding": 1, "note": "a strand"})
    assert made.status_code == 201
    assert [item["standing"] for item in made.json()["findings"]] == ["removed", "proposed", "proposed"]
    (entry,) = made.json()["entries"]
    assert (entry["note"], entry["actor"], entry["undoable"]) == ("a strand", "staff-1", True)
    undone = client.post(f"{PATH}/undo", json={"revision": 1, "correction_id": entry["id"]}).json()
    assert undone["findings"][0]["standing"] == "proposed"
    assert undone["entries"][0]["undone"]
    assert correct(client, 2, *(confirm(number) for number in (1, 2, 3))).json()["revision"] == 5
    signed = client.post(f"{PATH}/sign", json={"revision": 5, "signer_id": "ben"}).json()
    assert signed["signed"]["signer_name"] == "Ben Cole, RN"
    assert client.get(PATH).json() == signed
    queue = client.get("/api/review/queue", params={"signed": True}).json()
    assert (queue["waiting"], queue["signed"], queue["items"][0]["signer_name"]) == (1, 1, "Ben Cole, RN")
    statistics = client.get("/api/review/statistics").json()
    assert statistics["bundles"][0]["overall"]["kept"]["value"] == 1
    assert client.post(f"{PATH}/reopen", json={"revision": 6}).json()["signed"] is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"action": "praise"}, "corrections.0.action"),
        ({"reason": "because"}, "corrections.0.reason"),
        ({"finding": 0}, "corrections.0.finding"),
        ({"type": "naevus"}, "corrections.0.type"),
        ({"surprise": 1}, "corrections.0.surprise"),
        ({"contour": [[1]]}, "corrections.0.contour.0"),
        ({"note": "x" * 2001}, "corrections.0.note"),
    ],
)
def test_a_wrong_entry_is_named_and_nothing_is_recorded(client: TestClient, wrong: dict[str, Any], field: str) -> None:
    answer = correct(client, 0, confirm(1), confirm(2) | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["field"].startswith(field.replace("corrections.0", "corrections.1"))
    assert client.get(PATH).json()["revision"] == 0


def test_a_coordinate_that_is_no_number_is_refused_whatever_it_arrives_as(client: TestClient) -> None:
    body = json.dumps(
        {
            "revision": 0,
            "corrections": [
                {
                    "action": "redraw", "reason": "outline_misplaced", "finding": 1,
                    "box": {"x": float("nan"), "y": 1, "w": 9, "h": 9},
                }
            ],
        }
    )  # fmt: skip
    answer = client.post(f"{PATH}/corrections", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert client.get(PATH).json()["revision"] == 0


def test_steps_on_what_has_changed_or_is_not_there_say_so(client: TestClient) -> None:
    correct(client, 0, confirm(1))
    for path, body in (
        ("corrections", {"corrections": [confirm(2)]}),
        ("undo", {"correction_id": "step-1"}),
        ("sign", {"signer_id": "ben"}),
        ("reopen", {}),
    ):
        answer = client.post(f"{PATH}/{path}", json={"revision": 0, **body})
        assert (answer.status_code, answer.json()["code"]) == (409, "review_changed")
    assert client.post(f"{PATH}/sign", json={"revision": 1, "signer_id": "hazel"}).status_code == 403
    assert client.get("/api/captures/nothing/review").status_code == 404
    assert client.post(f"{PATH}/corrections", json={"revision": 1, "corrections": []}).status_code == 422


def test_a_page_of_another_site_cannot_sign(client: TestClient) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    answer = client.post(f"{PATH}/sign", json={"revision": 0, "signer_id": "ben"}, headers=headers)
    assert answer.status_code == 403
    assert client.get(PATH).json()["signed"] is None


def test_who_is_not_signed_in_corrects_nothing(client: TestClient, ports: EdgePorts) -> None:
    ports.actors.signed_in = False  # type: ignore[attr-defined]  # the fake's switch
    assert correct(client, 0, confirm(1)).status_code == 401
    assert client.get(PATH).status_code == 401
    ports.actors.signed_in = True  # type: ignore[attr-defined]  # the fake's switch
    assert client.get(PATH).json()["revision"] == 0
