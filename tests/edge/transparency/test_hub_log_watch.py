import gc
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from cloud.main import Hub
from cloud.storage.database import Database
from cloud.storage.hub_epoch import begin_life
from cloud.storage.tables import events
from cloud.storage.tree import TreeLog
from cloud.transparency.announcer import head_payload
from edge.transparency.client import HubSilent
from edge.transparency.watch import SWEEP_CURSOR, Acknowledged, HubLogState, WatchRules
from shared.audit.heads import TreeHead
from shared.events.catalogue.log import HeadSigned, HeadVerified, HubRestored, HubRewroteHistory
from tests.edge.transparency.watched import Watched, rewrite_in_full
from tests.support.hubs import TENANT, eventually, hub_settings, running_hub
from tests.support.promises import Tally

pytestmark = [
    pytest.mark.system,
    pytest.mark.req("I-14"),
    # The embedded broker leaves connections that were reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(hub_settings(tmp_path / "hub")) as running:
        yield running


@pytest.fixture
def watched(hub: Hub, tmp_path: Path) -> Iterator[Watched]:
    made = Watched(hub, tmp_path / "box", WatchRules(every_seconds=0.2, random_events=0, sweep_events=40))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Collect what the embedded broker leaves open while this test's warning filter still holds."""
    yield
    gc.collect()


def test_an_honest_hub_is_verified_and_that_is_on_record_once_a_day(watched: Watched) -> None:
    watched.send(300)
    for _ in range(9):
        status = watched.watch.check()
    assert (status.state, status.sentence) == (HubLogState.VERIFIED, "")
    watched.send(5)
    assert watched.watch.check().size >= 305
    assert len(watched.told(HeadVerified.event_type)) == 1
    assert watched.told(HubRewroteHistory.event_type) == []


def test_the_sweep_sees_every_acknowledged_event_and_begins_again(watched: Watched) -> None:
    watched.send(100)
    watched.watch.check()  # puts one event of its own on record, which is acknowledged whenever the hub comes to it
    watched.rig.wait_acknowledged()
    seen: list[int] = []
    for _ in range(4):
        cursor = watched.rig.record.store.cursor(SWEEP_CURSOR)
        assert cursor is not None
        seen.append(cursor.seq)
        watched.watch.check()
    assert seen == [40, 80, 101, 40]


def edit_row(database: Database) -> None:
    """Change what an old event says, and nothing else."""
    with database.write(TENANT) as connection:
        body = connection.execute(select(events.c.body).where(events.c.seq == 7)).scalar_one()
        other = bytes(body).replace(b'"clean":true', b'"clean":false')
        assert other != body
        connection.execute(update(events).where(events.c.seq == 7).values(body=other))


def edit_row_and_hash(database: Database) -> None:
    with database.write(TENANT) as connection:
        connection.execute(update(events).where(events.c.seq == 7).values(hash="ab" * 32))


def drop_row(database: Database) -> None:
    with database.write(TENANT) as connection:
        connection.execute(delete(events).where(events.c.seq == 7))


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        (edit_row, {"event_changed"}),
        (edit_row_and_hash, {"event_not_in_tree", "hub_cannot_prove", "tree_changed"}),
        (drop_row, {"event_missing", "hub_cannot_prove"}),
        (lambda database: rewrite_in_full(database, edit=7), {"tree_changed"}),
        (lambda database: rewrite_in_full(database, drop=7), {"tree_changed", "tree_shrank"}),
    ],
    ids=["edits a row", "edits a row and its hash", "drops a row", "edits and rebuilds its tree", "drops and rebuilds"],
)
def test_a_hub_whose_owner_rewrites_history_is_caught_by_the_box(
    watched: Watched, change: Callable[[Database], None], reasons: set[str], tally: Tally
) -> None:
    watched.send(30)
    assert watched.watch.check().state is HubLogState.VERIFIED
    watched.rig.link.stop()  # which may find the same out first, and be fenced
    change(watched.hub.database)
    status = watched.watch.check()
    tally.injected(1)
    assert status.state is HubLogState.REWRITTEN
    assert status.sentence
    watched.watch.check()  # and each reason is on record once, with both heads as evidence
    alarms = watched.told(HubRewroteHistory.event_type)
    assert alarms
    assert len({alarm["reason"] for alarm in alarms}) == len(alarms)
    assert alarms[0]["reason"] in reasons
    assert alarms[0]["known"]["size"] >= 30
    assert alarms[0]["shown"]["signature"]


