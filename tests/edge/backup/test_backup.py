"""A backup is incremental, sealed, verified, and whole or not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.backup import folder as folder_module
from edge.backup.errors import BackupDamaged, NoBackup
from edge.backup.folder import BackupFolder
from edge.backup.job import SEGMENT_BYTES
from edge.backup.verify import Verifier
from edge.store.errors import StorageBroken, StorageFull
from shared.locks import HeldByAnother, exclusive
from shared.vocabulary import ImageKind
from tests.edge.backup.rig import BackedUp
from tests.support.damage import flipped


def files(folder: Path) -> dict[str, int]:
    """Return every file of the backup with the time it was last written."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_second_backup_holds_everything_and_writes_only_what_is_new(box: BackedUp) -> None:
    client = box.record.new_client()
    box.photograph(client)
    first = box.back_up()
    assert (first.manifest.number, first.new_events, first.new_images) == (1, 3, 1)
    before = files(box.target)
    box.append(5)
    box.photograph(client, 2)
    second = box.back_up()
    assert (second.manifest.events, second.new_events, second.new_images) == (9, 6, 1)
    after = files(box.target)
    assert {name: at for name, at in after.items() if name in before} == before
    new = {name.split("/")[0] for name in set(after) - set(before)}
    assert new == {"objects", "versions", "images"}
    assert Verifier(box.backup_folder(), second.manifest).everything() == []


def test_nothing_new_is_one_small_manifest(box: BackedUp) -> None:
    box.append(100)
    box.back_up()
    before = files(box.target)
    box.back_up()
    assert set(files(box.target)) - set(before) == {"versions/00000002.sealed"}


@pytest.mark.req("I-12", "P-5")
def test_backup_tells_nothing_to_who_has_no_key_and_holds_no_client_key(box: BackedUp) -> None:
    client = box.record.new_client("Ada Canary", note="allergic to canaries")
    box.photograph(client)
    box.back_up()
    data_key = box.record.clients.key_of(client)
    secrets = [*box.record.keys.secrets().values(), data_key]
    content = b"".join(path.read_bytes() for path in box.target.rglob("*") if path.is_file())
    for clear in (b"Canary", b"canaries", client.encode(), b"client.registered", *secrets):
        assert clear not in content
    with pytest.raises(NoBackup):
        BackupFolder(box.target, bytes(32)).require()


