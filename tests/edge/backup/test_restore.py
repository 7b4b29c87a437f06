"""A restored record is the one that was backed up, goes on in a new epoch, and never takes a living one's place."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.backup.errors import BackupDamaged, HistoryUnavailable, NoBackup, RecordLives
from edge.backup.folder import BackupFolder
from edge.backup.recovery import open_recovery, seal_recovery
from edge.keys.box import BoxKeys
from edge.store.errors import StorageBroken, StorageFull
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected
from shared.events.envelope import Event
from shared.ids import BlobName
from shared.sync.position import Position
from shared.vocabulary import ImageKind
from tests.edge.backup.rig import BackedUp
from tests.support.damage import flipped
from tests.support.promises import Tally


class HeldEvents:
    """A hub that holds events and images, in memory."""

    def __init__(self, events: list[Event], images: dict[str, bytes] | None = None, breaks_after: int = -1) -> None:
        self._events = events
        self._images = images or {}
        self._breaks_after = breaks_after

    def events(self, end: Position) -> Iterator[list[Event]]:
        at = next((n for n, event in enumerate(self._events) if event.hash == end.hash), -1) + 1
        for number, event in enumerate(self._events[at:]):
            if number == self._breaks_after:
                raise HistoryUnavailable("hub_unreachable", "cut")
            yield [event]

    def image(self, name: BlobName, size: int) -> bytes | None:
        del size
        return self._images.get(name)


def all_events(box: BackedUp) -> list[Event]:
    return [Event.from_body(body) for (body,) in box.record.store.rows("SELECT body FROM events ORDER BY position")]


@pytest.mark.req("I-18", "F-14", "P-5")
def test_restored_record_is_the_former_one_and_goes_on_in_a_new_epoch(box: BackedUp) -> None:
    client = box.record.new_client("Ada Canary")
    name = box.photograph(client)
    box.append(250)
    box.back_up()
    log, digests, cursor = box.log(), box.digests(), Position("a" * 16, 7, "b" * 64)
    box.record.store.move_cursor("down", cursor)
    box.back_up()
    box.lose()
    shutil.rmtree(box.settings.folder)
    box.settings.folder.mkdir()
    report = box.restore()
    assert (report.images, report.images_missing, report.replaced) == (1, 0, None)
    record = box.reopen()
    assert box.log()[:-1] == log
    epoch, seq, _ = box.log()[-1]
    assert (epoch, seq) == (report.epoch, 1)
    assert epoch not in {place[0] for place in log}
    assert record.store.verify().intact
    assert box.digests() == digests
    assert record.store.cursor("down") == cursor
    key = record.clients.key_of(client)
    assert record.vault.get(BlobName(name), client, ImageKind.ORIGINAL, key).startswith(b"not a real picture")
    box.append(3)
    assert [place[:2] for place in box.log()[-4:]] == [(epoch, number) for number in (1, 2, 3, 4)]
    assert record.store.verify().intact


@pytest.mark.req("F-14", "I-18")
def test_what_the_hub_holds_behind_the_backup_comes_back_verbatim_with_its_images(box: BackedUp, tally: Tally) -> None:
    client = box.record.new_client()
    box.append(5)
    box.back_up()
    box.append(30)
    name = box.photograph(client)
    tally.acknowledged(box.record.store.head().seq)
    images = {name: box.record.vault.sealed_bytes(BlobName(name), ImageKind.ORIGINAL)}
    held, log = all_events(box), box.log()
    box.lose()
    shutil.rmtree(box.settings.folder / "vault")
    tally.injected(1)
    report = box.restore(HeldEvents(held, images))
    assert (report.from_hub, report.images) == (31, 1)
    box.reopen()
    assert box.log()[:-1] == log
    tally.lost(len(set(log) - set(box.log())))
    assert box.record.store.cursor("hub") == Position(*log[-1])
    assert box.record.vault.names(ImageKind.ORIGINAL) == {name}


@pytest.mark.req("F-14")
def test_a_hub_lost_in_the_middle_leaves_nothing_half_restored_and_the_next_attempt_ends_well(box: BackedUp) -> None:
    box.append(5)
    box.back_up()
    box.append(10)
    held, log = all_events(box), box.log()
    box.lose()
    with pytest.raises(HistoryUnavailable):
        box.restore(HeldEvents(held, breaks_after=4))
    assert not box.path.exists()
    box.restore(HeldEvents(held))
    box.reopen()
    assert box.log()[:-1] == log


def test_a_living_record_is_replaced_only_when_asked_and_then_moved_aside(box: BackedUp) -> None:
    box.append(5)
    box.back_up()
    box.append(5)
    box.record.store.close()
    before = box.path.read_bytes()
    with pytest.raises(RecordLives, match="--replace"):
        box.restore()
    assert box.path.read_bytes() == before
    report = box.restore(replace=True)
    assert report.replaced is not None
    assert (report.replaced / "record.db").read_bytes() == before
    assert report.salvaged == 5
    box.reopen()
    assert len(box.log()) == 11
    assert box.record.store.verify().intact


@pytest.mark.req("F-19")
@pytest.mark.parametrize("part", ["objects", "images"])
def test_a_backup_that_does_not_verify_is_refused_and_says_what_is_wrong(box: BackedUp, part: str) -> None:
    client = box.record.new_client()
    box.photograph(client)
    box.back_up()
    path = next(path for path in (box.target / part).rglob("*") if path.is_file())
    path.write_bytes(flipped(path.read_bytes()))
    box.lose()
    with pytest.raises(BackupDamaged, match=path.name[:12]):
        box.restore()
    assert not box.path.exists()
    path.unlink()
    with pytest.raises(BackupDamaged, match="missing"):
        box.restore()


def test_an_older_version_can_be_restored_and_the_next_backup_follows_the_new_log(box: BackedUp) -> None:
    box.append(5)
    box.back_up()
    box.append(5)
    box.back_up()
    box.lose()
    box.restore(number=1)
    box.reopen()
    box.append(4)
    log = box.log()
    assert len(log) == 5 + 1 + 4
    report = box.back_up()
    assert (report.manifest.number, report.manifest.events, report.new_events) == (3, 10, 5)
    box.lose()
    box.restore()
    box.reopen()
    assert box.log()[:-1] == log


def test_restore_without_room_is_refused_before_anything_is_written(
    box: BackedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.append(5)
    box.back_up()
    box.lose()
    usage = type("Usage", (), {"free": 1024})
    monkeypatch.setattr("edge.store.vault.shutil.disk_usage", lambda _path: usage)
    with pytest.raises(StorageFull):
        box.restore()
    assert not box.path.exists()


def test_another_boxes_backup_is_refused(box: BackedUp) -> None:
    box.append(1)
    box.back_up()
    box.lose()
    (box.settings.folder / "identity.json").write_text('{"tenant": "t", "location": "l", "device": "other"}')
    with pytest.raises(BackupDamaged, match="another box"):
        box.restore()


def test_an_empty_folder_is_no_backup(box: BackedUp) -> None:
    box.append(1)
    box.lose()
    with pytest.raises(NoBackup):
        box.restore()
    assert not box.path.exists()


def test_history_of_another_log_is_refused(box: BackedUp, tmp_path: Path) -> None:
    box.append(3)
    box.back_up()
    other = BackedUp(tmp_path / "other")
    foreign = other.append(5)
    other.record.store.close()
    box.lose()
    with pytest.raises(StorageBroken, match="does not continue"):
        box.restore(HeldEvents(foreign[3:]))
    assert not box.path.exists()


def test_a_new_box_needs_backup_recovery_file_and_passphrase(box: BackedUp, tmp_path: Path) -> None:
    box.append(7)
    box.record.keys.keep_transport(b"t" * 32)
    box.back_up()
    log = box.log()
    data = seal_recovery(box.record.keys.recovery_secrets(), "box-1", "a long passphrase")
    for wrong in ("another passphrase", "A long passphrase"):
        with pytest.raises(CannotOpen):
            open_recovery(data, wrong)
    with pytest.raises(CannotOpen):
        open_recovery(flipped(data), "a long passphrase")
    with pytest.raises(Rejected, match="no recovery file"):
        open_recovery(b"something else", "a long passphrase")
    with pytest.raises(Rejected, match="at least"):
        seal_recovery({}, "box-1", "short")
    new = BackedUp(tmp_path / "new", box.target)
    new.record.store.close()
    shutil.rmtree(tmp_path / "new")
    keys = BoxKeys(new.settings.keys_folder)
    keys.take_recovery_secrets(open_recovery(data, "a long passphrase"))
    assert keys.identity().public == box.record.keys.identity().public
    new.record.keys = keys
    new.settings.folder.mkdir()
    new.restore()
    new.reopen()
    assert new.log()[:-1] == log
    new.record.store.close()
    third = BoxKeys(tmp_path / "third")
    third.identity()
    with pytest.raises(Rejected, match="another box"):
        third.take_recovery_secrets(open_recovery(data, "a long passphrase"))


_RUN = """
import sys
from pathlib import Path
from edge.backup.folder import BackupFolder
from edge.backup.restore import Restore
from edge.config import StoreSettings
from edge.keys.box import BoxKeys
from tests.support.clocks import ManualClock
folder = Path(sys.argv[1])
settings = StoreSettings(folder=folder / "data", keys_folder=folder / "keys", reserve_bytes=1024 * 1024)
keys = BoxKeys(settings.keys_folder)
Restore(settings, keys, BackupFolder(folder / "usb", keys.backup()), ManualClock(), None).run(replace=True)
"""


@pytest.mark.system
@pytest.mark.req("F-02", "P-1", "I-18")
@pytest.mark.parametrize("call", ["fsync", "rename", "unlink"])
def test_restore_killed_at_any_step_is_run_again_and_ends_well(box: BackedUp, call: str, tally: Tally) -> None:
    client = box.record.new_client()
    box.photograph(client)
    box.append(20)
    box.back_up()
    log = box.log()
    box.record.store.close()
    killed = 0
    for when in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 95, 120):
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
        command += ["-e", f"inject={call}:signal=SIGKILL:when={when}", sys.executable, "-c", _RUN, str(box.folder)]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, check=False, timeout=60)
        if done.returncode == 0:
            break
        killed += 1
        tally.injected(1)
        box.restore(replace=True)
        box.reopen()
        assert box.log()[: len(log)] == log
        assert box.record.store.verify().intact
        box.record.store.close()
    else:
        pytest.fail("never ended clean")
    assert killed
    keys = BoxKeys(box.settings.keys_folder)
    assert BackupFolder(box.target, keys.backup()).require().events == len(log)
