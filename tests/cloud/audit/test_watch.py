from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from cloud.audit.desk import AlertDesk
from cloud.audit.rules import AlertKind, Hours, Thresholds
from cloud.audit.watch import AuditWatch
from cloud.portal.ports import Viewer
from cloud.storage.audit_tables import alerts, audit_counts
from shared.http.errors import Conflict, NotFound
from shared.ids import LocationId, TenantId
from tests.cloud.conftest import TENANTS, HubParts
from tests.support.box import FakeBox

LUMEN = TenantId("lumen")
OWNER = Viewer("portal", "Owner", "lumen")
NAMELESS = "role_provider"


def watch_of(hub: HubParts, **thresholds: Any) -> AuditWatch:
    zone = Hours(ZoneInfo("Europe/Vienna"))
    hours = {TenantId(item.id): {LocationId(f"{item.id}-one"): zone} for item in TENANTS}
    return AuditWatch(hub.database, hours, Thresholds(**thresholds))


def desk_of(hub: HubParts) -> AlertDesk:
    return AlertDesk(hub.database, hub.keys, hub.clock)


def read(box: FakeBox, times: int, actor: str = "staff-1", at: str = "2026-03-02T10:00:00+00:00") -> None:
    payload = {"capture": "c1", "image": "ab" * 32, "kind": "original", "justification": NAMELESS}
    for _ in range(times):
        box.record("audit.photo_read", payload, "audit/2026-03-02", actor=actor, wall_time=at)


def send(hub: HubParts, box: FakeBox) -> None:
    answer = hub.ack(box, box.batch(1, len(box.log)))
    assert answer.applied.seq == len(box.log)


def look(watch: AuditWatch) -> None:
    while watch.step(LUMEN):
        pass


def kinds(hub: HubParts) -> list[tuple[str, str]]:
    return [(item.kind.value, item.actor) for item in desk_of(hub).alerts(OWNER).items]


def test_reading_far_more_than_usual_is_an_alert_and_a_usual_day_is_not(hub: HubParts) -> None:
    box, watch = hub.box(), watch_of(hub)
    for day in (23, 24, 25):
        read(box, 30, at=f"2026-02-{day}T10:00:00+00:00")
        read(box, 2, "staff-2", at=f"2026-02-{day}T10:00:00+00:00")
    read(box, 100)
    read(box, 41, "staff-2")
    send(hub, box)
    look(watch)
    assert kinds(hub) == [("mass_reads", "staff-2")]
    read(box, 20)
    send(hub, box)
    look(watch)
    assert set(kinds(hub)) == {("mass_reads", "staff-1"), ("mass_reads", "staff-2")}


@pytest.mark.req("I-14")
def test_many_files_taken_out_and_keys_used_by_hand_are_alerts_and_a_nightly_backup_is_none(hub: HubParts) -> None:
    box, watch = hub.box(), watch_of(hub)
    out = {"what": "backup", "items": 9, "justification": "command_line"}
    for _ in range(5):
        box.record("audit.export", out, actor="operator")
    box.record("audit.export", {**out, "what": "erasure_receipt", "justification": NAMELESS}, actor="staff-1")
    for night in range(9):
        box.record("audit.export", {**out, "justification": "system"}, f"audit/{night}", actor="box")
    used = {"key": "client_keys", "use": "recovered", "justification": "command_line"}
    box.record("audit.key_used", used, actor="operator")
    send(hub, box)
    look(watch)
    assert set(kinds(hub)) == {("mass_exports", "operator"), ("key_use", "operator")}


def test_odd_hours_refusals_wrong_pins_and_break_glass_are_alerts(hub: HubParts) -> None:
    box, watch = hub.box(), watch_of(hub)
    read(box, 3, at="2026-03-02T02:00:00+00:00")
    for _ in range(5):
        box.record("audit.refused_access", {"action": "read_photo", "role": "front_desk"}, actor="staff-2")
        box.record("audit.sign_in_failed", {"failures": 1, "pause_seconds": 0}, actor="staff-3")
    glass = {"role": "front_desk", "seconds": 1800, "reason_sealed": "AAAA"}
    box.record("audit.break_glass", glass, actor="staff-4")
    send(hub, box)
    look(watch)
    assert set(kinds(hub)) == {
        ("odd_hours", "staff-1"),
        ("refused_access", "staff-2"),
        ("failed_sign_ins", "staff-3"),
        ("break_glass", "staff-4"),
    }


