"""The box's event log in SQLCipher: history, outbox and audit trail in one table."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from edge.store.database import Connection, Database
from edge.store.errors import StorageBroken, VersionConflict
from edge.store.log import authentic_head, first_behind, insert_event, read_epochs, verify_log, write_head
from edge.store.projection import Projection, ensure_projections, rebuild_projections
from edge.store.schema import migrate
from shared.clock import Clock
from shared.events.chain import ChainReport, Head
from shared.events.envelope import GENESIS_HASH, Event, EventDraft
from shared.events.hlc import HybridClock, Timestamp
from shared.events.payload import Catalogue
from shared.events.sealing import close_payload
from shared.ids import ClientId, DeviceId, IdSource, LocationId, TenantId
from shared.side import ProjectionReport
from shared.sync.digest import aggregates_digest
from shared.sync.position import Position

HUB_CURSOR: Final = "hub"
DOWN_CURSOR: Final = "down"


@dataclass(frozen=True, slots=True)
class BoxIdentity:
    """Who this box is, as the hub named it at enrolment."""

    tenant: TenantId
    location: LocationId
    device: DeviceId


class DataKeys(Protocol):
    """Where the client data keys come from."""

    def key_of(self, client: ClientId) -> bytes:
        """Return a client's data key; raises when there is none or it was destroyed."""
        ...


AppendListener = Callable[[int], None]


