"""Makes a box's record out of its backup and what the hub holds; the log goes on in a new epoch.

Everything is built beside the present record and put in its place in the last step. Interrupted at any point it is
run again and ends well: nothing was replaced, or all of it.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from edge.backup.build import NamedImage, RecordBuilder
from edge.backup.errors import BackupDamaged, HistoryUnavailable, RecordLives
from edge.backup.history import History
from edge.backup.manifest import Manifest
from edge.backup.progress import Progress, silent
from edge.backup.salvage import DamagedRecord
from edge.backup.sealed import SealedBackup
from edge.backup.verify import Verifier
from edge.config import StoreSettings
from edge.enrol import IDENTITY_FILE, read_identity
from edge.keys.box import BoxKeys
from edge.keys.rekey import guard_of
from edge.record import DAMAGED_MARKER, PROJECTIONS, RECORD_FILE, VAULT_FOLDER, mark_damaged
from edge.store.check import Problem
from edge.store.errors import ImageMissing, StorageBroken, StorageFull
from edge.store.vault import ImageVault
from shared.clock import Clock
from shared.durable import make_folder, sync_folder, write_durably
from shared.errors import Rejected
from shared.events.catalogue.system import BoxRestored
from shared.locks import exclusive

_SUFFIXES: Final = ("", "-wal", "-shm")
_REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore came to.

    Attributes:
        manifest: the version of the backup that was taken.
        from_hub: events behind the backup that the hub gave back.
        salvaged: events behind those that were still readable in the replaced record.
        images: images put back into the vault.
        images_missing: images that the log names and that are nowhere, or for which there is no room.
        epoch: the new epoch in which the box goes on.
        replaced: where the former record was moved, or None when there was none.
    """

    manifest: Manifest
    from_hub: int
    salvaged: int
    images: int
    images_missing: int
    epoch: str
    replaced: Path | None


