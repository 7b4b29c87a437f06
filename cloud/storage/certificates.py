"""The certificates of one tenant's devices: who was given which, until when, and which are revoked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from cloud.storage.tables import certificates
from cloud.storage.times import from_milliseconds, to_milliseconds
from shared.ids import DeviceId, TenantId


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One certificate; `root` is the fingerprint of the root it leads to."""

    serial: int
    device: DeviceId
    root: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class CertificateRepository:
    """Certificates of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def add(self, record: CertificateRecord) -> None:
        """Remember a certificate, before it leaves the hub."""
        values = {
            "serial": f"{record.serial:x}",
            "device": record.device,
            "root": record.root,
            "issued_at": to_milliseconds(record.issued_at),
            "expires_at": to_milliseconds(record.expires_at),
        }
        self._connection.execute(insert(certificates).values(tenant=self._tenant, **values))

    def revoke(self, device: DeviceId, now: datetime) -> None:
        """Revoke everything a device was given; what is revoked keeps its date."""
        query = update(certificates).where(
            certificates.c.tenant == self._tenant,
            certificates.c.device == device,
            certificates.c.revoked_at.is_(None),
        )
        self._connection.execute(query.values(revoked_at=to_milliseconds(now)))

    def is_revoked(self, serial: int) -> bool:
        """Tell whether a certificate is known as revoked."""
        query = select(certificates.c.revoked_at).where(
            certificates.c.tenant == self._tenant, certificates.c.serial == f"{serial:x}"
        )
        return self._connection.execute(query).scalar() is not None

    def has_good(self, device: DeviceId) -> bool:
        """Tell whether a device was given a certificate that is not revoked, as after it was replaced."""
        query = select(certificates.c.serial).where(
            certificates.c.tenant == self._tenant,
            certificates.c.device == device,
            certificates.c.revoked_at.is_(None),
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def revoked(self, now: datetime) -> list[CertificateRecord]:
        """Return what is revoked and has not ended yet; what has ended is refused for that."""
        query = select(certificates).where(
            certificates.c.tenant == self._tenant,
            certificates.c.revoked_at.is_not(None),
            certificates.c.expires_at > to_milliseconds(now),
        )
        return [_record(row) for row in self._connection.execute(query.order_by(certificates.c.serial))]

    def latest(self) -> dict[DeviceId, CertificateRecord]:
        """Return each device's newest certificate."""
        query = select(certificates).where(certificates.c.tenant == self._tenant)
        rows = self._connection.execute(query.order_by(certificates.c.issued_at, certificates.c.expires_at))
        return {DeviceId(row.device): _record(row) for row in rows}


def _record(row: Row[Any]) -> CertificateRecord:
    revoked = None if row.revoked_at is None else from_milliseconds(row.revoked_at)
    issued, expires = from_milliseconds(row.issued_at), from_milliseconds(row.expires_at)
    return CertificateRecord(int(row.serial, 16), DeviceId(row.device), row.root, issued, expires, revoked)