def test_a_long_log_is_cut_into_segments_that_continue_one_another(
    box: BackedUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.backup.job.SEGMENT_BYTES", 20_000)
    box.append(300)
    manifest = box.back_up().manifest
    assert len(manifest.segments) > 5
    assert sum(segment.count for segment in manifest.segments) == manifest.events == 300
    assert Verifier(box.backup_folder(), manifest).everything() == []
    assert SEGMENT_BYTES >= 1024 * 1024


@pytest.mark.req("F-19", "I-14")
@pytest.mark.parametrize("part", ["objects", "images", "versions"])
def test_a_flipped_bit_anywhere_in_the_backup_is_named(box: BackedUp, part: str) -> None:
    client = box.record.new_client()
    box.photograph(client)
    manifest = box.back_up().manifest
    for path in sorted((box.target / part).rglob("*")):
        if not path.is_file():
            continue
        whole = path.read_bytes()
        path.write_bytes(flipped(whole))
        if part == "versions":
            with pytest.raises(BackupDamaged, match="version 1"):
                box.backup_folder().require(1)
        else:
            (problem, *_) = Verifier(box.backup_folder(), manifest).everything()
            assert path.name[:12] in problem
        path.write_bytes(whole)
    assert Verifier(box.backup_folder(), manifest).everything() == []


@pytest.mark.req("F-19")
def test_a_full_backup_mends_what_is_damaged_in_the_folder(box: BackedUp) -> None:
    client = box.record.new_client()
    name = box.photograph(client)
    manifest = box.back_up().manifest
    box.append(3)
    box.back_up()
    folder = box.backup_folder()
    segment = box.target / "objects" / manifest.segments[0].name
    segment.write_bytes(flipped(segment.read_bytes()))
    image = folder.image_path(name, ImageKind.ORIGINAL)  # type: ignore[arg-type]
    image.write_bytes(flipped(image.read_bytes()))
    report = box.back_up(full=True)
    assert report.new_events == 6
    assert Verifier(folder, report.manifest).everything() == []


@pytest.mark.req("F-19", "I-14")
def test_a_damaged_event_is_not_backed_up_and_the_former_backup_stays(box: BackedUp) -> None:
    box.append(5)
    box.back_up()
    box.append(5)

    def damage(connection: object) -> None:
        connection.execute("DROP TRIGGER events_are_never_changed")  # type: ignore[attr-defined]
        connection.execute(  # type: ignore[attr-defined]
            "UPDATE events SET body = replace(body, 'operation', 'operatioN') WHERE seq = 7"
        )

    box.record.store._database.write(damage)
    with pytest.raises(StorageBroken, match="event 7"):
        box.back_up()
    manifest = box.backup_folder().require()
    assert (manifest.number, manifest.events) == (1, 5)
    assert Verifier(box.backup_folder(), manifest).everything() == []


def test_only_the_newest_versions_are_kept_and_each_of_them_is_whole(box: BackedUp) -> None:
    for _ in range(6):
        box.append(3)
        box.back_up(keep=3)
    folder = box.backup_folder()
    assert folder.numbers() == [4, 5, 6]
    for number in folder.numbers():
        assert Verifier(folder, folder.manifest(number)).everything() == []
    named = set().union(*(folder.manifest(number).objects() for number in folder.numbers()))
    assert {path.name for path in (box.target / "objects").iterdir()} == named


def test_backup_without_room_is_refused_before_it_begins(box: BackedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    box.append(5)
    box.back_up()
    box.append(5)
    usage = type("Usage", (), {"free": 1024})
    monkeypatch.setattr(folder_module.shutil, "disk_usage", lambda _path: usage)
    before = files(box.target)
    with pytest.raises(StorageFull, match="make room"):
        box.back_up()
    assert files(box.target) == before


def test_two_backups_into_one_folder_do_not_meet(box: BackedUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.backup.job._PATIENCE_SECONDS", 0.05)
    box.backup_folder().prepare()
    with exclusive(box.backup_folder().lock), pytest.raises(HeldByAnother):
        box.back_up()


_RUN = """
import sys
from pathlib import Path
from tests.edge.backup.rig import BackedUp
box = BackedUp(Path(sys.argv[1]))
box.back_up(keep=2)
"""


@pytest.mark.system
@pytest.mark.req("F-02", "P-1")
def test_backup_killed_at_any_write_leaves_the_former_one_whole(box: BackedUp, tally: object) -> None:
    client = box.record.new_client()
    box.photograph(client)
    box.back_up(keep=2)
    killed = 0
    for when in range(1, 60):
        box.append(2)
        box.photograph(client, when + 1)
        held = box.backup_folder().require().number
        command = [
            "strace", "-f", "-qq", "-o", "/dev/null", "-P", str(box.target), "-e", "trace=fsync,rename,unlink",
            "-e", f"inject=fsync:signal=SIGKILL:when={when}", sys.executable, "-c", _RUN, str(box.folder),
        ]  # fmt: skip
        command = [part for part in command if part not in {"-P", str(box.target)}]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": "."}, check=False, timeout=60)
        manifest = box.backup_folder().require()
        assert manifest.number >= held
        assert Verifier(box.backup_folder(), manifest).everything() == []
        if done.returncode == 0:
            break
        killed += 1
    else:
        pytest.fail("never ended clean")
    assert killed > 3
    tally.injected(killed)  # type: ignore[attr-defined]
    assert box.back_up().manifest.events == box.record.store.head().seq
