"""`medspa hub restore`: one command from a verified backup to a hub that can be started."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete

from cloud.backup import postgres_copy
from cloud.backup.backup import HubFiles, tenants_of
from cloud.backup.folder import BackupFolder
from cloud.backup.images import IMAGES, POOL, Named, copy_images, listed
from cloud.backup.manifest import (
    BackupDamaged,
    Manifest,
    backup_key,
    check_files,
    files_key,
    latest_backup,
    read_manifest,
)
from cloud.backup.sqlite_copy import DATABASE, check_sound, create_private, put_in_place, settle_file
from cloud.storage.database import grant, owner_engine, sqlite_file, upgrade
from cloud.storage.down import DownLog
from cloud.storage.hub_epoch import HubLife, begin_life, new_epoch
from cloud.storage.presence import nobody_present
from cloud.storage.tables import blobs
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.errors import Rejected
from shared.ids import TenantId
from shared.side import LogReport

Verify = Callable[[Connection, TenantId], list[LogReport]]


class LivingDatabase(Rejected):
    """There is a database already, and nobody said that it may be replaced."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was done.

    Attributes:
        backup: the backup used.
        made_at: when it was made.
        life: the hub's new life.
        seconds: how long it took.
        images: images in place.
        images_absent: images that the boxes will be asked for.
        aside: where the database of before is now, or None.
    """

    backup: Path
    made_at: datetime
    life: HubLife
    seconds: float
    images: int
    images_absent: int
    aside: str | None


class Restore:
    """Restores one hub."""

    def __init__(self, hub: HubFiles, lock_folder: Path, clock: Clock, verify: Verify) -> None:
        """Keep the collaborators.

        Args:
            hub: where the hub keeps its things.
            lock_folder: the folder in which a running hub says that it runs.
            clock: dates the restore.
            verify: walks a tenant's logs.
        """
        self._hub = hub
        self._lock_folder = lock_folder
        self._clock = clock
        self._verify = verify

    def run(self, source: Path, *, replace: bool) -> RestoreReport:
        """Restore the latest backup in a folder; until the last step the database of before is untouched.

        Args:
            source: a backup, or a folder of backups.
            replace: whether a database that is there may be moved aside.

        Raises:
            NoBackup, BackupDamaged: there is none that verifies; nothing was changed.
            LivingDatabase: there is a database and `replace` was not given; nothing was changed.
            Rejected: the hub is running or the backup is of another kind of database; nothing was changed.
        """
        started = time.monotonic()
        folder = latest_backup(source)
        with nobody_present(self._lock_folder):
            key = backup_key(self._hub.keys)
            manifest = read_manifest(folder, key)
            check_files(folder, manifest)
            files = BackupFolder(folder, files_key(key, manifest.version))
            copied = copy_images(listed(files.read(IMAGES)), folder.parent / POOL, self._hub.images)
            rows = self._sqlite if manifest.database == "sqlite" else self._postgres
            life, aside = rows(files, manifest, set(copied.absent), replace=replace)
        seconds = time.monotonic() - started
        return RestoreReport(folder, manifest.made_at, life, seconds, copied.present, len(copied.absent), aside)

    def _sqlite(
        self, folder: BackupFolder, manifest: Manifest, absent: set[Named], *, replace: bool
    ) -> tuple[HubLife, str | None]:
        living = sqlite_file(self._hub.database_url)
        if living is None:
            raise Rejected("other_database", "the backup is of the embedded database; configure that and restore")
        if living.exists() and not replace:
            raise _living(str(living))
        del manifest  # the file brings its own revision
        living.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = living.with_name(f"{living.name}.restoring")
        with create_private(draft) as file:
            file.writelines(folder.chunks(DATABASE))
        with closing(sqlite3.connect(draft)) as copy:
            check_sound(copy)
        engine = owner_engine(f"sqlite:///{draft}")
        try:
            with engine.connect() as plain:
                connection = plain.execution_options(begin="BEGIN IMMEDIATE")
                with connection.begin():
                    upgrade(connection)
                    life = self._begin_anew(connection, absent)
        finally:
            engine.dispose()
        settle_file(draft)
        aside = put_in_place(draft, living, self._clock.wall())
        return life, str(aside) if aside is not None else None

    def _postgres(
        self, folder: BackupFolder, manifest: Manifest, absent: set[Named], *, replace: bool
    ) -> tuple[HubLife, str | None]:
        if sqlite_file(self._hub.owner_url) is not None:
            raise Rejected("other_database", "the backup is of PostgreSQL; configure `database_url` and restore")
        engine: Engine = owner_engine(self._hub.owner_url)
        try:
            with engine.connect() as connection, connection.begin():
                postgres_copy.refuse_company(connection)
                aside = None
                if postgres_copy.is_living(connection):
                    if not replace:
                        raise _living("in PostgreSQL")
                    aside = f"schema {postgres_copy.move_aside(connection, self._clock.wall())}"
                upgrade(connection, manifest.revision)
                postgres_copy.load(connection, folder, manifest.files)
                upgrade(connection)
                life = self._begin_anew(connection, absent)
                grant(connection, self._hub.owner_url, self._hub.database_url)
                postgres_copy.open_schema(connection)
        finally:
            engine.dispose()
        return life, aside

    def _begin_anew(self, connection: Connection, absent: set[Named]) -> HubLife:
        """Verify what was restored and let it be another life: what comes now is never taken for what was lost."""
        for tenant in tenants_of(connection):
            if connection.dialect.name == "postgresql":
                postgres_copy.for_tenant(connection, tenant)
            damaged = [report.name for report in self._verify(connection, tenant) if not report.report.intact]
            if damaged:
                raise BackupDamaged("log_damaged", f"{damaged[0]} of the backup is damaged; use another backup")
            down = DownLog(connection, tenant)
            for location in down.locations():
                down.begin_epoch(location, new_epoch())
            lacking = [image.name for image in absent if image.tenant == tenant]
            for name in lacking:  # their boxes are asked for them
                connection.execute(delete(blobs).where(blobs.c.tenant == tenant, blobs.c.name == name))
        return begin_life(connection, to_milliseconds(self._clock.wall()))


def _living(where: str) -> LivingDatabase:
    return LivingDatabase(
        "database_exists", f"there is a database already ({where}); --replace moves it aside and restores"
    )
