"""Applies what comes down from the hub: each event's effect, its record and the cursor in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from edge.store.database import Connection
from edge.store.errors import VersionConflict
from edge.store.events import DOWN_CURSOR, SqlcipherEventStore, write_cursor
from shared.errors import Rejected, Retryable
from shared.events.catalogue.system import EventSetAside
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue
from shared.sync.position import Position

Handler = Callable[[Event], Sequence[EventDraft]]
_TRIES: Final = 5


class Inbox:
    """The hub's log as this box has applied it; each event takes effect once, by the hub's epoch and `seq`."""

    def __init__(self, store: SqlcipherEventStore, catalogue: Catalogue, handlers: Mapping[str, Handler]) -> None:
        """Keep what is needed to apply events.

        Args:
            store: the box's log.
            catalogue: payloads this software knows.
            handlers: by event type, a function from a down event to what the box records in answer.
        """
        self._store = store
        self._catalogue = catalogue
        self._handlers = dict(handlers)

    def applied(self, hub_epoch: str) -> Position:
        """Return how far the hub's log of this epoch was applied."""
        rows = self._store.rows(
            "SELECT seq, hash FROM inbox WHERE hub_epoch = ? ORDER BY seq DESC LIMIT 1", (hub_epoch,)
        )
        return Position(hub_epoch, *rows[0]) if rows else Position(hub_epoch)

    def ends(self) -> list[Position]:
        """Return how far each epoch of the hub's log was applied, in the order in which they were begun here."""
        rows = self._store.rows("SELECT hub_epoch FROM inbox WHERE seq = 1 ORDER BY rowid")
        return [self.applied(epoch) for (epoch,) in rows]

    def bodies(self, hub_epoch: str, first_seq: int, limit: int) -> list[bytes]:
        """Return applied events as received, in order, from `first_seq` on."""
        rows = self._store.rows(
            "SELECT body FROM inbox WHERE hub_epoch = ? AND seq >= ? ORDER BY seq LIMIT ?",
            (hub_epoch, first_seq, limit),
        )
        return [bytes(body) for (body,) in rows]

    def hash_at(self, hub_epoch: str, seq: int) -> str | None:
        """Return the hash of an applied event of the hub's log."""
        rows = self._store.rows("SELECT hash FROM inbox WHERE hub_epoch = ? AND seq = ?", (hub_epoch, seq))
        return str(rows[0][0]) if rows else None

    def apply(self, event: Event) -> None:
        """Apply one event; one that cannot be applied is set aside with its reason and blocks nothing.

        Raises:
            Retryable: the clinic wrote first again and again, or the disk refuses; nothing was applied.
        """
        for _ in range(_TRIES):
            drafts, reason = self._decide(event)
            try:
                self._store.append(drafts, also=partial(_record, event=event, reason=reason))
            except VersionConflict:
                continue  # somebody at the clinic wrote in between: decide again on what is so now
            return
        raise Retryable("inbox_busy", "the clinic's records change too fast; the hub's event is applied later")

    def _decide(self, event: Event) -> tuple[Sequence[EventDraft], str | None]:
        fields = event.fields
        try:
            self._catalogue.check(fields.type, fields.schema_version, fields.payload)
            return self._handlers.get(fields.type, _not_for_a_box)(event), None
        except Rejected as error:
            reason = f"{error.code}: {error.sentence}"
        except ValueError as error:  # its text may quote the event
            reason = f"not_understood: {type(error).__name__}"
        return [self._set_aside(event, reason)], reason

    def _set_aside(self, event: Event, reason: str) -> EventDraft:
        payload = EventSetAside(hub_epoch=event.fields.epoch, seq=event.fields.seq, reason=reason[:500])
        return EventDraft(f"inbox/{event.fields.id}", payload, "box", "sync")


def _not_for_a_box(event: Event) -> Sequence[EventDraft]:
    raise Rejected("not_for_a_box", f"{event.fields.type} means nothing on a box")


def _record(connection: Connection, event: Event, reason: str | None) -> None:
    fields = event.fields
    connection.execute(
        "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
        (fields.epoch, fields.seq, fields.id, event.hash, event.body, reason),
    )
    write_cursor(connection, DOWN_CURSOR, Position(fields.epoch, fields.seq, event.hash))
