"""How a box becomes a member of a tenant's fleet, and how it stops being one."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from cloud.fleet.keys import TenantKeys
from cloud.storage.database import Database
from cloud.storage.device_keys import DeviceKeys
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.crypto.identity import PublicIdentity, deliver
from shared.errors import Rejected
from shared.http.errors import Conflict, Forbidden, NotFound
from shared.ids import DeviceId, LocationId, TenantId

MAX_LIFE_SECONDS: Final = 30 * 24 * 3600
_CODE_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a box learns when it is enrolled; `delivery` opens with its own key only."""

    tenant: TenantId
    location: LocationId
    device: DeviceId
    delivery: bytes
    hub_key_id: str


class Enrolment:
    """Invitations and the fleet's membership."""

    def __init__(self, database: Database, keys: TenantKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    def invite(self, tenant: TenantId, location: LocationId, life_seconds: int) -> str:
        """Return a one-time code for a box of this clinic; only its hash is kept.

        Raises:
            NotFound: no such tenant or clinic.
            Rejected: the life is not between one second and thirty days.
        """
        if not 1 <= life_seconds <= MAX_LIFE_SECONDS:
            raise Rejected("bad_life", f"a code may live for 1 to {MAX_LIFE_SECONDS} seconds")
        if not self._keys.knows(tenant):
            raise NotFound("unknown_tenant", "this hub serves no such tenant; see [[hub.tenants]]")
        code = f"{tenant}.{secrets.token_urlsafe(_CODE_BYTES)}"
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            if not devices.has_location(location):
                raise NotFound("unknown_location", "the tenant has no such location; see [[hub.tenants.locations]]")
            devices.invite(_hash(code), location, self._now() + life_seconds * 1000)
        return code

    def enrol(self, code: str, label: str, public: PublicIdentity) -> Enrolled:
        """Enrol a box with a one-time code; a code works once, whoever comes second is refused.

        Idempotent by code and keys: a box that never got the answer asks again and is told the same.

        Raises:
            Forbidden: the code is unknown or has expired.
            Conflict: the code was used.
            Rejected: a key is not a usable public key.
        """
        tenant = TenantId(code.partition(".")[0])
        if not self._keys.knows(tenant):
            raise Forbidden("code_unknown", "the code is not one of this hub's; check it or ask for a new one")
        device = DeviceId(f"box-{secrets.token_hex(6)}")
        generation = self._keys.generations.standing(tenant).newest
        delivery = self._deliver(tenant, device, public)
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            before = _already(devices, _hash(code), public)
            if before is not None:
                device, location = before.id, before.location
                delivery = self._deliver(tenant, device, public)
            else:
                location = self._redeem(devices, _hash(code), device)
                devices.add(self._record(device, location, label, public))
            DeviceKeys(connection, tenant).set_taken(device, generation)
        return Enrolled(tenant, location, device, delivery, self._keys.key_id(tenant))

    def revoke(self, tenant: TenantId, device: DeviceId, reason: str) -> None:
        """Refuse a device from now on: its messages, its images, for good.

        Raises:
            NotFound: the tenant has no such device.
        """
        self._set(tenant, device, DeviceState.REVOKED, reason or "revoked by a person")

    def readmit(self, tenant: TenantId, device: DeviceId) -> None:
        """Let a fenced device speak again, once from a restored copy: a person has looked at it.

        Raises:
            NotFound: the tenant has no such device.
            Rejected: it was revoked; enrol it anew.
        """
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            record = _found(devices, device)
            if record.state is DeviceState.REVOKED:
                raise Rejected("device_revoked", "a revoked device stays out; invite it and enrol it anew")
            devices.set_state(device, DeviceState.ACTIVE, "", may_restart=True)

    def devices(self, tenant: TenantId) -> list[DeviceRecord]:
        """Return the tenant's devices."""
        with self._database.read(tenant) as connection:
            return DeviceRepository(connection, tenant).all()

    def _set(self, tenant: TenantId, device: DeviceId, state: DeviceState, reason: str) -> None:
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            _found(devices, device)
            devices.set_state(device, state, reason)

    def _deliver(self, tenant: TenantId, device: DeviceId, public: PublicIdentity) -> bytes:
        key = self._keys.transport(tenant, device)
        try:
            return deliver(key, public.receiving, context=f"enrol/{tenant}/{device}".encode())
        except ValueError:
            raise Rejected("bad_key", "the receiving key is not an X25519 public key") from None

    def _redeem(self, devices: DeviceRepository, code_hash: str, device: DeviceId) -> LocationId:
        invitation = devices.invitation(code_hash)
        if invitation is None:
            raise Forbidden("code_unknown", "the code is not one of this hub's; check it or ask for a new one")
        if invitation.used_at is not None:
            raise Conflict("code_used", "the code was used already; ask for a new one")
        now = self._now()
        if now > invitation.expires_at:
            raise Forbidden("code_expired", "the code has expired; ask for a new one")
        devices.use_invitation(code_hash, device, now)
        return invitation.location

    def _record(self, device: DeviceId, location: LocationId, label: str, public: PublicIdentity) -> DeviceRecord:
        now = self._now()
        return DeviceRecord(
            id=device,
            location=location,
            label=label,
            signing_key=public.signing,
            receiving_key=public.receiving,
            state=DeviceState.ACTIVE,
            reason="",
            may_restart=False,
            enrolled_at=now,
            last_contact_at=None,
            online=False,
            online_since=now,
            head_epoch="",
            head_seq=0,
            software="",
        )

    def _now(self) -> int:
        return to_milliseconds(self._clock.wall())


def decode_key(text: str, name: str) -> bytes:
    """Return the 32 bytes of a key sent as base64.

    Raises:
        Rejected: it is no base64 or has another length.
    """
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Rejected("bad_key", f"{name} must be 32 bytes in base64")
    return key


def _found(devices: DeviceRepository, device: DeviceId) -> DeviceRecord:
    record = devices.get(device, for_update=True)
    if record is None:
        raise NotFound("unknown_device", "the tenant has no such device; see `medspa hub devices`")
    return record


def _already(devices: DeviceRepository, code_hash: str, public: PublicIdentity) -> DeviceRecord | None:
    invitation = devices.invitation(code_hash)
    record = devices.get(invitation.device) if invitation is not None and invitation.device is not None else None
    if record is None or record.state is not DeviceState.ACTIVE:
        return None
    return record if (record.signing_key, record.receiving_key) == (public.signing, public.receiving) else None


def _hash(code: str) -> str:
    return hashlib.sha256(b"medspasync/invitation/1\0" + code.encode()).hexdigest()
