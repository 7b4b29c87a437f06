"""What the hub's migrations say to a database, revision by revision; the released ones are kept beside the tests.

python -m tests.support.hub_migrations      keeps what revisions say that are not kept yet
"""

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Connection, event

from cloud.storage.database import owner_engine, upgrade
from tests.support.servers import Postgres, postgres, run_sql

KEPT: Final = Path(__file__).resolve().parents[1] / "data" / "hub_migrations"
_CHANGES: Final = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "GRANT")
_HEADING: Final = "-- "

Said = dict[str, list[str]]


def empty_database(server: Postgres) -> str:
    """Return the address of a new database for the role that owns it."""
    name = f"empty_{secrets.token_hex(4)}"
    run_sql(server, "postgres", f"CREATE DATABASE {name} OWNER owner")
    return server.url("owner", name)


def said_by_migrations(url: str) -> Said:
    """Migrate an empty database and return each revision's statements that change something.

    In the order of the alphabet: a database names its tables in any order to whoever asks it for all of them.
    """
    said: Said = {}
    pending: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = " ".join(statement.split())
        if "alembic_version" in words and words.startswith(("INSERT", "UPDATE")):
            said[words.split("'")[1]] = sorted(pending)
            pending.clear()
        elif words.startswith(_CHANGES) and "alembic_version" not in words:
            pending.append(words)

    engine = owner_engine(url)
    try:
        with engine.connect() as plain:
            connection: Connection = plain.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                event.listen(connection, "before_cursor_execute", listen)
                upgrade(connection)
    finally:
        engine.dispose()
    return said


def kept(dialect: str) -> Said:
    """Return what is kept of a dialect."""
    said: Said = {}
    path = KEPT / f"{dialect}.sql"
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith(_HEADING):
            said[line.removeprefix(_HEADING)] = current = []
        else:
            current.append(line)
    return said


def keep(dialect: str, said: Said) -> None:
    """Add the revisions that are not kept yet; what is kept never changes."""
    KEPT.mkdir(exist_ok=True)
    together = said | kept(dialect)
    lines = [line for revision in sorted(together) for line in (_HEADING + revision, *together[revision])]
    (KEPT / f"{dialect}.sql").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Keep what is new, of both databases."""
    with TemporaryDirectory() as folder:
        keep("sqlite", said_by_migrations(f"sqlite:///{folder}/hub.db"))
    with TemporaryDirectory() as folder, postgres(Path(folder)) as server:
        keep("postgresql", said_by_migrations(empty_database(server)))


if __name__ == "__main__":
    main()
