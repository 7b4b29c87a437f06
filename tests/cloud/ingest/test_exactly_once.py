import hashlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.storage.devices import DeviceRepository
from cloud.storage.hub_epoch import hub_life
from cloud.storage.tables import captures, events
from shared.crypto.aead import CannotOpen, new_key
from shared.errors import Rejected
from shared.ids import TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import MalformedMessage
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox
from tests.support.damage import flipped

pytestmark = pytest.mark.req("P-2", "I-04", "I-05")


def log_digest(hub: HubParts, box: FakeBox) -> str:
    digest = hashlib.sha256()
    with hub.database.read(box.tenant) as connection:
        query = select(events.c.seq, events.c.hash, events.c.body).where(events.c.tenant == box.tenant)
        query = query.where(events.c.device == box.device).order_by(events.c.epoch, events.c.seq)
        for row in connection.execute(query):
            digest.update(f"{row.seq}{row.hash}".encode() + row.body)
        shown = select(captures).where(captures.c.tenant == box.tenant, captures.c.device == box.device)
        for capture in connection.execute(shown.order_by(captures.c.id)):
            digest.update(repr(tuple(capture)).encode())
    return digest.hexdigest()


def stored(hub: HubParts, box: FakeBox) -> list[str]:
    with hub.database.read(box.tenant) as connection:
        query = select(events.c.id).where(events.c.tenant == box.tenant, events.c.device == box.device)
        return list(connection.execute(query.order_by(events.c.epoch, events.c.seq)).scalars())


def counts(hub: HubParts, box: FakeBox) -> dict[str, int]:
    with hub.database.read(box.tenant) as connection:
        return DeviceRepository(connection, box.tenant).counts(box.device)


def busy_box(hub: HubParts, captures_taken: int = 3) -> FakeBox:
    box = hub.box()
    for _ in range(captures_taken):
        box.analyse(box.capture(), findings=2)
    return box


def test_a_greeting_is_answered_with_how_far_the_log_is_applied_and_with_the_hubs_own(hub: HubParts) -> None:
    box = busy_box(hub)
    answers = hub.tell(box, box.hello())
    assert [answer.WhichOneof("kind") for answer in answers] == ["hello", "ack"]
    assert (answers[1].ack.session, answers[1].ack.applied.seq) == (box.session, 0)
    assert answers[0].hello.session not in {"", box.session}
    assert answers[0].hello.hub_epoch == answers[1].ack.hub_epoch == hub_life(hub.database).epoch


def test_a_batch_is_acknowledged_after_it_is_stored(hub: HubParts) -> None:
    box = busy_box(hub)
    ack = hub.ack(box, box.batch(1, 6))
    assert (ack.applied.seq, ack.applied.hash, ack.duplicates) == (6, box.log[-1].hash, 0)
    assert ack.session == box.session
    assert stored(hub, box) == [event.fields.id for event in box.log]


def test_a_batch_that_comes_twice_is_discarded_and_counted(hub: HubParts) -> None:
    box = busy_box(hub)
    hub.ack(box, box.batch(1, 4))
    before = log_digest(hub, box)
    again = hub.ack(box, box.batch(1, 4))
    assert (again.applied.seq, again.duplicates, again.fenced) == (4, 4, False)
    assert log_digest(hub, box) == before
    assert counts(hub, box)["duplicates_discarded"] == 4


def test_a_batch_that_overlaps_adds_only_what_is_new(hub: HubParts) -> None:
    box = busy_box(hub)
    hub.ack(box, box.batch(1, 4))
    ack = hub.ack(box, box.batch(3, 6))
    assert (ack.applied.seq, ack.duplicates) == (6, 2)
    assert len(stored(hub, box)) == 6


def test_events_behind_a_gap_wait_for_those_that_are_missing(hub: HubParts) -> None:
    box = busy_box(hub)
    ack = hub.ack(box, box.batch(3, 6))
    assert (ack.applied.seq, ack.fenced) == (0, False)
    assert stored(hub, box) == []
    assert counts(hub, box)["gaps"] == 1
    assert hub.ack(box, box.batch(1, 6)).applied.seq == 6


@pytest.mark.parametrize("seed", range(3))
def test_reordered_batches_end_in_the_same_log(hub: HubParts, seed: int) -> None:
    box = busy_box(hub, 5)
    batches = [(1, 3), (4, 6), (7, 10)]
    shuffled = batches * 3
    random.Random(seed).shuffle(shuffled)
    for first, last in [*shuffled, *batches]:
        assert not hub.ack(box, box.batch(first, last)).fenced
    assert stored(hub, box) == [event.fields.id for event in box.log]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 4)), max_size=14))
