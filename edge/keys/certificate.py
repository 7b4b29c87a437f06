"""The box's certificate for the hub: key, chain and the hub's roots in one sealed secret, replaced in one step."""

import json
import threading
from datetime import datetime
from typing import Final

from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pki import is_due
from shared.crypto.tls import Credentials
from shared.errors import Corrupt, Rejected

CERTIFICATE: Final = "hub-certificate"


class BoxCertificate:
    """What the box shows to the hub, and whom it believes to be the hub; safe to share by threads."""

    def __init__(self, keys: SealedKeyFolder) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._held: Credentials | None = None

    @property
    def held(self) -> bool:
        """Whether the box was ever given one."""
        return self._keys.get(CERTIFICATE) is not None

    def present(self) -> Credentials:
        """Return the present credentials: the same object until they are replaced.

        Raises:
            Rejected: the box is not enrolled.
            Corrupt: they are damaged.
        """
        with self._lock:
            if self._held is None:
                self._held = self._read()
            return self._held

    def replace(self, credentials: Credentials) -> None:
        """Keep new credentials; a crash leaves the old or the new ones, whole."""
        parts = {"key": credentials.key, "chain": credentials.chain, "trust": credentials.trust}
        text = json.dumps({name: part.decode() for name, part in parts.items()})
        with self._lock:
            self._keys.put(CERTIFICATE, text.encode())
            self._held = credentials

    def due(self, now: datetime) -> bool:
        """Tell whether two thirds of the certificate's life are over."""
        certificate = self.present().certificate
        return is_due(certificate, certificate.not_valid_after_utc - certificate.not_valid_before_utc, now)

    def _read(self) -> Credentials:
        data = self._keys.get(CERTIFICATE)
        if data is None:
            raise Rejected("not_enrolled", "this box is not enrolled; run `medspa edge enrol` with a code of the hub")
        try:
            parts = json.loads(data)
            return Credentials(parts["key"].encode(), parts["chain"].encode(), parts["trust"].encode())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Corrupt("certificate_damaged", "the stored certificate is damaged; enrol this box anew") from None
