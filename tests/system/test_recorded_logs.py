"""What was released must always load, migrate and replay: a box and a hub as each version wrote them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.fleet.keys import TenantKeys
from cloud.ingest.intake import Intake
from cloud.side import verify_tenant
from cloud.storage.database import Database as HubDatabase
from cloud.storage.down_links import BoxAddress
from cloud.storage.log import EventLog
from edge.clients.register import ClientRegister
from edge.record import PROJECTIONS, Record
from edge.store import schema
from edge.store.errors import StorageBroken, StorageFull
from edge.store.refill import LogRefill
from edge.store.schema import migrate
from shared.clock import SystemClock
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import Event, EventDraft
from shared.ids import ClientId, Uuid7Source
from shared.sync.receiver import read_batch
from shared.vocabulary import ImageKind
from tests.support.hubs import TENANT
from tests.support.next_schema import NEXT, open_database
from tests.support.promises import Tally
from tests.support.record_version import EXPECTED, box_expectation, hub_expectation, record_version
from tests.support.records import open_box_record
from tests.support.versions import conversation, open_recorded

RECORDED = Path(__file__).parents[1] / "data" / "recorded_logs"
VERSIONS = sorted(path.name for path in RECORDED.iterdir() if path.is_dir())


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    return RECORDED / str(request.param)


@pytest.fixture
def opened(version: Path, tmp_path: Path) -> Iterator[tuple[Record, HubDatabase, dict[str, dict]]]:  # type: ignore[type-arg]
    record, hub = open_recorded(version, tmp_path / "copy")
    yield record, hub, json.loads((version / EXPECTED).read_text())
    record.clients.close()
    record.store.close()
    hub.close()


@pytest.mark.req("I-15", "F-18", "I-14")
def test_a_recorded_box_loads_and_replays_to_what_was_recorded(
    opened: tuple[Record, HubDatabase, dict[str, dict]],
    tally: Tally,  # type: ignore[type-arg]
) -> None:
    record, _, expected = opened
    assert record.store.verify().intact
    found = box_expectation(record.store)
    assert found["head"] == expected["box"]["head"]
    for name in expected["box"]["projections"]:
        for projection_version, digest in found["projections"][name].items():
            known = expected["box"]["projections"][name].get(projection_version)
            hint = f"{name} {projection_version}: look at the change, then record_version --expect"
            assert known == digest, hint
    tally.acknowledged(record.store.head().seq)
    tally.lost(expected["box"]["head"][1] - record.store.head().seq)


@pytest.mark.req("I-15", "F-18")
def test_a_recorded_hub_loads_migrates_and_replays_to_what_was_recorded(
    opened: tuple[Record, HubDatabase, dict[str, dict]],  # type: ignore[type-arg]
) -> None:
    _, hub, expected = opened
    assert all(report.report.intact for report in verify_tenant(hub, TENANT))
    found = hub_expectation(hub)
    for name in expected["hub"]:
        for columns, digest in found[name].items():
            known = expected["hub"][name].get(columns)
            assert known == digest, f"{name}: look at the change, then record_version --expect"


@pytest.mark.req("I-15", "F-18")
def test_names_and_photographs_of_a_recorded_box_open_and_its_log_goes_on_at_the_recorded_hub(
    opened: tuple[Record, HubDatabase, dict[str, dict]],  # type: ignore[type-arg]
) -> None:
    record, hub, _ = opened
    clock = SystemClock()
    register = ClientRegister(record.store, record.clients, Uuid7Source(clock))
    rows = record.store.rows("SELECT client FROM captures")
    names = {register.get(ClientId(client)).details.name for (client,) in rows}
    assert names == {"Ana Alder", "Ben Bramble", "Cleo Clover"}
    images = record.store.rows("SELECT name, client FROM images JOIN captures USING (capture)")
    for name, client in images:
        clear = record.vault.get(name, client, ImageKind.ORIGINAL, record.clients.key_of(client))
        assert clear.startswith(b"\xff\xd8")
    head = record.store.head()
    draft = EventDraft("box/test", BoxStarted(software="now", clean=True), "box", "operation")
    (event,) = record.store.append([draft])
    answer = Intake(hub, complete_catalogue(), clock).batch(
        BoxAddress(TENANT, record.store.identity.device), head.epoch, event.fields.seq, read_batch([event.body])
    )
    assert (answer.fenced, answer.fresh, answer.applied.hash) == (None, 1, event.hash)


def test_keys_of_a_recorded_hub_open(version: Path, tmp_path: Path) -> None:
    record, hub = open_recorded(version, tmp_path / "copy")
    keys = TenantKeys(SealedKeyFolder(tmp_path / "copy" / "hub" / "keys"), frozenset({TENANT}))
    assert keys.transport(TENANT, record.store.identity.device) == record.keys.transport()
    record.clients.close()
    record.store.close()
    hub.close()


@pytest.mark.req("I-15")
def test_the_next_version_can_be_recorded(tmp_path: Path) -> None:
    record_version(tmp_path / "vN")
    record, hub = open_recorded(tmp_path / "vN", tmp_path / "copy")
    assert record.store.verify().intact
    assert box_expectation(record.store)["head"][1] > 20
    assert {word.channel for word in conversation(tmp_path / "vN")} == {"up", "down"}
    assert all(report.report.intact for report in verify_tenant(hub, TENANT))
    record.clients.close()
    record.store.close()
    hub.close()


@pytest.mark.req("I-15", "F-18")
def test_fields_that_this_version_does_not_know_survive_the_way_to_the_hub_and_back(
    opened: tuple[Record, HubDatabase, dict[str, dict]],
    tmp_path: Path,  # type: ignore[type-arg]
) -> None:
    record, hub, _ = opened
    head = record.store.head()
    last = record.store.read(head.seq - 1, 1)[0]
    fields = json.loads(last.body) | {
        "id": Uuid7Source(SystemClock()).new(), "seq": head.seq + 1, "prev_hash": head.hash,
        "aggregate": "box/newer", "version": 1, "mood": {"of the box": ["sunny", 7]},
    }  # fmt: skip
    newer = Event.seal_in_chain(fields)
    intake = Intake(hub, complete_catalogue(), SystemClock())
    box = BoxAddress(TENANT, record.store.identity.device)
    answer = intake.batch(box, head.epoch, head.seq + 1, read_batch([newer.body]))
    assert answer.fresh == 1
    with hub.read(TENANT) as connection:
        (body,) = EventLog(connection, TENANT).bodies(
            record.store.identity.device, head.epoch, head.seq + 1, head.seq + 1
        )
    assert body == newer.body
    refill = LogRefill(record.store._database, PROJECTIONS, record.keys.log_head())
    refill.append([Event.from_body(body)])
    kept = record.store.read(head.seq, 1)[0]
    assert (kept.body, kept.hash) == (newer.body, newer.hash)
    assert record.store.verify().intact


def long_record(folder: Path) -> int:
    box = open_box_record(folder)
    draft = EventDraft("box/test", BoxStarted(software="s" * 60, clean=True), "box", "operation")
    box.store.append([draft] * 400)
    box.store.close()
    return 400


@pytest.mark.system
@pytest.mark.req("F-18", "F-02", "I-15")
@pytest.mark.parametrize("call", ["pwrite64", "fsync"])
def test_a_migration_killed_half_way_is_resumed_at_the_next_start(tmp_path: Path, call: str, tally: Tally) -> None:
    command = [sys.executable, "-m", "tests.support.next_schema"]
    environment = {**os.environ, "PYTHONPATH": "."}
    killed = 0
    for when in (1, 8, 60, 300, 1200, 6400) if call == "pwrite64" else (1, 2, 3, 5, 8, 13):
        folder = tmp_path / str(when)
        events = long_record(folder)
        inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        inject += ["-e", f"inject={call}:signal=SIGKILL:when={when}", *command, str(folder)]
        if subprocess.run(inject, env=environment, check=False, timeout=60).returncode == 0:
            break
        killed += 1
        tally.injected(1)
        tally.acknowledged(events)
        subprocess.run([*command, str(folder)], env=environment, check=True, timeout=60)
        _check_migrated(folder, events)
        with pytest.raises(StorageBroken, match="newer software"):
            open_box_record(folder)
    assert killed >= 2


def _check_migrated(folder: Path, events: int) -> None:
    database = open_database(folder)
    with database.reader() as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(NEXT)
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == events
        copies = connection.execute(
            "SELECT count(*) FROM copies JOIN events USING (position) WHERE copies.body = events.body || x'00'"
        )
        assert copies.fetchone()[0] == events
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    database.close()


@pytest.mark.req("F-18", "F-03")
def test_a_migration_without_room_is_refused_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_record(tmp_path)
    monkeypatch.setattr(schema, "MIGRATIONS", NEXT)
    usage = type("Usage", (), {"free": 1024})
    monkeypatch.setattr(schema.shutil, "disk_usage", lambda _path: usage)
    database = open_database(tmp_path)
    with pytest.raises(StorageFull, match="make room"):
        migrate(database)
    monkeypatch.undo()
    assert migrate(database) == 0
    database.close()
