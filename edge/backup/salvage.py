"""What can still be read of a damaged record: its last events, as far as the chain vouches for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2 as sqlcipher

from edge.store.database import Connection
from edge.store.log import authentic_head
from shared.events.envelope import Event, MalformedEvent
from shared.ids import BlobName
from shared.sync.position import Position

_PAGE_ROWS: Final = 200


class DamagedRecord:
    """A former record as a place where the rest of the log may be; what cannot be read ends it, without an error."""

    def __init__(self, path: Path, key: bytes, head_key: bytes, known: int) -> None:
        """Take the file; it is only read.

        Args:
            path: the record's file; it may be missing.
            key: the database key.
            head_key: authenticates the log's end.
            known: how many events of the log are known already.
        """
        self._path = path
        self._key = key.hex()
        self._head_key = head_key
        self._known = known

    def head(self) -> Position | None:
        """Return where the log once ended, or None when that cannot be read."""
        connection = self._open()
        if connection is None:
            return None
        try:
            head = authentic_head(connection, self._head_key)
        except sqlcipher.Error:
            return None
        finally:
            connection.close()
        return Position(head.epoch, head.seq, head.hash) if head is not None else None

    def events(self, end: Position) -> Iterator[list[Event]]:
        """Yield the events behind `end` for as long as each continues the one before."""
        connection = self._open()
        if connection is None:
            return
        try:
            position, previous = self._known, end.hash
            while events := self._page(connection, position, previous):
                yield events
                position, previous = position + len(events), events[-1].hash
        finally:
            connection.close()

    def image(self, name: BlobName, size: int) -> bytes | None:
        """Return None: images lie in the vault."""
        del name, size
        return None

    def _page(self, connection: Connection, position: int, previous: str) -> list[Event]:
        events: list[Event] = []
        try:
            rows = connection.execute(
                "SELECT body FROM events WHERE position > ? AND position <= ? ORDER BY position",
                (position, position + _PAGE_ROWS),
            )
            for (body,) in rows:
                event = Event.from_body(bytes(body))
                if event.fields.prev_hash != previous:
                    break
                events.append(event)
                previous = event.hash
        except (sqlcipher.Error, MalformedEvent, TypeError):
            pass  # what follows cannot be read any more
        return events

    def _open(self) -> Connection | None:
        if not self._path.exists():
            return None
        # Read-only, so that not even closing it changes the file.
        connection = sqlcipher.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{self._key}'\"")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.Error:
            connection.close()
            return None
        return connection
