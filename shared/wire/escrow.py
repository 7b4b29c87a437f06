"""What binds a client's key in escrow to whose it is and whom it is for."""

import re
from typing import Final

from shared.errors import Rejected
from shared.ids import ClientId, DeviceId, LocationId, TenantId

# Clients in one call; an answer stays far below the limit of a message.
PAGE_CLIENTS: Final = 500
# Backup keys that one box may deposit in its life; more are a box gone wrong.
MAX_BACKUP_KEYS: Final = 16
_PURPOSE: Final = re.compile(r"[a-z][a-z_]{2,63}")


def check_purpose(purpose: str) -> str:
    """Return why keys are wanted back, as it may be put on record: a code, never free text.

    Raises:
        Rejected: it is none.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise Rejected("purpose_missing", "say why the keys are needed: lower-case letters and underscores")
    return purpose


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
