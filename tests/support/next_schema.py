"""A schema of two versions from now, and a program that migrates a box's record to it; to be killed in the middle.

python -m tests.support.next_schema FOLDER
"""

import sys
from pathlib import Path

from edge.keys.box import BoxKeys
from edge.store import schema
from edge.store.database import Database

NEXT = (
    *schema.MIGRATIONS,
    (
        "CREATE TABLE copies (position INTEGER PRIMARY KEY, body BLOB)",
        "INSERT INTO copies SELECT position, body FROM events",
    ),
    ("CREATE INDEX copies_by_body ON copies (body)", "UPDATE copies SET body = body || x'00'"),
)


def open_database(folder: Path) -> Database:
    """Open a box's database and nothing more."""
    return Database(folder / "data" / "record.db", BoxKeys(folder / "keys").database())


def main(folder: Path) -> None:
    """Migrate."""
    schema.MIGRATIONS = NEXT  # type: ignore[misc]
    database = open_database(folder)
    schema.migrate(database)
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
