"""Certificates against the ways in which one could say more than it may."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import authority
from shared.crypto.authority import Signer
from shared.crypto.pki import (
    HUB_HOST,
    CertificateRefused,
    Member,
    certificate_pem,
    is_due,
    is_hub,
    key_pem,
    make_request,
    new_key,
    read_key,
    read_member,
    read_request,
)
from shared.crypto.tls import Credentials, hub_context, server_context
from shared.errors import Corrupt
from shared.ids import DeviceId, LocationId, TenantId

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = authority.make_root("test root", NOW, 3650 * DAY)
HUB = authority.make_hub_issuer(ROOT, NOW, 3650 * DAY)
LUMEN = authority.make_member_issuer(ROOT, TenantId("lumen"), NOW, 3650 * DAY)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)

pytestmark = pytest.mark.req("P-5", "I-13")


def box(tenant: str = "lumen", device: str = "box-1") -> Member:
    return Member(TenantId(tenant), LocationId("one"), DeviceId(device))


def credentials(issuer: Signer, member: Member, *, life: timedelta = 90 * DAY, now: datetime = NOW) -> Credentials:
    key = new_key()
    signed = authority.issue_member(issuer, member, key.public_key(), now, life)
    return Credentials(key_pem(key), certificate_pem(signed, issuer.certificate), certificate_pem(ROOT.certificate))


def hub_credentials(issuer: Signer = HUB, *more: x509.Certificate, root: Signer = ROOT) -> Credentials:
    key = new_key()
    signed = authority.issue_hub(issuer, key.public_key(), NOW, 30 * DAY)
    chain = certificate_pem(signed, issuer.certificate, *more)
    return Credentials(key_pem(key), chain, certificate_pem(root.certificate))


def meets(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """Let two contexts shake hands in memory; return the version they agree on."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True))
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
                end.read(1)
            except ssl.SSLWantReadError:
                pass
    ends[0].write(b"x")
    assert ends[1].read(1) == b"x"
    return str(ends[0].version())


def test_a_box_and_its_hub_meet_over_tls_13() -> None:
    server = server_context(hub_credentials(), members_only=True)
    assert meets(hub_context(credentials(LUMEN, box())), server) == "TLSv1.3"


def test_an_older_tls_is_refused() -> None:
    client = hub_context(credentials(LUMEN, box()))
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        meets(client, server_context(hub_credentials(), members_only=True))


def test_a_tenants_issuer_cannot_name_another_tenants_box() -> None:
    forged = credentials(LUMEN, box("aurora", "box-9"))
    with pytest.raises(ssl.SSLError, match=r"permitted subtree|verify failed"):
        meets(hub_context(forged), server_context(hub_credentials(), members_only=True))


def test_a_tenants_issuer_cannot_pretend_to_be_the_hub() -> None:
    with pytest.raises(ssl.SSLError, match=r"excluded|permitted subtree|verify failed"):
        meets(hub_context(credentials(LUMEN, box())), server_context(hub_credentials(LUMEN), members_only=True))


def test_a_box_cannot_be_a_server() -> None:
    with pytest.raises(ssl.SSLError, match="verify failed"):
        meets(
            hub_context(credentials(LUMEN, box())),
            server_context(credentials(LUMEN, box("lumen", "box-2")), members_only=True),
        )


def test_an_issuer_cannot_make_issuers() -> None:
    below = authority.make_member_issuer(LUMEN, TenantId("lumen"), NOW, 100 * DAY)
    shown = credentials(below, box())
    longer = Credentials(shown.key, shown.chain + certificate_pem(LUMEN.certificate), shown.trust)
    with pytest.raises(ssl.SSLError, match=r"path length|verify failed"):
        meets(hub_context(longer), server_context(hub_credentials(), members_only=True))


@pytest.mark.req("F-16")
def test_an_ended_certificate_is_refused() -> None:
    ended = credentials(LUMEN, box(), now=NOW - 100 * DAY)
    with pytest.raises(ssl.SSLError, match=r"expired|verify failed"):
        meets(hub_context(ended), server_context(hub_credentials(), members_only=True))


