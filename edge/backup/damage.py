"""Finds a damaged record before it is opened, and puts the last verified backup in its place.

Never starts empty: with no backup, or none that verifies, the box says what is wrong and stays as it is.
"""

from collections.abc import Iterator
from pathlib import Path

import structlog

from edge.backup.errors import BackupDamaged, HistoryUnavailable
from edge.backup.folder import BackupFolder
from edge.backup.history import HubHistory
from edge.backup.hub import recover_hub_backup
from edge.backup.restore import Restore, RestoreReport
from edge.backup.sealed import SealedBackup
from edge.config import EdgeSettings, StoreSettings
from edge.enrol import read_identity
from edge.hub_door import HubDoor
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.keys.opening import open_keys
from edge.keys.rekey import Rekey, guard_of
from edge.record import DAMAGED_MARKER, RECORD_FILE, read_marker
from edge.store.check import Problem, check_pages, check_tail
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken
from edge.store.schema import is_newer
from edge.store.wal import lost_commits
from edge.sync.hub_channel import HubChannel
from edge.sync.renewal import renewed
from shared.clock import Clock
from shared.errors import Corrupt


def examine(settings: StoreSettings, *, full: bool = False) -> Problem | None:
    """Return what is wrong with a box's record, or None; nothing is written, and a box without one is sound.

    Args:
        settings: where the record lies.
        full: read every page, not only the log's end.
    """
    path = settings.folder / RECORD_FILE
    noted = read_marker(settings.folder)
    if noted is not None:
        return noted
    keys = open_keys(settings)
    if not (path.exists() and path.stat().st_size):
        gone = Problem("record_missing", f"{path} is gone or empty although this box has a record")
        return gone if keys.record_begun else None
    if lost := lost_commits(path.with_name(f"{RECORD_FILE}-wal")):
        return Problem("wal_damaged", f"the record's write-ahead log is damaged: {lost} changes would be lost")
    Rekey(path, keys).recover()
    return _examine_pages(path, keys, full=full)


def _examine_pages(path: Path, keys: BoxKeys, *, full: bool) -> Problem | None:
    try:
        database = Database(path, keys.database(), guard_of(path))
    except Corrupt as error:
        return Problem(error.code, f"the record cannot be opened: {error.sentence}")
    try:
        if is_newer(database):
            return None  # after a step back to older software: it says so when it opens the record, and mends nothing
        problems = check_pages(database) if full else []
        if problems:
            return Problem("pages_damaged", f"the record's file is damaged: {problems[0]}")
        with database.reader() as connection:
            begun = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'head'").fetchone()[0]
        return check_tail(database, keys.log_head()) if begun else None
    except Corrupt as error:
        return Problem(error.code, f"the record cannot be read: {error.sentence}")
    finally:
        database.close()


class Healer:
    """Restores a damaged record from the configured backups, at the box's start."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._log = structlog.get_logger()

    def heal(self, *, full: bool = False) -> RestoreReport | None:
        """Examine the record and restore it when it is damaged; return what came of it, None of a sound one.

        Raises:
            StorageBroken, RecordMissing: it is damaged and nothing configured can restore it.
            HistoryUnavailable: what the backup lacks only the hub has, and it does not answer; try again.
            HistoryRefused, StorageFull, HeldByAnother: the restore waits for a person.
        """
        store = self._settings.store
        problem = examine(store, full=full)
        if problem is None:
            return None
        self._log.error("record_damaged", code=problem.code)
        report = self._restore(problem)
        (store.folder / DAMAGED_MARKER).unlink(missing_ok=True)
        self._log.warning("record_restored", code=problem.code, count=report.manifest.events + report.from_hub)
        return report

    def _restore(self, problem: Problem) -> RestoreReport:
        """Restore the newest version that verifies, with the hub; without it only what loses nothing."""
        keys, wrong = open_keys(self._settings.store), list[str]()
        for backup in self._backups(keys):
            for number in reversed(backup.numbers()):
                try:
                    return self._restore_version(keys, backup, number)
                except BackupDamaged as error:
                    wrong.append(error.sentence)
            wrong.append(f"{backup.name} holds no backup")
        if not wrong:
            wrong.append("no backup folder is configured: run `medspa edge restore --from FOLDER`")
        raise _helpless(problem, wrong[0])

    def _backups(self, keys: BoxKeys) -> Iterator[SealedBackup]:
        """Yield what may be restored from, the nearest first; the hub is asked only where the folder did not do."""
        store = self._settings.store
        if (folder := self._settings.backed_up_to_folder) is not None:
            yield BackupFolder(folder, keys.backup())
        if self._settings.backed_up_to_hub:
            yield recover_hub_backup(store.folder, keys, read_identity(store.folder), self._channel(keys))

    def _restore_version(self, keys: BoxKeys, backup: SealedBackup, number: int) -> RestoreReport:
        store, channel = self._settings.store, self._channel(keys)
        try:
            return Restore(store, keys, backup, self._clock, HubHistory(channel)).run(number, replace=True)
        except HistoryUnavailable:
            return Restore(store, keys, backup, self._clock, None).run(number, replace=True, whole=True)

    def _channel(self, keys: BoxKeys) -> HubChannel:
        hub, device = self._settings.hub, (read_identity(self._settings.store.folder).device, keys.identity())
        certificate = renewed(BoxCertificate(keys.sealed), HubDoor(hub.url), device, self._clock.wall())
        return HubChannel(f"{hub.rpc_host}:{hub.rpc_port}", certificate.present)


def _helpless(problem: Problem, why: str) -> Corrupt:
    kind = RecordMissing if problem.code == "record_missing" else StorageBroken
    return kind(problem.code, f"{problem.sentence}; {why}")
