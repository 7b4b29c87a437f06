"""Keeps the tenants' client keys in escrow, gives them back to a box that lost them, and destroys them for good.

A client's key lies sealed for the tenant's escrow key, and that wrapped under the wrapping key of a generation. To
destroy one, the survivors are wrapped anew under the next generation's key, the tombstone is written in the same
transaction, and the old wrapping key is destroyed: a copy of the file taken before opens to nobody.
"""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Final

from cloud.keyservice.deposits import AuditRow, Deposit, DepositFile, EscrowTombstone
from cloud.rpc.callers import Caller
from shared.clock import Clock
from shared.crypto.aead import KEY_BYTES, derive_key, new_key, seal, unseal
from shared.crypto.identity import DeviceIdentity, deliver
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Corrupt, Rejected
from shared.ids import ClientId, DeviceId, LocationId, TenantId
from shared.wire.escrow import (
    MAX_BACKUP_KEYS,
    PAGE_CLIENTS,
    backup_deposit_context,
    backup_recovery_context,
    deposit_context,
    recovery_context,
)

_HUB: Final = "hub"


@dataclass(frozen=True, slots=True)
class Recovery:
    """One page of keys given back, each sealed for the device that asked."""

    keys: Sequence[tuple[ClientId, bytes]]
    more: bool


