"""Generations of each tenant's transport secret, sealed on disk; several hub processes see the same ones at once.

From the moment a generation is made until every box has it, the one before it is good, too.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from shared.crypto.aead import new_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.ids import TenantId

_FIRST: Final = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """The generations that are good now; `made_at` is None where that was never noted."""

    oldest: int = _FIRST
    newest: int = _FIRST
    made_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether every box has the newest."""
        return self.oldest == self.newest

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        made_at = self.made_at.isoformat() if self.made_at is not None else ""
        return json.dumps({"oldest": self.oldest, "newest": self.newest, "made_at": made_at}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a standing."""
        fields = json.loads(data)
        made_at = datetime.fromisoformat(fields["made_at"]) if fields["made_at"] else None
        return cls(int(fields["oldest"]), int(fields["newest"]), made_at)


class TransportGenerations:
    """Makes, reads and retires generations; a crash between two steps leaves a standing that is complete."""

    def __init__(self, folder: SealedKeyFolder) -> None:
        self._folder = folder
        self._read: dict[TenantId, tuple[tuple[int, int] | None, Standing]] = {}
        self._secrets: dict[tuple[TenantId, int], bytes] = {}

    def standing(self, tenant: TenantId) -> Standing:
        """Return which generations are good, read anew whenever a process has changed it."""
        stamp = self._folder.stamp(_standing_name(tenant))
        known = self._read.get(tenant)
        if known is None or known[0] != stamp:
            data = self._folder.get(_standing_name(tenant))
            known = (stamp, Standing.from_bytes(data) if data is not None else Standing())
            self._read[tenant] = known
        return known[1]

    def secret(self, tenant: TenantId, generation: int) -> bytes | None:
        """Return a generation's secret; the first is the tenant's own key and not kept here."""
        known = self._secrets.get((tenant, generation)) or self._folder.get(_secret_name(tenant, generation))
        if known is not None:
            self._secrets[tenant, generation] = known
        return known

    def note_date(self, tenant: TenantId, now: datetime) -> Standing:
        """Count the age of a generation of unknown date from now on."""
        standing = self.standing(tenant)
        return standing if standing.made_at is not None else self._keep(tenant, replace(standing, made_at=now))

    def begin(self, tenant: TenantId, now: datetime) -> Standing:
        """Make the next generation, durable before it counts."""
        standing = self.standing(tenant)
        newest = standing.newest + 1
        self._secrets.pop((tenant, newest), None)
        self._folder.put(_secret_name(tenant, newest), new_key())
        return self._keep(tenant, Standing(standing.oldest, newest, now))

    def retire(self, tenant: TenantId) -> Standing:
        """Let only the newest be good, and destroy the others' secrets."""
        standing = self.standing(tenant)
        settled = self._keep(tenant, replace(standing, oldest=standing.newest))
        self.sweep(tenant)
        return settled

    def sweep(self, tenant: TenantId) -> None:
        """Destroy the secrets of generations that are no longer good, as a crash in `retire` leaves them."""
        held = set(self._folder.names())
        for generation in range(_FIRST, self.standing(tenant).oldest):
            self._secrets.pop((tenant, generation), None)
            if _secret_name(tenant, generation) in held:
                self._folder.destroy(_secret_name(tenant, generation))

    def _keep(self, tenant: TenantId, standing: Standing) -> Standing:
        self._folder.put(_standing_name(tenant), standing.to_bytes())
        return standing


def _standing_name(tenant: TenantId) -> str:
    return f"transport-standing.{tenant}"


def _secret_name(tenant: TenantId, generation: int) -> str:
    return f"transport-key.{generation}.{tenant}"