def test_a_fork_announced_to_the_box_is_caught(watched: Watched) -> None:
    watched.send(20)
    assert watched.watch.check().state is HubLogState.VERIFIED
    hub = watched.hub
    with hub.database.read(TENANT) as connection:
        epoch = TreeLog(connection, TENANT).state().epoch
    other = hub.log_key.sign(TreeHead(TENANT, epoch, 15, "cd" * 32, 1))
    payload = head_payload(other)
    watched.watch.announced(_down(payload))
    assert watched.watch.check().state is HubLogState.REWRITTEN
    assert watched.told(HubRewroteHistory.event_type)[0]["reason"] == "tree_changed"


def _down(payload: HeadSigned) -> Any:
    return SimpleNamespace(fields=SimpleNamespace(tenant=TENANT, payload=payload.model_dump(mode="json")))


def test_announced_heads_come_down_and_wake_the_watch(tmp_path: Path) -> None:
    settings = hub_settings(tmp_path / "hub").model_copy(
        update={"transparency": hub_settings(tmp_path).transparency.model_copy(update={"head_seconds": 0.2})}
    )
    with running_hub(settings) as hub:
        watched = Watched(hub, tmp_path / "box", WatchRules(every_seconds=3600))
        try:
            watched.watch.start()
            watched.send(10)
            eventually(lambda: watched.watch.status.size >= 10, 40)
            assert watched.watch.status.state is HubLogState.VERIFIED
        finally:
            watched.close()


def test_a_silent_hub_is_no_alarm(watched: Watched) -> None:
    watched.send(3)
    watched.watch.check()
    watched.hub._rpc.stop()
    with pytest.raises(HubSilent):
        watched.watch.check()
    assert watched.watch.status.state is HubLogState.VERIFIED
    assert watched.told(HubRewroteHistory.event_type) == []


@pytest.mark.req("I-17", "F-13")
def test_a_hub_restored_from_a_backup_says_so_and_is_no_rewrite(watched: Watched, tally: Tally) -> None:
    watched.send(20)
    assert watched.watch.check().state is HubLogState.VERIFIED
    before = watched.watch.status.size
    watched.hub.keeper.settle(TENANT, "00000000000000bb")
    tally.injected(1)
    assert watched.watch.check().state is HubLogState.VERIFIED
    restored = watched.told(HubRestored.event_type)
    assert [item["epoch"] for item in restored] == ["00000000000000bb"]
    assert restored[0]["size_known"] == before
    cursor = watched.rig.record.store.cursor(SWEEP_CURSOR)
    assert cursor is not None
    assert cursor.seq == 0  # every event is owed anew
    assert watched.watch.check().state is HubLogState.VERIFIED
    assert len(watched.told(HubRestored.event_type)) == 1


@pytest.mark.req("I-17")
def test_what_a_former_life_of_the_hub_acknowledged_is_not_owed_by_the_present_one() -> None:
    assert Acknowledged(9, "aa").in_epoch("aa") == 9
    assert Acknowledged(9, "aa").in_epoch("bb") == 0
    assert Acknowledged(9).in_epoch("bb") == 9  # a hub that names no life


@pytest.mark.req("I-17", "F-13")
def test_a_smaller_tree_after_a_real_restore_is_followed_and_everything_is_owed_again(
    tmp_path: Path, tally: Tally
) -> None:
    settings = hub_settings(tmp_path / "hub")
    database, backup = tmp_path / "hub" / "hub.db", tmp_path / "backup.db"
    with running_hub(settings) as hub:
        watched = Watched(hub, tmp_path / "box", WatchRules(every_seconds=0.2, random_events=4, sweep_events=100))
        watched.send(20)
        assert watched.watch.check().state is HubLogState.VERIFIED
        with sqlite3.connect(database) as source, sqlite3.connect(backup) as copy:
            source.backup(copy)
        watched.send(30)
        before = watched.watch.check().size
    for part in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
        part.unlink(missing_ok=True)
    shutil.copy(backup, database)
    restored = Database(settings.effective_database_url)
    with restored.directory() as connection:
        begin_life(connection, 1)
    restored.close()
    tally.injected(1)
    tally.acknowledged(before)
    try:
        with running_hub(settings):
            assert watched.watch.check().state is HubLogState.VERIFIED
            (told,) = watched.told(HubRestored.event_type)
            assert told["size_known"] == before
            assert 20 <= told["size_resumed"] < before
            watched.rig.append(1)
            watched.rig.wait_acknowledged()
            for _ in range(3):
                assert watched.watch.check().state is HubLogState.VERIFIED
            assert watched.watch.status.size >= before
            assert watched.told(HubRewroteHistory.event_type) == []
            tally.lost(0)
    finally:
        watched.close()
