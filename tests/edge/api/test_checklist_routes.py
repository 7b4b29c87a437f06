from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from edge.api.app import create_edge_api
from edge.faces.errors import STATUSES
from tests.support.edge_ports import fake_edge_ports

DAY = "/api/checklist/2031-03-12"


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_edge_api(fake_edge_ports(), statuses=STATUSES), base_url="http://localhost") as client:
        yield client


def task(day: dict[str, list[dict[str, object]]], visit: str, name: str) -> dict[str, object]:
    """One task in an answer."""
    (found,) = [one for one in day["visits"] if one["appointment_id"] == visit]
    tasks = found["tasks"]
    assert isinstance(tasks, list)
    return next(one for one in tasks if one["id"] == name)


def test_the_day_is_told_by_visit_with_each_task_s_time_owner_and_state(client: TestClient) -> None:
    day = client.get("/api/checklist").json()
    assert (day["day"], len(day["visits"])) == ("2031-03-12", 7)
    prep = task(day, "v4", "prep")
    assert (prep["owner"], prep["state"], prep["due_minutes"]) == ("provider", "overdue", -20)
    assert prep["due_at"] == "2031-03-12T16:30:00Z"
    assert [one["kind"] for one in day["proposals"]] == ["not_arrived", "not_prepared"]
    assert day["proposals"][1]["disruption"] == {"kind": "runs_late", "appointment_id": "v4", "minutes": 10}
    assert client.get("/api/checklist", params={"day": "2031-03-13"}).json()["visits"] == []


def test_a_day_that_has_not_changed_is_not_told_twice(client: TestClient) -> None:
    first = client.get("/api/checklist")
    named = {"If-None-Match": first.headers["etag"]}
    again = client.get("/api/checklist", headers=named)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert client.get("/api/checklist", params={"day": "2031-03-13"}, headers=named).status_code == 200
    client.post(f"{DAY}/v4/prep/done")
    news = client.get("/api/checklist", headers=named)
    assert (news.status_code, task(news.json(), "v4", "prep")["state"]) == (200, "done")
    assert news.headers["etag"] != first.headers["etag"]


def test_a_task_is_done_skipped_and_opened_again(client: TestClient) -> None:
    assert task(client.post(f"{DAY}/v4/prep/done").json(), "v4", "prep")["state"] == "done"
    assert task(client.post(f"{DAY}/v4/prep/reopen").json(), "v4", "prep")["state"] == "overdue"
    skipped = client.post(f"{DAY}/v4/prep/skip", json={"reason": "client_declined"}).json()
    assert task(skipped, "v4", "prep")["reason"] == "client_declined"
    assert [one["kind"] for one in skipped["proposals"]] == ["not_arrived"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("v9/prep/done", None, 404, "unknown_task"),
        ("v4/tea/done", None, 404, "unknown_task"),
        ("v5/photographs/done", None, 409, "task_waits"),
        ("v4/forms/reopen", None, 409, "task_done_by_itself"),
        ("v4/prep/skip", {"reason": "because"}, 422, None),
        ("v4/prep/skip", None, 422, None),
    ],
)
def test_what_cannot_be_is_refused_with_a_code(
    client: TestClient, path: str, body: dict[str, str] | None, status: int, code: str | None
) -> None:
    answer = client.post(f"{DAY}/{path}", json=body)
    assert answer.status_code == status
    assert code in (None, answer.json()["code"])
    assert client.post("/api/checklist/someday/v4/prep/done").status_code == 422
