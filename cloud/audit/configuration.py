"""Puts on record in the clinics' logs which settings changed since the hub last started; never what they are."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from cloud.ingest.down_writer import DownWriter
from cloud.storage.audit_tables import setting_digests
from cloud.storage.clinics import clinics_of
from cloud.storage.database import Database
from shared.audit.settings import change_between, digests_of
from shared.events.envelope import EventDraft
from shared.ids import TenantId

_AGGREGATE: Final = "configuration/hub"


class ConfigurationTrail:
    """Compares the hub's settings, as far as they concern a tenant, with those it ran with before."""

    def __init__(self, database: Database, down: DownWriter) -> None:
        self._database = database
        self._down = down

    def note(self, tenant: TenantId, settings: Mapping[str, Any], key: bytes) -> tuple[str, ...]:
        """Record the settings that differ and return their names, in one transaction with what counts the next time.

        Idempotent by their values. The first time there is nothing that they differ from.

        Args:
            tenant: in whose clinics' logs.
            settings: the effective configuration, nested, without what concerns other tenants.
            key: digests the values.
        """
        digests = digests_of(settings, key)
        with self._database.write(tenant) as connection:
            known = _known(connection, tenant)
            change = change_between(known, digests)
            if change is None:
                return ()
            _keep(connection, tenant, digests)
            if not known:
                return ()
            for location in clinics_of(connection, tenant):
                draft = EventDraft(_AGGREGATE, change, "operator", "configuration")
                self._down.append(connection, tenant, location, draft)
        return change.settings


def _known(connection: Connection, tenant: TenantId) -> dict[str, str]:
    query = select(setting_digests.c.name, setting_digests.c.digest).where(setting_digests.c.tenant == tenant)
    return {row.name: row.digest for row in connection.execute(query)}


def _keep(connection: Connection, tenant: TenantId, digests: Mapping[str, str]) -> None:
    connection.execute(delete(setting_digests).where(setting_digests.c.tenant == tenant))
    rows = [{"tenant": tenant, "name": name, "digest": digest} for name, digest in digests.items()]
    connection.execute(insert(setting_digests), rows)
