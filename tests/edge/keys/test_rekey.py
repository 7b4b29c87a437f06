"""A new database key by copy and swap, cut at every step: the old key opens or the new one, never neither."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config import StoreSettings
from edge.keys.box import BoxKeys
from edge.keys.rekey import Rekey
from edge.record import RECORD_FILE, Record, open_record
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken, StorageFull, WrongKey
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import Uuid7Source
from shared.locks import HeldByAnother
from tests.support.clocks import ManualClock
from tests.support.disks import MOMENTS, FailingDisk, PowerCut
from tests.support.promises import Tally

EVENTS = 25


def settings_in(folder: Path) -> StoreSettings:
    return StoreSettings(folder=folder / "data", keys_folder=folder / "keys", reserve_bytes=1 << 20)


def opened(folder: Path) -> Record:
    clock = ManualClock()
    return open_record(settings_in(folder), clock, Uuid7Source(clock))


def enrolled(folder: Path, events: int = EVENTS) -> StoreSettings:
    (folder / "data").mkdir(parents=True)
    who = {"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}
    (folder / "data" / "identity.json").write_text(json.dumps(who))
    record = opened(folder)
    started = EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")
    for _ in range(events):
        record.store.append([started])
    record.store.close()
    record.clients.close()
    return settings_in(folder)


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    return enrolled(tmp_path)


def exchange(folder: Path, disk: FailingDisk | None = None, free: int = 1 << 40) -> None:
    keys = BoxKeys(folder / "keys")
    if disk is not None:
        keys._keys = SealedKeyFolder(folder / "keys", disk=disk)
    Rekey(folder / "data" / RECORD_FILE, keys, disk, lambda _: free).run()


def key_of(folder: Path) -> bytes:
    return SealedKeyFolder(folder / "keys").get("database") or b""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data").glob("record.db*"))


def whole(folder: Path) -> Iterator[str]:
    """Open the record as after a restart and name what is wrong with it."""
    record = opened(folder)
    if record.store.head().seq != EVENTS:
        yield f"{record.store.head().seq} events"
    if not record.store.verify().intact:
        yield "damaged"
    record.store.close()
    record.clients.close()
    if files(folder) != [RECORD_FILE]:
        yield f"left over: {files(folder)}"
    if SealedKeyFolder(folder / "keys").get("database-next") is not None:
        yield "a key is left over"


@pytest.mark.req("F-15", "P-5")
def test_the_new_key_opens_the_same_record_and_the_old_one_nothing(tmp_path: Path, settings: StoreSettings) -> None:
    old, root = key_of(tmp_path), (tmp_path / "keys" / "root.key").read_bytes()
    exchange(tmp_path)
    assert key_of(tmp_path) != old
    assert list(whole(tmp_path)) == []
    with pytest.raises(WrongKey):
        Database(settings.folder / RECORD_FILE, old)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(secret in data for secret in (old, root) for data in kept)


@pytest.mark.req("F-15", "I-01", "I-02")
def test_cut_at_any_step_the_record_opens_with_every_event_and_can_be_given_a_new_key_again(
    tmp_path: Path, tally: Tally
) -> None:
    cuts, changed = 0, set()
    for after, half in MOMENTS:
        step, failed = 1, True
        while failed:
            folder = tmp_path / f"{step}-{after}-{half}"
            enrolled(folder)
            old, disk = key_of(folder), FailingDisk(step, after=after, half=half)
            try:
                exchange(folder, disk)
            except PowerCut:
                cuts += 1
            failed = disk.failed
            assert list(whole(folder)) == []
            changed.add(key_of(folder) != old)
            exchange(folder)
            assert list(whole(folder)) == []
            step += 1
    assert changed == {True, False}
    assert cuts >= 20
    tally.injected(cuts)
    tally.acknowledged(cuts * EVENTS)
    tally.lost(0)


@pytest.mark.req("F-15", "F-02")
@pytest.mark.timeout(300)
def test_killed_at_random_instants_the_record_opens_with_every_event(
    tmp_path: Path, settings: StoreSettings, tally: Tally
) -> None:
    code = "import sys; from pathlib import Path; from tests.edge.keys import test_rekey as t"
    loop = f"{code}\nprint('ready', flush=True)\nwhile True: t.exchange(Path(sys.argv[1])); print('done', flush=True)"
    exchanged = 0
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", loop, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(random.uniform(0.0, 0.6))
            child.kill()
            exchanged += child.stdout.read().count("done")
        assert list(whole(tmp_path)) == []
    print(f"{exchanged} exchanges completed")
    tally.injected(6)
    tally.acknowledged(6 * EVENTS)


@pytest.mark.req("F-15", "I-12")
def test_a_journal_that_a_crash_left_before_it_counted_goes_with_the_exchange_that_was_cut(
    tmp_path: Path, settings: StoreSettings, tally: Tally
) -> None:
    with pytest.raises(PowerCut):  # after the new key was put and before the copy was in its place
        exchange(tmp_path, FailingDisk(2))
    assert SealedKeyFolder(tmp_path / "keys").get("database-next") is not None
    # As SQLite writes it: until it is synced its first bytes are nought, and it is no reason to roll anything back.
    (settings.folder / f"{RECORD_FILE}-journal").write_bytes(bytes(512) + b"a page under the old key" + bytes(4096))
    tally.injected(1)
    assert list(whole(tmp_path)) == []


def test_it_refuses_while_the_box_runs(tmp_path: Path, settings: StoreSettings) -> None:
    record = opened(tmp_path)
    with pytest.raises(HeldByAnother):
        exchange(tmp_path)
    record.store.close()
    exchange(tmp_path)
    assert list(whole(tmp_path)) == []


def test_without_room_for_a_copy_nothing_is_changed(tmp_path: Path, settings: StoreSettings) -> None:
    old = key_of(tmp_path)
    with pytest.raises(StorageFull, match="no_room_for_copy"):
        exchange(tmp_path, free=1024)
    assert key_of(tmp_path) == old
    assert list(whole(tmp_path)) == []


def test_a_damaged_record_keeps_its_key_and_its_file(tmp_path: Path, settings: StoreSettings) -> None:
    record, key = settings.folder / RECORD_FILE, key_of(tmp_path)
    database = Database(record, key)
    database.write(lambda connection: connection.execute("DROP TRIGGER events_are_never_changed"))
    database.write(lambda connection: connection.execute("UPDATE events SET body = x'00' WHERE seq = 3"))
    database.close()
    with pytest.raises(StorageBroken, match="record_damaged"):
        exchange(tmp_path)
    assert (files(tmp_path), key_of(tmp_path)) == ([RECORD_FILE], key)
    still = opened(tmp_path).store.verify()
    assert still.damage is not None
    assert still.damage.seq == 3


@pytest.mark.req("F-19")
def test_a_record_that_is_gone_in_the_middle_is_named_and_not_begun_anew(
    tmp_path: Path, settings: StoreSettings
) -> None:
    with pytest.raises(PowerCut):
        exchange(tmp_path, FailingDisk(3))
    (settings.folder / RECORD_FILE).rename(tmp_path / "elsewhere")
    with pytest.raises(RecordMissing):
        opened(tmp_path)
    (tmp_path / "elsewhere").rename(settings.folder / RECORD_FILE)
    assert list(whole(tmp_path)) == []