@pytest.mark.req("F-16")
def test_who_trusts_the_old_root_only_follows_a_chain_of_vouchers_to_the_newest() -> None:
    second, third = (authority.make_root(f"root {number}", NOW, 3650 * DAY) for number in (2, 3))
    vouchers = (authority.cross_sign(second, third), authority.cross_sign(ROOT, second))
    issuer = authority.make_hub_issuer(third, NOW, 100 * DAY)
    server = server_context(hub_credentials(issuer, *vouchers), members_only=True)
    assert meets(hub_context(credentials(LUMEN, box())), server) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="verify failed"):
        meets(hub_context(credentials(LUMEN, box())), server_context(hub_credentials(issuer), members_only=True))


@pytest.mark.req("F-09", "F-16")
def test_a_clock_in_1970_still_recognises_the_hub() -> None:
    shown = x509.load_pem_x509_certificates(hub_credentials().chain)
    assert all(certificate.not_valid_before_utc.year == 1970 for certificate in [*shown, ROOT.certificate])


@given(names, names, names)
def test_a_certificate_says_whom_it_was_made_for(tenant: str, location: str, device: str) -> None:
    member = Member(TenantId(tenant), LocationId(location), DeviceId(device))
    issuer = authority.make_member_issuer(ROOT, member.tenant, NOW, DAY)
    certificate = authority.issue_member(issuer, member, new_key().public_key(), NOW, DAY)
    assert read_member(certificate) == member
    assert not is_hub(certificate)


def test_what_names_no_member_is_none() -> None:
    hub = x509.load_pem_x509_certificate(hub_credentials().chain)
    assert is_hub(hub)
    for certificate in (hub, ROOT.certificate, LUMEN.certificate):
        with pytest.raises(CertificateRefused):
            read_member(certificate)


def test_a_name_that_contradicts_the_subject_is_refused() -> None:
    key = new_key()
    real = authority.issue_member(LUMEN, box(), key.public_key(), NOW, DAY)
    for uri in ("medspa:aurora/one/box-1", "medspa:lumen/one/box-2", "medspa:lumen/one", "https://lumen/one/box-1"):
        builder = x509.CertificateBuilder().subject_name(real.subject).issuer_name(real.issuer)
        builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(NOW).not_valid_after(NOW + DAY)
        other = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
        signed = builder.add_extension(other, critical=False).sign(LUMEN.key, real.signature_hash_algorithm)  # type: ignore[arg-type]
        with pytest.raises(CertificateRefused):
            read_member(signed)


@given(st.binary(max_size=200))
def test_rubbish_is_no_signing_request(data: bytes) -> None:
    with pytest.raises(CertificateRefused):
        read_request(data)


def test_a_signing_request_needs_the_right_kind_of_key() -> None:
    weak = ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(weak, LUMEN.certificate.signature_hash_algorithm)  # type: ignore[arg-type]
    with pytest.raises(CertificateRefused):
        read_request(request.public_bytes(serialization.Encoding.PEM))
    key = new_key()
    assert read_request(make_request(key)).public_numbers() == key.public_key().public_numbers()


def test_a_leaf_never_outlives_its_issuer() -> None:
    short = authority.make_member_issuer(ROOT, TenantId("lumen"), NOW, 10 * DAY)
    signed = authority.issue_member(short, box(), new_key().public_key(), NOW, 90 * DAY)
    assert signed.not_valid_after_utc == short.certificate.not_valid_after_utc


@pytest.mark.req("F-16")
@given(st.floats(0, 120))
def test_a_certificate_is_due_from_two_thirds_of_its_life_on(days: float) -> None:
    signed = x509.load_pem_x509_certificate(credentials(LUMEN, box()).chain)
    assert is_due(signed, 90 * DAY, NOW + timedelta(days=days)) == (days >= 60)


def test_revoked_serials_are_on_the_issuers_list() -> None:
    serials = {5: NOW, 2**100: NOW}
    made = authority.make_revocation_list(LUMEN, serials, NOW, 7 * DAY)
    assert {entry.serial_number for entry in made} == set(serials)
    assert made.is_signature_valid(LUMEN.key.public_key())
    assert made.next_update_utc == (NOW + 7 * DAY).replace(microsecond=0)


def test_a_signer_survives_being_stored() -> None:
    again = Signer.from_pem(LUMEN.pem())
    assert again.certificate == LUMEN.certificate
    assert key_pem(again.key) == key_pem(LUMEN.key)
    with pytest.raises(Corrupt):
        read_key(certificate_pem(ROOT.certificate))


def test_the_hub_has_one_name_whatever_its_address() -> None:
    hub = x509.load_pem_x509_certificate(hub_credentials().chain)
    found = hub.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == [HUB_HOST]
