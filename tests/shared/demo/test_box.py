"""The demonstration's front desk over the real schedule."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.faces.errors import STATUSES
from edge.schedule.deciding_policy import Deciding
from edge.schedule.registry import demo_registry
from shared.demo.box import BoxClient
from shared.http.guard import GuardSettings
from tests.edge.faces.test_schedule import TODAY, Tablet
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import open_box_record


@pytest.fixture(params=[Deciding(), Deciding(suggest_notified=0, suggest_points=0)])
def tablet(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tablet]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield Tablet(record, demo_registry().model_copy(update={"deciding": request.param}))
    record.store.close()


@pytest.fixture
def desk(tablet: Tablet) -> Iterator[BoxClient]:
    ports = replace(fake_edge_ports(), schedule=tablet.desk)
    app = create_edge_api(ports, guard=GuardSettings(hosts=("localhost",)), statuses=STATUSES)
    box = BoxClient("http://localhost")
    box.close()
    with TestClient(app, base_url="http://localhost") as http:
        box._http = http
        yield box


def test_a_disruption_is_proposed_accepted_and_told_with_who_moved_and_why(tablet: Tablet, desk: BoxClient) -> None:
    tablet.book_visit("v", tablet.ada)
    day = desk.day(TODAY.isoformat())
    (visit,) = day["appointments"]
    out = {
        "kind": "provider_out",
        "provider_id": visit["provider_id"],
        "starts_at": day["now"],
        "ends_at": day["closes_at"],
    }
    replan = desk.disrupt(TODAY.isoformat(), out)
    ((service, reason),) = [(moved["service"], moved["reason"]) for moved in replan["moved"]]
    assert (service, replan["unplaced"]) == (visit["service"], 0)
    assert "is out" in reason
    assert replan["milliseconds"] >= 0
    assert (desk.tally.replans, desk.tally.moved) == (1, 1)
    assert desk.day(TODAY.isoformat())["proposals"] == []