@pytest.mark.req("I-14")
def test_a_box_that_found_the_hub_rewriting_history_is_an_alert(hub: HubParts) -> None:
    box, watch = hub.box(), watch_of(hub)
    found = {"reason": "tree_changed", "sentence": "no", "known": None, "shown": None, "seq": None}
    box.record("log.hub_rewrote_history", found, actor="box")
    send(hub, box)
    look(watch)
    assert kinds(hub) == [("hub_history", "box")]


@pytest.mark.req("I-04")
def test_each_entry_counts_once_however_often_it_arrives_and_the_watch_starts_again(hub: HubParts) -> None:
    box = hub.box()
    read(box, 39)
    for _ in range(3):
        send(hub, box)
        look(watch_of(hub))
    with hub.database.read(LUMEN) as connection:
        assert list(connection.execute(select(audit_counts.c.number)).scalars()) == [39]
    assert kinds(hub) == []


def test_a_step_that_fails_counts_nothing(hub: HubParts, monkeypatch: pytest.MonkeyPatch) -> None:
    box, watch = hub.box(), watch_of(hub)
    read(box, 10)
    send(hub, box)

    def breaks(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("cloud.audit.watch.limit_of", breaks)
        with pytest.raises(ZeroDivisionError):
            watch.step(LUMEN)
    look(watch)
    with hub.database.read(LUMEN) as connection:
        assert list(connection.execute(select(audit_counts.c.number)).scalars()) == [10]


@pytest.mark.req("I-12")
def test_an_alert_is_acknowledged_once_and_its_note_kept_sealed(hub: HubParts) -> None:
    box, watch, desk = hub.box(), watch_of(hub), desk_of(hub)
    read(box, 40)
    send(hub, box)
    look(watch)
    alert = desk.alerts(OWNER).items[0]
    assert (alert.kind, alert.actor, desk.alerts(OWNER).waiting) == (AlertKind.MASS_READS, "staff-1", 1)
    done = desk.acknowledge(alert.id, "Nurse Canary moved the archive", OWNER)
    assert (done.note, done.acknowledged_by) == ("Nurse Canary moved the archive", "portal")
    assert desk.alerts(OWNER).waiting == 0
    with pytest.raises(Conflict):
        desk.acknowledge(alert.id, "again", OWNER)
    with pytest.raises(NotFound):
        desk.acknowledge("nothing", "note", OWNER)
    with hub.database.read(LUMEN) as connection:
        assert b"Canary" not in connection.execute(select(alerts.c.note)).scalar_one()


@pytest.mark.req("I-13")
def test_another_tenant_sees_and_acknowledges_nothing_of_it(hub: HubParts) -> None:
    box, watch, desk = hub.box(), watch_of(hub), desk_of(hub)
    read(box, 40)
    send(hub, box)
    look(watch)
    other = Viewer("portal", "Owner", "aurora")
    assert desk.alerts(other).items == []
    with pytest.raises(NotFound):
        desk.acknowledge(desk.alerts(OWNER).items[0].id, "note", other)


def test_more_of_the_same_lengthens_the_alert_and_leaves_the_word_given(hub: HubParts) -> None:
    box, watch, desk = hub.box(), watch_of(hub), desk_of(hub)
    read(box, 40)
    send(hub, box)
    look(watch)
    desk.acknowledge(desk.alerts(OWNER).items[0].id, "known", OWNER)
    read(box, 5)
    send(hub, box)
    look(watch)
    (alert,) = desk.alerts(OWNER).items
    assert alert.sentence.startswith("45 ")
    assert alert.note == "known"
