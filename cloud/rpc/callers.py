"""Who calls: a device of a tenant, proven by a signed pass for this very method."""

from dataclasses import dataclass
from typing import Any

from cloud.storage.database import Database
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState, tenant_of
from shared.clock import Clock
from shared.crypto.identity import check_pass
from shared.errors import Rejected
from shared.ids import DeviceId, LocationId, TenantId
from shared.wire.limits import CALLER_PROOF


class DeviceRefused(Rejected):
    """The device is fenced: it may not use this service until a person has looked at it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An enrolled device that is neither fenced nor revoked."""

    tenant: TenantId
    location: LocationId
    device: DeviceId


class Callers:
    """Tells which device makes a call; safe to share by threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def identify(self, context: Any, method: str) -> Caller:
        """Return who calls.

        Args:
            context: the call's gRPC context.
            method: full name of the method, `/package.Service/Method`.

        Raises:
            PassRefused: no pass, or not one of an enrolled device for this method and time.
            DeviceRefused: the device is fenced.
        """
        found: dict[str, tuple[TenantId, DeviceRecord]] = {}

        def signing_key_of(device: str) -> bytes | None:
            known = self._find(DeviceId(device))
            if known is None or known[1].state is DeviceState.REVOKED:
                return None
            found[device] = known
            return known[1].signing_key

        text = str(dict(context.invocation_metadata()).get(CALLER_PROOF, ""))
        tenant, record = found[check_pass(text, method, self._clock.wall(), signing_key_of)]
        if record.state is DeviceState.FENCED:
            raise DeviceRefused("device_fenced", "the device is fenced; a person must look at it first")
        return Caller(tenant, record.location, record.id)

    def _find(self, device: DeviceId) -> tuple[TenantId, DeviceRecord] | None:
        with self._database.directory() as connection:
            tenant = tenant_of(connection, device)
        if tenant is None:
            return None
        with self._database.read(tenant) as connection:
            record = DeviceRepository(connection, tenant).get(device)
        return None if record is None else (tenant, record)
