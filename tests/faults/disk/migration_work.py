"""The next start after a power cut in a migration, and what must hold when it has ended it."""

from pathlib import Path
from typing import Final
from unittest.mock import patch

from edge.store import schema
from tests.support.next_schema import NEXT, open_database

EVENTS: Final = 120


def end_migration(folder: Path, _acknowledged: tuple[str, ...]) -> int:
    """Start once more and check what is there; return how many migrations were still to be done.

    Raises:
        AssertionError: the schema is not whole, or an event is gone.
    """
    database = open_database(folder)
    try:
        with patch.object(schema, "MIGRATIONS", NEXT):
            done = schema.migrate(database)
        with database.reader() as connection:
            assert connection.execute("PRAGMA user_version").fetchone()[0] == len(NEXT)
            assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == EVENTS
            same = "SELECT count(*) FROM copies JOIN events USING (position) WHERE copies.body = events.body || x'00'"
            assert connection.execute(same).fetchone()[0] == EVENTS
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return done
    finally:
        database.close()
