"""The hub's answers to `medspa verify`, `rebuild`, `keys` and `config`."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from cloud.config import HubSettings
from cloud.erasure.signing import ReceiptSigner
from cloud.ingest.applier import Applier
from cloud.ingest.handback import apply_down
from cloud.storage.database import Database
from cloud.storage.down import DownLog
from cloud.storage.log import EpochRecord, EventLog
from cloud.storage.parked import ParkedEvents
from cloud.storage.projections import Projections
from cloud.storage.tables import PROJECTIONS
from cloud.storage.tree import TreeDamaged, TreeLog
from cloud.transparency.log_key import LogKey
from cloud.wiring.opening import open_database, open_keys
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue
from shared.events.chain import ChainReport, Damage, DamageKind, Head, LogRow, verify_chain
from shared.events.envelope import Event
from shared.ids import DeviceId, LocationId, TenantId
from shared.side import KeyReport, LogReport, ProjectionReport
from shared.sync.digest import aggregates_digest


def verify(settings: HubSettings) -> Sequence[LogReport]:
    """Walk the log of every box and every log that goes down."""
    database = open_database(settings)
    try:
        return [report for tenant in settings.tenants for report in verify_tenant(database, TenantId(tenant.id))]
    finally:
        database.close()


def verify_tenant(database: Database, tenant: TenantId) -> list[LogReport]:
    """Walk one tenant's logs."""
    with database.read(tenant) as connection:
        return verify_logs(connection, tenant)


def verify_logs(connection: Connection, tenant: TenantId) -> list[LogReport]:
    """Walk one tenant's logs inside the caller's transaction."""
    log, down = EventLog(connection, tenant), DownLog(connection, tenant)
    reports = [report for device in log.devices() for report in _verify_device(log, device)]
    for location in down.locations():
        reports += _verify_down(down, location)
    return [*reports, *_verify_tree(TreeLog(connection, tenant))]


def _verify_tree(tree: TreeLog) -> Iterator[LogReport]:
    """Build the tree anew from the stored events, which must give the one that heads were signed of."""
    state, sentence = tree.state(), ""
    try:
        if tree.recomputed().root() == state.edge.root():
            return
        sentence = "the tree of the stored events is not the one that heads were signed of"
    except TreeDamaged as error:
        sentence = error.sentence
    damage = Damage(DamageKind.CHANGED, state.epoch, state.edge.size, sentence)
    yield LogReport(f"tree of {tree.tenant}", ChainReport(0, damage))


def _verify_down(down: DownLog, location: LocationId) -> Iterator[LogReport]:
    """Walk each epoch of a clinic's log; only the last has a recorded end, a restore ended the others."""
    head = down.head(location)
    for end in down.ends(location):
        is_last = head is not None and end.epoch == head.epoch
        recorded = Head(head.epoch, head.seq, head.hash) if head is not None and is_last else None
        name = f"hub log for {location}" if is_last else f"hub log for {location} until the hub was restored"
        yield LogReport(name, verify_chain(down.rows(location, end.epoch), recorded))


def _verify_device(log: EventLog, device: DeviceId) -> Iterator[LogReport]:
    """Walk each line of epochs that nothing continues; most devices have one."""
    epochs = log.epochs(device)
    yield from _without_end(log, device, {record.applied.epoch for record in epochs})
    by_name = {record.applied.epoch: record for record in epochs}
    continued = {(record.parent_epoch, record.parent_seq) for record in epochs}
    for record in epochs:
        end = record.applied
        if (end.epoch, end.seq) in continued:
            continue
        rows = chain.from_iterable(_ancestry(log, device, record, by_name))
        name = f"box {device}" if record is epochs[-1] else f"box {device} until it was restored"
        digest = aggregates_digest(log.aggregate_ends(device)) if record is epochs[-1] else ""
        yield LogReport(name, verify_chain(rows, Head(end.epoch, end.seq, end.hash)), digest)


def _without_end(log: EventLog, device: DeviceId, known: set[str]) -> Iterator[LogReport]:
    """Name events of epochs whose recorded end is gone; without it a cut tail could not be seen."""
    for epoch, count in log.counts(device).items():
        if epoch not in known:
            sentence = f"the recorded end of epoch {epoch} is missing; {count} events of it are stored"
            damage = Damage(DamageKind.CUT_OFF, epoch, count + 1, sentence)
            yield LogReport(f"box {device}", ChainReport(count, damage))


def _ancestry(
    log: EventLog, device: DeviceId, record: EpochRecord, by_name: dict[str, EpochRecord]
) -> list[Iterator[LogRow]]:
    """Return the parts of the chain that lead to an epoch's end, oldest first."""
    parts = [log.rows(device, record.applied.epoch)]
    while record.parent_epoch in by_name:
        last_seq = record.parent_seq
        record = by_name[record.parent_epoch]
        parts.append(log.rows(device, record.applied.epoch, last_seq))
    return parts[::-1]


def rebuild(settings: HubSettings) -> Sequence[ProjectionReport]:
    """Drop every projection and build it again from the logs, one transaction a tenant."""
    database = open_database(settings)
    try:
        return [report for tenant in settings.tenants for report in rebuild_tenant(database, TenantId(tenant.id))]
    finally:
        database.close()


def rebuild_tenant(database: Database, tenant: TenantId) -> list[ProjectionReport]:
    """Drop and build again one tenant's projections."""
    with database.write(tenant) as connection:
        projections = Projections(connection, tenant)
        before = {table.name: _digest(projections, table.name) for table in PROJECTIONS}
        projections.drop_all()
        _replay(connection, tenant)
        return [
            ProjectionReport(f"{tenant}/{name}", len(projections.rows(name)), digest, _digest(projections, name))
            for name, digest in before.items()
        ]


def _replay(connection: Connection, tenant: TenantId) -> None:
    down, log = DownLog(connection, tenant), EventLog(connection, tenant)
    for location in down.locations():
        for end in down.ends(location):
            for row in down.rows(location, end.epoch):
                apply_down(connection, tenant, [Event.from_body(row.body)])
    applier = Applier(connection, tenant, complete_catalogue(), ParkedEvents(connection, tenant).skipped())
    for device in log.devices():
        for record in log.epochs(device):
            for moment, arrived in groupby(log.received(device, record.applied.epoch), key=attrgetter("received_at")):
                applier.apply(device, [received.event for received in arrived], moment)


def keys(settings: HubSettings) -> Sequence[KeyReport]:
    """List the keys held."""
    folder = SealedKeyFolder(settings.effective_keys_folder)
    return [*open_keys(settings).report(), ReceiptSigner(folder).report(), LogKey(folder).report()]


def _digest(projections: Projections, name: str) -> str:
    digest = hashlib.sha256()
    for row in projections.rows(name):
        digest.update(repr(row).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class HubSide:
    """What the hub hands to the shared commands."""

    settings: type[HubSettings] = HubSettings
    verify: Callable[[Any], Sequence[LogReport]] = field(default=verify)
    rebuild: Callable[[Any], Sequence[ProjectionReport]] = field(default=rebuild)
    keys: Callable[[Any], Sequence[KeyReport]] = field(default=keys)


side = HubSide()
