"""Tenants and their clinics, as the configuration names them."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from cloud.config import TenantSettings
from cloud.storage.database import Database
from cloud.storage.tables import locations, tenants
from cloud.storage.upsert import put
from shared.ids import LocationId, TenantId

_CLINICS: Final = select(locations).where(locations.c.tenant == bindparam("of_tenant")).order_by(locations.c.name)
_TENANTS: Final = select(tenants)


@dataclass(frozen=True, slots=True)
class Clinic:
    """One location."""

    id: LocationId
    name: str
    timezone: str
    services: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The zone that decides the clinic's day."""
        return ZoneInfo(self.timezone)


def clinics_of(connection: Connection, tenant: TenantId) -> dict[LocationId, Clinic]:
    """Return a tenant's clinics by id."""
    return {
        LocationId(row.id): Clinic(LocationId(row.id), row.name, row.timezone, tuple(row.services))
        for row in connection.execute(_CLINICS, {"of_tenant": tenant})
    }


def store_tenants(database: Database, configured: tuple[TenantSettings, ...]) -> None:
    """Make the database know what is configured; nothing that was configured before is removed."""
    for tenant in configured:
        with database.directory() as connection:
            put(connection, tenants, {"id": tenant.id}, {"name": tenant.name})
        with database.write(TenantId(tenant.id)) as connection:
            for place in tenant.locations:
                keys = {"tenant": tenant.id, "id": place.id}
                values = {"name": place.name, "timezone": place.timezone, "services": list(place.services)}
                put(connection, locations, keys, values)


def tenant_names(database: Database) -> dict[TenantId, str]:
    """Return every tenant's name."""
    with database.read_directory() as connection:
        return {TenantId(row.id): row.name for row in connection.execute(_TENANTS)}
