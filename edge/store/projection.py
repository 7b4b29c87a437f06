"""Tables derived from the log: written in the event's own transaction, and rebuilt from nothing at will."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlite_utils

from edge.store.database import Connection, Database
from shared.events.envelope import Event
from shared.side import ProjectionReport


@dataclass(frozen=True, slots=True)
class Projection:
    """One set of derived tables.

    Attributes:
        name: stable name.
        version: raised whenever `tables` or `apply` change; the tables are then rebuilt at the next start.
        tables: table names, each with the statement that makes it.
        apply: writes what one event means into the tables; gets every event, once and in order.
    """

    name: str
    version: int
    tables: tuple[tuple[str, str], ...]
    apply: Callable[[Connection, Event], None]


def ensure_projections(database: Database, projections: Sequence[Projection]) -> list[str]:
    """Rebuild every projection whose version is not the stored one; return their names."""

    def task(connection: Connection) -> list[str]:
        stored = dict(connection.execute("SELECT name, version FROM projections").fetchall())
        stale = [item for item in projections if stored.get(item.name) != item.version]
        _rebuild(connection, stale)
        return [item.name for item in stale]

    return database.write(task)


def rebuild_projections(database: Database, projections: Sequence[Projection]) -> list[ProjectionReport]:
    """Drop and rebuild every projection in one transaction and compare the rows before and after."""

    def task(connection: Connection) -> list[ProjectionReport]:
        before = [_digest(connection, item) for item in projections]
        _rebuild(connection, projections)
        after = [_digest(connection, item) for item in projections]
        return [
            ProjectionReport(item.name, rows, old, new)
            for item, (_, old), (rows, new) in zip(projections, before, after, strict=True)
        ]

    return database.write(task)


def _rebuild(connection: Connection, projections: Sequence[Projection]) -> None:
    if not projections:
        return
    for item in projections:
        for table, create in item.tables:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute(create)
        connection.execute(
            "INSERT INTO projections VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            (item.name, item.version),
        )
    for (body,) in connection.execute("SELECT body FROM events ORDER BY position"):
        event = Event.from_body(body)
        for item in projections:
            item.apply(connection, event)


def _digest(connection: Connection, projection: Projection) -> tuple[int, str]:
    """Count and hash a projection's rows, whatever order they were written in."""
    # sqlite-utils only reads here: its writing helpers commit on their own, which would break our transaction.
    view = sqlite_utils.Database(connection)
    lines: list[str] = []
    for table, _ in projection.tables:
        rows = view[table].rows if view[table].exists() else ()
        lines += sorted(json.dumps([table, *row.values()], default=_hex) for row in rows)
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _hex(value: bytes) -> str:
    return bytes(value).hex()
