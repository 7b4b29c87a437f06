"""Who calls: a device of a tenant, proven by the certificate of its TLS 1.3 connection.

The connection itself is the proof, so calls carry no signature of their own: that would add a clock that box and hub
must agree on, and a box whose clock is wrong must still get its images through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509

from cloud.storage.certificates import CertificateRepository
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState
from shared.crypto.pki import CertificateRefused, Member, read_member
from shared.errors import Rejected
from shared.ids import DeviceId, LocationId, TenantId

_VERSION: Final = b"TLSv1.3"


class CallerRefused(Rejected):
    """The connection does not prove an enrolled device."""


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

    def __init__(self, database: Database) -> None:
        self._database = database

    def identify(self, context: Any) -> Caller:
        """Return who calls.

        Args:
            context: the call's gRPC context.

        Raises:
            CallerRefused: no TLS 1.3, or no certificate of an enrolled device that is not revoked.
            DeviceRefused: the device is fenced.
        """
        certificate, member = proof_of(context)
        with self._database.read(member.tenant) as connection:
            record = DeviceRepository(connection, member.tenant).get(member.device)
            revoked = CertificateRepository(connection, member.tenant).is_revoked(certificate.serial_number)
        if record is None or record.state is DeviceState.REVOKED or revoked:
            raise CallerRefused("unknown_device", "the device is not enrolled here or was revoked")
        if record.state is DeviceState.FENCED:
            raise DeviceRefused("device_fenced", "the device is fenced; a person must look at it first")
        return Caller(member.tenant, record.location, record.id)


def proof_of(context: Any) -> tuple[x509.Certificate, Member]:
    """Return the certificate at the other end of a call and whom it names; gRPC has verified its chain.

    Raises:
        CallerRefused: the connection is older than TLS 1.3 or shows no device's certificate.
    """
    facts: Mapping[str, Sequence[bytes]] = context.auth_context()
    if list(facts.get("ssl_tls_version", ())) != [_VERSION]:
        raise CallerRefused("old_tls", "the connection is older than TLS 1.3; update the box")
    try:
        (pem,) = facts.get("x509_pem_cert", ())
        certificate = x509.load_pem_x509_certificate(pem)
        return certificate, read_member(certificate)
    except (ValueError, CertificateRefused):
        raise CallerRefused("no_member", "the connection shows no device's certificate") from None
