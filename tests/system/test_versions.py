"""Versions that meet: the first one's words replayed, a peer ahead of us, and a step back after an update."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import select

import cloud.storage.database
import edge.sync.protocol
from cloud.side import verify_tenant
from cloud.storage.database import SchemaTooNew
from cloud.storage.log import EventLog
from cloud.storage.tables import down_positions, parked
from edge.store.errors import StorageBroken
from edge.store.events import HUB_CURSOR
from shared.demo.processes import Service, run_medspa
from shared.errors import Rejected
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import Event, EventDraft
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import MalformedMessage, seal_message
from shared.wire.topics import DOWN, UP
from tests.support import next_schema as later
from tests.support.hubs import TENANT, eventually
from tests.support.promises import Tally
from tests.support.records import open_box_record
from tests.support.versions import (
    UNKNOWN,
    UNKNOWN_KIND,
    Listening,
    Pair,
    Word,
    ahead,
    conversation,
    newer_software,
    next_event,
    pair_of,
)
from tests.system.conftest import Clinic
from tests.system.test_full_disk import clients
from tests.system.test_recorded_logs import RECORDED, VERSIONS

NOTE = EventDraft("box/test", BoxStarted(software="now", clean=True), "box", "operation")
MOOD = """
from alembic import op
import sqlalchemy as sa

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.add_column("devices", sa.Column("mood", sa.String(16), nullable=False, server_default="sunny"))
"""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    return RECORDED / str(request.param)


def at_hub(pair: Pair, last: int) -> list[bytes]:
    """Return a box's events as the hub has stored them."""
    device, epoch = pair.record.store.identity.device, pair.record.store.head().epoch
    with pair.hub.read(TENANT) as connection:
        return EventLog(connection, TENANT).bodies(device, epoch, 1, last)


def reasons(pair: Pair) -> dict[int, str]:
    """Return what the hub has set aside, by place, and why."""
    with pair.hub.read(TENANT) as connection:
        rows = connection.execute(select(parked.c.seq, parked.c.reason)).all()
    return {seq: reason.split(":")[0] for seq, reason in rows}


@pytest.mark.req("I-15", "F-18", "I-04")
def test_this_hub_understands_all_that_a_recorded_box_said_even_when_it_comes_again(
    version: Path, tmp_path: Path, tally: Tally
) -> None:
    words = [word for word in conversation(version) if word.channel == UP]
    with pair_of(version, tmp_path) as pair:
        said = [pair.opened(word) for word in words]
        sent = [body for message in said for body in message.events.bodies]
        (greeted,) = {message.ack.session for message in said if message.WhichOneof("kind") == "ack"}
        handler = pair.handler(greeted)
        for word in [*words, *words]:
            handler.handle(pair.up, word.data)
        held = at_hub(pair, len(sent) + 1)
        tally.acknowledged(len(sent))
        tally.lost(len(set(sent) - set(held)))
        tally.doubled(len(held) - len(set(held)))
        own = [event.body for event in pair.record.store.read(0, 1000)]
        assert held[: len(own)] == own
        assert held == sent
        assert reasons(pair) == {}
        with pair.hub.read(TENANT) as connection:
            assert connection.execute(select(down_positions.c.seq)).scalars().all() == [2]  # its answers were heard
        assert all(report.report.intact for report in verify_tenant(pair.hub, TENANT))


