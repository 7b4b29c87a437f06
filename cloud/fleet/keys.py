"""The tenants' keys, sealed on disk, and what is derived from them."""

import hashlib

from cloud.fleet.generations import TransportGenerations
from shared.crypto.aead import derive_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Corrupt
from shared.ids import DeviceId, TenantId
from shared.side import KeyReport


class TenantKeys:
    """Keys of the tenants this hub serves; made at the first use, never for a tenant that is not configured."""

    def __init__(self, folder: SealedKeyFolder, tenants: frozenset[TenantId]) -> None:
        self.generations = TransportGenerations(folder)
        self._keys = {tenant: folder.get_or_create(f"tenant.{tenant}") for tenant in sorted(tenants)}

    def knows(self, tenant: TenantId) -> bool:
        """Tell whether this hub serves a tenant."""
        return tenant in self._keys

    def transport(self, tenant: TenantId, device: DeviceId) -> bytes:
        """Return the newest key that seals messages between hub and device.

        Raises:
            KeyError: the tenant is not served here; ask `knows` first.
        """
        return self.transports(tenant, device)[0]

    def transports(self, tenant: TenantId, device: DeviceId) -> list[bytes]:
        """Return the keys that are good between hub and device, newest first.

        Raises:
            KeyError: the tenant is not served here; ask `knows` first.
        """
        standing = self.generations.standing(tenant)
        newest_first = range(standing.newest, standing.oldest - 1, -1)
        return [derive_key(self._secret(tenant, number), f"transport/{device}") for number in newest_first]

    def contacts(self, tenant: TenantId) -> bytes:
        """Return the key that seals who asked for an appointment."""
        return derive_key(self._keys[tenant], "booking-contacts")

    def alert_notes(self, tenant: TenantId) -> bytes:
        """Return the key that seals what people wrote about alerts."""
        return derive_key(self._keys[tenant], "alert-notes")

    def settings(self, tenant: TenantId) -> bytes:
        """Return the key that digests the hub's settings for the record."""
        return derive_key(self._keys[tenant], "settings")

    def key_id(self, tenant: TenantId) -> str:
        """Return the fingerprint of a tenant's key."""
        return hashlib.sha256(derive_key(self._keys[tenant], "fingerprint")).hexdigest()[:16]

    def report(self) -> list[KeyReport]:
        """List the keys held."""
        return [item for tenant in self._keys for item in self._report(tenant)]

    def _report(self, tenant: TenantId) -> list[KeyReport]:
        standing = self.generations.standing(tenant)
        own = KeyReport(f"hub/{tenant}", "seals who asked for an appointment", self.key_id(tenant))
        secret = derive_key(self._secret(tenant, standing.newest), "fingerprint")
        transport = KeyReport(
            f"hub/{tenant}/transport",
            "seals messages to and from the tenant's boxes"
            + ("" if standing.settled else f"; generation {standing.oldest} until every box has it"),
            hashlib.sha256(secret).hexdigest()[:16],
            generation=standing.newest,
            made_at=standing.made_at,
        )
        return [own, transport]

    def _secret(self, tenant: TenantId, generation: int) -> bytes:
        if generation == 1:
            return self._keys[tenant]
        secret = self.generations.secret(tenant, generation)
        if secret is None:
            raise Corrupt("tenant_key_missing", f"generation {generation} of {tenant}'s transport key is gone")
        return secret
