import pytest

from cloud.portal.ports import Viewer
from cloud.portal.schemas import ParkedEvent
from cloud.queries.ports import FleetQueries
from cloud.side import rebuild_tenant, verify_tenant
from tests.cloud.conftest import HubParts
from tests.cloud.ingest.test_exactly_once import stored
from tests.support.box import FakeBox

pytestmark = pytest.mark.req("P-6", "I-10", "F-11")

VIEWER = Viewer("v", "V", "lumen")


def parked(hub: HubParts) -> list[ParkedEvent]:
    return FleetQueries(hub.database, hub.clock, {}).parked(VIEWER).items


def damaged_box(hub: HubParts) -> FakeBox:
    box = hub.box()
    box.record("thing.unheard_of", {"x": 1}, "capture/odd")
    box.record("box.stopped", {}, "capture/odd")
    box.record("box.stopped", {"surprise": 1}, "thing/a")
    box.analyse(box.capture(capture="good"), findings=3)
    box.analyse("capture/never-stored")
    return box


def test_what_cannot_be_applied_is_set_aside_with_its_reason_and_blocks_nothing_else(hub: HubParts) -> None:
    box = damaged_box(hub)
    ack = hub.ack(box, box.batch(1, 6))
    assert (ack.applied.seq, ack.fenced) == (6, False)
    assert len(stored(hub, box)) == 6
    by_seq = {item.seq: item for item in parked(hub)}
    assert {seq: item.reason.partition(":")[0] for seq, item in by_seq.items()} == {
        1: "unknown_schema",
        3: "invalid_payload",
        6: "no_such_capture",
    }
    assert by_seq[1].waiting == 1
    assert all(item.action for item in by_seq.values())
    activity = FleetQueries(hub.database, hub.clock, {}).activity(VIEWER, 3)
    assert [(row.captures, row.findings) for row in activity.rows] == [(1, 3)]


def test_an_event_behind_a_parked_one_waits_also_when_it_comes_later(hub: HubParts) -> None:
    box = damaged_box(hub)
    hub.ack(box, box.batch(1, 6))
    box.record("box.stopped", {}, "capture/odd")
    hub.ack(box, box.batch(7, 7))
    assert {item.seq: item.waiting for item in parked(hub)}[1] == 2


def test_a_time_outside_the_calendar_is_set_aside(hub: HubParts) -> None:
    box = hub.box()
    box.capture()
    payload = box.log.pop().fields.payload
    box.record("capture.stored", payload, "capture/t", wall_time="9999-12-31T23:59:59+00:00")
    assert hub.ack(box, box.batch(1, 1)).applied.seq == 1
    assert [item.reason.partition(":")[0] for item in parked(hub)] == ["bad_time"]


def test_a_log_with_parked_events_is_intact_and_rebuilds_to_the_same_rows(hub: HubParts) -> None:
    box = damaged_box(hub)
    hub.ack(box, box.batch(1, 6))
    assert all(report.report.intact for report in verify_tenant(hub.database, box.tenant))
    reports = rebuild_tenant(hub.database, box.tenant)
    assert [item.name for item in reports if item.digest_before != item.digest_after] == []
    assert {item.name: item.rows for item in reports}["lumen/parked"] == 4
