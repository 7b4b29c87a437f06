"""Applies what a box sends: events, their effects and the new position in one transaction, then the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from cloud.ingest.effects import OF_CAPTURES, Effects
from cloud.ingest.lineage import continues, expected, is_continued
from cloud.storage.captures import CaptureRows
from cloud.storage.clinics import Clinic, clinics_of
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from cloud.storage.log import EpochRecord, EventLog
from cloud.storage.projections import Projections
from cloud.storage.times import to_milliseconds
from cloud.storage.tree import TreeLog
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position
from shared.sync.receiver import Fork, Fresh, Gap, judge_events, judge_hello, read_batch


@dataclass(frozen=True, slots=True)
class Answer:
    """What to tell the box, after the commit.

    Attributes:
        applied: how far its log is applied here.
        fenced: why nothing more of it is taken, or None.
        fresh: events applied just now.
        duplicates: events of this batch that were known.
        parked: events of this batch set aside.
        gap: whether events before this batch are missing.
    """

    applied: Position
    fenced: str | None = None
    fresh: int = 0
    duplicates: int = 0
    parked: int = 0
    gap: bool = False


class Intake:
    """The hub's receiving end, for all tenants; safe to share by threads."""

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clock = clock

    def hello(self, tenant: TenantId, device: DeviceId, session: str, head: Position, software: str) -> Answer:
        """Judge a box's greeting. Idempotent by `session`: a greeting that comes again is not judged again.

        Raises:
            Rejected: the device is not enrolled.
        """
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            record = _enrolled(devices, device)
            epochs = EventLog(connection, tenant).epochs(device)
            applied = _applied(epochs, head.epoch)
            now = to_milliseconds(self._clock.wall())
            devices.seen(device, now)
            if record.state is not DeviceState.ACTIVE:
                return Answer(applied, fenced=_why(record))
            devices.present(device, now, online=True)
            if not devices.first_time(device, session, now):
                return Answer(applied)
            hashes = EventLog(connection, tenant).hashes(device, head.epoch, [head.seq])
            fork = judge_hello(expected(applied, head, epochs, may_restart=record.may_restart), head, hashes.get)
            if fork is not None:
                return _fence(devices, device, applied, fork)
            devices.said_hello(device, head, software)
            return Answer(applied)

    def batch(self, tenant: TenantId, device: DeviceId, epoch: str, first_seq: int, bodies: Sequence[bytes]) -> Answer:
        """Apply a batch. Idempotent by `(device, epoch, seq)`; it is applied as a whole or not at all.

        Raises:
            Rejected: the device is not enrolled.
        """
        arrived = read_batch(bodies)  # before the lock, so that several processes do it side by side
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            log = EventLog(connection, tenant)
            record = _enrolled(devices, device)
            epochs = log.epochs(device)
            applied = _applied(epochs, epoch)
            now = to_milliseconds(self._clock.wall())
            devices.seen(device, now)
            if record.state is not DeviceState.ACTIVE:
                return Answer(applied, fenced=_why(record))
            seqs = range(first_seq, min(first_seq + len(bodies), applied.seq + 1))
            known = log.hashes(device, epoch, seqs) if seqs else {}
            verdict = judge_events(applied, first_seq, arrived, known.get, device)
            if isinstance(verdict, Gap):
                devices.count(device, gaps=1)
                return Answer(applied, gap=True)
            if isinstance(verdict, Fresh):
                verdict = _belonging(verdict, record, tenant, log)
            if isinstance(verdict, Fork):
                return _fence(devices, device, applied, verdict)
            return self._apply(connection, tenant, record, epochs, verdict, now)

    def _apply(
        self,
        connection: Connection,
        tenant: TenantId,
        record: DeviceRecord,
        epochs: Sequence[EpochRecord],
        fresh: Fresh,
        now: int,
    ) -> Answer:
        devices, log = DeviceRepository(connection, tenant), EventLog(connection, tenant)
        devices.count(record.id, batches=1, duplicates_discarded=fresh.duplicates)
        if not fresh.events:
            return Answer(fresh.applied, duplicates=fresh.duplicates)
        position = next((item for item in epochs if item.applied.epoch == fresh.applied.epoch), None)
        if position is None:
            begun = continues(fresh.events[0], epochs, log, may_restart=record.may_restart)
        else:
            begun = is_continued(position, epochs)
        if isinstance(begun, Fork):
            before = position.applied if position is not None else Position(fresh.applied.epoch)
            return _fence(devices, record.id, before, begun)
        if position is None and record.may_restart:
            devices.restarted(record.id)
        TreeLog(connection, tenant).append(fresh.events)
        log.append(fresh.events, now)
        log.set_position(record.id, replace(begun, applied=fresh.applied))
        parked = Applier(connection, tenant, self._catalogue).apply(record.id, fresh.events, now)
        devices.count(record.id, parked=parked)
        return Answer(fresh.applied, fresh=len(fresh.events), duplicates=fresh.duplicates, parked=parked)


