"""The hub's certificate authority: a root, an issuer for the hub, one for each tenant; every key sealed.

Roots come in generations. A new one is vouched for by the one before it, and the hub shows that voucher, so a box
that knows only the old root follows at once, however long it was away; it learns the new one with its next
certificate. Old roots stay trusted until they are retired.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from shared.clock import Clock
from shared.crypto import authority, pki
from shared.crypto.authority import Signer
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.tls import Credentials
from shared.ids import TenantId
from shared.locks import exclusive


@dataclass(frozen=True, slots=True)
class Lives:
    """How long things are good that a hub signs; issuers end with their root."""

    device: timedelta = timedelta(days=90)
    hub: timedelta = timedelta(days=30)
    root: timedelta = timedelta(days=3650)
    revocation_list: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A device's new certificate with its chain, as PEM, and the root it leads to."""

    certificate: x509.Certificate
    chain: bytes
    root: str


class HubAuthority:
    """Signs for a hub's tenants; makes what is missing at its first use. Safe to share by threads and processes."""

    def __init__(self, folder: Path, tenants: Sequence[TenantId], clock: Clock, lives: Lives = Lives()) -> None:
        """Open the authority.

        Args:
            folder: the hub's key folder; certificates and keys lie sealed in `authority` below it.
            tenants: whom it signs for.
            clock: dates what it signs.
            lives: how long that is good.
        """
        self._sealed = SealedKeyFolder(folder / "authority")
        self._lock_file = folder / "authority" / "lock"
        self._lock = threading.RLock()
        self._tenants = tuple(sorted(tenants))
        self._clock = clock
        self.lives = lives
        self._signers: dict[str, Signer] = {}
        self._hub: Credentials | None = None
        with self._alone():
            if not self._generations():
                self._sealed.put("root.1", self._new_root(1).pem())

    @property
    def roots(self) -> list[x509.Certificate]:
        """The roots that boxes and hub trust, newest first."""
        return [self._signer(f"root.{number}").certificate for number in reversed(self._generations())]

    @property
    def trust(self) -> bytes:
        """The same as PEM."""
        return pki.certificate_pem(*self.roots)

    @property
    def fingerprint(self) -> str:
        """The newest root's fingerprint; an invitation carries it, so that a box knows its hub."""
        return pki.fingerprint(self.roots[0])

    def issue(self, member: pki.Member, key: ec.EllipticCurvePublicKey, life: timedelta | None = None) -> Issued:
        """Sign a device's certificate; whether the device may have one is the caller's to know."""
        issuer = self._issuer(self._generations()[-1], f"tenant.{member.tenant}")
        certificate = authority.issue_member(issuer, member, key, self._clock.wall(), life or self.lives.device)
        return Issued(certificate, pki.certificate_pem(certificate, issuer.certificate), self.fingerprint)

    def hub(self) -> Credentials:
        """Return the hub's own certificate, made anew when two thirds of its life are over or the roots changed."""
        with self._lock:
            now, trust, held = self._clock.wall(), self.trust, self._hub
            if held is None or held.trust != trust or pki.is_due(held.certificate, self.lives.hub, now):
                self._hub = held = self._new_hub(trust, now)
            return held

    def revocation_lists(self, revoked: Mapping[TenantId, Mapping[int, datetime]]) -> bytes:
        """Return the signed list of every issuer, as PEM; where nothing is revoked it is empty."""
        now, lists = self._clock.wall(), b""
        for number in self._generations():
            for tenant in (None, *self._tenants):
                issuer = self._issuer(number, "hub" if tenant is None else f"tenant.{tenant}")
                serials = {} if tenant is None else revoked.get(tenant, {})
                signed = authority.make_revocation_list(issuer, serials, now, self.lives.revocation_list)
                lists += signed.public_bytes(Encoding.PEM)
        return lists

    def roll(self) -> str:
        """Make a new root, vouched for by the present one, and sign with it from now on; return its fingerprint."""
        with self._alone():
            number = self._generations()[-1]
            new = self._new_root(number + 1)
            voucher = authority.cross_sign(self._signer(f"root.{number}"), new)
            # One file holds both: there is never a new root that nobody vouches for.
            self._sealed.put(f"root.{number + 1}", new.pem() + pki.certificate_pem(voucher))
        return self.fingerprint

    def retire(self) -> None:
        """Trust the newest root only, and destroy the keys of the others."""
        with self._alone():
            for number in self._generations()[:-1]:
                self._sealed.destroy(f"root.{number}")
                for name in self._sealed.names():
                    if name.startswith(f"issuer.{number}."):
                        self._sealed.destroy(name)

    def _generations(self) -> list[int]:
        return sorted(int(name.partition(".")[2]) for name in self._sealed.names() if name.startswith("root."))

    def _signer(self, name: str) -> Signer:
        held = self._signers.get(name)
        if held is None:
            held = self._signers[name] = Signer.from_pem(self._sealed.get(name) or b"")
        return held

    def _new_root(self, number: int) -> Signer:
        return authority.make_root(f"MedSpaSync hub root {number}", self._clock.wall(), self.lives.root)

    def _issuer(self, number: int, kind: str) -> Signer:
        name = f"issuer.{number}.{kind}"
        with self._alone():
            if name not in self._signers and self._sealed.get(name) is None:
                root, now = self._signer(f"root.{number}"), self._clock.wall()
                tenant = TenantId(kind.removeprefix("tenant."))
                if kind == "hub":
                    made = authority.make_hub_issuer(root, now, self.lives.root)
                else:
                    made = authority.make_member_issuer(root, tenant, now, self.lives.root)
                self._sealed.put(name, made.pem())
            return self._signer(name)

    def _new_hub(self, trust: bytes, now: datetime) -> Credentials:
        number = self._generations()[-1]
        issuer, key = self._issuer(number, "hub"), pki.new_key()
        certificate = authority.issue_hub(issuer, key.public_key(), now, self.lives.hub)
        chain = pki.certificate_pem(certificate, issuer.certificate, *self._vouchers())
        return Credentials(pki.key_pem(key), chain, trust)

    def _vouchers(self) -> list[x509.Certificate]:
        """Return what leads from the newest root back to the oldest one that is trusted."""
        held = (self._sealed.get(f"root.{number}") or b"" for number in reversed(self._generations()[1:]))
        return [certificate for pem in held for certificate in x509.load_pem_x509_certificates(pem)[1:]]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep this hub's other processes and threads away while something is made."""
        with self._lock, exclusive(self._lock_file):
            yield
