"""The events of one tenant's devices, as received: one gapless chain for each device and epoch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy import Row as RowOf

from cloud.storage.bulk import Row, insert_rows, is_among
from cloud.storage.tables import events, positions
from cloud.storage.times import to_milliseconds
from cloud.storage.upsert import put
from shared.events.chain import LogRow
from shared.events.envelope import Event
from shared.ids import DeviceId, TenantId
from shared.sync.digest import Stored
from shared.sync.position import Position

_PAGE_ROWS: Final = 500
_EPOCHS: Final = (
    select(positions)
    .where(positions.c.tenant == bindparam("of_tenant"), positions.c.device == bindparam("of_device"))
    .order_by(positions.c.ordinal)
)
_HASHES: Final = select(events.c.seq, events.c.hash).where(
    events.c.tenant == bindparam("of_tenant"),
    events.c.device == bindparam("of_device"),
    events.c.epoch == bindparam("of_epoch"),
    events.c.seq.between(bindparam("first"), bindparam("last")),
)
_KNOWN_IDS: Final = select(events.c.id).where(events.c.tenant == bindparam("of_tenant"), is_among(events.c.id, "ids"))


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """How far one epoch of a device was applied, and which event of which epoch it continues."""

    applied: Position
    ordinal: int
    parent_epoch: str
    parent_seq: int


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A stored event and when the hub stored it, in milliseconds since 1970."""

    event: Event
    received_at: int


