"""Finds stored events that are no longer what was applied, asks their box for them, and puts them back.

A row is believed when its body has the hash that its successor names; the last one's is kept apart, in `positions`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from cloud.ingest.applier import Applier
from cloud.metrics import HubMetrics
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository
from cloud.storage.down_links import BoxAddress
from cloud.storage.log import EventLog
from cloud.storage.parked import ParkedEvents
from cloud.storage.projections import Projections
from shared.errors import Rejected
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.ids import TenantId
from shared.sync.digest import RANGE_EVENTS, check_range, fits, previous_hash, runs
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire

Ask = Callable[[BoxAddress, wire.Message], None]


@dataclass(frozen=True, slots=True)
class DamagedRun:
    """Stored events of one epoch that are missing or damaged, side by side."""

    box: BoxAddress
    epoch: str
    first_seq: int
    count: int


class Repairs:
    """Checks and repairs the logs of every box; safe to share by threads."""

    def __init__(self, database: Database, catalogue: Catalogue, metrics: HubMetrics) -> None:
        self._database = database
        self._catalogue = catalogue
        self._metrics = metrics
        self._log = structlog.get_logger()

    def damaged(self, tenant: TenantId) -> Iterator[DamagedRun]:
        """Walk a tenant's logs range by range, each in a transaction of its own, and name what is damaged."""
        with self._database.read(tenant) as connection:
            log = EventLog(connection, tenant)
            ends = [(BoxAddress(tenant, device), end.applied) for device in log.devices() for end in log.epochs(device)]
        for box, end in ends:
            yield from self._of_epoch(box, end)

    def ask(self, tenant: TenantId, send: Ask) -> int:
        """Ask the boxes for everything damaged of a tenant; return how many events that is."""
        total = 0
        for run in self.damaged(tenant):
            total += run.count
            self._metrics.damaged.inc(run.count)
            self._log.error("stored_events_damaged", device=run.box.device, seq=run.first_seq, count=run.count)
            resend = wire.Resend(epoch=run.epoch, first_seq=run.first_seq, count=run.count)
            send(run.box, wire.Message(resend=resend))
        return total

    def take(self, box: BoxAddress, epoch: str, first_seq: int, bodies: Sequence[bytes]) -> int:
        """Put resent events in the place of damaged ones. Idempotent: what is sound is left as it is.

        Raises:
            Rejected: the events are not those that were applied here; nothing is changed.
        """
        with self._database.write(box.tenant) as connection:
            log = EventLog(connection, box.tenant)
            last = first_seq + len(bodies) - 1
            expected = self._hash_of(log, box, epoch, last)
            if expected is None or not fits(bodies, expected):
                raise Rejected("resent_refused", "the events sent again are not those that were applied here")
            stored = log.stored(box.device, epoch, first_seq, last)
            restored = [Event.from_body(body) for body in bodies]
            torn = [
                event
                for event in restored
                if (row := stored.get(event.fields.seq)) is None or (row.body, row.hash) != (event.body, event.hash)
            ]
            log.replace(torn)
            self._rebuild(connection, box, torn)
            DeviceRepository(connection, box.tenant).count(box.device, events_repaired=len(torn))
        self._metrics.repaired.inc(len(torn))
        return len(torn)

    def _of_epoch(self, box: BoxAddress, end: Position) -> Iterator[DamagedRun]:
        expected: str | None = end.hash
        for last in range(end.seq, 0, -RANGE_EVENTS):
            first = max(1, last - RANGE_EVENTS + 1)
            with self._database.read(box.tenant) as connection:
                rows = EventLog(connection, box.tenant).stored(box.device, end.epoch, first, last)
            checked = check_range(first, last, rows, expected)
            expected = checked.before
            for start, count in runs(checked.damaged):
                yield DamagedRun(box, end.epoch, start, count)

    def _hash_of(self, log: EventLog, box: BoxAddress, epoch: str, seq: int) -> str | None:
        """Return the hash an event must have: as its successor names it, or as the recorded end."""
        end = next((item.applied for item in log.epochs(box.device) if item.applied.epoch == epoch), None)
        if end is None or not 0 < seq <= end.seq:
            return None
        if seq == end.seq:
            return end.hash
        after = log.stored(box.device, epoch, seq + 1, seq + 1).get(seq + 1)
        return None if after is None else previous_hash(after.body)

    def _rebuild(self, connection: Connection, box: BoxAddress, torn: Sequence[Event]) -> None:
        """Derive anew what the logs say about the aggregates of repaired events."""
        log, projections = EventLog(connection, box.tenant), Projections(connection, box.tenant)
        skipped = ParkedEvents(connection, box.tenant).skipped()
        applier = Applier(connection, box.tenant, self._catalogue, skipped)
        for aggregate in sorted({event.fields.aggregate for event in torn}):
            projections.drop_aggregate(box.device, aggregate)
            for received in log.of_aggregate(box.device, aggregate):
                applier.apply(box.device, [received.event], received.received_at)