class KeyService:
    """The escrow of every tenant this hub serves; safe to share by threads."""

    def __init__(self, folder: Path, tenants: frozenset[TenantId], clock: Clock) -> None:
        """Open the key service and complete what a crash has left over.

        Raises:
            Corrupt: its sealed secrets are there and their root key is gone.
        """
        self._secrets = SealedKeyFolder(folder / "secrets")
        self._file = DepositFile(folder / "escrow.db", secrets.token_hex(8))
        self._tenants = tenants
        self._clock = clock
        self._lock = threading.RLock()
        for tenant in tenants:
            self._begin(tenant)
            self._sweep(tenant)

    @property
    def storage(self) -> str:
        """Which storage answers."""
        return self._file.storage

    def public_key(self, tenant: TenantId) -> bytes:
        """Return the key that deposits of a tenant are sealed for."""
        return self._identity(tenant).public.receiving

    def deposit(self, caller: Caller, sealed: Sequence[tuple[ClientId, bytes]]) -> tuple[int, list[ClientId]]:
        """Keep client keys, durably; idempotent by client.

        Returns:
            How many were new, and which clients are deleted: theirs are not kept.

        Raises:
            CannotOpen: one is not sealed for this key service, this place and this client; none was kept.
        """
        tenant, location = caller.tenant, caller.location
        identity, at = self._identity(tenant), self._now()
        for client, data in sealed:
            if len(identity.receive(data, deposit_context(tenant, location, client))) != KEY_BYTES:
                raise Rejected("no_client_key", f"what is deposited is no key of {KEY_BYTES} bytes")
        with self._lock, self._file.change():
            stones = self._file.tombstones(tenant)
            wrapping = self._wrapping(tenant, self._file.generation(tenant))
            fresh = [(client, data) for client, data in sealed if client not in stones]
            kept = 0
            for client, data in fresh:
                wrapped = seal(wrapping, data, _context(tenant, client))
                kept += self._file.add(tenant, Deposit(client, location, wrapped), at)
            if kept:
                self._file.note(AuditRow(at, tenant, location, caller.device, "deposit", "escrow", kept))
        return kept, [client for client, _ in sealed if client in stones]

    def recover(self, caller: Caller, receiving_key: bytes, purpose: str, after: str) -> Recovery:
        """Give a box the keys of its own location's clients back; that it asked, and why, is on record before.

        Args:
            caller: the box, enrolled and active.
            receiving_key: the box's public key, as the hub knows it from enrolment.
            purpose: why, for the record.
            after: the last client of the page before, or nothing.
        """
        tenant, location = caller.tenant, caller.location
        with self._lock, self._file.change():
            found = self._file.deposits(tenant, location, after, PAGE_CLIENTS + 1)
            page = found[:PAGE_CLIENTS]
            row = AuditRow(self._now(), tenant, location, caller.device, "recover", purpose, len(page))
            self._file.note(row)
            keys = [(item.client, self._open(tenant, item)) for item in page]
        given = [
            (client, deliver(key, receiving_key, recovery_context(tenant, caller.device, client)))
            for client, key in keys
        ]
        return Recovery(given, more=len(found) > PAGE_CLIENTS)

    def deposit_backup_key(self, caller: Caller, sealed: bytes) -> None:
        """Keep the key of a box's backups, sealed as it came, durably; idempotent by key.

        Nothing a box deposits takes the place of an earlier key: whoever gets hold of a box cannot make its former
        backups unreadable.

        Raises:
            CannotOpen: it is not sealed for this key service and this box.
            Rejected: it is no key, or the box has deposited too many.
        """
        tenant, device, at = caller.tenant, caller.device, self._now()
        key = self._identity(tenant).receive(sealed, backup_deposit_context(tenant, device))
        if len(key) != KEY_BYTES:
            raise Rejected("no_backup_key", f"what is deposited is no key of {KEY_BYTES} bytes")
        with self._lock, self._file.change():
            if self._file.add_backup_key(tenant, device, (derive_key(key, "escrow-id").hex(), sealed), at):
                if len(self._file.backup_keys(tenant, device)) > MAX_BACKUP_KEYS:
                    raise Rejected("too_many_backup_keys", "this box has deposited too many backup keys; look at it")
                self._file.note(AuditRow(at, tenant, caller.location, device, "deposit_backup_key", "escrow", 0))

    def recover_backup_keys(self, caller: Caller, receiving_key: bytes, purpose: str) -> list[bytes]:
        """Give a box the keys of its own backups back, newest first; that it asked, and why, is on record before."""
        tenant, device = caller.tenant, caller.device
        with self._lock, self._file.change():
            held = self._file.backup_keys(tenant, device)
            row = AuditRow(self._now(), tenant, caller.location, device, "recover_backup_key", purpose, 0)
            self._file.note(row)
        identity, context = self._identity(tenant), backup_deposit_context(tenant, device)
        keys = [identity.receive(sealed, context) for sealed in held]
        return [deliver(key, receiving_key, backup_recovery_context(tenant, device)) for key in keys]

    def destroy(self, tenant: TenantId, client: ClientId, request: str) -> EscrowTombstone:
        """Destroy a client's key for good, whether or not one is here; idempotent by client.

        When this raises, the key is either still here or gone for good, and a second call completes the first.

        Raises:
            OSError: the disk refuses.
        """
        with self._lock:
            stone = self._file.tombstones(tenant).get(client)
            if stone is None:
                stone = self._succeed(tenant, client, request)
            self._sweep(tenant)
        return stone

    def tombstones(self, tenant: TenantId) -> list[EscrowTombstone]:
        """Return the tombstones of a tenant's deleted clients; they outlive every backup of the hub."""
        return list(self._file.tombstones(tenant).values())

    def audit(self, tenant: TenantId) -> list[AuditRow]:
        """Return who deposited, recovered and destroyed, oldest first."""
        return self._file.audit(tenant)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _succeed(self, tenant: TenantId, client: ClientId, request: str) -> EscrowTombstone:
        """Make the survivors the next generation, and bury the client in the same transaction."""
        number, at = self._file.generation(tenant) + 1, self._now()
        old, new = self._wrapping(tenant, number - 1), new_key()
        self._secrets.put(_wrapping_name(tenant, number), new)
        with self._file.change():
            held = self._file.remove(tenant, client)
            for item in self._file.deposits(tenant):
                inner = unseal(old, item.wrapped, _context(tenant, item.client))
                wrapped = seal(new, inner, _context(tenant, item.client))
                self._file.wrap_anew(tenant, replace(item, wrapped=wrapped))
            stone = EscrowTombstone(client, request, number, held, at)
            self._file.bury(tenant, stone)
            self._file.set_generation(tenant, number)
            self._file.note(AuditRow(at, tenant, LocationId(""), DeviceId(_HUB), "destroy", "erasure", int(held)))
        return stone

    def _begin(self, tenant: TenantId) -> None:
        if self._file.generation(tenant) == 0:
            self._secrets.put(_wrapping_name(tenant, 1), new_key())
            with self._file.change():
                self._file.set_generation(tenant, 1)

    def _sweep(self, tenant: TenantId) -> None:
        """Destroy every wrapping key that is not in force, and what the file's log still holds under one."""
        kept = _wrapping_name(tenant, self._file.generation(tenant))
        stale = [name for name in self._secrets.names() if name.startswith(_wrapping_name(tenant)) and name != kept]
        for name in stale:
            self._secrets.destroy(name)
        if stale:
            self._file.forget_old_pages()

    def _open(self, tenant: TenantId, item: Deposit) -> bytes:
        wrapping = self._wrapping(tenant, self._file.generation(tenant))
        inner = unseal(wrapping, item.wrapped, _context(tenant, item.client))
        return self._identity(tenant).receive(inner, deposit_context(tenant, item.location, item.client))

    def _wrapping(self, tenant: TenantId, number: int) -> bytes:
        key = self._secrets.get(_wrapping_name(tenant, number))
        if key is None:
            raise Corrupt("wrapping_key_missing", "the key service's wrapping key is gone; deposit the keys anew")
        return key

    def _identity(self, tenant: TenantId) -> DeviceIdentity:
        if tenant not in self._tenants:
            raise Rejected("unknown_tenant", "this key service serves no such tenant")
        name = f"escrow.{tenant}"
        with self._lock:
            secret = self._secrets.get(name)
            if secret is None:
                secret = DeviceIdentity.generate().secret_bytes()
                self._secrets.put(name, secret)
        return DeviceIdentity.from_secret_bytes(secret)

    def _now(self) -> str:
        return self._clock.wall().astimezone(UTC).isoformat()


def _wrapping_name(tenant: TenantId, number: int | None = None) -> str:
    # Dots do not occur in a tenant's id, so one tenant's names never begin with another's.
    return f"wrapping.{tenant}." + ("" if number is None else str(number))


def _context(tenant: TenantId, client: ClientId) -> bytes:
    return f"deposit/{tenant}/{client}".encode()
