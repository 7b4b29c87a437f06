"""Fills an empty record with events that this box once wrote: after a restore the log goes on where it ended."""

import secrets
from collections.abc import Sequence

from edge.store.database import Connection, Database
from edge.store.errors import StorageBroken
from edge.store.log import authentic_head, insert_event, read_epochs, write_head
from edge.store.projection import Projection, ensure_projections
from shared.events.chain import Head
from shared.events.envelope import GENESIS_HASH, Event
from shared.sync.position import Position


class LogRefill:
    """Appends events verbatim, each only where the chain wants it; their effects come with them."""

    def __init__(self, database: Database, projections: Sequence[Projection], head_key: bytes) -> None:
        """Take a migrated database; its log may hold events already.

        Args:
            database: the record under construction; nobody else writes it.
            projections: tables to keep in step.
            head_key: authenticates the log's end.
        """
        self._database = database
        self._projections = tuple(projections)
        self._head_key = head_key
        ensure_projections(database, self._projections)

    def end(self) -> Position:
        """Return the last event taken."""
        with self._database.reader() as connection:
            head = self._head(connection)
        return Position(head.epoch, head.seq, head.hash)

    def epochs(self) -> list[Position]:
        """Return the end of every epoch, oldest first."""
        with self._database.reader() as connection:
            return read_epochs(connection, self._head(connection))

    def append(self, events: Sequence[Event]) -> None:
        """Take events as they were once written, all or none; durable when it returns.

        Raises:
            StorageBroken: one does not continue the log.
        """

        def task(connection: Connection) -> None:
            head = self._head(connection)
            for event in events:
                head = _next(head, event)
                insert_event(connection, event)
                for projection in self._projections:
                    projection.apply(connection, event)
            write_head(connection, self._head_key, head)

        self._database.write(task)

    def begin_epoch(self) -> str:
        """Begin a new epoch behind the last event and return its name; (epoch, seq) is then never used twice."""
        epoch = secrets.token_hex(8)

        def task(connection: Connection) -> None:
            write_head(connection, self._head_key, Head(epoch, 0, self._head(connection).hash))

        self._database.write(task)
        return epoch

    def _head(self, connection: Connection) -> Head:
        if connection.execute("SELECT 1 FROM head").fetchone() is None:
            return Head("", 0, GENESIS_HASH)
        head = authentic_head(connection, self._head_key)
        if head is None:
            raise StorageBroken("log_head_damaged", "the record under construction is damaged; restore again")
        return head


def _next(head: Head, event: Event) -> Head:
    fields = event.fields
    place = head.seq + 1 if fields.epoch == head.epoch else 1
    if fields.seq != place or fields.prev_hash != head.hash:
        raise StorageBroken(
            "log_does_not_continue", f"event {fields.seq} of epoch {fields.epoch} does not continue event {head.seq}"
        )
    return Head(fields.epoch, fields.seq, event.hash)
