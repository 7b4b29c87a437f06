"""`medspa edge backup`, `restore` and `recovery-key`: opens what they need and shows how far they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from edge.backup.folder import BackupFolder
from edge.backup.history import HubHistory
from edge.backup.job import BackupJob, BackupReport
from edge.backup.progress import Progress, silent
from edge.backup.recovery import open_recovery, seal_recovery
from edge.backup.restore import Restore, RestoreReport
from edge.backup.source import RecordSource
from edge.config import EdgeSettings
from edge.enrol import read_identity
from edge.hub_door import HubDoor
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.keys.opening import open_keys
from edge.keys.rekey import guard_of
from edge.record import PROJECTIONS, RECORD_FILE, VAULT_FOLDER, open_record
from edge.store.check import check_pages
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken
from edge.store.vault import ImageVault
from edge.sync.hub_channel import HubChannel
from edge.sync.renewal import renewed
from shared.clock import Clock, SystemClock
from shared.durable import write_durably
from shared.ids import Uuid7Source

DEFAULT_KEEP: Final = 7


def back_up(
    settings: EdgeSettings, target: Path, keep: int, *, full: bool = False, progress: Progress = silent
) -> BackupReport:
    """Back the box up into a folder, whether it is running or not.

    Raises:
        RecordMissing, StorageBroken, WrongKey: the record is damaged or gone; the former backup stays.
        StorageFull, BackupDamaged, HeldByAnother, OSError: as `BackupJob.run` says.
    """
    store = settings.store
    keys, identity = open_keys(store), read_identity(store.folder)
    path = store.folder / RECORD_FILE
    if not path.exists():
        raise RecordMissing("record_missing", f"{path} is missing: there is nothing to back up; restore it")
    database = Database(path, keys.database(), guard_of(path))
    try:
        problems = check_pages(database, full=True) if full else []
        if problems:
            raise StorageBroken("store_broken", f"the record itself is damaged: {problems[0]}; the former backup stays")
        job = BackupJob(
            RecordSource(database, PROJECTIONS, keys.log_head()),
            ImageVault(store.folder / VAULT_FOLDER, store.reserve_bytes),
            BackupFolder(target, keys.backup()),
            identity,
            progress,
        )
        return job.run(SystemClock().wall(), version("medspasync"), keep, full=full)
    finally:
        database.close()


def restore(
    settings: EdgeSettings,
    source: Path,
    number: int | None = None,
    *,
    replace: bool = False,
    without_hub: bool = False,
    progress: Progress = silent,
) -> RestoreReport:
    """Restore the box from a folder, and open the record once, so that what was erased stays erased.

    Raises:
        MedSpaError: as `Restore.run` and `open_record` say.
    """
    clock = SystemClock()
    keys = open_keys(settings.store)
    backup = BackupFolder(source, keys.backup())
    history = None if without_hub else HubHistory(hub_channel(settings, keys, backup, number, clock))
    report = Restore(settings.store, keys, backup, clock, history, progress).run(number, replace=replace)
    open_record(settings.store, clock, Uuid7Source(clock)).store.close()
    return report


def hub_channel(
    settings: EdgeSettings, keys: BoxKeys, backup: BackupFolder, number: int | None, clock: Clock
) -> HubChannel:
    """Return the channel to the hub, as the box that the backup is of."""
    hub, device = settings.hub, (backup.require(number).identity().device, keys.identity())
    certificate = renewed(BoxCertificate(keys.sealed), HubDoor(hub.url), device, clock.wall())
    return HubChannel(f"{hub.rpc_host}:{hub.rpc_port}", certificate.present)


def export_recovery(settings: EdgeSettings, target: Path, passphrase: str) -> None:
    """Write what a new box needs besides the backup to a file sealed under a passphrase, for the safe."""
    identity = read_identity(settings.store.folder)
    secrets = open_keys(settings.store).recovery_secrets()
    write_durably(target, seal_recovery(secrets, identity.device, passphrase))


def import_recovery(settings: EdgeSettings, source: Path, passphrase: str) -> None:
    """Take the keys of a recovery file into the key folder of a box that is none yet.

    Raises:
        CannotOpen: another passphrase, or the file is damaged.
        Rejected: the key folder is another box's.
    """
    open_keys(settings.store).take_recovery_secrets(open_recovery(source.read_bytes(), passphrase))
    settings.store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def shown_progress(console: Console) -> Iterator[Progress]:
    """Show one bar for each thing that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console, transient=True) as bars:

        def show(what: str, done: int, total: int) -> None:
            task = tasks.get(what)
            if task is None:
                task = tasks[what] = bars.add_task(what, total=total)
            bars.update(task, completed=done, total=total)

        yield show
