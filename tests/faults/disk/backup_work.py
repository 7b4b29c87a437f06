"""Backup and restore as programs that a cut interrupts, and what must hold of their folders afterwards."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from edge.backup.folder import BackupFolder
from edge.backup.job import BackupJob
from edge.backup.restore import Restore
from edge.backup.source import RecordSource
from edge.backup.verify import Verifier
from edge.keys.opening import open_keys
from edge.record import PROJECTIONS, RECORD_FILE, VAULT_FOLDER, Record
from edge.store.database import Database
from edge.store.errors import StorageBroken
from edge.store.vault import ImageVault
from shared.clock import SystemClock
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from tests.faults.disk import box_work


def prepare(folder: Path) -> list[str]:
    """Make a box with a backup and more in its log, the rest in the write-ahead log; return the log's hashes."""
    box_work.prepare(folder)
    _back_up(folder)
    record = box_work.open_box(folder)
    record.store.append([EventDraft("box/box-1", BoxStarted(software="x", clean=True), "box", "operation")] * 40)
    log = [digest for (digest,) in record.store.rows("SELECT hash FROM events ORDER BY position")]
    data = box_work.settings(folder).folder
    files = {data / name: (data / name).read_bytes() for name in (RECORD_FILE, f"{RECORD_FILE}-wal")}
    record.store.close()
    for path, content in files.items():  # as a cut leaves them: closing in order would have joined the two
        path.write_bytes(content)
    return log


def backup(folder: Path) -> None:
    """Write the next version."""
    box_work.acknowledge(f"version {_back_up(folder)}")


def restore(folder: Path) -> None:
    """Put the backup in the place of the record."""
    _restore(folder)
    box_work.acknowledge("restored 1")


WORK: Final[Mapping[str, Callable[[Path], None]]] = {"backup": backup, "restore": restore}


def check(name: str, before: list[str], folder: Path, acknowledged: tuple[str, ...]) -> None:
    """Hold a folder after a cut to what was acknowledged; a restore is first run again.

    Raises:
        AssertionError: the backup is not whole, or an event is gone.
        MedSpaError: nothing can be restored.
    """
    backup_folder = _folder(folder)
    manifest = backup_folder.require()
    assert Verifier(backup_folder, manifest).everything() == [], "the version that counts is not whole"
    told = dict(line.split(" ", 1) for line in acknowledged)
    assert manifest.number >= int(told.get("version", 1)), "an acknowledged version is gone"
    if name == "restore":
        record = _opened(folder)
        try:
            assert record.store.verify().intact
            hashes = [digest for (digest,) in record.store.rows("SELECT hash FROM events ORDER BY position")]
            assert hashes[: len(before)] == before, "an event is gone"
        finally:
            record.store.close()


def _opened(folder: Path) -> Record:
    """Start the box as it is found; when it refuses, restore it once more."""
    try:
        record = box_work.open_box(folder)
    except StorageBroken:
        _restore(folder)
        record = box_work.open_box(folder)
    return record


def _folder(folder: Path) -> BackupFolder:
    return BackupFolder(folder / "usb", open_keys(box_work.settings(folder)).backup())


def _back_up(folder: Path) -> int:
    settings = box_work.settings(folder)
    keys = open_keys(settings)
    database = Database(settings.folder / RECORD_FILE, keys.database())
    try:
        source = RecordSource(database, PROJECTIONS, keys.log_head())
        vault = ImageVault(settings.folder / VAULT_FOLDER, settings.reserve_bytes)
        job = BackupJob(source, vault, _folder(folder), box_work.IDENTITY)
        return job.run(SystemClock().wall(), "test", 2).manifest.number
    finally:
        database.close()


def _restore(folder: Path) -> None:
    settings = box_work.settings(folder)
    Restore(settings, open_keys(settings), _folder(folder), SystemClock(), None).run(replace=True)
