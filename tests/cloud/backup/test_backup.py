"""What a restore refuses, and that it leaves everything as it was when it does."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.backup.backup import BackupFailed, HubFiles, back_up
from cloud.backup.images import POOL
from cloud.backup.key_export import KeysDiffer, export_keys, import_keys
from cloud.backup.manifest import MANIFEST, READABLE_MANIFEST, BackupDamaged, NoBackup
from cloud.backup.restore import LivingDatabase, Restore
from cloud.backup.sqlite_copy import DATABASE
from cloud.cli import app
from cloud.fleet.ca import HubAuthority
from cloud.side import verify_logs
from cloud.storage.presence import HubRunning, hub_present
from shared.clock import SystemClock
from shared.crypto.aead import CannotOpen
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import MedSpaError, Rejected
from tests.support.clocks import ManualClock
from tests.support.damage import flipped
from tests.support.servers import free_port
from tests.support.stepped import TENANT, SteppedBox, sqlite_files, stepped_hub

UNSEALED = Path(__file__).parents[2] / "data" / "hub_backups" / "v1"


@pytest.fixture
def files(tmp_path: Path) -> HubFiles:
    """A stopped hub with a little in it, and one backup in `backups`."""
    found, clock, port = sqlite_files(tmp_path / "hub"), ManualClock(), free_port()
    with stepped_hub(found, clock, ["one"], port) as hub:
        box = SteppedBox(hub, tmp_path / "box", "one", clock)
        box.photograph(b"picture" * 100)
        box.connect()
        box.talk(hub, clock)
        box.upload()
        back_up(found, tmp_path / "backups", clock)
    return found


def restore(files: HubFiles, source: Path, *, replace: bool = True) -> None:
    Restore(files, files.images.parent, ManualClock(), verify_logs).run(source, replace=replace)


def the_backup(folder: Path) -> Path:
    return min((folder / "backups").glob("backup-*"))


def contents(files: HubFiles) -> bytes:
    return (files.images.parent / "hub.db").read_bytes()


def refused(files: HubFiles, source: Path, kind: type[MedSpaError], *, replace: bool = True) -> None:
    before = contents(files)
    with pytest.raises(kind):
        restore(files, source, replace=replace)
    assert contents(files) == before


@pytest.mark.req("P-4", "F-19")
@pytest.mark.parametrize("name", [DATABASE, "images.txt", MANIFEST])
def test_a_backup_changed_anywhere_is_refused_and_nothing_is_touched(
    files: HubFiles, tmp_path: Path, name: str
) -> None:
    path = the_backup(tmp_path) / name
    path.write_bytes(flipped(path.read_bytes()))
    refused(files, tmp_path / "backups", BackupDamaged)


def test_a_manifest_of_another_backup_is_refused(files: HubFiles, tmp_path: Path) -> None:
    clock = ManualClock()
    clock.advance(60)
    other = back_up(files, tmp_path / "backups", clock).folder
    shutil.copyfile(the_backup(tmp_path) / MANIFEST, other / MANIFEST)
    refused(files, tmp_path / "backups", BackupDamaged)


@pytest.mark.req("I-12")
def test_nothing_in_a_backup_can_be_read_without_the_hubs_keys(files: HubFiles, tmp_path: Path) -> None:
    living = (files.images.parent / "hub.db").read_bytes()
    assert b"CREATE TABLE" in living
    assert TENANT.encode() in living
    written = [path for path in (tmp_path / "backups").rglob("*") if path.is_file()]
    assert {DATABASE, "images.txt", MANIFEST} <= {path.name for path in written}
    for path in written:
        data = path.read_bytes()
        for canary in (b"SQLite format 3", b"CREATE TABLE", TENANT.encode(), b"sha256", b"hub_epoch"):
            assert canary not in data, (path.name, canary)


def test_no_readable_copy_is_left_beside_the_database(files: HubFiles, tmp_path: Path) -> None:
    folder = files.images.parent
    left = folder / "hub.db.backing-up"  # as a crash leaves it
    left.write_bytes(b"half a copy")
    clock = ManualClock()
    clock.advance(60)
    back_up(files, tmp_path / "backups", clock)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BackupFailed):
        back_up(files, tmp_path / "file", clock)
    assert not list(folder.glob("hub.db.backing-up*[!k]"))


@pytest.fixture
def old(tmp_path: Path) -> HubFiles:
    """The keys of a hub, and in `old` a backup of it that software from before the seals has written."""
    shutil.copytree(UNSEALED, tmp_path / "old")
    for path in (tmp_path / "old" / "keys").iterdir():
        path.chmod(0o600)
    (tmp_path / "old" / "keys").chmod(0o700)
    url = f"sqlite:///{tmp_path / 'old' / 'hub.db'}"
    return HubFiles(url, url, tmp_path / "old" / "blobs", SealedKeyFolder(tmp_path / "old" / "keys"))


@pytest.mark.req("P-4", "I-15", "F-18")
def test_a_backup_of_before_they_were_sealed_still_restores(old: HubFiles, tmp_path: Path) -> None:
    restore(old, tmp_path / "old" / "backups", replace=False)
    with closing(sqlite3.connect(tmp_path / "old" / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] > 20


@pytest.mark.req("P-4", "F-19")
@pytest.mark.parametrize("name", [DATABASE, READABLE_MANIFEST])
def test_a_backup_of_before_they_were_sealed_is_refused_when_changed(old: HubFiles, tmp_path: Path, name: str) -> None:
    path = the_backup(tmp_path / "old") / name
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(BackupDamaged):
        restore(old, tmp_path / "old" / "backups", replace=False)
    assert not (tmp_path / "old" / "hub.db").exists()


def test_a_backup_that_was_interrupted_is_none(files: HubFiles, tmp_path: Path) -> None:
    (the_backup(tmp_path) / MANIFEST).unlink()
    refused(files, tmp_path / "backups", NoBackup)


def test_a_living_database_is_moved_aside_only_when_that_is_asked_for(files: HubFiles, tmp_path: Path) -> None:
    refused(files, tmp_path / "backups", LivingDatabase, replace=False)
    before = contents(files)
    restore(files, tmp_path / "backups")
    aside = next(files.images.parent.glob("hub.db.before-*"))
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert contents(files) != before


def test_nobody_restores_under_a_running_hub(files: HubFiles, tmp_path: Path) -> None:
    with hub_present(files.images.parent):
        refused(files, tmp_path / "backups", HubRunning)
    restore(files, tmp_path / "backups")


def test_other_keys_do_not_open_a_backup(files: HubFiles, tmp_path: Path) -> None:
    other = HubFiles(files.database_url, files.owner_url, files.images, SealedKeyFolder(tmp_path / "other"))
    refused(other, tmp_path / "backups", BackupDamaged)


@pytest.mark.req("I-06")
def test_an_image_damaged_in_the_backup_is_left_for_the_boxes(files: HubFiles, tmp_path: Path) -> None:
    image = next((tmp_path / "backups" / POOL / TENANT).iterdir())
    image.write_bytes(flipped(image.read_bytes()))
    (files.images / TENANT / image.name).unlink()
    restore(files, tmp_path / "backups")
    with closing(sqlite3.connect(files.images.parent / "hub.db")) as connection:
        assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (0,)


def test_a_second_backup_copies_no_image_again(files: HubFiles, tmp_path: Path) -> None:
    clock = ManualClock()
    clock.advance(60)
    again = back_up(files, tmp_path / "backups", clock)
    assert (again.images, again.images_copied, again.images_absent) == (1, 0, 0)


def test_a_folder_that_cannot_be_written_is_said_so(files: HubFiles, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BackupFailed):
        back_up(files, tmp_path / "file", ManualClock())


def test_keys_travel_under_a_passphrase_only(files: HubFiles, tmp_path: Path) -> None:
    export = tmp_path / "hub.keys"
    folder = files.images.parent / "keys"
    assert export_keys(folder, export, "correct horse battery") >= 2
    secret = files.keys.get(f"tenant.{TENANT}")
    assert secret is not None
    assert secret not in export.read_bytes()
    assert secret.hex().encode() not in export.read_bytes()
    fresh = SealedKeyFolder(tmp_path / "fresh")
    with pytest.raises(CannotOpen):
        import_keys(tmp_path / "fresh", export, "another passphrase")
    import_keys(tmp_path / "fresh", export, "correct horse battery")
    assert fresh.get(f"tenant.{TENANT}") == secret
    authorities = [HubAuthority(place, [TENANT], SystemClock()) for place in (folder, tmp_path / "fresh")]
    assert authorities[0].fingerprint == authorities[1].fingerprint
    other = SealedKeyFolder(tmp_path / "other")
    other.put(f"tenant.{TENANT}", b"\x01" * 32)
    with pytest.raises(KeysDiffer):
        import_keys(tmp_path / "other", export, "correct horse battery")
    with pytest.raises(Rejected):
        export_keys(folder, export, "short")


@pytest.mark.req("P-4")
def test_the_commands_bring_a_hub_back_on_an_empty_machine(files: HubFiles, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n", encoding="utf-8")

    def config(folder: Path) -> str:
        path = tmp_path / f"{folder.name}.toml"
        place = '[[hub.tenants]]\nid = "lumen"\nname = "L"\n[[hub.tenants.locations]]\nid = "one"\nname = "One"\n'
        path.write_text(f'[hub]\ndata_folder = "{folder}"\n{place}', encoding="utf-8")
        return str(path)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    kept = ["--passphrase-file", str(passphrase)]
    goal, keys = str(tmp_path / "more"), str(tmp_path / "hub.keys")
    run("backup", "-c", config(tmp_path / "hub"), "--to", goal, "--keys-to", keys, *kept)
    output = run("restore", "-c", config(tmp_path / "new"), "--from", goal, "--keys-from", keys, *kept)
    assert "1 images are here" in output
    assert (tmp_path / "new" / "hub.db").is_file()
    assert "boxes will be asked for 0" in output
