"""Which certificates are revoked, as this hub process knows it; read anew every few seconds from the database."""

from collections.abc import Mapping
from datetime import datetime

from cloud.storage.certificates import CertificateRepository
from cloud.storage.database import Database
from shared.clock import Clock
from shared.crypto.pki import member_name
from shared.ids import TenantId


class Revocations:
    """The revoked certificates that have not ended; safe to share by threads."""

    def __init__(self, database: Database, tenants: tuple[TenantId, ...], clock: Clock) -> None:
        self._database = database
        self._tenants = tenants
        self._clock = clock
        self._serials: Mapping[TenantId, Mapping[int, datetime]] = {}
        self._members: frozenset[str] = frozenset()  # those that are out whatever certificate they show
        self._flat: frozenset[int] = frozenset()

    @property
    def serials(self) -> Mapping[TenantId, Mapping[int, datetime]]:
        """Revoked serials by tenant, with the time of each."""
        return self._serials

    def refuses(self, member: str, serial: int) -> bool:
        """Tell whether a member's certificate is revoked, or every one that the hub knows of the same member is.

        A hub restored from a backup has forgotten the certificates made since; the name is then what is left. A
        member that a new machine has replaced has a good one beside those of the old machine.
        """
        return serial in self._flat or member in self._members

    def refresh(self) -> frozenset[str]:
        """Read the database; return the names of members with certificates revoked since the last time.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database does not answer; what was known stays.
        """
        now = self._clock.wall()
        serials, members, fresh = {}, set(), set()
        for tenant in self._tenants:
            with self._database.read(tenant) as connection:
                held = CertificateRepository(connection, tenant)
                revoked = held.revoked(now)
                out = {record.device for record in revoked if not held.has_good(record.device)}
            serials[tenant] = {record.serial: record.revoked_at or now for record in revoked}
            members |= {member_name(tenant, device) for device in out}
            fresh |= {member_name(tenant, record.device) for record in revoked if record.serial not in self._flat}
        self._serials, self._members = serials, frozenset(members)
        self._flat = frozenset(serial for held in serials.values() for serial in held)
        return frozenset(fresh)
