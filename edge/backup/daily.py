"""Looks after a running record: a check and a backup once a day, and images mended as damage is found."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from edge.backup.errors import BackupDamaged, HistoryUnavailable
from edge.backup.folder import BackupFolder
from edge.backup.history import History
from edge.backup.job import BackupJob
from edge.backup.source import RecordSource
from edge.config import StoreSettings
from edge.record import PROJECTIONS, RECORD_FILE, Record, mark_damaged
from edge.store.check import Problem, check_images, check_record
from edge.store.database import Database
from edge.store.errors import StorageFull
from shared.clock import Clock
from shared.errors import MedSpaError
from shared.ids import BlobName
from shared.vocabulary import ImageKind
from shared.worker import Seconds, Worker

_FIRST_SECONDS: Final = 600.0
_EVERY_SECONDS: Final = Seconds(24 * 3600.0)
_AGAIN_SECONDS: Final = Seconds(1800.0)
_IMAGES_A_DAY: Final = 200
_NOT_BEGUN: Final = Problem(
    "backup_not_begun",
    "No backup: there is none in the configured folder. Is its disk plugged in? Begin one with `medspa edge backup`",
)


@dataclass(frozen=True, slots=True)
class CareState:
    """What the last rounds found.

    Attributes:
        problems: damage that stands, each with what to do; empty when all is well.
        checked_at: when the record was last checked.
        backed_up_at: when the last backup was verified.
        backup_problem: why the last backup did not come about, or None.
        mended: images put back since the start.
    """

    problems: tuple[Problem, ...] = ()
    checked_at: datetime | None = None
    backed_up_at: datetime | None = None
    backup_problem: Problem | None = None
    mended: int = 0


class DailyCare:
    """Checks the record and backs it up on its own thread."""

    def __init__(
        self,
        settings: StoreSettings,
        record: Record,
        history: History,
        clock: Clock,
        software: str,
    ) -> None:
        """Keep the collaborators.

        Args:
            settings: where the record lies, and where its backups go.
            record: the open record.
            history: the hub, for images that are damaged here.
            clock: dates rounds and backups.
            software: version of this software.
        """
        self._settings = settings
        self._record = record
        self._history = history
        self._clock = clock
        self._software = software
        self._log = structlog.get_logger()
        self._state = CareState()
        self._worker = Worker("record-care", self.step, every=_AGAIN_SECONDS, first=_FIRST_SECONDS)

    @property
    def state(self) -> CareState:
        """What the last rounds found."""
        return self._state

    def start(self) -> None:
        """Begin ten minutes from now, and go on once a day until `stop`."""
        self._worker.start()

    def stop(self) -> None:
        """Stop; a backup under way is given up, and its former version counts."""
        self._worker.stop()

    def step(self) -> Seconds:
        """Do one round and return the seconds until the next; sooner when the backup did not come about.

        Raises:
            MedSpaError, OSError: the record cannot be read now; this is tried again in half an hour.
        """
        self._check()
        if self._settings.backup_folder is not None and not self._state.problems:
            self._back_up()
        return _AGAIN_SECONDS if self._state.backup_problem is not None else _EVERY_SECONDS

    def _check(self) -> None:
        database = self._open()
        try:
            problems = check_record(database, self._record.keys.log_head())
        finally:
            database.close()
        for problem in problems:
            self._log.error("record_damaged", code=problem.code)
        if problems and self._settings.backup_folder is not None:
            mark_damaged(self._settings.folder, problems[0])
        if problems:
            problems = [replace(problem, sentence=f"{problem.sentence}. {self._advice()}") for problem in problems]
        images, mended = self._check_images()
        self._state = replace(
            self._state,
            problems=(*problems, *images),
            checked_at=self._clock.wall(),
            mended=self._state.mended + mended,
        )

    def _advice(self) -> str:
        if self._settings.backup_folder is None:
            return "Stop the box and run `medspa edge restore --replace --from FOLDER`"
        return "Restart the box: it restores itself from its backup and the hub"

    def _check_images(self) -> tuple[list[Problem], int]:
        """Check some images, another choice each day, and put damaged ones back from the backup or the hub."""
        rows = self._record.store.rows(
            "SELECT name, kind, size FROM images ORDER BY random() LIMIT ?", (_IMAGES_A_DAY,)
        )
        sizes = {(BlobName(name), ImageKind(kind)): int(size) for name, kind, size in rows}
        damaged = check_images(self._record.vault, list(sizes))
        lost = [place for place in damaged if not self._mend(*place, sizes[place])]
        if not lost:
            return [], len(damaged)
        sentence = f"{len(lost)} photographs are damaged and neither backup nor hub has them now; this is tried daily"
        return [Problem("images_damaged", sentence)], len(damaged) - len(lost)

    def _mend(self, name: BlobName, kind: ImageKind, size: int) -> bool:
        for source in (self._image_of_backup, lambda name, _kind: self._history.image(name, size)):
            with suppress(BackupDamaged, HistoryUnavailable, StorageFull):
                sealed = source(name, kind)
                if sealed is not None:
                    self._record.vault.take_back(name, kind, sealed)
                    self._log.warning("image_mended", blob=name)
                    return True
        return False

    def _image_of_backup(self, name: BlobName, kind: ImageKind) -> bytes | None:
        folder = self._backup_folder()
        return folder.image(name, kind) if folder is not None else None

    def _back_up(self) -> None:
        folder = self._backup_folder()
        if folder is None or not folder.numbers():
            # Never onto the box's own disk because the other one is not plugged in.
            self._state = replace(self._state, backup_problem=_NOT_BEGUN)
            return
        database = self._open()
        try:
            source = RecordSource(database, PROJECTIONS, self._record.keys.log_head())
            job = BackupJob(source, self._record.vault, folder, self._record.store.identity)
            job.run(self._clock.wall(), self._software, self._settings.backup_versions)
        except (MedSpaError, OSError) as error:
            problem = _not_backed_up(error)
            self._log.error("backup_failed", code=problem.code)
            self._state = replace(self._state, backup_problem=problem)
        else:
            self._state = replace(self._state, backup_problem=None, backed_up_at=self._clock.wall())
            self._log.info("backup_verified")
        finally:
            database.close()

    def _backup_folder(self) -> BackupFolder | None:
        folder = self._settings.backup_folder
        return BackupFolder(folder, self._record.keys.backup()) if folder is not None else None

    def _open(self) -> Database:
        """Open the record a second time, so that a long walk holds up nobody."""
        return Database(self._settings.folder / RECORD_FILE, self._record.keys.database())


def _not_backed_up(error: MedSpaError | OSError) -> Problem:
    if isinstance(error, MedSpaError):
        return Problem(error.code, f"No backup: {error.sentence}")
    return Problem("backup_disk", "No backup: the backup's disk cannot be read or written; is it plugged in?")
