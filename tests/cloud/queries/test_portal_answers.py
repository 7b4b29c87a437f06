import json
from datetime import UTC, datetime, timedelta

import pytest

from cloud.portal.ports import Viewer
from cloud.portal.schemas import Device
from cloud.queries.ports import ConfiguredViewer, FleetQueries, HubReadiness
from shared.http.errors import Unauthenticated
from shared.ids import TenantId
from shared.wire import medspa_pb2 as wire
from tests.cloud.conftest import HubParts
from tests.support.box import START, FakeBox

VIEWER = Viewer("v", "Viewer", "lumen")


def queries(hub: HubParts) -> FleetQueries:
    return FleetQueries(hub.database, hub.clock, {TenantId("lumen"): "Lumen Clinics"})


def shown(hub: HubParts) -> Device:
    return queries(hub).fleet(VIEWER).locations[0].devices[0]


def say_now(hub: HubParts, box: FakeBox, **state: object) -> None:
    hub.tell(box, wire.Message(now=wire.Now(session=box.session, json=json.dumps(state).encode())))


def test_a_new_box_is_shown_off_line_with_nothing_received(hub: HubParts) -> None:
    hub.box()
    device = shown(hub)
    assert (device.online, device.events_received, device.lag_events, device.last_contact_at) == (False, 0, 0, None)


def test_lag_is_what_the_box_says_it_still_holds(hub: HubParts) -> None:
    box = hub.box()
    for _ in range(3):
        box.record("box.stopped", {}, clock_quality="free_running")
    hub.tell(box, box.hello())
    assert shown(hub).lag_events == 3
    hub.ack(box, box.batch(1, 3))
    oldest = hub.clock.wall() - timedelta(seconds=90)
    say_now(hub, box, backlog_events=7, oldest_at=oldest.isoformat())
    device = shown(hub)
    assert (device.online, device.lag_events, device.lag_seconds) == (True, 7, 90)
    assert (device.clock, [item.version for item in device.versions]) == ("free_running", ["test-1"])
    say_now(hub, box, backlog_events=0, oldest_at=None)
    assert (shown(hub).lag_events, shown(hub).lag_seconds) == (0, 0)


def test_a_snapshot_of_another_shape_breaks_nothing(hub: HubParts) -> None:
    box = hub.box()
    say_now(hub, box, backlog_events="many", oldest_at=["x"], more={"deep": [1]})
    assert shown(hub).lag_events == 0
    say_now(hub, box, backlog_events=1, oldest_at="yesterday")
    assert (shown(hub).lag_events, shown(hub).lag_seconds) == (1, 0)


def test_presence_follows_the_boxs_last_will(hub: HubParts) -> None:
    box = hub.box()
    name = box.sealed(box.hello())[0].removesuffix("up") + "presence"
    states = []
    for payload in (b"online", b"offline", b"rubbish"):
        hub.clock.advance(60)
        hub.handler.handle(name, payload)
        states.append((shown(hub).online, shown(hub).since == hub.clock.wall()))
    assert states == [(True, True), (False, True), (False, False)]


def test_a_fenced_box_is_shown_with_its_alarm(hub: HubParts) -> None:
    box = hub.box()
    box.record("box.stopped", {}, tenant="aurora")
    hub.ack(box, box.batch(1, 1))
    device = shown(hub)
    assert (device.fenced, device.online) == (True, False)
    assert device.alarm is not None
    assert "readmit" in device.alarm


def test_a_capture_counts_for_the_clinics_own_day(hub: HubParts) -> None:
    box = hub.box()
    box.capture(capture="late")
    payload = box.log.pop().fields.payload
    # 23:30 in Greenwich is half past midnight of the next day in Vienna.
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    box.record("capture.stored", payload, "capture/late", wall_time=late.isoformat())
    hub.ack(box, box.batch(1, 1))
    activity = queries(hub).activity(VIEWER, 1)
    assert [(row.day.isoformat(), row.captures) for row in activity.rows] == [("2026-03-02", 1)]
    assert activity.first_day == activity.last_day


def test_the_summary_counts_today_only(hub: HubParts) -> None:
    box = hub.box()
    box.analyse(box.capture(), findings=4)
    payload = box.log[0].fields.payload
    box.record("capture.stored", payload, "capture/old", wall_time=(START - timedelta(days=2)).isoformat())
    box.record("thing.unheard_of", {})
    hub.ack(box, box.batch(1, 4))
    summary = queries(hub).summary(VIEWER)
    assert (summary.tenant_name, summary.locations, summary.devices) == ("Lumen Clinics", 1, 1)
    assert (summary.captures_today, summary.findings_today, summary.events_today, summary.parked) == (1, 4, 3, 1)


def test_everybody_who_reaches_the_portal_is_the_configured_viewer() -> None:
    viewer = ConfiguredViewer(TenantId("lumen"), "Owner").viewer({})
    assert (viewer.tenant, viewer.name) == ("lumen", "Owner")


def test_a_person_whom_the_proxy_names_is_told_apart_by_an_opaque_id_and_nobody_else_is_let_in() -> None:
    viewers = ConfiguredViewer(TenantId("lumen"), "Owner", "x-forwarded-user")
    ida, mara = (viewers.viewer({"x-forwarded-user": f"{name}@canary.example"}) for name in ("ida", "mara"))
    assert ida.id != mara.id
    assert "canary" not in ida.id
    assert ida == viewers.viewer({"x-forwarded-user": " ida@canary.example "})
    for headers in ({}, {"x-forwarded-user": " "}):
        with pytest.raises(Unauthenticated):
            viewers.viewer(headers)


def test_each_part_is_asked_when_somebody_wants_to_know() -> None:
    state = {"broker": False}
    readiness = HubReadiness({"broker": lambda: state["broker"]})
    assert readiness.parts() == {"broker": False}
    state["broker"] = True
    assert readiness.parts() == {"broker": True}
