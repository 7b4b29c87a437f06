"""Signs certificates: roots, issuers held to a name, devices, hosts, revocation lists. Pure, over `cryptography`.

Roots, issuers and hosts begin in 1970: a box whose clock stands there still recognises its hub. How far a life has
gone is therefore counted from its end.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.crypto.pki import HUB_HOST, ORGANISATION, Member, certificate_pem, key_pem, new_key, read_key
from shared.ids import TenantId

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW: Final = timedelta(hours=1)
_CLIENT: Final = (ExtendedKeyUsageOID.CLIENT_AUTH,)
_BOTH_ENDS: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_SERVER: Final = (ExtendedKeyUsageOID.SERVER_AUTH,)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A certificate authority: its certificate and the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read what `pem` returned.

        Raises:
            Corrupt: it is something else.
        """
        return cls(x509.load_pem_x509_certificate(pem), read_key(pem))

    def pem(self) -> bytes:
        """Return certificate and private key, to be sealed by the caller."""
        return certificate_pem(self.certificate) + key_pem(self.key)


def make_root(name: str, now: datetime, life: timedelta) -> Signer:
    """Make the authority that everything else leads to."""
    key, subject = new_key(), _subject(_common(name))
    builder = _builder(subject, subject, key.public_key(), (_BEGINNING, now + life))
    return Signer(_authority(builder, None).sign(key, hashes.SHA256()), key)


def cross_sign(old: Signer, new: Signer) -> x509.Certificate:
    """Let an old root vouch for a new one, so that whoever trusts only the old one can follow; ends with the old."""
    life = (_BEGINNING, old.certificate.not_valid_after_utc)
    builder = _builder(new.certificate.subject, old.certificate.subject, new.key.public_key(), life)
    return _signed(_authority(builder, None), old)


def make_member_issuer(root: Signer, tenant: TenantId, now: datetime, life: timedelta) -> Signer:
    """Make the authority for one tenant's devices: held to the tenant's name, for clients only, naming no host."""
    unit = _unit(tenant)
    constraint = x509.NameConstraints([x509.DirectoryName(_subject(unit))], [x509.DNSName("")])
    subject = _subject(unit, _common(f"{_common_name(root)}: devices"))
    return _issuer(root, subject, constraint, _CLIENT, now + life)


def make_hub_issuer(root: Signer, now: datetime, life: timedelta) -> Signer:
    """Make the authority for the hub itself: it can name nothing but the hub."""
    subject = _subject(_common(f"{_common_name(root)}: hub"))
    return _issuer(root, subject, x509.NameConstraints([x509.DNSName(HUB_HOST)], None), _BOTH_ENDS, now + life)


def make_lan_authority(names: Sequence[str], now: datetime, life: timedelta) -> Signer:
    """Make a box's own authority for its clinic's tablets, held to the box's names and addresses."""
    key, subject = new_key(), _subject(_common("clinic network"))
    builder = _builder(subject, subject, key.public_key(), (_BEGINNING, now + life))
    constraint = x509.NameConstraints([_subtree(name) for name in names], None)
    builder = _authority(builder, 0).add_extension(constraint, critical=True)
    return Signer(builder.sign(key, hashes.SHA256()), key)


def issue_member(
    issuer: Signer, member: Member, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.Certificate:
    """Return a device's certificate, for a client only; it never outlives its issuer."""
    subject = _subject(_unit(member.tenant), _common(member.name))
    builder = _builder(subject, issuer.certificate.subject, key, (now - _SKEW, _end(issuer, now + life)))
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(member.uri)])
    return _signed(_leaf(builder, _CLIENT).add_extension(names, critical=False), issuer)


def issue_hub(issuer: Signer, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta) -> x509.Certificate:
    """Return the hub's certificate, for both ends of a connection; it never outlives its issuer."""
    life_span = (_BEGINNING, _end(issuer, now + life))
    builder = _builder(_subject(_common("hub")), issuer.certificate.subject, key, life_span)
    names = x509.SubjectAlternativeName([x509.DNSName(HUB_HOST)])
    return _signed(_leaf(builder, _BOTH_ENDS).add_extension(names, critical=False), issuer)


def issue_lan_host(
    issuer: Signer, names: Sequence[str], key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.Certificate:
    """Return the certificate with which a box serves its clinic's tablets; it never outlives its issuer."""
    life_span = (now - _SKEW, _end(issuer, now + life))
    builder = _builder(_subject(_common("clinic box")), issuer.certificate.subject, key, life_span)
    alternatives = x509.SubjectAlternativeName([_host(name) for name in names])
    return _signed(_leaf(builder, _SERVER).add_extension(alternatives, critical=False), issuer)


def make_revocation_list(
    issuer: Signer, revoked: Mapping[int, datetime], now: datetime, life: timedelta
) -> x509.CertificateRevocationList:
    """Return the signed list of an issuer's revoked serials, good until `now + life`."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(now - _SKEW).next_update(now + life)
    for serial, when in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
        builder = builder.add_revoked_certificate(entry)
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    number = x509.CRLNumber(int(now.timestamp() * 1000))
    builder = builder.add_extension(by, critical=False).add_extension(number, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def _subject(*attributes: x509.NameAttribute[str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION), *attributes])


def _common(name: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, name[:64])


def _unit(tenant: TenantId) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, tenant)


def _common_name(signer: Signer) -> str:
    (name,) = signer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def _end(issuer: Signer, wanted: datetime) -> datetime:
    return min(wanted, issuer.certificate.not_valid_after_utc)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(life[0]).not_valid_after(life[1])
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _issuer(
    root: Signer,
    subject: x509.Name,
    constraint: x509.NameConstraints,
    usages: Sequence[x509.ObjectIdentifier],
    end: datetime,
) -> Signer:
    key = new_key()
    builder = _builder(subject, root.certificate.subject, key.public_key(), (_BEGINNING, _end(root, end)))
    builder = _authority(builder, 0).add_extension(constraint, critical=True)
    return Signer(_signed(builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False), root), key)


def _authority(builder: x509.CertificateBuilder, path_length: int | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_usage(signs_certificates=True), critical=True)


def _leaf(builder: x509.CertificateBuilder, usages: Sequence[x509.ObjectIdentifier]) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)


def _signed(builder: x509.CertificateBuilder, by: Signer) -> x509.Certificate:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
    return builder.add_extension(authority, critical=False).sign(by.key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _subtree(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name)
