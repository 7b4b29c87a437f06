"""The hub's own logs, one a location, and how far each box has applied its clinic's.

A log is a line of epochs: a restore ends one and begins the next, for what was said after the backup is forgotten
here and known to boxes. Only the last epoch is written to; the ends of former ones grow when a box hands back what it
has applied of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from cloud.storage.tables import down_epochs, down_heads, down_log, down_positions
from cloud.storage.upsert import put, put_new
from shared.events.chain import LogRow
from shared.events.envelope import Event
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position

HUB_DEVICE: Final = DeviceId("hub")
# Between two epochs there is room for those that a restore forgot and a box remembers.
_ORDINAL_STEP: Final = 1000
_EPOCHS: Final = (
    select(down_epochs.c.epoch)
    .where(down_epochs.c.tenant == bindparam("of_tenant"), down_epochs.c.location == bindparam("of_location"))
    .order_by(down_epochs.c.ordinal)
)
_END: Final = (
    select(down_log.c.seq, down_log.c.hash)
    .where(
        down_log.c.tenant == bindparam("of_tenant"),
        down_log.c.location == bindparam("of_location"),
        down_log.c.epoch == bindparam("of_epoch"),
    )
    .order_by(down_log.c.seq.desc())
    .limit(1)
)


class DownLog:
    """The logs going down to one tenant's clinics, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def head(self, location: LocationId) -> Position | None:
        """Return the end of a location's log; None before its epoch was made."""
        query = select(down_heads).where(down_heads.c.tenant == self._tenant, down_heads.c.location == location)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else Position(row.epoch, row.seq, row.hash)

    def head_or_new(self, location: LocationId, epoch: str) -> Position:
        """Return the end of a location's log, which starts with `epoch` when there is none yet."""
        head = self.head(location)
        if head is None:
            head = self.begin_epoch(location, epoch)
        return head

    def begin_epoch(self, location: LocationId, epoch: str) -> Position:
        """Go on in a new epoch; what is written from now on belongs to it."""
        last = self._ordinals(location)
        head = Position(epoch)
        self._add_epoch(location, epoch, (last[-1] if last else 0) + _ORDINAL_STEP)
        self._set_head(location, head)
        return head

    def ends(self, location: LocationId) -> list[Position]:
        """Return the end of each epoch of a location's log, in order; the last one is the head."""
        values = {"of_tenant": self._tenant, "of_location": location}
        epochs = self._connection.execute(_EPOCHS, values).scalars().all()
        return [self._end(location, epoch) for epoch in epochs]

    def hash_at(self, location: LocationId, epoch: str, seq: int) -> str | None:
        """Return the hash of an event of a location's log."""
        query = select(down_log.c.hash).where(self._of(location, epoch), down_log.c.seq == seq)
        return self._connection.execute(query).scalar_one_or_none()

    def take_back(self, location: LocationId, events: Sequence[Event]) -> None:
        """Add events that continue a former epoch, or are the first of one that was forgotten as a whole."""
        ordinals, epoch = self._ordinals(location), events[0].fields.epoch
        self._add_epoch(location, epoch, (ordinals[-2] if len(ordinals) > 1 else 0) + 1)
        for event in events:
            self._insert(event)

    def append(self, event: Event) -> None:
        """Add the event that follows the head."""
        fields = event.fields
        self._insert(event)
        self._set_head(LocationId(fields.location), Position(fields.epoch, fields.seq, event.hash))

    def _insert(self, event: Event) -> None:
        fields = event.fields
        self._connection.execute(
            insert(down_log).values(
                tenant=self._tenant,
                location=fields.location,
                epoch=fields.epoch,
                seq=fields.seq,
                id=fields.id,
                hash=event.hash,
                body=event.body,
            )
        )

    def bodies(self, location: LocationId, epoch: str, first_seq: int, limit: int) -> list[bytes]:
        """Return bodies in order, from `first_seq` on."""
        query = select(down_log.c.body).where(self._of(location, epoch), down_log.c.seq >= first_seq)
        return list(self._connection.execute(query.order_by(down_log.c.seq).limit(limit)).scalars())

    def rows(self, location: LocationId, epoch: str) -> Iterator[LogRow]:
        """Walk one epoch of a location's log in stored order."""
        query = select(down_log.c.seq, down_log.c.body, down_log.c.hash).where(self._of(location, epoch))
        for row in self._connection.execute(query.order_by(down_log.c.seq)).all():
            yield LogRow(epoch, row.seq, row.body, row.hash)

    def locations(self) -> list[LocationId]:
        """Return every location that has a log."""
        query = select(down_heads.c.location).where(down_heads.c.tenant == self._tenant)
        return sorted(LocationId(name) for name in self._connection.execute(query).scalars())

    def last_body(self, location: LocationId, head: Position) -> bytes | None:
        """Return the body of a location's event written last, in whichever epoch, to set the clock by."""
        for end in (head, *reversed(self.ends(location))):
            if end.seq:
                query = select(down_log.c.body).where(self._of(location, end.epoch), down_log.c.seq == end.seq)
                return self._connection.execute(query).scalar_one_or_none()
        return None

    def applied(self, device: DeviceId) -> Position | None:
        """Return how far a box has applied its clinic's log, by its own word."""
        query = select(down_positions).where(down_positions.c.tenant == self._tenant, down_positions.c.device == device)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else Position(row.epoch, row.seq, row.hash)

    def set_applied(self, device: DeviceId, applied: Position) -> None:
        """Take note of a box's word."""
        values = {"epoch": applied.epoch, "seq": applied.seq, "hash": applied.hash}
        put(self._connection, down_positions, {"tenant": self._tenant, "device": device}, values)

    def _end(self, location: LocationId, epoch: str) -> Position:
        values = {"of_tenant": self._tenant, "of_location": location, "of_epoch": epoch}
        row = self._connection.execute(_END, values).one_or_none()
        return Position(epoch) if row is None else Position(epoch, row.seq, row.hash)

    def _ordinals(self, location: LocationId) -> list[int]:
        query = select(down_epochs.c.ordinal).where(
            down_epochs.c.tenant == self._tenant, down_epochs.c.location == location
        )
        return sorted(self._connection.execute(query).scalars())

    def _add_epoch(self, location: LocationId, epoch: str, ordinal: int) -> None:
        keys = {"tenant": self._tenant, "location": location, "epoch": epoch}
        put_new(self._connection, down_epochs, keys, {"ordinal": ordinal})

    def _of(self, location: LocationId, epoch: str) -> Any:
        same_place = (down_log.c.tenant == self._tenant) & (down_log.c.location == location)
        return same_place & (down_log.c.epoch == epoch)

    def _set_head(self, location: LocationId, head: Position) -> None:
        values: Mapping[str, Any] = {"epoch": head.epoch, "seq": head.seq, "hash": head.hash}
        put(self._connection, down_heads, {"tenant": self._tenant, "location": location}, values)