class Applier:
    """Applies the effects of stored events, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId, catalogue: Catalogue) -> None:
        self._connection = connection
        self._tenant = tenant
        self._catalogue = catalogue
        self._clinics: dict[LocationId, Clinic] = clinics_of(connection, tenant)
        self._projections = Projections(connection, tenant)

    def apply(self, device: DeviceId, arrived: Sequence[Event], now: int) -> int:
        """Apply events in order and return how many were set aside, which never stops the others."""
        waiting = self._projections.parked_heads(device, [event.fields.aggregate for event in arrived])
        touched = [event.fields.aggregate for event in arrived if event.fields.type in OF_CAPTURES]
        captures = CaptureRows(self._connection, self._tenant, touched)
        effects = Effects(self._catalogue, self._projections, captures)
        parked = 0
        for event in arrived:
            fields = event.fields
            behind = waiting.get(fields.aggregate)
            if behind is not None:
                self._projections.park(event, "waits for an earlier event of the same record", now, behind)
                parked += 1
                continue
            try:
                effects.apply(event, self._clinics[LocationId(fields.location)].zone)
            except Rejected as error:
                self._projections.park(event, f"{error.code}: {error.sentence}", now, None)
                waiting[fields.aggregate] = fields.id
                parked += 1
        captures.flush()
        return parked


def _enrolled(devices: DeviceRepository, device: DeviceId) -> DeviceRecord:
    record = devices.get(device, for_update=True)
    if record is None:
        raise Rejected("unknown_device", "the device is not enrolled with this tenant")
    return record


def _applied(epochs: Sequence[EpochRecord], epoch: str) -> Position:
    return next((item.applied for item in epochs if item.applied.epoch == epoch), Position(epoch))


def _why(record: DeviceRecord) -> str:
    return record.reason or f"the device is {record.state}"


def _belonging(fresh: Fresh, record: DeviceRecord, tenant: TenantId, log: EventLog) -> Fresh | Fork:
    """Refuse events of another tenant or clinic, and ids that were used before."""
    for event in fresh.events:
        if (event.fields.tenant, event.fields.location) != (tenant, record.location):
            return Fork(
                event.fields.seq, f"event {event.fields.seq} names another tenant or location than the device's"
            )
        if not (_storable(event.fields.aggregate) and _storable(event.fields.type)):
            return Fork(event.fields.seq, f"event {event.fields.seq} has a name that is no plain text")
    ids = [event.fields.id for event in fresh.events]
    if len(set(ids)) != len(ids) or log.known_ids(ids):
        return Fork(fresh.events[0].fields.seq, "an event carries the id of another event")
    return fresh


def _storable(text: str) -> bool:
    """Tell whether both databases can hold a text: no NUL and nothing that UTF-8 has no form for."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _fence(devices: DeviceRepository, device: DeviceId, applied: Position, fork: Fork) -> Answer:
    devices.set_state(device, DeviceState.FENCED, fork.reason)
    devices.count(device, forks=1)
    return Answer(applied, fenced=fork.reason)
