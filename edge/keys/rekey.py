"""A new database key by copy and swap: every page is written anew under it, beside the old file.

The old file stays what it is until the new one is complete, verified and on the disk; one rename then decides. Which
key opens the file says on which side of the rename a crash was, so recovery needs no note of its own: it ends what
was decided, or takes away what was not. The key is changed like this only when the old one may be known to others.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2 as sqlcipher

from edge.keys.box import DATABASE, DATABASE_NEXT, BoxKeys
from edge.keys.generation import files_of
from edge.store.database import Connection, Database, storage_error
from edge.store.errors import RecordMissing, StorageBroken, StorageBusy, StorageFull, WrongKey
from edge.store.log import verify_log
from shared.crypto.aead import new_key
from shared.durable import UNFINISHED, Disk, SystemDisk
from shared.errors import Corrupt
from shared.locks import exclusive

# A copy is about as large as what it copies; the rest is for SQLite's own files and for others who write.
_MARGIN: Final = 1.1
_SPARE_BYTES: Final = 64 * 1024 * 1024

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """Return the room on a folder's disk."""
    return shutil.disk_usage(folder).free


def guard_of(path: Path) -> Path:
    """Return the lock file of a database whose file may be exchanged."""
    return path.with_name(f".{path.name}.lock")


class Rekey:
    """Exchanges the record's file for one under a new key, or ends such an exchange that was cut."""

    def __init__(self, path: Path, keys: BoxKeys, disk: Disk | None = None, free: FreeBytes = free_bytes) -> None:
        self._path = path
        self._keys = keys
        self._disk = disk or SystemDisk()
        self._free = free
        self._fresh = path.with_name(f"{path.name}.fresh")
        self._old = path.with_name(f"{path.name}.old")

    def run(self) -> None:
        """Exchange the file; nobody may have it open.

        Raises:
            HeldByAnother: the box runs.
            StorageFull: the disk has no room for a copy; nothing was changed.
            RecordMissing, StorageBroken, Corrupt: the record must be mended first; nothing was changed.
        """
        with exclusive(guard_of(self._path), patience_seconds=0):
            self._recover()
            self._require_record()
            self._require_room()
            new = new_key()
            self._keys.sealed.put(DATABASE_NEXT, new)
            try:
                self._copy(self._keys.database(), new)
                self._check(new)
            except (Corrupt, StorageBusy, StorageFull):
                self._discard()
                raise
            self._disk.keep(self._path, self._old)
            self._disk.replace(self._fresh, self._path)
            self._complete(new)
            # The sealed copy of the old key that the disk may still hold opens under the old root only.
            self._keys.sealed.rotate_root()

    def recover(self) -> None:
        """End an exchange that was cut, or take away what it left; nothing to do most of the time.

        Raises:
            RecordMissing, WrongKey: neither key opens the record; nothing was changed.
        """
        if self._keys.sealed.get(DATABASE_NEXT) is not None:
            with exclusive(guard_of(self._path)):
                self._recover()

    def _recover(self) -> None:
        new, old = self._keys.sealed.get(DATABASE_NEXT), self._keys.sealed.get(DATABASE)
        if new is None:
            return
        self._require_record()
        if self._opens(new):
            self._drop_journal(new)
            self._complete(new)
        elif old is not None and self._opens(old):
            self._drop_journal(old)
            self._discard()
        else:
            raise WrongKey("wrong_key", f"no key of this box opens {self._path}; put it back from a backup")

    def _complete(self, new: bytes) -> None:
        """The new file is in its place: its key becomes the database key, the old file goes."""
        self._keys.sealed.put(DATABASE, new)
        self._drop_old()
        self._keys.sealed.destroy(DATABASE_NEXT)

    def _discard(self) -> None:
        """The old file is in its place: what was prepared goes, its key last."""
        for path in files_of(self._fresh):
            self._disk.destroy(path)
        self._drop_old()
        self._keys.sealed.destroy(DATABASE_NEXT)

    def _drop_old(self) -> None:
        if self._old.exists() and self._old.samefile(self._path):
            self._old.unlink()  # a second name of the record itself, whose contents must stay
        self._disk.destroy(self._old)
        for name in (self._old.name, *(path.name for path in files_of(self._fresh))):
            for left in self._path.parent.glob(f".{name}.*{UNFINISHED}"):
                self._disk.destroy(left)

    def _drop_journal(self, key: bytes) -> None:
        """Take away a rollback journal that a crash left behind before it counted: it holds pages under the old key.

        One that counts was played back and removed by SQLite when the file was opened; one that is in use belongs to
        whoever is writing, and then this waits for another time.
        """
        journal = self._path.with_name(f"{self._path.name}-journal")
        if not journal.exists():
            return
        connection = self._connect(self._path, key)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            self._disk.destroy(journal)
            connection.execute("ROLLBACK")
        except sqlcipher.OperationalError as error:
            raise storage_error(error) from error
        finally:
            connection.close()

    def _copy(self, old: bytes, new: bytes) -> None:
        for leftover in files_of(self._fresh):
            self._disk.destroy(leftover)
        connection = self._connect(self._path, old)
        try:
            if connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
                raise StorageBusy("store_busy", "another program holds the database; stop it")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            connection.execute("ATTACH DATABASE ? AS fresh KEY ?", (str(self._fresh), f"x'{new.hex()}'"))
            connection.execute("PRAGMA fresh.synchronous = FULL")
            connection.execute("SELECT sqlcipher_export('fresh')")
            connection.execute(f"PRAGMA fresh.user_version = {version}")
            connection.execute("DETACH DATABASE fresh")
            self._same_contents(connection, new)
        except sqlcipher.DatabaseError as error:
            raise storage_error(error) from error
        finally:
            connection.close()
        self._disk.settle(self._fresh)

    def _same_contents(self, connection: Connection, new: bytes) -> None:
        copy = self._connect(self._fresh, new)
        try:
            if _inventory(copy) != _inventory(connection):
                raise StorageBroken("copy_differs", "the copy is not what was copied; check the disk")
        finally:
            copy.close()

    def _check(self, new: bytes) -> None:
        """Read the whole copy: SQLite's structure, every page's authentication, the event chain."""
        copy = self._connect(self._fresh, new)
        try:
            sound = copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            authentic = copy.execute("PRAGMA cipher_integrity_check").fetchall() == []
        except sqlcipher.DatabaseError as error:
            raise storage_error(error) from error
        finally:
            copy.close()
        database = Database(self._fresh, new)
        try:
            intact = verify_log(database, self._keys.log_head()).intact
        finally:
            database.close()
        if not (sound and authentic and intact):
            raise StorageBroken("record_damaged", "the record is damaged; see medspa verify before changing its key")

    def _opens(self, key: bytes) -> bool:
        try:
            self._connect(self._path, key).close()
        except WrongKey:
            return False
        return True

    def _connect(self, path: Path, key: bytes) -> Connection:
        connection = sqlcipher.connect(str(path), isolation_level=None)
        try:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.DatabaseError as error:
            connection.close()
            raise storage_error(error) from error
        return connection

    def _require_record(self) -> None:
        if not (self._path.exists() and self._path.stat().st_size):
            raise RecordMissing("record_missing", f"{self._path} is gone or empty: put it back from a backup")

    def _require_room(self) -> None:
        size = sum(path.stat().st_size for path in files_of(self._path) if path.exists())
        needed = int(size * _MARGIN) + _SPARE_BYTES
        if self._free(self._path.parent) < needed:
            raise StorageFull("no_room_for_copy", f"a new key needs {needed} free bytes for the copy; make room first")


def _inventory(connection: Connection) -> list[tuple[str, int]]:
    """Return every part of the schema, each table with its number of rows."""
    parts = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    counts = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - the schema's own names
        for kind, name, _ in parts
        if kind == "table"
    }
    return [(f"{kind} {name}: {sql}", counts.get(name, 0)) for kind, name, sql in parts]
