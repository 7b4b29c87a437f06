"""What binds a client's key in escrow to whose it is and whom it is for."""

from typing import Final

from shared.ids import ClientId, DeviceId, LocationId, TenantId

# Clients in one call; an answer stays far below the limit of a message.
PAGE_CLIENTS: Final = 500
# Backup keys that one box may deposit in its life; more are a box gone wrong.
MAX_BACKUP_KEYS: Final = 16


def deposit_context(tenant: TenantId, location: LocationId, client: ClientId) -> bytes:
    """Return the context of a client key sealed for the tenant's key service."""
    return f"escrow/{tenant}/{location}/{client}".encode()


def recovery_context(tenant: TenantId, device: DeviceId, client: ClientId) -> bytes:
    """Return the context of a client key sealed for the device that gets it back."""
    return f"recovery/{tenant}/{device}/{client}".encode()


def backup_deposit_context(tenant: TenantId, device: DeviceId) -> bytes:
    """Return the context of a box's backup key sealed for the tenant's key service."""
    return f"escrow-backup/{tenant}/{device}".encode()


def backup_recovery_context(tenant: TenantId, device: DeviceId) -> bytes:
    """Return the context of a backup key sealed for the device that gets it back."""
    return f"recovery-backup/{tenant}/{device}".encode()