@pytest.mark.req("I-15", "F-18")
def test_this_box_understands_what_a_recorded_hub_said_and_answers_it(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = conversation(version)
    with pair_of(version, tmp_path) as pair:
        session = pair.opened(words[0]).hello.session
        monkeypatch.setattr(edge.sync.protocol, "secrets", SimpleNamespace(token_hex=lambda _size: session))
        store, head = pair.record.store, pair.record.store.head()
        box = Listening(pair.record, pair.clock)
        box.connect()
        asked: list[bytes] = []
        for word in [word for word in words if word.channel == DOWN]:
            message = pair.opened(word)
            if message.ack.applied.seq > head.seq:
                break  # of events that the recorded box wrote later; this one writes its own
            asked += message.events.bodies
            box.hear(word.data)
        assert box.protocol.status.refused == 0
        assert store.cursor(HUB_CURSOR) == Position(head.epoch, head.seq, head.hash)
        (end,) = box.inbox.ends()
        assert box.inbox.bodies(end.epoch, 1, 1000) == asked
        assert len(asked) == 2
        answers = [event.fields.payload["accepted"] for event in store.read(head.seq, 10) if _answers(event)]
        assert sorted(answers) == [False, True]
        assert max(pair.opened(Word(UP, data)).ack.applied.seq for data in box.said) == len(asked)


def _answers(event: Event) -> bool:
    return event.fields.type == "booking.answered"


@pytest.mark.req("I-15", "I-10", "F-11", "F-18")
def test_a_box_ahead_of_this_hub_loses_nothing_and_what_is_not_understood_is_set_aside_with_its_reason(
    version: Path, tmp_path: Path
) -> None:
    with pair_of(version, tmp_path) as pair:
        handler, store, key = pair.handler(), pair.record.store, pair.record.keys.transport()
        log = store.read(0, 1000)
        started = {"software": "2", "clean": True}
        log.append(next_event(log[-1], type="box.started", schema_version=1, payload=started, client=None))
        log.append(next_event(log[-1], type="weather.changed", payload={"to": "sunny"}))
        log.append(next_event(log[-1], type="box.started", schema_version=2, payload={"mood": "sunny"}))
        log.append(next_event(log[-1], type="box.started", schema_version=1, payload=started | {"mood": "sunny"}))
        log.append(next_event(log[-1], type="box.started", schema_version=1, payload=started))
        epoch, device = log[-1].fields.epoch, store.identity.device

        def say(message: wire.Message) -> list[wire.Message]:
            changed = ahead(message)
            assert changed.SerializeToString().count(UNKNOWN) >= 2
            return handler.handle(pair.up, seal_message(changed, TENANT, device, UP, key))[1]

        head = Position(epoch, len(log), log[-1].hash).to_wire()
        say(wire.Message(hello=wire.Hello(session="s", head=head, software="2")))
        unknown = seal_message(wire.Message.FromString(UNKNOWN_KIND), TENANT, device, UP, key)
        with pytest.raises(Rejected, match="understands"):
            handler.handle(pair.up, unknown)
        bodies = [event.body for event in log]
        answers = say(wire.Message(events=wire.EventBatch(session="s", epoch=epoch, first_seq=1, bodies=bodies)))
        (ack,) = [answer.ack for answer in answers if answer.WhichOneof("kind") == "ack"]
        assert (ack.applied.seq, ack.applied.hash, ack.fenced) == (len(log), log[-1].hash, False)
        assert at_hub(pair, len(log) + 1) == bodies
        ours = len(log) - 5
        assert reasons(pair) == {
            ours + 2: "unknown_schema",
            ours + 3: "unknown_schema",
            ours + 4: "invalid_payload",
        }


@pytest.mark.req("I-15", "I-10", "F-11", "F-18")
def test_a_hub_ahead_of_this_box_is_acknowledged_and_what_is_not_understood_is_set_aside_and_handed_back_unharmed(
    version: Path, tmp_path: Path
) -> None:
    words = conversation(version)
    with pair_of(version, tmp_path) as pair:
        store, key = pair.record.store, pair.record.keys.transport()
        down = [body for word in words if word.channel == DOWN for body in pair.opened(word).events.bodies]
        log = [Event.from_body(body) for body in down]
        log.append(next_event(log[-1], type="weather.changed", payload={"to": "sunny"}))
        log.append(next_event(log[-1], schema_version=2))
        epoch, box = log[0].fields.epoch, Listening(pair.record, pair.clock)

        def say(message: wire.Message) -> None:
            box.hear(seal_message(ahead(message), TENANT, store.identity.device, DOWN, key))

        box.connect()
        head = Position(epoch, len(log), log[-1].hash).to_wire()
        say(wire.Message(hello=wire.Hello(session="h", head=head, hub_epoch="0" * 16, known=[head])))
        say(wire.Message.FromString(UNKNOWN_KIND))
        bodies = [event.body for event in log]
        say(wire.Message(events=wire.EventBatch(session="h", epoch=epoch, first_seq=1, bodies=bodies)))
        assert box.protocol.status.refused == 0
        assert box.inbox.applied(epoch) == Position(epoch, len(log), log[-1].hash)
        assert box.inbox.bodies(epoch, 1, 1000) == bodies
        aside = store.rows("SELECT seq, set_aside FROM inbox WHERE set_aside IS NOT NULL ORDER BY seq")
        assert [(seq, reason.split(":")[0]) for seq, reason in aside] == [(3, "unknown_schema"), (4, "unknown_schema")]
        said = [pair.opened(Word(UP, data)) for data in box.said]
        assert [m.ack.applied.seq for m in said if m.WhichOneof("kind") == "ack"][-1] == len(log)


@pytest.mark.req("I-15", "F-18")
def test_a_message_of_another_protocol_version_is_refused_by_both_sides_and_harms_nothing(
    version: Path, tmp_path: Path
) -> None:
    with pair_of(version, tmp_path) as pair:
        store, key = pair.record.store, pair.record.keys.transport()
        for channel in (UP, DOWN):
            sealed = seal_message(wire.Message(now=wire.Now()), TENANT, store.identity.device, channel, key)
            outer = wire.SealedMessage.FromString(sealed)
            outer.version = 2
            if channel == UP:
                with pytest.raises(MalformedMessage, match="version"):
                    pair.handler().handle(pair.up, outer.SerializeToString())
            else:
                box = Listening(pair.record, pair.clock)
                box.connect()
                box.hear(outer.SerializeToString())
                assert box.protocol.status.refused == 1


@pytest.mark.req("I-15", "F-18")
def test_a_box_stepped_back_refuses_the_newer_record_and_the_newer_software_finds_it_whole(
    tmp_path: Path, tally: Tally
) -> None:
    open_box_record(tmp_path).store.close()
    with newer_software():
        box = open_box_record(tmp_path)
        box.store.append([NOTE] * 50)
        head = box.store.head()
        box.store.close()
    path = tmp_path / "data" / "record.db"
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StorageBroken, match="newer software; update this box"):
            open_box_record(tmp_path)
        tally.injected(1)
    assert path.read_bytes() == before
    with newer_software():
        again = open_box_record(tmp_path)
        assert again.store.head() == head
        assert again.store.verify().intact
        again.store.append([NOTE])
        again.store.close()
    tally.acknowledged(head.seq)
    tally.lost(0)


