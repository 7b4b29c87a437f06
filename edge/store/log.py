"""The shape of a stored log: its authenticated end, its epochs, and the walk that verifies it."""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final

from edge.store.database import Connection, Database
from shared.events.chain import ChainReport, Damage, DamageKind, Head, LogRow, verify_chain
from shared.events.envelope import Event
from shared.sync.position import Position

# Steps from epoch to epoch over the index, so that it costs the same whatever the log's length.
_EPOCH_ENDS: Final = """
    WITH RECURSIVE names(epoch) AS (
        SELECT min(epoch) FROM events
        UNION ALL
        SELECT (SELECT min(epoch) FROM events WHERE epoch > names.epoch) FROM names WHERE names.epoch IS NOT NULL
    )
    SELECT events.epoch, events.seq, events.hash FROM names JOIN events ON events.epoch = names.epoch
    AND events.seq = (SELECT max(seq) FROM events WHERE epoch = names.epoch) ORDER BY events.position
"""


def verify_log(database: Database, head_key: bytes) -> ChainReport:
    """Walk a log against its authenticated end; needs no more of the database than these two tables."""
    with database.reader() as connection:
        head = authentic_head(connection, head_key)
        report = verify_chain(_log_rows(connection), head)
    if report.intact and head is None:
        lost_end = Damage(
            DamageKind.CUT_OFF, "unknown", report.length + 1, "the log's recorded end is missing or forged"
        )
        return ChainReport(report.length, lost_end)
    return report


def read_epochs(connection: Connection, head: Head) -> list[Position]:
    """Return the end of every epoch stored, oldest first, and the head's own epoch as the last."""
    rows = connection.execute(_EPOCH_ENDS).fetchall()
    former = [Position(*row) for row in rows if row[0] != head.epoch]
    return [*former, Position(head.epoch, head.seq, head.hash)]


def first_behind(connection: Connection, position: Position | None) -> bytes | None:
    """Return the body of the first event after a position of the log, in whichever epoch; None at the end."""
    row = connection.execute(
        "SELECT body FROM events WHERE position >"
        " coalesce((SELECT position FROM events WHERE epoch = ? AND seq = ?),"
        " (SELECT min(position) - 1 FROM events WHERE epoch = ?), 0) ORDER BY position LIMIT 1",
        (position.epoch, position.seq, position.epoch) if position is not None else (None, None, None),
    ).fetchone()
    return bytes(row[0]) if row else None


def insert_event(connection: Connection, event: Event) -> None:
    """Store an event at the end of the log; the caller moves the head in the same transaction."""
    fields = event.fields
    connection.execute(
        "INSERT INTO events (epoch, seq, id, hash, type, aggregate, version, client, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            fields.epoch, fields.seq, fields.id, event.hash, fields.type, fields.aggregate,
            fields.version, fields.client, event.body,
        ),
    )  # fmt: skip


def write_head(connection: Connection, head_key: bytes, head: Head) -> None:
    """Record and authenticate where the log ends."""
    connection.execute(
        "INSERT INTO head VALUES (1, ?, ?, ?, ?) ON CONFLICT (only) DO UPDATE SET"
        " epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash, mac = excluded.mac",
        (head.epoch, head.seq, head.hash, _mac(head_key, head)),
    )


def authentic_head(connection: Connection, head_key: bytes) -> Head | None:
    """Return a log's recorded end, or None when it is missing or forged."""
    row = connection.execute("SELECT epoch, seq, hash, mac FROM head").fetchone()
    if row is None:
        return None
    head = Head(*row[:3])
    return head if hmac.compare_digest(str(row[3]).encode(), _mac(head_key, head).encode()) else None


def stored_bytes(body: bytes | str) -> bytes:
    """Return a stored body's bytes: an edit through SQL can turn them into text, which is still to be judged."""
    return body.encode() if isinstance(body, str) else bytes(body)


def _mac(head_key: bytes, head: Head) -> str:
    return hmac.new(head_key, f"{head.epoch}/{head.seq}/{head.hash}".encode(), hashlib.sha256).hexdigest()


def _log_rows(connection: Connection) -> Iterator[LogRow]:
    for epoch, seq, body, digest in connection.execute("SELECT epoch, seq, body, hash FROM events ORDER BY position"):
        yield LogRow(epoch, seq, stored_bytes(body), digest)
