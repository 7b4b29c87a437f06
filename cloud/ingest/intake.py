"""Applies what a box sends: events, their effects and the new position in one transaction, then the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from cloud.ingest.applier import Applier
from cloud.ingest.lineage import continues, is_continued
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from cloud.storage.down_links import BoxAddress
from cloud.storage.log import EpochRecord, EventLog
from cloud.storage.parked import ParkedEvents
from cloud.storage.times import to_milliseconds
from cloud.storage.tree import TreeLog
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.envelope import Event, MalformedEvent
from shared.events.payload import Catalogue
from shared.ids import DeviceId, TenantId
from shared.sync.position import Position
from shared.sync.receiver import Fork, Fresh, Gap, judge_events, judge_hello

# So often an effect may fail for a reason that may pass.
MAX_TRIES: Final = 5
# The counter of a device that says how often it was fenced.
FENCES: Final = "forks"


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
        fences: how often this box was fenced, where it is to know.
    """

    applied: Position
    fenced: str | None = None
    fresh: int = 0
    duplicates: int = 0
    parked: int = 0
    gap: bool = False
    fences: int | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a box says of itself.

    Attributes:
        head: the end of its log.
        software: its version.
        told: the event of its log that it was told of and that is not in it; else None.
        fences: how often it had been fenced when it was told.
    """

    head: Position
    software: str
    told: Position | None = None
    fences: int | None = None


class Intake:
    """The hub's receiving end, for all tenants; safe to share by threads."""

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clock = clock
        self._log = structlog.get_logger()

    def hello(self, tenant: TenantId, device: DeviceId, greeting: Greeting) -> Answer:
        """Judge a box's greeting; idempotent.

        One that comes late, after events that the box has written since, fences nobody: see `judge_hello`. Nor does
        what a box was told before a person let it in again.

        Raises:
            Rejected: the device is not enrolled.
        """
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            record = _enrolled(devices, device)
            log, head = EventLog(connection, tenant), greeting.head
            applied = _applied(log.epochs(device), head.epoch)
            now = to_milliseconds(self._clock.wall())
            devices.seen(device, now)
            if record.state is not DeviceState.ACTIVE:
                return Answer(applied, fenced=_why(record))
            devices.present(device, now, online=True)
            fences = devices.counts(device).get(FENCES, 0)
            told = greeting.told if greeting.fences == fences else None
            fork = judge_hello(head, told, lambda seq: log.hashes(device, head.epoch, seq, seq).get(seq))
            if fork is not None:
                return _fence(devices, device, applied, fork)
            if head.seq >= applied.seq:
                devices.said_hello(device, head, greeting.software)
            return Answer(applied, fences=fences)

    def batch(
        self,
        box: BoxAddress,
        epoch: str,
        first_seq: int,
        arrived: Sequence[Event | MalformedEvent],
        *,
        fences: int | None = None,
        patient: bool = False,
    ) -> Answer:
        """Apply a batch. Idempotent by `(device, epoch, seq)`; it is applied as a whole or not at all.

        Should that fail for a reason nobody foresaw, its events are applied one by one, and the one that fails is set
        aside after `MAX_TRIES`; until then the sender comes again.

        Args:
            box: the sender.
            epoch: of its log.
            first_seq: place of the batch's first event.
            arrived: the events, read; one that could not be read as its error.
            fences: how often the box had been fenced when it sent this, by its own word; None when it does not say.
                What was sent before a person decided is void, whether it contradicts what is known or would fit.
            patient: whether a gap is no news yet, since what is missing may be on its way.

        Raises:
            Rejected: the device is not enrolled.
            sqlalchemy.exc.OperationalError: the database is away or busy; nothing was applied.
        """
        batch = _Batch(box, epoch, first_seq, arrived, fences, patient)
        try:
            return self._batch(batch)
        except (Rejected, OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - one batch's boundary: what nothing can apply must not stop others
            # A database's error may quote what was to be stored; it is told by its kind only.
            trace = not isinstance(error, SQLAlchemyError)
            self._log.error("batch_failed", device=box.device, reason_code=type(error).__name__, exc_info=trace)
            return self._one_by_one(batch)

    def _one_by_one(self, batch: "_Batch") -> Answer:
        box, answers = batch.box, list[Answer]()
        for seq, event in enumerate(batch.arrived, start=batch.first_seq):
            one = replace(batch, first_seq=seq, arrived=[event])
            try:
                answers.append(self._batch(one))
            except (Rejected, OperationalError, InterfaceError):
                raise
            except Exception as error:
                with self._database.write(box.tenant) as connection:
                    tries = ParkedEvents(connection, box.tenant).failed(box.device, batch.epoch, seq)
                if tries < MAX_TRIES:
                    if not answers:
                        raise
                    break
                reason = f"failed_{MAX_TRIES}_times: {type(error).__name__}"
                answers.append(self._batch(one, park=reason))
        return replace(
            answers[-1],
            fresh=sum(answer.fresh for answer in answers),
            duplicates=sum(answer.duplicates for answer in answers),
            parked=sum(answer.parked for answer in answers),
        )

    def _batch(self, batch: "_Batch", park: str | None = None) -> Answer:
        tenant, device, epoch = batch.box.tenant, batch.box.device, batch.epoch
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
            fences = devices.counts(device).get(FENCES, 0)
            if (batch.fences or 0) != fences:
                self._log.warning("late_events_ignored", device=device, seq=batch.first_seq)
                return Answer(applied, fences=fences)
            last = min(batch.first_seq + len(batch.arrived) - 1, applied.seq)
            known = log.hashes(device, epoch, batch.first_seq, last) if batch.first_seq <= last else {}
            verdict = judge_events(applied, batch.first_seq, batch.arrived, known.get, device)
            if isinstance(verdict, Gap):
                devices.count(device, gaps=0 if batch.patient else 1)
                return Answer(applied, gap=True)
            if isinstance(verdict, Fresh):
                verdict = _belonging(verdict, record, tenant, log)
            if not isinstance(verdict, Fork):
                return self._apply(connection, tenant, record, epochs, _Work(verdict, now, park))
            return _fence(devices, device, applied, verdict)

    def _apply(
        self,
        connection: Connection,
        tenant: TenantId,
        record: DeviceRecord,
        epochs: Sequence[EpochRecord],
        work: "_Work",
    ) -> Answer:
        fresh, now = work.fresh, work.now
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
        applier, parked = Applier(connection, tenant, self._catalogue), len(fresh.events)
        if work.park is None:
            parked = applier.apply(record.id, fresh.events, now)
        else:
            for event in fresh.events:
                applier.park(event, work.park, now)
        devices.count(record.id, parked=parked)
        return Answer(fresh.applied, fresh=len(fresh.events), duplicates=fresh.duplicates, parked=parked)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch as it arrived."""

    box: BoxAddress
    epoch: str
    first_seq: int
    arrived: Sequence[Event | MalformedEvent]
    fences: int | None
    patient: bool


@dataclass(frozen=True, slots=True)
class _Work:
    """Events to apply at a time; or to set aside, all of them, for a reason."""

    fresh: Fresh
    now: int
    park: str | None


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
    devices.count(device, **{FENCES: 1})
    return Answer(applied, fenced=fork.reason)
