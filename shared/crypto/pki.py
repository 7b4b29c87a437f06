"""Certificates of a fleet: keys, signing requests, and reading whom a certificate names. Pure, over `cryptography`.

Keys are P-256: what OpenSSL, Mosquitto and gRPC's BoringSSL all take for TLS 1.3 on both ends. A device's
certificate says `medspa:TENANT/LOCATION/DEVICE`; the hub's says `hub.medspa.internal`, whatever its address.
`authority.py` issues them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.errors import Corrupt, Rejected
from shared.ids import DeviceId, LocationId, TenantId

ORGANISATION: Final = "MedSpaSync"
FINGERPRINT_CHARACTERS: Final = 32
HUB_HOST: Final = "hub.medspa.internal"
_SCHEME: Final = "medspa:"
_MAX_REQUEST_BYTES: Final = 8192


class CertificateRefused(Rejected):
    """A certificate or a request for one is not what it must be."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whom a certificate names."""

    tenant: TenantId
    location: LocationId
    device: DeviceId

    @property
    def uri(self) -> str:
        """The name in the certificate's alternative names."""
        return f"{_SCHEME}{self.tenant}/{self.location}/{self.device}"

    @property
    def name(self) -> str:
        """The common name; also user name and client id at the broker."""
        return member_name(self.tenant, self.device)


def member_name(tenant: TenantId, device: DeviceId) -> str:
    """Return the name of a device at the broker."""
    return f"{tenant}/{device}"


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key in the clear, for whoever seals it or hands it to a TLS library."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key, from among certificates or alone.

    Raises:
        Corrupt: there is none of the right kind.
    """
    try:
        key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE KEY-----") :], None)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Corrupt("key_damaged", "the stored key is damaged; restore it from the backup of the keys")
    return key


def certificate_pem(*chain: x509.Certificate) -> bytes:
    """Return certificates as PEM, in the order given."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in hex; its first half says enough to know it by."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def make_request(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a signing request that proves who holds the key; the signer decides on the name."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_request(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Return the key of a signing request whose sender holds the private half.

    Raises:
        CertificateRefused: it is malformed, of another kind of key, or not signed by its own key.
    """
    try:
        request = x509.load_pem_x509_csr(pem[:_MAX_REQUEST_BYTES])
        key, signed = request.public_key(), request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature):
        raise CertificateRefused("bad_request", "the signing request cannot be read") from None
    if not signed or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateRefused("bad_request", "the signing request must have a P-256 key and its own signature")
    return key


def read_member(certificate: x509.Certificate) -> Member:
    """Return whom a certificate names; its chain was verified by whoever hands it over.

    Raises:
        CertificateRefused: it names no member, or its names contradict each other.
    """
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (uri,) = alternatives.get_values_for_type(x509.UniformResourceIdentifier)
        tenant, location, device = uri.removeprefix(_SCHEME).split("/")
        (unit,) = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        (common,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (x509.ExtensionNotFound, ValueError):
        raise CertificateRefused("no_member", "the certificate names no device of a tenant") from None
    member = Member(TenantId(tenant), LocationId(location), DeviceId(device))
    # The subject is what the issuer is held to; the alternative name must say the same.
    if uri != member.uri or unit.value != tenant or common.value != member.name or not all((location, device)):
        raise CertificateRefused("no_member", "the certificate's names contradict each other")
    return member


def is_hub(certificate: x509.Certificate) -> bool:
    """Tell whether a verified certificate is the hub's own: only its issuer can name that host."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return names.get_values_for_type(x509.DNSName) == [HUB_HOST]


def is_due(certificate: x509.Certificate, life: timedelta, now: datetime) -> bool:
    """Tell whether two thirds of a certificate's life are over: time to renew it."""
    return certificate.not_valid_after_utc - now <= life / 3


def days_left(certificate: x509.Certificate, now: datetime) -> float:
    """Return how many days a certificate is still good; negative when it has ended."""
    return (certificate.not_valid_after_utc - now) / timedelta(days=1)
