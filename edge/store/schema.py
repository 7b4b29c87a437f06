"""The database's tables outside projections, as numbered migrations that each run in one transaction."""

from typing import Final

from edge.store.database import Connection, Database
from edge.store.errors import StorageBroken

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


def migrate(database: Database) -> int:
    """Bring the database to this version's schema and return the number of migrations that ran.

    Raises:
        StorageBroken: the database was made by a newer version of the software.
    """

    def step(connection: Connection) -> bool:
        done = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if done > len(MIGRATIONS):
            raise StorageBroken("schema_too_new", "the database was written by newer software; update this box")
        if done == len(MIGRATIONS):
            return False
        for statement in MIGRATIONS[done]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {done + 1}")
        return True

    count = 0
    while database.write(step):
        count += 1
    return count