@pytest.fixture
def newer_migrations(tmp_path: Path) -> Path:
    """A hub's migrations with one more, which adds a column."""
    folder = tmp_path / "migrations"
    shutil.copytree(cloud.storage.database._MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[1:5] for path in (folder / "versions").glob("v*.py"))
    (folder / "versions" / "v9999_mood.py").write_text(MOOD.format(head=head))
    return folder


@pytest.mark.req("I-15", "F-18")
def test_a_hub_stepped_back_refuses_the_newer_database_and_the_newer_software_finds_it_whole(
    version: Path, tmp_path: Path, newer_migrations: Path, tally: Tally
) -> None:
    words = [word for word in conversation(version) if word.channel == UP]
    with pytest.MonkeyPatch.context() as newer:
        newer.setattr(cloud.storage.database, "_MIGRATIONS", newer_migrations)
        with pair_of(version, tmp_path) as pair:
            for word in words:
                pair.handler().handle(pair.up, word.data)
            stored = at_hub(pair, 1000)
    path = tmp_path / "copy" / "hub" / "hub.db"
    url = f"sqlite:///{path}"
    before = path.read_bytes()
    with pytest.raises(SchemaTooNew, match="newer software; update this hub"):
        cloud.storage.database.migrate(url, url)
    tally.injected(1)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT mood FROM devices").fetchall() == [("sunny",)]
        kept = connection.execute("SELECT body FROM events ORDER BY seq").fetchall()
    assert [bytes(body) for (body,) in kept] == stored
    with pytest.MonkeyPatch.context() as newer:
        newer.setattr(cloud.storage.database, "_MIGRATIONS", newer_migrations)
        cloud.storage.database.migrate(url, url)
    tally.acknowledged(len(stored))
    tally.lost(0)


