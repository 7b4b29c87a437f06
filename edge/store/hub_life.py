"""Which life of the hub this box deals with: what a former life confirmed, the present one may have forgotten."""

from typing import Final

import structlog

from edge.store.events import SqlcipherEventStore
from shared.sync.position import Position

LIFE_CURSOR: Final = "hub-life"
# The images still to be confirmed. Only what this life of the hub has confirmed counts as kept there; a hub from before
# lives were named says none, nor do its confirmations.
WAITING_IMAGES: Final = (
    "SELECT name, kind, size, capture, client FROM images JOIN captures USING (capture)"
    " WHERE refused = 0 AND aside IS NULL AND NOT (pruned = 1 AND kind = 'derived') AND NOT"
    " (confirmed = 1 AND confirmed_by = coalesce((SELECT epoch FROM cursors WHERE name = 'hub-life'), ''))"
    " ORDER BY images.rowid LIMIT ?"
)
WAITING_COUNT: Final = (
    "SELECT count(*) FROM images WHERE refused = 0 AND NOT (pruned = 1 AND kind = 'derived') AND NOT"
    " (confirmed = 1 AND confirmed_by = coalesce((SELECT epoch FROM cursors WHERE name = 'hub-life'), ''))"
)


class HubLife:
    """Remembers the epoch of the hub's database; safe to share by threads.

    The epoch on record is the box's. Which one was met is each object's own: whoever hears of a new life first must
    not hide it from the others.
    """

    def __init__(self, store: SqlcipherEventStore) -> None:
        self._store = store
        self._met = self.epoch()
        self._log = structlog.get_logger()

    def epoch(self) -> str:
        """Return the epoch heard last; empty before a hub has named one."""
        known = self._store.cursor(LIFE_CURSOR)
        return known.epoch if known is not None else ""

    def is_news(self, epoch: str) -> bool:
        """Tell whether this object has not met the life with that epoch; a hub that names none is no news."""
        return bool(epoch) and epoch != self._met

    def heard(self, epoch: str) -> bool:
        """Take note of the epoch the hub speaks in; another one puts every confirmation of before in doubt.

        Idempotent by the epoch.

        Returns:
            Whether it is another one than this object met before.

        Raises:
            Retryable: the disk refuses; nothing was noted, and the hub says it again.
        """
        if not self.is_news(epoch):
            return False
        known = self.epoch()
        if epoch != known:
            self._store.move_cursor(LIFE_CURSOR, Position(epoch))
            if known:
                self._log.warning("hub_was_restored", epoch=epoch)
        before, self._met = self._met, epoch
        return bool(before)
