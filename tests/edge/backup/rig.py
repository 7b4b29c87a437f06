"""A box with a backup folder, and what is done to both."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge.backup.folder import BackupFolder
from edge.backup.history import History
from edge.backup.job import BackupJob, BackupReport
from edge.backup.restore import Restore, RestoreReport
from edge.backup.source import RecordSource
from edge.config import StoreSettings
from edge.record import PROJECTIONS
from shared.events.catalogue.capture import CaptureStored
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import Event, EventDraft
from shared.ids import ClientId
from shared.vocabulary import ImageKind
from tests.support.box import capture_payload
from tests.support.records import IDENTITY, BoxRecord, open_box_record

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class BackedUp:
    """A record in `folder` and its backup beside it."""

    folder: Path
    usb: Path | None = None
    record: BoxRecord = field(init=False)

    def __post_init__(self) -> None:
        self.record = open_box_record(self.folder)

    @property
    def settings(self) -> StoreSettings:
        return StoreSettings(folder=self.folder / "data", keys_folder=self.folder / "keys", reserve_bytes=1024 * 1024)

    @property
    def path(self) -> Path:
        return self.folder / "data" / "record.db"

    @property
    def target(self) -> Path:
        return self.usb or self.folder / "usb"

    def backup_folder(self) -> BackupFolder:
        return BackupFolder(self.target, self.record.keys.backup())

    def append(self, count: int) -> list[Event]:
        draft = EventDraft("box/test", BoxStarted(software="test", clean=True), "box", "operation")
        return self.record.store.append([draft] * count)

    def photograph(self, client: ClientId, number: int = 1) -> str:
        """Store an image and the event that names it."""
        image = b"not a real picture %d" % number * 50
        sealed = self.record.vault.put(client, ImageKind.ORIGINAL, image, self.record.clients.key_of(client))
        payload = capture_payload(sealed.name)
        payload["images"][0]["size"] = sealed.size
        stored = CaptureStored.model_validate(payload)
        self.record.store.append([EventDraft(f"capture/{number}", stored, "staff", "treatment", client=client)])
        return sealed.name

    def job(self) -> BackupJob:
        store = self.record.store
        source = RecordSource(store._database, PROJECTIONS, self.record.keys.log_head())
        return BackupJob(source, self.record.vault, self.backup_folder(), IDENTITY)

    def back_up(self, keep: int = 7, *, full: bool = False) -> BackupReport:
        return self.job().run(NOW, "test", keep, full=full)

    def lose(self) -> None:
        """Lose the record's file, as a dead disk does; the keys are elsewhere."""
        self.record.store.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def restore(self, history: History | None = None, number: int | None = None, **how: bool) -> RestoreReport:
        restore = Restore(self.settings, self.record.keys, self.backup_folder(), self.record.clock, history)
        return restore.run(number, **how)

    def reopen(self) -> BoxRecord:
        self.record = open_box_record(self.folder)
        return self.record

    def log(self) -> list[tuple[str, int, str]]:
        return [tuple(row) for row in self.record.store.rows("SELECT epoch, seq, hash FROM events ORDER BY position")]

    def digests(self) -> dict[str, str]:
        """Return the projections' digests."""
        return {item.name: item.digest_before for item in self.record.store.rebuild()}