def start(clinic: Clinic, side: str, prelude: str) -> Service:
    """Start a side as software that is prepared by a line of code."""
    setting = clinic.setting
    config, url = (setting.edge_config, setting.edge_url) if side == "edge" else (setting.hub_config, setting.hub_url)
    log = setting.folder / f"{side}.log"
    command = [sys.executable, "-c", f"{prelude}; from shared.cli import main; main()", side, "run", "-c", str(config)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": "."})
    return Service(side, process, url, log)


def page(url: str) -> str:
    """Return what a box shows at its address, which may be nothing yet."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/kiosk", headers={"accept": "text/html"}, timeout=10, trust_env=False).text
    return ""


@pytest.mark.system
@pytest.mark.timeout(900)
@pytest.mark.req("I-15", "F-18", "I-03")
def test_an_update_that_is_taken_back_on_box_and_hub_stops_both_with_a_sentence_and_loses_nothing(
    clinic: Clinic, newer_migrations: Path, tally: Tally
) -> None:
    setting = clinic.setting
    newer_box = "import tests.support.next_schema as later; later.schema.MIGRATIONS = later.NEXT"
    newer_hub = f"import pathlib, cloud.storage.database as d; d._MIGRATIONS = pathlib.Path({str(newer_migrations)!r})"

    def register(name: str) -> str:
        body = {"name": name, "language": "en"}
        answer = httpx.post(f"{setting.edge_url}/api/clients", json=body, timeout=30, trust_env=False)
        return str(answer.json()["id"])

    def behind() -> int:
        status = httpx.get(f"{setting.edge_url}/api/status", timeout=30, trust_env=False).json()
        return int(status["backlog"]["events"])

    made = {register("Ana Alder")}
    clinic.box.stop()
    clinic.hub.stop()
    clinic.box, clinic.hub = start(clinic, "edge", newer_box), start(clinic, "hub", newer_hub)  # the update
    clinic.hub.wait_ready()
    clinic.box.wait_ready()
    made.add(register("Ben Bramble"))
    eventually(lambda: behind() == 0, 60)
    clinic.box.stop()
    clinic.hub.stop()
    tally.injected(2)

    with pytest.raises(Exception, match="newer software; update this hub"):
        run_medspa("hub", "run", "-c", str(setting.hub_config))
    clinic.box = start(clinic, "edge", "pass")
    eventually(lambda: "newer software; update this box" in page(setting.edge_url), 60)
    clinic.box.stop()

    clinic.box, clinic.hub = start(clinic, "edge", newer_box), start(clinic, "hub", newer_hub)  # and the next update
    clinic.hub.wait_ready()
    clinic.box.wait_ready()
    made.add(register("Cleo Clover"))
    eventually(lambda: behind() == 0, 60)
    clinic.box.stop()
    with newer_software(*later.NEXT[len(later.schema.MIGRATIONS) :]):
        found = clients(clinic)
    tally.acknowledged(len(made))
    tally.lost(len(made - found))
    assert made <= found
