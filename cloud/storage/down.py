"""The hub's own logs, one a location, and how far each box has applied its clinic's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from cloud.storage.tables import down_heads, down_log, down_positions
from cloud.storage.upsert import put
from shared.events.chain import LogRow
from shared.events.envelope import Event
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position

HUB_DEVICE: Final = DeviceId("hub")


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
            head = Position(epoch)
            self._set_head(location, head)
        return head

    def append(self, event: Event) -> None:
        """Add the event that follows the head."""
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
        self._set_head(LocationId(fields.location), Position(fields.epoch, fields.seq, event.hash))

    def bodies(self, location: LocationId, epoch: str, first_seq: int, limit: int) -> list[bytes]:
        """Return bodies in order, from `first_seq` on."""
        query = select(down_log.c.body).where(self._of(location, epoch), down_log.c.seq >= first_seq)
        return list(self._connection.execute(query.order_by(down_log.c.seq).limit(limit)).scalars())

    def rows(self, location: LocationId) -> Iterator[LogRow]:
        """Walk a location's log in stored order."""
        head = self.head(location)
        if head is None:
            return
        query = select(down_log.c.seq, down_log.c.body, down_log.c.hash).where(self._of(location, head.epoch))
        for row in self._connection.execute(query.order_by(down_log.c.seq)).all():
            yield LogRow(head.epoch, row.seq, row.body, row.hash)

    def locations(self) -> list[LocationId]:
        """Return every location that has a log."""
        query = select(down_heads.c.location).where(down_heads.c.tenant == self._tenant)
        return sorted(LocationId(name) for name in self._connection.execute(query).scalars())

    def last_body(self, location: LocationId, head: Position) -> bytes | None:
        """Return the body of a location's event written last, to set the clock by."""
        query = select(down_log.c.body).where(self._of(location, head.epoch), down_log.c.seq == head.seq)
        return self._connection.execute(query).scalar_one_or_none()

    def applied(self, device: DeviceId) -> Position | None:
        """Return how far a box has applied its clinic's log, by its own word."""
        query = select(down_positions).where(down_positions.c.tenant == self._tenant, down_positions.c.device == device)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else Position(row.epoch, row.seq, row.hash)

    def set_applied(self, device: DeviceId, applied: Position) -> None:
        """Take note of a box's word."""
        values = {"epoch": applied.epoch, "seq": applied.seq, "hash": applied.hash}
        put(self._connection, down_positions, {"tenant": self._tenant, "device": device}, values)

    def _of(self, location: LocationId, epoch: str) -> Any:
        same_place = (down_log.c.tenant == self._tenant) & (down_log.c.location == location)
        return same_place & (down_log.c.epoch == epoch)

    def _set_head(self, location: LocationId, head: Position) -> None:
        values: Mapping[str, Any] = {"epoch": head.epoch, "seq": head.seq, "hash": head.hash}
        put(self._connection, down_heads, {"tenant": self._tenant, "location": location}, values)
