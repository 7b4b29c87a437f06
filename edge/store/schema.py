"""The database's tables outside projections, as numbered migrations that each run in one transaction."""

import shutil
from typing import Final

from edge.store.database import Connection, Database
from edge.store.errors import StorageBroken, StorageFull

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            epoch TEXT NOT NULL, seq INTEGER NOT NULL,
            id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL,
            type TEXT NOT NULL, aggregate TEXT NOT NULL, version INTEGER NOT NULL,
            client TEXT, body BLOB NOT NULL,
            UNIQUE (epoch, seq), UNIQUE (aggregate, version)
        )""",
        "CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events"
        " BEGIN SELECT raise(ABORT, 'events are immutable'); END",
        "CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events"
        " BEGIN SELECT raise(ABORT, 'events are immutable'); END",
        # The end of the log, authenticated, so that a lost tail is noticed.
        """CREATE TABLE head (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            epoch TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL
        )""",
        # How far somebody has come in a log: `hub` for the hub in ours, `down` for us in the hub's.
        """CREATE TABLE cursors (
            name TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL
        )""",
        # Events that came down from the hub, as received.
        """CREATE TABLE inbox (
            hub_epoch TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL,
            body BLOB NOT NULL, set_aside TEXT,
            PRIMARY KEY (hub_epoch, seq)
        )""",
        "CREATE TABLE projections (name TEXT PRIMARY KEY, version INTEGER NOT NULL)",
    ),
    (
        # Heads of the hub's tree that this box has verified, oldest first.
        """CREATE TABLE hub_heads (
            number INTEGER PRIMARY KEY,
            epoch TEXT NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, at INTEGER NOT NULL,
            key BLOB NOT NULL, signature BLOB NOT NULL
        )""",
    ),
)


def migrate(database: Database, up_to: int | None = None) -> int:
    """Bring the database to this version's schema and return the number of migrations that ran.

    Each migration is one transaction: killed in the middle, the next start does it again from its beginning.

    Args:
        database: the open database.
        up_to: how many migrations the database shall have had, for rows of an older version; all by default.

    Raises:
        StorageBroken: the database was made by a newer version of the software.
        StorageFull: there is no room for a migration; nothing was begun.
    """
    wanted = len(MIGRATIONS) if up_to is None else up_to
    if wanted > len(MIGRATIONS):
        raise _too_new()
    _ensure_room(database, wanted)

    def step(connection: Connection) -> bool:
        done = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if done > len(MIGRATIONS):
            raise _too_new()
        if done >= wanted:
            return False
        for statement in MIGRATIONS[done]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {done + 1}")
        return True

    count = 0
    while database.write(step):
        count += 1
    return count


def is_newer(database: Database) -> bool:
    """Tell whether newer software wrote the database: this one can neither use it nor judge whether it is damaged."""
    return _done(database) > len(MIGRATIONS)


def _done(database: Database) -> int:
    with database.reader() as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _ensure_room(database: Database, wanted: int) -> None:
    """Refuse a migration that might fill the disk half-way: it may write every page again, once more in the WAL."""
    done = _done(database)
    needed = 2 * database.path.stat().st_size
    free = shutil.disk_usage(database.path.parent).free
    if 0 < done < wanted and free < needed:
        raise StorageFull(
            "no_room_to_migrate",
            f"the update needs {needed >> 20} MB free and {free >> 20} MB are: make room and start again",
        )


def _too_new() -> StorageBroken:
    return StorageBroken("schema_too_new", "the database was written by newer software; update this box")
