"""The tenants' keys, sealed on disk, and what is derived from them."""

import hashlib

from shared.crypto.aead import derive_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.ids import DeviceId, TenantId
from shared.side import KeyReport


class TenantKeys:
    """Keys of the tenants this hub serves; made at the first use, never for a tenant that is not configured."""

    def __init__(self, folder: SealedKeyFolder, tenants: frozenset[TenantId]) -> None:
        self._keys = {tenant: folder.get_or_create(f"tenant.{tenant}") for tenant in sorted(tenants)}

    def knows(self, tenant: TenantId) -> bool:
        """Tell whether this hub serves a tenant."""
        return tenant in self._keys

    def transport(self, tenant: TenantId, device: DeviceId) -> bytes:
        """Return the key that seals every message between hub and device.

        Raises:
            KeyError: the tenant is not served here; ask `knows` first.
        """
        return derive_key(self._keys[tenant], f"transport/{device}")

    def contacts(self, tenant: TenantId) -> bytes:
        """Return the key that seals who asked for an appointment."""
        return derive_key(self._keys[tenant], "booking-contacts")

    def key_id(self, tenant: TenantId) -> str:
        """Return the fingerprint of a tenant's key."""
        return hashlib.sha256(derive_key(self._keys[tenant], "fingerprint")).hexdigest()[:16]

    def report(self) -> list[KeyReport]:
        """List the keys held."""
        purpose = "seals messages to and from the tenant's boxes"
        return [KeyReport(f"hub/{tenant}", purpose, self.key_id(tenant)) for tenant in self._keys]
