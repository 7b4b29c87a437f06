"""Makes room in the vault while the disk or the budget is short; the rule of what may go is in `pruning.py`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from edge.store.database import Connection
from edge.store.events import SqlcipherEventStore
from edge.store.hub_life import HubLife
from edge.store.pruning import HeldImage, Moment, PruningPolicy, choose
from edge.store.vault import ImageVault
from shared.clock import Clock
from shared.errors import Retryable
from shared.events.catalogue.images import ImagePruned
from shared.events.envelope import EventDraft
from shared.ids import BlobName
from shared.vocabulary import ImageKind
from shared.worker import Worker

_LOOK_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_PAGE: Final = 500
# Room is made from nine tenths of the budget on, so that capture is not refused while some may go.
_BEGIN_AT: Final = 0.9
_HELD: Final = (
    "SELECT images.name, images.kind, images.size, images.capture, captures.rowid, captures.taken_at,"
    " images.confirmed = 1 AND images.confirmed_by ="
    "  coalesce((SELECT epoch FROM cursors WHERE name = 'hub-life'), ''),"
    " reviews.analysis IS NOT NULL AND reviews.signer IS NULL, images.rowid"
    " FROM images JOIN captures USING (capture) LEFT JOIN reviews USING (capture)"
    " WHERE images.pruned = 0 AND images.kind = ? AND images.rowid > ? ORDER BY images.rowid LIMIT ?"
)
_STILL_KEPT: Final = (
    "SELECT kind = 'derived' OR (confirmed = 1 AND confirmed_by ="
    " coalesce((SELECT epoch FROM cursors WHERE name = 'hub-life'), '')) FROM images WHERE name = ?"
)


class PruningOverruled(Retryable):
    """The hub was restored, or a client erased, between choosing and removing; nothing was removed."""


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """When room is made: the vault's budget, and the free space that must be left on the disk."""

    max_bytes: int
    free_bytes: int


class ImagePruner:
    """Removes images that may go, on its own thread; each is on record before its file goes."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        vault: ImageVault,
        room: RoomSettings,
        policy: PruningPolicy,
        clock: Clock,
        timezone: str,
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log; says what is held and takes what goes.
            vault: the sealed images.
            room: when room is made.
            policy: what stays whatever the pressure.
            clock: tells the clinic's day.
            timezone: of the clinic.
        """
        self._store = store
        self._vault = vault
        self._room = room
        self._policy = policy
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._life = HubLife(store)
        self._log = structlog.get_logger()
        self._worker = Worker("image-pruner", self._round, every=_LOOK_SECONDS, first=0.0)

    def start(self) -> None:
        """Finish what a crash left undone, then look after the room until `stop`."""
        self.finish()
        self._worker.start()

    def stop(self) -> None:
        """Stop after the images in hand."""
        self._worker.stop(_STOP_SECONDS)

    def finish(self) -> int:
        """Remove the files of images that are on record as removed, and return how many there were."""
        rows = self._store.rows("SELECT name, kind FROM images WHERE pruned = 1")
        return sum(self._vault.remove(BlobName(name), ImageKind(kind)) for name, kind in rows)

    def step(self) -> int:
        """Make the room that is wanted now, and return the bytes that went.

        Raises:
            Retryable: the record refuses; nothing more was removed.
        """
        need, freed = self.wanted(), 0
        if need <= 0:
            return 0
        moment = self._moment()
        for kind in (ImageKind.DERIVED, ImageKind.ORIGINAL):
            chosen, _ = choose(self._held(kind), need - freed, moment, self._policy)
            for start in range(0, len(chosen), _PAGE):
                freed += self._remove(chosen[start : start + _PAGE])
        if freed:
            self._log.info("room_made", bytes=freed)
        return freed

    def wanted(self) -> int:
        """Return how many bytes are to be freed; none or less when there is room."""
        over = self._vault.used_bytes() - int(self._room.max_bytes * _BEGIN_AT)
        return max(over, self._room.free_bytes - self._vault.free_bytes())

    def _remove(self, images: list[HeldImage]) -> int:
        epoch = self._life.epoch()
        drafts = [
            EventDraft(
                f"capture/{image.capture}",
                ImagePruned(
                    name=image.name,
                    kind=image.kind,
                    size=image.size,
                    hub_epoch=epoch if image.kind is ImageKind.ORIGINAL else "",
                ),
                "box",
                "operation",
            )
            for image in images
        ]

        def still_so(connection: Connection) -> None:
            for image in images:
                row = connection.execute(_STILL_KEPT, (image.name,)).fetchone()
                if row is None or not row[0]:
                    raise PruningOverruled("pruning_overruled", "an image may not go any more; room is made later")

        self._store.append(drafts, also=still_so)
        # From here on they count as gone; a crash leaves files that the next start removes.
        for image in images:
            self._vault.remove(image.name, image.kind)
        return sum(image.size for image in images)

    def _held(self, kind: ImageKind) -> Iterator[HeldImage]:
        after = 0
        while rows := self._store.rows(_HELD, (kind, after, _PAGE)):
            for name, _, size, capture, place, taken_at, confirmed, reviewed, after in rows:  # noqa: B007 - used above
                yield HeldImage(
                    BlobName(name),
                    kind,
                    size,
                    capture,
                    place,
                    datetime.fromisoformat(taken_at).astimezone(self._zone).date(),
                    bool(confirmed),
                    bool(reviewed),
                )

    def _moment(self) -> Moment:
        newest = self._store.rows("SELECT coalesce(max(rowid), 0) FROM captures")[0][0]
        return Moment(self._clock.wall().astimezone(self._zone).date(), int(newest))

    def _round(self) -> None:
        self.step()
