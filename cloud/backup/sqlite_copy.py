"""Copies the embedded database while the hub works on it, and puts a copy in its place."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from cloud.backup.manifest import BackupDamaged
from shared.durable import sync_folder
from shared.errors import Rejected
from shared.locks import exclusive

DATABASE: Final = "database.sqlite"
_PAGES: Final = 2000


@contextmanager
def copied_beside(living: Path) -> Iterator[Path]:
    """Yield a copy of a database in a consistent state, on its own disk; whoever writes meanwhile goes on.

    The copy is as readable as the database, so it never lies anywhere else, and goes when the context ends or, after
    a crash, when the next one begins.

    Raises:
        BackupDamaged: the copy is not sound, and so is not the database.
        HeldByAnother: another backup is being made.
        sqlite3.Error, OSError: the database cannot be read, or its disk has no room for a copy.
    """
    copy = living.with_name(f"{living.name}.backing-up")
    with exclusive(copy.with_name(f"{copy.name}.lock"), patience_seconds=0):
        try:
            _remove(copy)
            _copy_database(living, copy)
            yield copy
        finally:
            _remove(copy)


def _remove(copy: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _copy_database(source: Path, goal: Path) -> None:
    create_private(goal).close()
    with closing(sqlite3.connect(source)) as living, closing(sqlite3.connect(goal)) as copy:
        living.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode = DELETE")
        check_sound(copy)


def create_private(path: Path) -> BinaryIO:
    """Open a new file for writing that only its owner can read, in the place of one that may be there."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def check_sound(connection: sqlite3.Connection) -> None:
    """Let the database examine itself.

    Raises:
        BackupDamaged: it contradicts itself.
    """
    try:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError:
        found = "unreadable"
    if found != "ok":
        raise BackupDamaged("database_damaged", "the database's own check fails; use another backup")


def put_in_place(draft: Path, living: Path, now: datetime) -> Path | None:
    """Make `draft` the hub's database in one step and return where the one of before lies now, if there was one.

    At every instant `living` is one of the two, whole.

    Raises:
        Rejected: another program holds the living database open.
    """
    aside = None
    if living.exists():
        _settle_or_part(living)
        aside = living.with_name(f"{living.name}.before-{now:%Y%m%dT%H%M%S}")
        os.link(living, aside)
    draft.replace(living)
    sync_folder(living.parent)
    return aside


def settle_file(path: Path) -> None:
    """Bring everything into the one file, so that no journal of it is left.

    Raises:
        Rejected: another program holds the database open.
        sqlite3.DatabaseError: it is too damaged to be opened.
    """
    with closing(sqlite3.connect(path)) as connection:
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    if busy or mode != "delete":
        raise Rejected("database_in_use", "another program has the database open; stop it, then restore")


def _settle_or_part(living: Path) -> None:
    try:
        settle_file(living)
    except sqlite3.OperationalError as error:
        raise Rejected("database_in_use", "another program has the database open; stop it, then restore") from error
    except sqlite3.DatabaseError:
        # Too damaged to be opened; its journal must not be taken for the other one's.
        for suffix in ("-wal", "-shm"):
            journal = living.with_name(living.name + suffix)
            if journal.exists():
                journal.replace(living.with_name(f"{living.name}.before{suffix}"))
