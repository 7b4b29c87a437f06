"""Looks after a running record: a check and a backup once a day, and images mended as damage is found."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from edge.audit.commands import note_backup
from edge.audit.trail import SYSTEM, AuditTrail
from edge.backup.errors import BackupDamaged, HistoryUnavailable
from edge.backup.folder import BackupFolder
from edge.backup.history import History
from edge.backup.job import BackupJob
from edge.backup.sealed import SealedBackup
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
_FOLDER: Final = "in its folder"
_HUB: Final = "at the hub"
_NOT_BEGUN: Final = Problem(
    "backup_not_begun",
    "there is none in the configured folder. Is its disk plugged in? Begin one with `medspa edge backup`",
)


@dataclass(frozen=True, slots=True)
class CareState:
    """What the last rounds found.

    Attributes:
        problems: damage that stands, each with what to do; empty when all is well.
        checked_at: when the record was last checked.
        backed_up_at: when the last backup was verified.
        backup_problem: why a backup did not come about, or None.
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
        at_hub: SealedBackup | None = None,
    ) -> None:
        """Keep the collaborators.

        Args:
            settings: where the record lies, and where its backups go.
            record: the open record.
            history: the hub, for images that are damaged here.
            clock: dates rounds and backups.
            software: version of this software.
            at_hub: the backup at the hub, where there is one.
        """
        self._settings = settings
        self._record = record
        self._history = history
        self._clock = clock
        self._software = software
        self._at_hub = at_hub
        self._checked: float | None = None
        self._waiting: dict[str, Problem] = {}
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
        """Do one round and return the seconds until the next; sooner when a backup did not come about.

        Such a backup is tried again by itself, so that one that did come about is not made over and over.

        Raises:
            MedSpaError, OSError: the record cannot be read now; this is tried again in half an hour.
        """
        if self._is_new_day():
            self._check()
            self._checked = self._clock.monotonic()
            self._waiting = dict.fromkeys(self._targets(), _NOT_BEGUN)
            if self._waiting and not self._state.problems:
                # Once a day, however often it must be tried.
                note_backup(self._record.store, AuditTrail(self._record.store, self._clock), SYSTEM)
        if not self._state.problems:
            self._back_up_waiting()
        return _AGAIN_SECONDS if self._state.backup_problem is not None else _EVERY_SECONDS

    def _is_new_day(self) -> bool:
        return not self._waiting or self._checked is None or self._clock.monotonic() - self._checked >= _EVERY_SECONDS

    def _targets(self) -> dict[str, SealedBackup]:
        """Return where backups go, by what people call it."""
        targets = {_FOLDER: self._backup_folder(), _HUB: self._at_hub}
        return {name: target for name, target in targets.items() if target is not None}

    def _check(self) -> None:
        database = self._open()
        try:
            problems = check_record(database, self._record.keys.log_head())
        finally:
            database.close()
        for problem in problems:
            self._log.error("record_damaged", code=problem.code)
        if problems and self._targets():
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
        if not self._targets():
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

    def _back_up_waiting(self) -> None:
        """Back up to each place that waits, and say of which this did not come about."""
        targets = self._targets()
        tried = {name: self._back_up(targets[name]) for name in self._waiting}
        self._waiting = {name: problem for name, problem in tried.items() if problem is not None}
        for name, problem in self._waiting.items():
            self._log.error("backup_failed", code=problem.code, kind=name)
        if len(self._waiting) < len(tried):
            self._log.info("backup_verified")
            self._state = replace(self._state, backed_up_at=self._clock.wall())
        sentences = [f"No backup {name}: {problem.sentence}" for name, problem in self._waiting.items()]
        first = next(iter(self._waiting.values()), None)
        shown = Problem(first.code, ". ".join(sentences)) if first is not None else None
        self._state = replace(self._state, backup_problem=shown)

    def _back_up(self, target: SealedBackup) -> Problem | None:
        """Back up to one place; return why it did not come about."""
        database = self._open()
        try:
            if not target.at_hub and not target.numbers():
                # Never onto the box's own disk because the other one is not plugged in.
                return _NOT_BEGUN
            source = RecordSource(database, PROJECTIONS, self._record.keys.log_head())
            job = BackupJob(source, self._record.vault, target, self._record.store.identity)
            job.run(self._clock.wall(), self._software, self._settings.backup_versions)
        except (MedSpaError, OSError) as error:
            return _not_backed_up(error)
        finally:
            database.close()
        return None

    def _backup_folder(self) -> BackupFolder | None:
        folder = self._settings.backup_folder
        return BackupFolder(folder, self._record.keys.backup()) if folder is not None else None

    def _open(self) -> Database:
        """Open the record a second time, so that a long walk holds up nobody."""
        return Database(self._settings.folder / RECORD_FILE, self._record.keys.database())


def _not_backed_up(error: MedSpaError | OSError) -> Problem:
    if isinstance(error, MedSpaError):
        return Problem(error.code, error.sentence)
    return Problem("backup_disk", "it cannot be read or written there; is its disk plugged in?")
