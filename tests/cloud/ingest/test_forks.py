import pytest
from sqlalchemy import select

from cloud.side import verify_tenant
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from cloud.storage.tables import positions
from shared.events.envelope import GENESIS_HASH
from shared.wire import medspa_pb2 as wire
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox

pytestmark = pytest.mark.req("P-5", "I-18", "F-14")


def record_of(hub: HubParts, box: FakeBox) -> DeviceRecord:
    with hub.database.read(box.tenant) as connection:
        record = DeviceRepository(connection, box.tenant).get(box.device)
    assert record is not None
    return record


def synced_box(hub: HubParts, events: int = 4) -> FakeBox:
    box = hub.box()
    for _ in range(events):
        box.record("box.stopped", {})
    hub.tell(box, box.hello())
    hub.ack(box, box.batch(1, events))
    return box


def say_hello(hub: HubParts, box: FakeBox) -> wire.Ack:
    """Greet as a box does: one that is told of an event that is not in its log says so."""
    ack = hub.ack(box, box.hello("later"))
    known = {event.hash for event in box.log} | {GENESIS_HASH}
    return ack if ack.fenced or ack.applied.hash in known else hub.ack(box, box.hello("later", told=ack))


def test_a_box_behind_the_hub_is_fenced_with_the_reason(hub: HubParts) -> None:
    box = synced_box(hub)
    box.log = box.log[:2]
    ack = say_hello(hub, box)
    assert ack.fenced
    assert "ends at 2 but 4" in ack.reason
    assert record_of(hub, box).state is DeviceState.FENCED


def test_a_box_with_another_event_at_a_known_place_is_fenced(hub: HubParts) -> None:
    box = synced_box(hub)
    box.log = box.log[:3]
    box.record("box.stopped", {})
    assert say_hello(hub, box).fenced
    assert "another one" in record_of(hub, box).reason
    hub.enrolment.readmit(box.tenant, box.device)
    say_hello(hub, box)
    assert hub.ack(box, box.batch(4, 4)).fenced
    assert hub.ack(box, box.hello("later")).fenced
    assert record_of(hub, box).reason != ""


def test_events_sent_before_a_person_let_the_box_in_again_fence_it_no_more(hub: HubParts) -> None:
    box = synced_box(hub)
    whole, box.log = list(box.log), box.log[:3]
    box.record("box.stopped", {})
    late = box.batch(4, 4)
    late.events.fences = hub.ack(box, box.hello()).fences
    assert hub.ack(box, late).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    ack = hub.ack(box, late)
    assert (ack.fenced, ack.applied.seq, ack.fences) == (False, 4, 1)
    late.events.fences = ack.fences  # said now, it is news
    assert hub.ack(box, late).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    box.log = whole
    box.record("box.stopped", {})
    say_hello(hub, box)
    assert hub.ack(box, box.batch(5, 5)).applied.seq == 5


def test_events_sent_before_a_person_let_the_box_in_again_are_not_taken_even_where_they_would_fit(
    hub: HubParts,
) -> None:
    box = synced_box(hub)
    whole = list(box.log)
    box.record("box.stopped", {})
    fits = box.batch(5, 5)
    box.log = whole[:3]
    box.record("box.restarted", {})
    assert hub.ack(box, box.batch(4, 4)).fenced
    assert hub.ack(box, fits).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    ack = hub.ack(box, fits)
    assert (ack.fenced, ack.applied.seq, ack.fences) == (False, 4, 1)
    box.log = whole
    box.record("box.stopped", {})
    assert hub.ack(box, box.batch(5, 5)).applied == box.head.to_wire()


def test_a_fenced_box_gets_nothing_applied_any_more(hub: HubParts) -> None:
    box = synced_box(hub)
    whole = list(box.log)
    box.log = box.log[:2]
    say_hello(hub, box)
    box.log = whole
    box.record("box.stopped", {})
    ack = hub.ack(box, box.batch(5, 5))
    assert (ack.fenced, ack.applied.seq) == (True, 4)


def test_a_greeting_delivered_again_late_fences_nobody(hub: HubParts) -> None:
    box = hub.box()
    box.record("box.stopped", {})
    early = box.hello()
    hub.tell(box, early)
    box.record("box.stopped", {})
    hub.ack(box, box.batch(1, 2))
    ack = hub.ack(box, early)
    assert (ack.fenced, ack.applied.seq) == (False, 2)