class EventLog:
    """Events and positions of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def epochs(self, device: DeviceId) -> list[EpochRecord]:
        """Return what was applied of each epoch of a device, oldest first."""
        values = {"of_tenant": self._tenant, "of_device": device}
        return [_epoch(row) for row in self._connection.execute(_EPOCHS, values)]

    def hashes(self, device: DeviceId, epoch: str, first: int, last: int) -> Mapping[int, str]:
        """Return the hashes known of the events from place `first` to place `last`."""
        values = {"of_tenant": self._tenant, "of_device": device, "of_epoch": epoch, "first": first, "last": last}
        return {row.seq: row.hash for row in self._connection.execute(_HASHES, values)}

    def known_ids(self, ids: Iterable[str]) -> set[str]:
        """Return which of these event ids are stored already."""
        return set(self._connection.execute(_KNOWN_IDS, {"of_tenant": self._tenant, "ids": list(ids)}).scalars())

    def place_of(self, device: DeviceId, event_hash: str) -> tuple[str, int] | None:
        """Return epoch and `seq` of the device's event with this hash."""
        query = select(events.c.epoch, events.c.seq).where(
            events.c.tenant == self._tenant, events.c.device == device, events.c.hash == event_hash
        )
        row = self._connection.execute(query).first()
        return None if row is None else (row.epoch, row.seq)

    def event(self, device: DeviceId, epoch: str, seq: int) -> Event:
        """Return one stored event.

        Raises:
            MalformedEvent, HashMismatch: what is stored there is not what was received.
            sqlalchemy.exc.NoResultFound: nothing is.
        """
        query = select(events.c.body, events.c.hash).where(self._of(device, epoch), events.c.seq == seq)
        row = self._connection.execute(query).one()
        return Event.from_body(row.body, row.hash)

    def stored(self, device: DeviceId, epoch: str, first: int, last: int) -> dict[int, Stored]:
        """Return what is stored at some places of an epoch, unread."""
        query = select(events.c.seq, events.c.body, events.c.hash).where(
            self._of(device, epoch), events.c.seq.between(first, last)
        )
        # An edit through SQL can turn the bytes into text; it is still to be judged, not to end the walk.
        return {
            row.seq: Stored(row.seq, row.body.encode() if isinstance(row.body, str) else bytes(row.body), row.hash)
            for row in self._connection.execute(query)
        }

    def replace(self, restored: Sequence[Event]) -> None:
        """Put events in the place of what is stored there; the time each was received stays."""
        for event in restored:
            place = self._of(DeviceId(event.fields.device), event.fields.epoch) & (events.c.seq == event.fields.seq)
            query = select(events.c.received_at).where(place)
            received_at = self._connection.execute(query).scalar_one_or_none() or to_milliseconds(
                event.fields.wall_time
            )
            self._connection.execute(delete(events).where(place))
            self.append([event], received_at)

    def of_aggregate(self, device: DeviceId, aggregate: str) -> list[ReceivedEvent]:
        """Return a device's events about one aggregate, in the order they were applied in."""
        query = (
            select(events.c.body, events.c.received_at)
            .join_from(
                events,
                positions,
                (positions.c.tenant == events.c.tenant)
                & (positions.c.device == events.c.device)
                & (positions.c.epoch == events.c.epoch),
            )
            .where(events.c.tenant == self._tenant, events.c.device == device, events.c.aggregate == aggregate)
            .order_by(positions.c.ordinal, events.c.seq)
        )
        return [ReceivedEvent(Event.from_body(row.body), row.received_at) for row in self._connection.execute(query)]

    def aggregate_ends(self, device: DeviceId) -> Iterator[tuple[str, int, str]]:
        """Return aggregate, version and hash of each of a device's events."""
        query = select(events.c.aggregate, events.c.version, events.c.hash).where(
            events.c.tenant == self._tenant, events.c.device == device
        )
        yield from (tuple(row) for row in self._connection.execute(query))

    def append(self, arrived: Sequence[Event], received_at: int) -> None:
        """Store events that follow the applied position."""
        insert_rows(self._connection, events.name, [self._row(event, received_at) for event in arrived])

    def set_position(self, device: DeviceId, record: EpochRecord) -> None:
        """Store how far an epoch was applied."""
        keys = {"tenant": self._tenant, "device": device, "epoch": record.applied.epoch}
        values = {
            "ordinal": record.ordinal,
            "seq": record.applied.seq,
            "hash": record.applied.hash,
            "parent_epoch": record.parent_epoch,
            "parent_seq": record.parent_seq,
        }
        put(self._connection, positions, keys, values)

    def devices(self) -> list[DeviceId]:
        """Return every device with a log here, or with the recorded end of one."""
        ends = select(positions.c.device).where(positions.c.tenant == self._tenant)
        query = ends.union(select(events.c.device).where(events.c.tenant == self._tenant))
        return sorted(DeviceId(name) for name in self._connection.execute(query).scalars())

    def counts(self, device: DeviceId) -> dict[str, int]:
        """Return how many events of each epoch of a device are stored."""
        query = (
            select(events.c.epoch, func.count().label("stored"))
            .where(events.c.tenant == self._tenant, events.c.device == device)
            .group_by(events.c.epoch)
            .order_by(events.c.epoch)
        )
        return {row.epoch: row.stored for row in self._connection.execute(query)}

    def rows(self, device: DeviceId, epoch: str, last_seq: int | None = None) -> Iterator[LogRow]:
        """Walk one epoch as stored, in order, up to `last_seq` or to its end."""
        after = 0
        while True:
            query = select(events.c.seq, events.c.body, events.c.hash).where(self._of(device, epoch))
            query = query.where(events.c.seq > after).order_by(events.c.seq).limit(_PAGE_ROWS)
            page = self._connection.execute(query).all()
            for row in page:
                if last_seq is not None and row.seq > last_seq:
                    return
                yield LogRow(epoch, row.seq, row.body, row.hash)
            if len(page) < _PAGE_ROWS:
                return
            after = page[-1].seq

    def received(self, device: DeviceId, epoch: str) -> Iterator[ReceivedEvent]:
        """Walk one epoch's events in order, with the time each was stored."""
        after = 0
        while True:
            query = select(events.c.seq, events.c.body, events.c.received_at).where(self._of(device, epoch))
            query = query.where(events.c.seq > after).order_by(events.c.seq).limit(_PAGE_ROWS)
            page = self._connection.execute(query).all()
            for row in page:
                yield ReceivedEvent(Event.from_body(row.body), row.received_at)
            if len(page) < _PAGE_ROWS:
                return
            after = page[-1].seq

    def bodies(self, device: DeviceId, epoch: str, first_seq: int, last_seq: int) -> list[bytes]:
        """Return the bodies of some events of one epoch, in order."""
        query = select(events.c.body).where(
            self._of(device, epoch), events.c.seq >= first_seq, events.c.seq <= last_seq
        )
        return list(self._connection.execute(query.order_by(events.c.seq)).scalars())

    def _of(self, device: DeviceId, epoch: str) -> Any:
        return (events.c.tenant == self._tenant) & (events.c.device == device) & (events.c.epoch == epoch)

    def _row(self, event: Event, received_at: int) -> Row:
        """Return an event's row, in the order of the table's columns."""
        fields = event.fields
        return (
            self._tenant, fields.device, fields.epoch, fields.seq, fields.id, event.hash, fields.location, fields.type,
            fields.aggregate, fields.version, fields.hlc, to_milliseconds(fields.wall_time), received_at, event.body,
        )  # fmt: skip


def _epoch(row: RowOf[Any]) -> EpochRecord:
    return EpochRecord(Position(row.epoch, row.seq, row.hash), row.ordinal, row.parent_epoch, row.parent_seq)
