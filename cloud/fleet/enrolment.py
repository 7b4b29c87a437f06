"""How a box becomes a member of a tenant's fleet, and how it stops being one."""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from cloud.fleet.ca import HubAuthority
from cloud.fleet.keys import TenantKeys
from cloud.storage.certificates import CertificateRecord, CertificateRepository
from cloud.storage.database import Database
from cloud.storage.device_keys import DeviceKeys
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState, Invitation, tenant_of
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.crypto.identity import PublicIdentity, deliver, renewal_is_signed
from shared.crypto.pki import FINGERPRINT_CHARACTERS, Member, read_request
from shared.errors import Rejected
from shared.http.errors import Conflict, Forbidden, NotFound
from shared.ids import DeviceId, LocationId, TenantId

MAX_LIFE_SECONDS: Final = 30 * 24 * 3600
_CODE_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class Certified:
    """A device's certificate with its chain, and the roots to trust, as PEM."""

    chain: bytes
    trust: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a box learns when it is enrolled; `delivery` opens with its own key only.

    With `replaces` there was a box of this name before, whose record must be restored before anything is written.
    """

    tenant: TenantId
    location: LocationId
    device: DeviceId
    delivery: bytes
    hub_key_id: str
    certified: Certified
    replaces: bool


class Enrolment:
    """Invitations and the fleet's membership."""

    def __init__(self, database: Database, keys: TenantKeys, authority: HubAuthority, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._authority = authority
        self._clock = clock

    def invite(self, tenant: TenantId, location: LocationId, life_seconds: int) -> str:
        """Return a one-time code for a box of this clinic; only its hash is kept.

        It ends with the fingerprint of the hub's root, by which the box knows this hub when they first meet.

        Raises:
            NotFound: no such tenant or clinic.
            Rejected: the life is not between one second and thirty days.
        """
        code, expires_at = self._new_code(tenant, life_seconds)
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            if not devices.has_location(location):
                raise NotFound("unknown_location", "the tenant has no such location; see [[hub.tenants.locations]]")
            devices.invite(_hash(code), location, expires_at)
        return code

    def invite_replacement(self, tenant: TenantId, device: DeviceId, life_seconds: int) -> str:
        """Return a one-time code with which a new machine takes a device's place, as `invite` does for a new device.

        Nothing changes for the old machine until the code is used; from then on every certificate and key it has is
        refused. A device that was revoked comes back only so: with keys that the old machine never had.

        Raises:
            NotFound: no such tenant or device.
            Rejected: the life is not between one second and thirty days.
        """
        code, expires_at = self._new_code(tenant, life_seconds)
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            devices.invite(_hash(code), _found(devices, device).location, expires_at, replaces=device)
        return code

    def _new_code(self, tenant: TenantId, life_seconds: int) -> tuple[str, int]:
        if not 1 <= life_seconds <= MAX_LIFE_SECONDS:
            raise Rejected("bad_life", f"a code may live for 1 to {MAX_LIFE_SECONDS} seconds")
        if not self._keys.knows(tenant):
            raise NotFound("unknown_tenant", "this hub serves no such tenant; see [[hub.tenants]]")
        known_by = self._authority.fingerprint[:FINGERPRINT_CHARACTERS]
        code = f"{tenant}.{secrets.token_urlsafe(_CODE_BYTES)}.{known_by}"
        return code, self._now() + life_seconds * 1000

    def enrol(self, code: str, label: str, public: PublicIdentity, request: bytes) -> Enrolled:
        """Enrol a box with a one-time code; a code works once, whoever comes second is refused.

        Idempotent by code and keys: a box that never got the answer asks again, is the same device, and gets a
        certificate for the key it has now.

        Raises:
            Forbidden: the code is unknown or has expired.
            Conflict: the code was used.
            Rejected: a key is not a usable public key, or the signing request is none.
        """
        key = read_request(request)
        tenant = TenantId(code.partition(".")[0])
        if not self._keys.knows(tenant):
            raise Forbidden("code_unknown", "the code is not one of this hub's; check it or ask for a new one")
        generation = self._keys.generations.standing(tenant).newest
        with self._database.write(tenant) as connection:
            devices, held = DeviceRepository(connection, tenant), CertificateRepository(connection, tenant)
            device, location, replaces = self._admit(devices, held, _hash(code), label, public)
            delivery = self._deliver(tenant, device, public)
            DeviceKeys(connection, tenant).set_taken(device, generation)
            certified = self._certify(held, Member(tenant, location, device), key)
        return Enrolled(tenant, location, device, delivery, self._keys.key_id(tenant), certified, replaces)

    def renew(self, device: DeviceId, request: bytes, signature: bytes) -> Certified:
        """Give an enrolled device a new certificate; its own key, not the old certificate, says who asks.

        So a box whose certificate has ended while it was away, or whose clock is wrong, comes back by itself.
        Idempotent: asking again gives another certificate for the same device.

        Raises:
            Forbidden: no such device, revoked, or the request is not signed by it.
            Rejected: the signing request is none.
        """
        key = read_request(request)
        with self._database.read_directory() as connection:
            tenant = tenant_of(connection, device)
        if tenant is None:
            raise _renewal_refused()
        with self._database.write(tenant) as connection:
            record = DeviceRepository(connection, tenant).get(device, for_update=True)
            if record is None or record.state is DeviceState.REVOKED:
                raise _renewal_refused()
            if not renewal_is_signed(record.signing_key, device, request, signature):
                raise _renewal_refused()
            member = Member(tenant, record.location, device)
            return self._certify(CertificateRepository(connection, tenant), member, key)

    def certificates(self, tenant: TenantId) -> dict[DeviceId, CertificateRecord]:
        """Return the newest certificate of each of the tenant's devices."""
        with self._database.read(tenant) as connection:
            return CertificateRepository(connection, tenant).latest()

    def behind(self, tenants: Sequence[TenantId]) -> set[DeviceId]:
        """Return the devices, not revoked, whose newest certificate leads to an older root than the newest."""
        root = self._authority.fingerprint
        return {
            device
            for tenant in tenants
            for device, held in self.certificates(tenant).items()
            if held.revoked_at is None and held.root != root
        }

    def revoke(self, tenant: TenantId, device: DeviceId, reason: str) -> None:
        """Refuse a device from now on: its certificates, its messages, its images, for good.

        Raises:
            NotFound: the tenant has no such device.
        """
        with self._database.write(tenant) as connection:
            devices = DeviceRepository(connection, tenant)
            _found(devices, device)
            devices.set_state(device, DeviceState.REVOKED, reason or "revoked by a person")
            CertificateRepository(connection, tenant).revoke(device, self._clock.wall())

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

    def _certify(
        self, certificates: CertificateRepository, member: Member, key: ec.EllipticCurvePublicKey
    ) -> Certified:
        issued, now = self._authority.issue(member, key), self._clock.wall()
        certificate = issued.certificate
        certificates.add(
            CertificateRecord(
                certificate.serial_number, member.device, issued.root, now, certificate.not_valid_after_utc
            )
        )
        return Certified(issued.chain, self._authority.trust)

    def _deliver(self, tenant: TenantId, device: DeviceId, public: PublicIdentity) -> bytes:
        key = self._keys.transport(tenant, device)
        try:
            return deliver(key, public.receiving, context=f"enrol/{tenant}/{device}".encode())
        except ValueError:
            raise Rejected("bad_key", "the receiving key is not an X25519 public key") from None

    def _admit(
        self,
        devices: DeviceRepository,
        held: CertificateRepository,
        code_hash: str,
        label: str,
        public: PublicIdentity,
    ) -> tuple[DeviceId, LocationId, bool]:
        """Return who the bearer of a code is from now on, and whether it takes the place of another machine."""
        invitation = devices.invitation(code_hash)
        before = _already(devices, invitation, public)
        if invitation is not None and before is not None:
            return before.id, before.location, invitation.replaces is not None
        invitation = self._redeemable(invitation)
        device = invitation.replaces or DeviceId(f"box-{secrets.token_hex(6)}")
        devices.use_invitation(code_hash, device, self._now())
        if invitation.replaces is None:
            devices.add(self._record(device, invitation.location, label, public))
        else:
            held.revoke(device, self._clock.wall())
            devices.replace(device, label, public.signing, public.receiving)
        return device, invitation.location, invitation.replaces is not None

    def _redeemable(self, invitation: Invitation | None) -> Invitation:
        if invitation is None:
            raise Forbidden("code_unknown", "the code is not one of this hub's; check it or ask for a new one")
        if invitation.used_at is not None:
            raise Conflict("code_used", "the code was used already; ask for a new one")
        if self._now() > invitation.expires_at:
            raise Forbidden("code_expired", "the code has expired; ask for a new one")
        return invitation

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


def _renewal_refused() -> Forbidden:
    return Forbidden("renewal_refused", "the device is not enrolled here or was revoked; enrol it anew")


def _already(devices: DeviceRepository, invitation: Invitation | None, public: PublicIdentity) -> DeviceRecord | None:
    """Return the device that these keys became with this code before."""
    record = devices.get(invitation.device) if invitation is not None and invitation.device is not None else None
    if record is None or record.state is not DeviceState.ACTIVE:
        return None
    return record if (record.signing_key, record.receiving_key) == (public.signing, public.receiving) else None


def _hash(code: str) -> str:
    return hashlib.sha256(b"medspasync/invitation/1\0" + code.encode()).hexdigest()