def test_any_delivery_gives_the_same_log_and_rows(sqlite_hub: HubParts, order: list[tuple[int, int]]) -> None:
    box = busy_box(sqlite_hub, 4)
    for first, length in order:
        assert not sqlite_hub.ack(box, box.batch(first, first + length - 1)).fenced
    for first in (1, 3, 5, 7):
        sqlite_hub.ack(box, box.batch(first, first + 1))
    at_the_end = log_digest(sqlite_hub, box)
    sqlite_hub.ack(box, box.batch(1, 8))
    assert stored(sqlite_hub, box) == [event.fields.id for event in box.log]
    assert log_digest(sqlite_hub, box) == at_the_end


def test_an_altered_message_is_refused_and_applies_nothing(hub: HubParts) -> None:
    box = busy_box(hub)
    name, payload = box.sealed(box.batch(1, 6))
    with pytest.raises(CannotOpen):
        hub.handler.handle(name, flipped(payload))
    assert stored(hub, box) == []


def test_a_message_sealed_with_another_key_is_refused(hub: HubParts) -> None:
    box = busy_box(hub)
    with pytest.raises(CannotOpen):
        hub.handler.handle(*box.sealed(box.batch(1, 6), key=new_key()))
    assert stored(hub, box) == []


def test_a_box_cannot_speak_on_another_boxs_topic(hub: HubParts) -> None:
    box, other = busy_box(hub), hub.box()
    with pytest.raises(MalformedMessage):
        hub.handler.handle(other.sealed(other.hello())[0], box.sealed(box.batch(1, 6))[1])


def test_a_message_cannot_be_sent_back_down_as_if_it_came_up(hub: HubParts) -> None:
    box = busy_box(hub)
    box_name, payload = box.sealed(box.hello())
    with pytest.raises(Rejected):
        hub.handler.handle(box_name.replace(box.tenant, "nobody"), payload)


@pytest.mark.parametrize("change", [{"tenant": "aurora"}, {"location": "lumen-two"}])
def test_an_event_of_another_tenant_or_clinic_is_refused_as_a_whole_batch(
    hub: HubParts, change: dict[str, str]
) -> None:
    box = hub.box()
    box.capture()
    box.record("box.stopped", {}, **change)
    ack = hub.ack(box, box.batch(1, 2))
    assert ack.fenced
    assert "another tenant or location" in ack.reason
    assert stored(hub, box) == []


def test_an_event_of_another_device_is_refused(hub: HubParts) -> None:
    box = hub.box()
    box.record("box.stopped", {}, device="box-other")
    assert hub.ack(box, box.batch(1, 1)).fenced
    assert stored(hub, box) == []


def test_an_id_used_twice_is_refused(hub: HubParts) -> None:
    box = hub.box()
    first = box.record("box.stopped", {})
    box.record("box.stopped", {}, id=first.fields.id)
    assert hub.ack(box, box.batch(1, 2)).fenced
    assert stored(hub, box) == []


def test_text_no_database_can_hold_is_refused_instead_of_failing_for_ever(hub: HubParts) -> None:
    box = hub.box()
    box.record("box.stopped", {}, aggregate="thing/\0")
    assert hub.ack(box, box.batch(1, 1)).fenced


def test_messages_that_are_no_messages_are_refused(hub: HubParts) -> None:
    box = hub.box()
    name = box.sealed(box.hello())[0]
    for rubbish in (b"", b"\x00" * 50, b"{}", b"x" * (2 * 1024 * 1024)):
        with pytest.raises((Rejected, CannotOpen)):
            hub.handler.handle(name, rubbish)
    with pytest.raises(Rejected):
        hub.handler.handle("somewhere/else", b"")
    for message in (
        wire.Message(),
        wire.Message(now=wire.Now(session="s", json=b"[1]")),
        wire.Message(now=wire.Now(session="s", json=b"{" * 100)),
        wire.Message(hello=wire.Hello(session="", head=box.head.to_wire())),
        wire.Message(hello=wire.Hello(session="s", head=wire.Position(epoch="zz"))),
        box.bodies_message(1, [b""] * 1001),
    ):
        with pytest.raises(Rejected):
            hub.tell(box, message)


def test_the_latest_snapshot_is_kept(hub: HubParts) -> None:
    box = hub.box()
    for head in (3, 9):
        json_text = f'{{"head_seq": {head}}}'.encode()
        hub.tell(box, wire.Message(now=wire.Now(session=box.session, json=json_text)))
    with hub.database.read(TenantId("lumen")) as connection:
        assert DeviceRepository(connection, box.tenant).snapshots() == {box.device: '{"head_seq": 9}'}
