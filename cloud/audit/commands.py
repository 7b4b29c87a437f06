"""Puts on record what commands of the hub let out and do with its keys, for every tenant it serves."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud.audit.trail import COMMAND_LINE, OPERATOR, HubTrail
from cloud.config import HubSettings
from cloud.storage.tree import TreeLog
from cloud.wiring.opening import open_database
from shared.clock import SystemClock
from shared.events.catalogue.audit import Exported, KeyUse
from shared.ids import TenantId, Uuid7Source


def note_key_use(settings: HubSettings, key: str, use: KeyUse, purpose: str) -> None:
    """Put on record what is done with a key of the hub that all its tenants depend on."""
    with _trails(settings) as trails:
        for tenant, trail, _ in trails:
            trail.command_used_key(tenant, key, use, purpose)


def note_backup(settings: HubSettings) -> None:
    """Put on record that a backup is about to leave, with how many events of each tenant."""
    with _trails(settings) as trails:
        for tenant, trail, events in trails:
            trail.note(
                tenant, Exported(what="hub_backup", items=events, justification=COMMAND_LINE), OPERATOR, "backup"
            )


@contextmanager
def _trails(settings: HubSettings) -> Iterator[Iterator[tuple[TenantId, HubTrail, int]]]:
    """Yield each tenant with the trail and how many events it has."""
    database, clock = open_database(settings), SystemClock()
    trail = HubTrail(database, clock, Uuid7Source(clock))

    def each() -> Iterator[tuple[TenantId, HubTrail, int]]:
        for item in settings.tenants:
            tenant = TenantId(item.id)
            with database.read(tenant) as connection:
                size = TreeLog(connection, tenant).state().edge.size
            yield tenant, trail, size

    try:
        yield each()
    finally:
        database.close()
