"""What a backup takes out of a record: the log, and every row that is not derived from it."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.store.database import Connection, Database
from edge.store.errors import StorageBroken
from edge.store.log import authentic_head, stored_bytes
from edge.store.projection import Projection
from shared.events.chain import LogRow
from shared.events.envelope import GENESIS_HASH, Event, MalformedEvent
from shared.sync.position import Position

_PAGE_ROWS: Final = 500
_OF_THE_LOG: Final = frozenset({"events", "head", "projections"})


@dataclass(frozen=True, slots=True)
class RecordState:
    """A record at one moment.

    Attributes:
        head: where its log ends, authenticated.
        last: position number of the last event stored; 0 of an empty log.
        schema_version: number of migrations that its tables have had.
        tables: rows of every table that is neither the log nor derived from it, as JSON.
    """

    head: Position
    last: int
    schema_version: int
    tables: bytes


class RecordSource:
    """Reads a record beside whoever writes it."""

    def __init__(self, database: Database, projections: Sequence[Projection], head_key: bytes) -> None:
        """Take an open database.

        Args:
            database: the record.
            projections: whose tables are left out: they come back from the log.
            head_key: authenticates the log's end.
        """
        self._database = database
        self._derived = _OF_THE_LOG | {table for item in projections for table, _ in item.tables}
        self._head_key = head_key

    def state(self) -> RecordState:
        """Return the record's end and other rows as they are at one moment.

        Raises:
            StorageBroken: the log's end is missing or forged, or the database is damaged.
        """
        with self._database.reader() as connection:
            connection.execute("BEGIN")
            try:
                head = authentic_head(connection, self._head_key)
                last = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0]
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                tables = self._tables(connection)
            finally:
                connection.execute("COMMIT")
        if head is None:
            raise StorageBroken("log_head_damaged", "the log's recorded end is missing or forged; run medspa verify")
        return RecordState(Position(head.epoch, head.seq, head.hash), int(last), int(version), tables)

    def place_of(self, position: Position) -> int | None:
        """Return the position number of an event of this log, or None when it is not in it."""
        with self._database.reader() as connection:
            row = connection.execute(
                "SELECT position FROM events WHERE epoch = ? AND seq = ? AND hash = ?",
                (position.epoch, position.seq, position.hash),
            ).fetchone()
        return int(row[0]) if row else None

    def size_behind(self, after: int) -> int:
        """Return how many bytes the events behind a position number have."""
        with self._database.reader() as connection:
            row = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM events WHERE position > ?", (after,))
            return int(row.fetchone()[0])

    def events(self, after: int, last: int, previous: str = GENESIS_HASH) -> Iterator[Event]:
        """Walk the log behind a position number up to `last`, each event checked against the one before.

        Args:
            after: position number to start behind.
            last: position number to end with.
            previous: hash of the event at `after`.

        Raises:
            StorageBroken: an event is not as it was written.
        """
        while after < last:
            with self._database.reader() as connection:
                rows = connection.execute(
                    "SELECT position, epoch, seq, body, hash FROM events WHERE position > ? AND position <= ?"
                    " ORDER BY position LIMIT ?",
                    (after, last, _PAGE_ROWS),
                ).fetchall()
            if not rows:
                raise StorageBroken("log_cut_off", "the log ends before its recorded end; run medspa verify")
            for position, epoch, seq, body, digest in rows:
                event = _checked(LogRow(epoch, seq, stored_bytes(body), digest), previous)
                after, previous = int(position), event.hash
                yield event

    def _tables(self, connection: Connection) -> bytes:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        kept = [name for (name,) in names if name not in self._derived]
        return json.dumps({name: _rows(connection, name) for name in kept}).encode()


def fill_tables(connection: Connection, tables: bytes) -> None:
    """Write rows that `RecordSource.state` returned into the same tables, in the caller's transaction."""
    for name, content in json.loads(tables).items():
        columns = ", ".join(f'"{column}"' for column in content["columns"])
        marks = ", ".join("?" * len(content["columns"]))
        statement = f'INSERT INTO "{name}" ({columns}) VALUES ({marks})'  # noqa: S608 - names of our own tables
        connection.executemany(statement, [[_from_json(value) for value in row] for row in content["rows"]])


def _rows(connection: Connection, table: str) -> dict[str, Any]:
    cursor = connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')  # noqa: S608 - of our own tables
    rows = [[_to_json(value) for value in row] for row in cursor.fetchall()]
    return {"columns": [column[0] for column in cursor.description], "rows": rows}


def _to_json(value: Any) -> Any:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


def _checked(row: LogRow, previous: str) -> Event:
    try:
        event = Event.from_body(row.body)
    except MalformedEvent:
        event = None
    if event is None or event.hash != row.hash or event.fields.prev_hash != previous:
        raise StorageBroken(
            "log_damaged",
            f"event {row.seq} of epoch {row.epoch} is not as it was written: it is not backed up, the former backup"
            " stays; run medspa verify",
        )
    return event
