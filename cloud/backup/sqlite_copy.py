"""Copies the embedded database while the hub works on it, and puts a copy in its place."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from cloud.backup.manifest import BackupDamaged
from shared.durable import sync_folder
from shared.errors import Rejected

DATABASE: Final = "database.sqlite"
_PAGES: Final = 2000


def copy_database(source: Path, goal: Path) -> None:
    """Copy a database in a consistent state, durably; whoever writes meanwhile goes on.

    Raises:
        BackupDamaged: the copy is not sound, and so is not the database.
        sqlite3.Error, OSError: the database cannot be read or the goal not be written.
    """
    goal.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as living, closing(sqlite3.connect(goal)) as copy:
        living.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode = DELETE")
        check_sound(copy)
    with goal.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(goal.parent)


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
