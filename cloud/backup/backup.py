"""`medspa hub backup`: database, images and a manifest, sealed, while the hub runs."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, inspect, select, text

from cloud.backup import postgres_copy
from cloud.backup.folder import BackupFolder
from cloud.backup.images import IMAGES, POOL, Named, copy_images, durable_images, listing
from cloud.backup.manifest import Manifest, SavedFile, backup_key, files_key, write_manifest
from cloud.backup.sqlite_copy import DATABASE, copied_beside, settle_file
from cloud.storage.database import Database, sqlite_file
from cloud.storage.tables import hub_state
from cloud.storage.tables import tenants as tenants_table
from shared.clock import Clock
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.stream import CHUNK_BYTES
from shared.durable import make_folder
from shared.errors import Retryable
from shared.ids import TenantId


class BackupFailed(Retryable):
    """The backup could not be written; the hub and earlier backups are as they were."""


@dataclass(frozen=True, slots=True)
class HubFiles:
    """Where a hub keeps what is backed up."""

    database_url: str
    owner_url: str
    images: Path
    keys: SealedKeyFolder


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was done; times in seconds."""

    folder: Path
    seconds: float
    images: int
    images_copied: int
    images_absent: int


def back_up(hub: HubFiles, goal: Path, clock: Clock) -> BackupReport:
    """Make one more backup in a folder and return what it holds.

    The database comes first and the images it names after it, so that none is named that is not there. What an
    interrupted backup leaves is no backup: the manifest is written last.

    Raises:
        BackupFailed: the folder cannot be written or the database not be read.
        BackupDamaged: the database contradicts itself; restore instead.
        HeldByAnother: another backup is being made.
    """
    started = time.monotonic()
    key, moment = backup_key(hub.keys), clock.wall()
    folder = goal / f"backup-{moment:%Y%m%dT%H%M%S%f}"
    try:
        make_folder(folder)
        sealed = BackupFolder(folder, files_key(key))
        files, state, images = _copy_rows(hub, sealed)
        copied = copy_images(images, hub.images, goal / POOL)
        sealed.write(IMAGES, listing(images))
        files[IMAGES] = sealed.saved(IMAGES)
        manifest = Manifest(
            made_at=moment,
            database=state.kind,
            revision=state.revision,
            hub_epoch=state.epoch,
            files=files,
            images=len(images),
            images_absent=len(copied.absent),
        )
        write_manifest(folder, manifest, key)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(
            "backup_failed", f"the backup could not be written ({type(error).__name__}); check the folder and its disk"
        ) from error
    return BackupReport(folder, time.monotonic() - started, copied.present, copied.copied, len(copied.absent))


@dataclass(frozen=True, slots=True)
class _State:
    kind: Literal["sqlite", "postgresql"]
    revision: str
    epoch: str


def _copy_rows(hub: HubFiles, folder: BackupFolder) -> tuple[dict[str, SavedFile], _State, list[Named]]:
    """Copy the database and return its files, what state it is in and the images it names."""
    living = sqlite_file(hub.database_url)
    if living is None:
        with postgres_copy.snapshot(hub.owner_url) as connection:
            tenants = tenants_of(connection)
            files = postgres_copy.dump(connection, folder, tenants)
            images = _images(connection, tenants, postgres_copy.for_tenant)
            return files, _state(connection, "postgresql"), images
    with copied_beside(living) as copied:
        with closing(Database(f"sqlite:///{copied}")) as copy, copy.directory() as connection:
            images = _images(connection, tenants_of(connection), lambda _connection, _tenant: None)
            state = _state(connection, "sqlite")
        settle_file(copied)
        with copied.open("rb") as clear, folder.writing(DATABASE) as file:
            shutil.copyfileobj(clear, file, CHUNK_BYTES)
    return {DATABASE: folder.saved(DATABASE)}, state, images


def tenants_of(connection: Connection) -> list[TenantId]:
    """Return every tenant."""
    return [TenantId(name) for name in connection.execute(select(tenants_table.c.id)).scalars()]


def _images(
    connection: Connection, tenants: Iterable[TenantId], scope: Callable[[Connection, TenantId], None]
) -> list[Named]:
    images: list[Named] = []
    for tenant in tenants:
        scope(connection, tenant)
        images += durable_images(connection, tenant)
    return images


def _state(connection: Connection, kind: Literal["sqlite", "postgresql"]) -> _State:
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    # A hub from before lives were named can be backed up by newer software, too: before an update, say.
    named = inspect(connection).has_table(hub_state.name)
    epoch = connection.execute(select(hub_state.c.epoch)).scalar_one_or_none() if named else None
    return _State(kind, revision, epoch or "")
