"""The box's log in real SQLCipher."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from edge.config import EdgeSettings, StoreSettings
from edge.side import EdgeSide
from edge.store.database import Connection, Database, storage_error
from edge.store.errors import StorageBroken, StorageBusy, StorageFull, StorageReadOnly, VersionConflict, WrongKey
from edge.store.projection import Projection, ensure_projections
from shared.errors import MedSpaError, Rejected
from shared.events.catalogue.client import ClientRegistered
from shared.events.catalogue.system import BoxStarted, BoxStopped
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel, UnknownSchema
from shared.events.sealing import DataKeyMissing, open_payload
from tests.support.hubs import eventually
from tests.support.records import BoxRecord, open_box_record


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def started(clean: bool = True) -> EventDraft:
    return EventDraft("box/box-1", BoxStarted(software="1", clean=clean), "box", "operation")


def raw(box: BoxRecord) -> Connection:
    """Open the database beside the store, as an attacker with the key would."""
    connection = sqlcipher.connect(str(box.folder / "data" / "record.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{box.keys.database().hex()}'\"")
    connection.execute("DROP TRIGGER IF EXISTS events_are_never_changed")
    connection.execute("DROP TRIGGER IF EXISTS events_are_never_removed")
    return connection


def test_events_are_numbered_without_gaps_and_chained(box: BoxRecord) -> None:
    events = box.store.append([started(), started()]) + box.store.append([started()])
    assert [event.fields.seq for event in events] == [1, 2, 3]
    assert [event.fields.version for event in events] == [1, 2, 3]
    assert events[2].fields.prev_hash == events[1].hash
    assert [e.fields.hlc for e in events] == sorted({e.fields.hlc for e in events})


def test_log_order_survives_a_wall_clock_that_jumps_back(box: BoxRecord) -> None:
    first = box.store.append([started()])[0]
    box.clock.jump_wall(-40 * 86_400)
    second = box.store.append([started()])[0]
    assert second.fields.hlc > first.fields.hlc
    assert second.fields.wall_time < first.fields.wall_time


def test_database_is_encrypted_durable_and_opens_only_with_its_key(box: BoxRecord, tmp_path: Path) -> None:
    box.store.append([started()])
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "data" / "record.db").execute("SELECT * FROM events").fetchone()
    with pytest.raises(WrongKey):
        Database(tmp_path / "data" / "record.db", b"\0" * 32)
    modes = box.store._database.write(
        lambda c: (c.execute("PRAGMA journal_mode").fetchone()[0], c.execute("PRAGMA synchronous").fetchone()[0])
    )
    assert modes == ("wal", 2)


def test_a_failing_projection_leaves_no_event_behind(tmp_path: Path) -> None:
    def refuse(_connection: Connection, event: Event) -> None:
        if event.fields.type == "box.stopped":
            raise Rejected("refused", "no")

    box = open_box_record(tmp_path)
    box.store._projections = (*box.store._projections, Projection("refusing", 1, (), refuse))
    box.store.append([started()])
    with pytest.raises(Rejected):
        box.store.append([started(), EventDraft("box/box-1", BoxStopped(), "box", "operation")])
    assert box.store.head().seq == 1
    assert len(box.store.read(0, 10)) == 1
    assert box.store.verify().intact
    box.store.close()


def test_expected_version_refuses_the_second_of_two_writers(box: BoxRecord) -> None:
    payload = BoxStopped()
    box.store.append([EventDraft("schedule/x", payload, "a", "p", expected_version=0)])
    with pytest.raises(VersionConflict):
        box.store.append([EventDraft("schedule/x", payload, "b", "p", expected_version=0)])
    assert box.store.head().seq == 1


class Unregistered(PayloadModel):
    """A payload nobody registered."""

    event_type: ClassVar[str] = "nobody.knows"


def test_a_stream_is_read_on_behind_the_version_that_is_known(box: BoxRecord) -> None:
    box.store.append([started(), started(), started()])
    whole = box.store.stream("box/box-1")
    assert [event.fields.version for event in whole] == [1, 2, 3]
    assert box.store.stream("box/box-1", 2) == whole[2:]
    assert box.store.stream("box/box-1", 3) == []


def test_event_of_an_unknown_schema_is_refused_before_anything_is_written(box: BoxRecord) -> None:
    with pytest.raises(UnknownSchema):
        box.store.append([started(), EventDraft("x/y", Unregistered(), "a", "p")])
    assert box.store.head().seq == 0


def test_sealed_fields_need_a_client_and_open_only_with_its_key(box: BoxRecord) -> None:
    with pytest.raises(DataKeyMissing):
        box.store.append([EventDraft("client/x", ClientRegistered(name="Ada"), "a", "p")])
    client = box.new_client("Ada Canary")
    event = box.store.stream(f"client/{client}")[0]
    assert b"Canary" not in event.body
    opened = open_payload(event.fields.payload, event.fields.id, box.clients.key_of(client))
    assert opened["name"] == "Ada Canary"
    other = box.new_client("Bea")
    with pytest.raises(Exception, match="cannot_open"):
        open_payload(event.fields.payload, event.fields.id, box.clients.key_of(other))


def test_reopened_log_continues_where_it_ended(tmp_path: Path) -> None:
    first = open_box_record(tmp_path)
    first.store.append([started()])
    head = first.store.head()
    first.store.close()
    second = open_box_record(tmp_path)
    assert second.store.head() == head
    assert second.store.append([started()])[0].fields.prev_hash == head.hash
    assert second.store.verify().intact
    second.store.close()


def change(connection: Connection) -> None:
    connection.execute("UPDATE events SET body = replace(body, 'operation', 'operatioN') WHERE seq = 3")


def swap(connection: Connection) -> None:
    rows = connection.execute("SELECT position, id, hash, version, body FROM events WHERE seq IN (2, 3)").fetchall()
    for position, *_ in rows:
        connection.execute(
            "UPDATE events SET id = ?, hash = ?, version = ?, aggregate = 't' WHERE position = ?",
            (f"t{position}", "t", position, position),
        )
    for (position, *_), (_, event_id, digest, version, body) in zip(rows, reversed(rows), strict=True):
        connection.execute(
            "UPDATE events SET id = ?, hash = ?, version = ?, body = ?, aggregate = 'box/box-1' WHERE position = ?",
            (event_id, digest, version + 100, body, position),
        )


def remove(connection: Connection) -> None:
    connection.execute("DELETE FROM events WHERE seq = 3")


def cut_off(connection: Connection) -> None:
    connection.execute("DELETE FROM events WHERE seq >= 4")


@pytest.mark.parametrize(
    ("damage", "kind", "seq"),
    [(change, "changed", 3), (swap, "swapped", 2), (remove, "removed", 3), (cut_off, "cut_off", 4)],
)
def test_verify_names_the_first_damaged_event(
    box: BoxRecord, damage: Callable[[Connection], Any], kind: str, seq: int
) -> None:
    box.store.append([started() for _ in range(5)])
    assert box.store.verify().intact
    assert box.store.verify().length == 5
    connection = raw(box)
    damage(connection)
    connection.close()
    report = box.store.verify()
    assert report.damage is not None
    assert (report.damage.kind, report.damage.seq) == (kind, seq)
    assert report.length == seq - 1


def test_verify_notices_a_cut_tail_even_when_the_recorded_end_is_forged(box: BoxRecord) -> None:
    events = box.store.append([started() for _ in range(5)])
    connection = raw(box)
    cut_off(connection)
    connection.execute("UPDATE head SET seq = 3, hash = ?", (events[2].hash,))
    connection.close()
    damage = box.store.verify().damage
    assert damage is not None
    assert (damage.kind, damage.seq) == ("cut_off", 4)


def test_going_on_never_authenticates_a_forged_end_anew(box: BoxRecord) -> None:
    box.store.append([started(), started(), started()])
    with raw(box) as connection:
        connection.execute("DELETE FROM events WHERE seq = 3")
        connection.execute("UPDATE head SET seq = 2, hash = (SELECT hash FROM events WHERE seq = 2)")
    with pytest.raises(StorageBroken, match="medspa verify"):
        box.store.append([started()])
    damage = box.store.verify().damage
    assert damage is not None
    assert damage.kind == "cut_off"


def test_verify_names_a_last_event_that_is_no_event_any_more_though_the_box_cannot_start(tmp_path: Path) -> None:
    box = open_box_record(tmp_path)
    box.store.append([started(), started()])
    with raw(box) as connection:
        connection.execute("UPDATE events SET body = x'00' WHERE seq = 2")
    box.store.close()
    with pytest.raises(MedSpaError):
        open_box_record(tmp_path)
    folder = tmp_path / "data"
    (folder / "identity.json").write_text('{"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}')
    settings = EdgeSettings(store=StoreSettings(folder=folder, keys_folder=tmp_path / "keys"))
    (report,) = EdgeSide().verify(settings)
    assert report.report.damage is not None
    assert (report.report.damage.kind, report.report.damage.seq) == ("changed", 2)
    (folder / "record.db").unlink()
    with pytest.raises(StorageBroken, match="restore"):
        EdgeSide().verify(settings)


def test_nobody_waits_for_a_store_that_was_closed_meanwhile(box: BoxRecord) -> None:
    database = Database(box.folder / "data" / "other.db", bytes(32))
    database._tasks.put(None)  # what a write that loses the race against `close` finds before it
    with pytest.raises(StorageBusy):
        database.write(lambda _connection: None)
    database.close()


def test_whoever_writes_again_and_again_lets_those_who_wait_go_first(box: BoxRecord) -> None:
    database, order = box.store._database, []
    begun, go_on = threading.Event(), threading.Event()

    def slow(_connection: object) -> None:
        begun.set()
        assert go_on.wait(30)
        order.append("first")

    def greedy() -> None:
        database.write(slow)
        database.write(lambda _connection: order.append("again"))

    threads = [threading.Thread(target=greedy)]
    threads[0].start()
    assert begun.wait(30)
    threads.append(threading.Thread(target=lambda: database.write(lambda _connection: order.append("other"))))
    threads[1].start()
    eventually(lambda: database._tasks.unfinished_tasks == 1)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert order == ["first", "other", "again"]


def test_log_cannot_be_edited_through_sql_by_accident(box: BoxRecord) -> None:
    box.store.append([started()])
    for statement in ("UPDATE events SET type = 'x'", "DELETE FROM events"):
        with pytest.raises(Exception, match="store_broken"):
            box.store._database.write(lambda c, s=statement: c.execute(s))
    assert box.store.verify().length == 1


def test_rebuild_gives_the_same_rows_and_repairs_edited_ones(box: BoxRecord) -> None:
    for number in range(5):
        box.new_client(f"Client {number}")
    assert all(item.digest_before == item.digest_after for item in box.store.rebuild())
    assert sum(item.rows for item in box.store.rebuild()) == 10
    box.store._database.write(lambda c: c.execute("DELETE FROM consents"))
    reports = {item.name: item for item in box.store.rebuild()}
    assert reports["consents"].digest_before != reports["consents"].digest_after
    assert reports["consents"].rows == 5


def test_projection_of_a_newer_version_is_rebuilt_at_start(box: BoxRecord) -> None:
    box.new_client()
    counter = Projection(
        "counter",
        2,
        (("counted", "CREATE TABLE counted (seq INTEGER)"),),
        lambda c, event: c.execute("INSERT INTO counted VALUES (?)", (event.fields.seq,)) and None,
    )
    database = box.store._database
    assert ensure_projections(database, [counter]) == ["counter"]
    assert ensure_projections(database, [counter]) == []
    assert box.store.rows("SELECT count(*) FROM counted") == [(2,)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("database or disk is full", StorageFull), ("attempt to write a readonly database", StorageReadOnly)],
)
def test_library_errors_become_what_one_can_do_about_them(text: str, kind: type[Exception]) -> None:
    assert isinstance(storage_error(sqlcipher.OperationalError(text)), kind)