class SqlcipherEventStore:
    """Appends events and keeps projections, both in one transaction; safe to share by threads."""

    def __init__(
        self,
        database: Database,
        identity: BoxIdentity,
        *,
        clock: Clock,
        ids: IdSource,
        catalogue: Catalogue,
        projections: Sequence[Projection],
        data_keys: DataKeys,
        head_key: bytes,
    ) -> None:
        self._database = database
        self._identity = identity
        self._clock = clock
        self._ids = ids
        self._catalogue = catalogue
        self._projections = tuple(projections)
        self._data_keys = data_keys
        self._head_key = head_key
        self._listeners: list[AppendListener] = []
        migrate(database)
        ensure_projections(database, self._projections)
        database.write(self._start_log)
        self._hybrid = HybridClock(clock, self._last_timestamp())

    @property
    def identity(self) -> BoxIdentity:
        """Who writes this log."""
        return self._identity

    @property
    def hybrid_clock(self) -> HybridClock:
        """The clock that orders this box's events; peers' timestamps are shown to it."""
        return self._hybrid

    def on_append(self, listener: AppendListener) -> None:
        """Call `listener` with the new head `seq` after each commit, on the caller's thread."""
        self._listeners.append(listener)

    def append(self, drafts: Sequence[EventDraft], also: Callable[[Connection], None] | None = None) -> list[Event]:
        """Write events and everything derived from them in one transaction; durable when it returns.

        Args:
            drafts: what happened, in order.
            also: more to write in the same transaction, such as the cursor of what was consumed.

        Raises:
            UnknownSchema: a payload of a type this software does not register.
            VersionConflict: an aggregate is not at its draft's `expected_version`.
            StorageFull, StorageReadOnly, StorageBusy: nothing was written.
        """
        for draft in drafts:
            self._catalogue.model(draft.payload.event_type, draft.payload.schema_version)

        def task(connection: Connection) -> list[Event]:
            head = self._read_head(connection)
            events: list[Event] = []
            keys = {client: self._data_keys.key_of(client) for client in {draft.client for draft in drafts} if client}
            for draft in drafts:
                event = self._make(connection, draft, head, keys.get(draft.client) if draft.client else None)
                head = Head(head.epoch, event.fields.seq, event.hash)
                self._insert(connection, event)
                events.append(event)
            self._write_head(connection, head)
            if also is not None:
                also(connection)
            return events

        events = self._database.write(task)
        for listener in self._listeners:
            listener(events[-1].fields.seq if events else self.head().seq)
        return events

    def head(self) -> Position:
        """Return the end of the log."""
        with self._database.reader() as connection:
            head = self._read_head(connection)
        return Position(head.epoch, head.seq, head.hash)

    def epochs(self) -> list[Position]:
        """Return the end of every epoch of the log, oldest first; the last is the one being written."""
        with self._database.reader() as connection:
            return read_epochs(connection, self._read_head(connection))

    def read(self, after_seq: int, limit: int, epoch: str | None = None) -> list[Event]:
        """Return up to `limit` events of an epoch (by default the current one) behind `after_seq`, in order."""
        return [Event.from_body(body) for body in self.bodies(after_seq, limit, epoch)]

    def bodies(self, after_seq: int, limit: int, epoch: str | None = None) -> list[bytes]:
        """Return the bodies of up to `limit` events of an epoch behind `after_seq`, in order."""
        with self._database.reader() as connection:
            rows = connection.execute(
                "SELECT body FROM events WHERE epoch = coalesce(?, (SELECT epoch FROM head)) AND seq > ?"
                " ORDER BY seq LIMIT ?",
                (epoch, after_seq, limit),
            ).fetchall()
        return [body for (body,) in rows]

    def first_behind(self, position: Position | None) -> Event | None:
        """Return the first event after a position of the log, in whichever epoch; None at the end."""
        with self._database.reader() as connection:
            body = first_behind(connection, position)
        return Event.from_body(body) if body is not None else None

    def stream(self, aggregate: str, after: int = 0) -> list[Event]:
        """Return the events of one aggregate behind version `after`, in order; all of them by default."""
        with self._database.reader() as connection:
            rows = connection.execute(
                "SELECT body FROM events WHERE aggregate = ? AND version > ? ORDER BY version", (aggregate, after)
            ).fetchall()
        return [Event.from_body(body) for (body,) in rows]

    def find(self, event_id: str) -> Event | None:
        """Return one event by id."""
        with self._database.reader() as connection:
            row = connection.execute("SELECT body FROM events WHERE id = ?", (event_id,)).fetchone()
        return Event.from_body(row[0]) if row else None

    def last(self) -> Event | None:
        """Return the event written last, or None in an empty log."""
        rows = self.rows("SELECT body FROM events ORDER BY position DESC LIMIT 1")
        return Event.from_body(rows[0][0]) if rows else None

    def cursor(self, name: str) -> Position | None:
        """Return a stored cursor, or None when it was never set."""
        with self._database.reader() as connection:
            row = connection.execute("SELECT epoch, seq, hash FROM cursors WHERE name = ?", (name,)).fetchone()
        return Position(*row) if row else None

    def move_cursor(self, name: str, position: Position) -> None:
        """Store a cursor; idempotent."""
        self._database.write(lambda connection: write_cursor(connection, name, position))

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one reading statement over the projections."""
        with self._database.reader() as connection:
            return list(connection.execute(statement, tuple(parameters)).fetchall())

    def verify(self) -> ChainReport:
        """Walk the whole log against its authenticated head."""
        return verify_log(self._database, self._head_key)

    def rebuild(self) -> list[ProjectionReport]:
        """Drop every projection and build it again from the log."""
        return rebuild_projections(self._database, self._projections)

    def close(self) -> None:
        """Finish what is being written and close the database."""
        self._database.close()

    def _make(self, connection: Connection, draft: EventDraft, head: Head, key: bytes | None) -> Event:
        event_id = self._ids.new()
        version = self._next_version(connection, draft)
        return Event.seal_in_chain(
            {
                "id": event_id,
                "tenant": self._identity.tenant,
                "location": self._identity.location,
                "device": self._identity.device,
                "epoch": head.epoch,
                "seq": head.seq + 1,
                "prev_hash": head.hash,
                "aggregate": draft.aggregate,
                "version": version,
                "hlc": str(self._hybrid.tick()),
                "wall_time": self._clock.wall().isoformat(),
                "clock_quality": self._clock.quality(),
                "type": draft.payload.event_type,
                "schema_version": draft.payload.schema_version,
                "actor": draft.actor,
                "purpose": draft.purpose,
                "sensitivity": draft.sensitivity,
                "client": draft.client,
                "payload": close_payload(draft.payload, event_id, key),
            }
        )

    def _next_version(self, connection: Connection, draft: EventDraft) -> int:
        row = connection.execute(
            "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = ?", (draft.aggregate,)
        ).fetchone()
        current = int(row[0])
        if draft.expected_version is not None and draft.expected_version != current:
            raise VersionConflict(
                "version_conflict",
                f"{draft.aggregate} is at version {current}, not {draft.expected_version}; read it again",
            )
        return current + 1

    def _insert(self, connection: Connection, event: Event) -> None:
        insert_event(connection, event)
        for projection in self._projections:
            projection.apply(connection, event)

    def _start_log(self, connection: Connection) -> None:
        if connection.execute("SELECT 1 FROM head").fetchone() is None:
            empty = connection.execute("SELECT count(*) FROM events").fetchone()[0] == 0
            if empty:
                self._write_head(connection, Head(secrets.token_hex(8), 0, GENESIS_HASH))

    def _read_head(self, connection: Connection) -> Head:
        head = authentic_head(connection, self._head_key)
        if head is None:
            # Going on would authenticate anew what somebody has changed, and hide it for good.
            raise StorageBroken("log_head_damaged", "the log's recorded end is missing or forged; run medspa verify")
        return head

    def _write_head(self, connection: Connection, head: Head) -> None:
        write_head(connection, self._head_key, head)

    def _last_timestamp(self) -> Timestamp | None:
        last = self.last()
        return Timestamp.parse(last.fields.hlc) if last is not None else None


def digest_of(database: Database) -> str:
    """Return the digest of what every aggregate of the log has come to; the hub's is the same when it has it all."""
    with database.reader() as connection:
        return aggregates_digest(connection.execute("SELECT aggregate, version, hash FROM events"))


def write_cursor(connection: Connection, name: str, position: Position) -> None:
    """Store a cursor within a transaction that is under way."""
    connection.execute(
        "INSERT INTO cursors VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
        " epoch = excluded.epoch, seq = excluded.seq, hash = excluded.hash",
        (name, position.epoch, position.seq, position.hash),
    )
