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
from edge.backup.hub import hub_backup, recover_hub_backup
from edge.backup.job import BackupJob, BackupReport
from edge.backup.progress import Progress, silent
from edge.backup.recovery import open_recovery, seal_recovery
from edge.backup.restore import Restore, RestoreReport
from edge.backup.sealed import SealedBackup
from edge.backup.source import RecordSource
from edge.config import EdgeSettings
from edge.enrol import enrol, read_identity
from edge.hub_door import HubDoor
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.keys.opening import open_keys
from edge.keys.rekey import guard_of
from edge.record import PROJECTIONS, RECORD_FILE, VAULT_FOLDER, open_record
from edge.store.check import check_pages
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken
from edge.store.events import BoxIdentity
from edge.store.vault import ImageVault
from edge.sync.escrow import recover_keys
from edge.sync.hub_channel import HubChannel
from edge.sync.renewal import renewed
from shared.clock import SystemClock
from shared.durable import write_durably
from shared.ids import DeviceId, Uuid7Source

DEFAULT_KEEP: Final = 7


def back_up(
    settings: EdgeSettings, target: Path | None, keep: int, *, full: bool = False, progress: Progress = silent
) -> BackupReport:
    """Back the box up into a folder, or with no folder to the hub, whether it is running or not.

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
            BackupFolder(target, keys.backup()) if target is not None else _at_hub(settings, keys, identity),
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
    device = None if without_hub else backup.require(number).identity().device
    history = None if device is None else HubHistory(hub_channel(settings, keys, device))
    report = Restore(settings.store, keys, backup, clock, history, progress).run(number, replace=replace)
    open_record(settings.store, clock, Uuid7Source(clock)).store.close()
    return report


def restore_from_hub(
    settings: EdgeSettings,
    number: int | None = None,
    *,
    code: str | None = None,
    replace: bool = False,
    progress: Progress = silent,
) -> tuple[RestoreReport, int]:
    """Restore the box from its backup at the hub, and get its backup key and its clients' keys back from escrow.

    Args:
        settings: the box's configuration.
        number: which version; the newest by default.
        code: on a new machine, the one-time code that `medspa hub replace` gave out.
        replace: move a record that is there aside.
        progress: told how far it is.

    Returns:
        What came of it, and how many clients' keys were missing here and came back.

    Raises:
        MedSpaError: as `enrol`, `Restore.run` and `recover_keys` say; run again it goes on.
    """
    clock, store, keys = SystemClock(), settings.store, open_keys(settings.store)
    store.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if code is not None:
        enrol(store.folder, keys, settings.hub.url, code, "restored box")
    identity = read_identity(store.folder)
    channel = hub_channel(settings, keys, identity.device)
    backup = recover_hub_backup(store.folder, keys, identity, channel)
    report = Restore(store, keys, backup, clock, HubHistory(channel), progress).run(number, replace=replace)
    # Opening it replays the tombstones, so a client who was deleted is known as such before any key comes back.
    record = open_record(store, clock, Uuid7Source(clock))
    try:
        return report, recover_keys(record.store, record.clients, keys.identity(), channel, "box_restored")[1]
    finally:
        record.store.close()


def hub_channel(settings: EdgeSettings, keys: BoxKeys, device: DeviceId) -> HubChannel:
    """Return the channel to the hub, as this device."""
    hub, proof = settings.hub, (device, keys.identity())
    certificate = renewed(BoxCertificate(keys.sealed), HubDoor(hub.url), proof, SystemClock().wall())
    return HubChannel(f"{hub.rpc_host}:{hub.rpc_port}", certificate.present)


def _at_hub(settings: EdgeSettings, keys: BoxKeys, identity: BoxIdentity) -> SealedBackup:
    return hub_backup(settings.store.folder, keys, identity, hub_channel(settings, keys, identity.device))


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
