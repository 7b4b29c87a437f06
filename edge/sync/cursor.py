"""How far the hub has applied the box's log, kept over a restart without a commit for each acknowledgement."""

from typing import Final

from edge.store.events import HUB_CURSOR, SqlcipherEventStore
from shared.sync.position import Position

# A stored cursor that lags costs events sent twice after a crash; one stored each time, a commit for each event.
_STORE_EVERY_SECONDS: Final = 1.0


class HubCursor:
    """Moves on at once and is stored soon after; never stored ahead of what the hub has acknowledged."""

    def __init__(self, store: SqlcipherEventStore) -> None:
        """Begin where the cursor was stored last."""
        self._store = store
        self._position = self._stored = store.cursor(HUB_CURSOR)
        self._stored_at = float("-inf")

    @property
    def position(self) -> Position | None:
        """Where it stands, or None when nothing was ever acknowledged."""
        return self._position

    def move(self, position: Position) -> None:
        """Move; back or to another epoch only once that is stored.

        Raises:
            Retryable: the disk refuses; the cursor stands where it stood.
        """
        before = self._position
        if before is None or before.epoch != position.epoch or before.seq > position.seq:
            self._store.move_cursor(HUB_CURSOR, position)
            self._stored = position
        self._position = position

    def store(self, now: float) -> None:
        """Store where it stands, when it has moved and was not stored within the last second.

        Args:
            now: monotonic seconds; infinity to store it in any case.

        Raises:
            Retryable: the disk refuses; after a restart what the hub has is sent again, and discarded there.
        """
        if self._position is None or self._position == self._stored or now - self._stored_at < _STORE_EVERY_SECONDS:
            return
        self._stored_at = now
        self._store.move_cursor(HUB_CURSOR, self._position)
        self._stored = self._position
