"""The clinic network's certificate: the box's own authority, held to the box's names, and a leaf for the pages.

Nothing here needs the hub or the internet. A tablet takes the authority's certificate once; the leaf is made anew at
each start and at two thirds of its 90 days, in memory only. Other names, or the end of its ten years, need a new
authority, which the tablets must be given again.
"""

import json
import ssl
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from cryptography import x509
from fastapi import APIRouter, Response

from shared.clock import Clock
from shared.crypto.authority import Signer, issue_lan_host, make_lan_authority
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import certificate_pem, fingerprint, is_due, key_pem, new_key
from shared.crypto.tls import Credentials, present, server_context
from shared.worker import Worker

LAN_AUTHORITY: Final = "lan-authority"
AUTHORITY_LIFE: Final = timedelta(days=3650)
LEAF_LIFE: Final = timedelta(days=90)
_LOOK_SECONDS: Final = 3600.0


def lan_router(lan: "LanCertificate") -> APIRouter:
    """Return the route at which a tablet gets the authority's certificate; a person compares the fingerprint."""
    router = APIRouter(include_in_schema=False)

    @router.get("/clinic-network.crt")
    def certificate() -> Response:
        return Response(lan.authority, media_type="application/x-x509-ca-cert")

    return router


class LanCertificate:
    """Serves the pages' TLS; safe to share by threads."""

    def __init__(self, keys: SealedKeyFolder, names: Sequence[str], clock: Clock) -> None:
        """Open the authority, making it when there is none for these names.

        Args:
            keys: where the authority's key lies sealed.
            names: the box's names and addresses in the clinic's network.
            clock: tells when the leaf is due.
        """
        self._names = list(names)
        self._clock = clock
        self._authority = self._open(keys)
        self._leaf: x509.Certificate | None = None
        self._context: ssl.SSLContext | None = None
        self._worker = Worker("lan-certificate", self.look, every=_LOOK_SECONDS)

    @property
    def authority(self) -> bytes:
        """The certificate a tablet is given once, as PEM."""
        return certificate_pem(self._authority.certificate)

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, in pairs, as tablets show it."""
        digits = fingerprint(self._authority.certificate).upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    @property
    def leaf(self) -> x509.Certificate | None:
        """The certificate shown to tablets now."""
        return self._leaf

    def context(self, *_: Any) -> ssl.SSLContext:
        """Return the context to serve with; it stays current by itself."""
        self._context = server_context(self._issued(), members_only=False)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2  # tablets are older than boxes
        self._worker.start()
        return self._context

    def look(self) -> None:
        """Renew the leaf when it is due. Idempotent."""
        if self._context is None or self._leaf is None:
            return
        if is_due(self._leaf, LEAF_LIFE, self._clock.wall()):
            present(self._context, self._issued())
            structlog.get_logger().info("lan_certificate_renewed")

    def stop(self) -> None:
        """Look no more."""
        self._worker.stop()

    def _issued(self) -> Credentials:
        key = new_key()
        leaf = issue_lan_host(self._authority, self._names, key.public_key(), self._clock.wall(), LEAF_LIFE)
        self._leaf = leaf
        return Credentials(key_pem(key), certificate_pem(leaf), self.authority)

    def _open(self, keys: SealedKeyFolder) -> Signer:
        held = keys.get(LAN_AUTHORITY)
        if held is not None:
            parts = json.loads(held)
            signer = Signer.from_pem(parts["pem"].encode())
            ends = signer.certificate.not_valid_after_utc
            if parts["names"] == self._names and ends - self._clock.wall() > LEAF_LIFE:
                return signer
        made = make_lan_authority(self._names, self._clock.wall(), AUTHORITY_LIFE)
        keys.put(LAN_AUTHORITY, json.dumps({"names": self._names, "pem": made.pem().decode()}).encode())
        return made