def test_a_greeting_that_is_heard_first_after_later_events_fences_nobody(hub: HubParts) -> None:
    box = hub.box()
    box.record("box.stopped", {})
    late = box.hello("held up")
    box.record("box.stopped", {})
    hub.tell(box, box.hello())
    hub.ack(box, box.batch(1, 2))
    ack = hub.ack(box, late)
    assert (ack.fenced, ack.applied.seq) == (False, 2)
    assert (record_of(hub, box).state, record_of(hub, box).head_seq) == (DeviceState.ACTIVE, 2)


def test_what_a_box_was_told_before_a_person_let_it_in_again_fences_it_no_more(hub: HubParts) -> None:
    box = synced_box(hub)
    whole = list(box.log)
    box.log = box.log[:2]
    told = hub.ack(box, box.hello("later"))
    late = box.hello("later", told=told)
    assert hub.ack(box, late).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    box.log = whole
    assert not hub.ack(box, late).fenced
    assert record_of(hub, box).state is DeviceState.ACTIVE


def test_a_box_still_behind_after_a_person_let_it_in_is_fenced_again(hub: HubParts) -> None:
    box = synced_box(hub)
    box.log = box.log[:2]
    assert say_hello(hub, box).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    assert say_hello(hub, box).fenced


def test_a_new_epoch_that_continues_the_known_end_is_accepted(hub: HubParts) -> None:
    box = synced_box(hub)
    box.restart_epoch()
    box.record("box.stopped", {})
    hub.tell(box, box.hello())
    ack = hub.ack(box, box.batch(1, 1))
    assert (ack.fenced, ack.applied.epoch, ack.applied.seq) == (False, box.epoch, 1)
    assert all(report.report.intact for report in verify_tenant(hub.database, box.tenant))


def test_a_box_restored_from_an_old_copy_needs_a_person(hub: HubParts) -> None:
    box = synced_box(hub)
    box.restart_epoch(at=2)
    box.record("box.stopped", {})
    assert hub.ack(box, box.batch(1, 1)).fenced
    hub.enrolment.readmit(box.tenant, box.device)
    say_hello(hub, box)
    assert not hub.ack(box, box.batch(1, 1)).fenced
    reports = [report for report in verify_tenant(hub.database, box.tenant) if report.name.startswith("box")]
    assert [(item.report.length, item.report.intact) for item in reports] == [(4, True), (3, True)]


def test_permission_to_restart_is_used_up_by_one_restart(hub: HubParts) -> None:
    box = synced_box(hub)
    hub.enrolment.readmit(box.tenant, box.device)
    box.restart_epoch(at=2)
    box.record("box.stopped", {})
    assert not hub.ack(box, box.batch(1, 1)).fenced
    box.restart_epoch(at=0)
    box.record("box.stopped", {})
    assert hub.ack(box, box.batch(1, 1)).fenced


def test_two_boxes_with_one_identity_are_noticed(hub: HubParts) -> None:
    box = synced_box(hub)
    original_epoch, original_log = box.epoch, list(box.log)
    box.restart_epoch()
    box.record("box.stopped", {})
    hub.ack(box, box.batch(1, 1))
    box.epoch, box.log = original_epoch, original_log
    box.record("box.stopped", {})
    assert hub.ack(box, box.batch(5, 5)).fenced


def test_a_revoked_box_is_refused(hub: HubParts) -> None:
    box = synced_box(hub)
    hub.enrolment.revoke(box.tenant, box.device, "stolen")
    box.record("box.stopped", {})
    ack = hub.ack(box, box.batch(5, 5))
    assert (ack.fenced, ack.reason, ack.applied.seq) == (True, "stolen", 4)
    assert [answer.WhichOneof("kind") for answer in hub.tell(box, box.hello("later"))] == ["ack"]


def test_the_position_is_stored_with_the_events(hub: HubParts) -> None:
    box = synced_box(hub)
    with hub.database.read(box.tenant) as connection:
        query = select(positions.c.seq, positions.c.hash).where(positions.c.tenant == box.tenant)
        assert [tuple(row) for row in connection.execute(query)] == [(4, box.log[-1].hash)]


def test_an_acknowledgement_of_another_session_moves_nothing(hub: HubParts) -> None:
    box = synced_box(hub)
    assert hub.tell(box, wire.Message(ack=wire.Ack(session="stale", applied=box.head.to_wire()))) == []