class Restore:
    """Restores one box; the box must not be running."""

    def __init__(
        self,
        settings: StoreSettings,
        keys: BoxKeys,
        backup: SealedBackup,
        clock: Clock,
        history: History | None,
        progress: Progress = silent,
    ) -> None:
        """Keep the collaborators.

        Args:
            settings: where the record belongs.
            keys: the box's keys.
            backup: what to restore from.
            clock: dates what is noted in the log.
            history: the hub, or None to restore without it.
            progress: told how far it is.
        """
        self._settings = settings
        self._keys = keys
        self._backup = backup
        self._clock = clock
        self._history = history
        self._progress = progress
        self._vault = ImageVault(settings.folder / VAULT_FOLDER, settings.reserve_bytes)
        self._path = settings.folder / RECORD_FILE
        self._aside = settings.folder / f"{RECORD_FILE}.restoring"

    def run(self, number: int | None = None, *, replace: bool = False, whole: bool = False) -> RestoreReport:
        """Restore a version of the backup, by default the newest.

        Args:
            number: which version.
            replace: move a record that is there aside; without it one that is there is never touched.
            whole: refuse, without the hub, to go on from less than the record that is replaced once held.

        Raises:
            HeldByAnother: the box runs.
            RecordLives: there is a record.
            NoBackup, BackupDamaged: the backup does not verify.
            HistoryUnavailable, HistoryRefused: the hub cannot be asked, or wants a person first.
            StorageFull: there is no room; nothing was begun.
            StorageBroken: what was restored does not verify.
        """
        make_folder(self._settings.folder)
        with exclusive(guard_of(self._path), patience_seconds=0):
            return self._run(number, replace=replace, whole=whole)

    def _run(self, number: int | None, *, replace: bool, whole: bool) -> RestoreReport:
        living = self._path.exists() and self._path.stat().st_size > 0
        if living and not replace:
            raise RecordLives(
                "record_lives",
                f"{self._path} is there: with --replace the backup takes its place",
            )
        manifest = self._checked(self._backup.require(number))
        self._ensure_room(manifest)
        builder = RecordBuilder(self._aside, self._keys.database(), PROJECTIONS, self._keys.log_head())
        try:
            from_hub, salvaged, recent = self._fill(builder, manifest, whole=whole)
            images, missing = self._put_back_images(builder.images(), recent)
            payload = BoxRestored(
                backup=manifest.number, events=manifest.events, from_hub=from_hub, salvaged=salvaged,
                with_hub=self._history is not None,
            )  # fmt: skip
            epoch = builder.begin_epoch(manifest.identity(), self._clock, payload)
            builder.finish()
        except BaseException:
            builder.abandon()
            raise
        replaced = self._put_in_place(manifest)
        return RestoreReport(manifest, from_hub, salvaged, images, missing, epoch, replaced)

    def _checked(self, manifest: Manifest) -> Manifest:
        problems = Verifier(self._backup, manifest, self._progress).everything()
        if problems:
            more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
            raise BackupDamaged(
                "backup_damaged",
                f"version {manifest.number} of the backup does not verify: {problems[0]}{more}; try another version or"
                " another folder",
            )
        with contextlib.suppress(Rejected):
            identity = read_identity(self._settings.folder)
            if identity != manifest.identity():
                raise BackupDamaged("backup_of_another", "the backup is another box's; check the folder")
        return manifest

    def _ensure_room(self, manifest: Manifest) -> None:
        """Refuse before anything is written; tables and indexes take about as much as the events again, twice."""
        images = sum(
            size
            for listed in manifest.images
            for name, kind, size in self._backup.images(listed)
            if not self._vault.path(name, kind).exists()
        )
        events = sum(segment.size for segment in manifest.segments)
        self._vault.ensure_room(images + 3 * events)

    def _fill(self, builder: RecordBuilder, manifest: Manifest, *, whole: bool) -> tuple[int, int, set[NamedImage]]:
        """Return the events that the hub gave, those salvaged, and the images that the backup did not know."""
        builder.take_backup(self._backup, manifest, self._progress)
        known, from_hub = builder.images(), 0
        if self._history is not None:
            from_hub = builder.take_history(self._history, self._progress)
            builder.note_acknowledged(builder.log.end())
        salvaged, heads = 0, []
        for path in self._former_records():
            former = DamagedRecord(path, self._keys.database(), self._keys.log_head(), builder.count())
            salvaged += builder.take_history(former, self._progress)
            heads.append(former.head())
        if whole and self._history is None and builder.log.end() not in heads:
            raise HistoryUnavailable(
                "hub_needed", "the hub does not answer and the backup alone is behind the record: wait for the hub"
            )
        return from_hub, salvaged, builder.images() - known

    def _former_records(self) -> list[Path]:
        """Return the record that is there and the one replaced last: a restore that was cut may have moved it."""
        replaced = sorted((self._settings.folder / _REPLACED).glob(f"*/{RECORD_FILE}"))
        return [self._path, *replaced[-1:]]

    def _put_back_images(self, named: set[NamedImage], recent: set[NamedImage]) -> tuple[int, int]:
        restored = missing = 0
        for done, image in enumerate(sorted(named, key=lambda item: item.name), start=1):
            self._progress("images", done, len(named))
            if self._is_sound(image):
                continue
            sealed = self._find(image, from_hub=image in recent or self._backup.at_hub)
            try:
                if sealed is not None:
                    self._vault.take_back(image.name, image.kind, sealed)
                    restored += 1
                    continue
            except StorageFull:
                pass  # images can be had again later; the record itself has its reserve
            missing += 1
        return restored, missing

    def _is_sound(self, image: NamedImage) -> bool:
        try:
            self._vault.sealed_bytes(image.name, image.kind)
        except (ImageMissing, StorageBroken):
            return False
        return True

    def _find(self, image: NamedImage, *, from_hub: bool) -> bytes | None:
        """Return an image from the backup, or from the hub when the backup is older than it."""
        with contextlib.suppress(BackupDamaged):
            return self._backup.image(image.name, image.kind)
        if from_hub and self._history is not None:
            with contextlib.suppress(HistoryUnavailable):
                return self._history.image(image.name, image.size)
        return None

    def _put_in_place(self, manifest: Manifest) -> Path | None:
        """Move what is there aside and the new record into its place; until the last step the new one waits whole."""
        folder = self._settings.folder
        if not (folder / IDENTITY_FILE).exists():
            write_durably(folder / IDENTITY_FILE, json.dumps(asdict(manifest.identity())).encode())
        # Started in the middle of the exchange, a box would go on from a record without its last changes.
        mark_damaged(folder, Problem("restore_cut", "a restore was cut before its end"))
        replaced = _keep_aside([self._path.with_name(self._path.name + suffix) for suffix in _SUFFIXES], folder)
        self._aside.replace(self._path)
        sync_folder(folder)
        self._keys.mark_record_begun()
        (folder / DAMAGED_MARKER).unlink()
        sync_folder(folder)
        return replaced


def _keep_aside(paths: Sequence[Path], folder: Path) -> Path | None:
    """Give a record's files second names in a new folder, then take away what must not meet the new record.

    Whatever a cut leaves, the former record is whole under one of its names; nothing of it is ever deleted.
    """
    present = [path for path in paths if path.exists()]
    if not present:
        return None
    number = 1
    while (target := folder / _REPLACED / f"{number:04d}").exists():
        number += 1
    make_folder(target)
    for path in present:
        (target / path.name).hardlink_to(path)
    sync_folder(target)
    for path in present[1:] if present[0].name == RECORD_FILE else present:
        path.unlink()
    sync_folder(folder)
    return target
