"""Every key of the box but the clients': named secrets in one sealed folder."""

from datetime import datetime
from pathlib import Path
from typing import Final

from edge.keys.certificate import CERTIFICATE
from shared.crypto.identity import DeviceIdentity
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.root import KeyStore
from shared.errors import Rejected

_IDENTITY: Final = "device-identity"
DATABASE: Final = "database"
# The key of a database that is about to take the place of the present one; see `edge.keys.rekey`.
DATABASE_NEXT: Final = "database-next"
_HEAD: Final = "log-head"
_TRANSPORT: Final = "transport"
_TRANSPORT_NEXT: Final = "transport-next"
_BEGUN: Final = "record-begun"
_ROOT_MADE: Final = "root-made"
_BACKUP: Final = "backup"
_RECOVERY: Final = (_BACKUP, _IDENTITY, _TRANSPORT, CERTIFICATE)
# What the client keystore keeps among the box's secrets; the first is no secret.
CLIENT_GENERATION: Final = "client-generation"
CLIENT_WRAPPING: Final = "client-wrapping."


class BoxKeys:
    """Opens the box's keys; each is made at its first use and durable before it is used."""

    def __init__(self, folder: Path, root: KeyStore | None = None) -> None:
        self._keys = SealedKeyFolder(folder, root)

    @property
    def sealed(self) -> SealedKeyFolder:
        """The folder, for others who keep secrets of their own in it."""
        return self._keys

    def identity(self) -> DeviceIdentity:
        """Return the key pair that proves who the box is."""
        secret = self._keys.get(_IDENTITY)
        if secret is not None:
            return DeviceIdentity.from_secret_bytes(secret)
        identity = DeviceIdentity.generate()
        self._keys.put(_IDENTITY, identity.secret_bytes())
        return identity

    def database(self) -> bytes:
        """Return the key of the SQLCipher database."""
        return self._keys.get_or_create(DATABASE)

    def log_head(self) -> bytes:
        """Return the key that authenticates the end of the log."""
        return self._keys.get_or_create(_HEAD)

    @property
    def record_begun(self) -> bool:
        """Tell whether a record was opened with these keys before; an absent one was then lost, not never there."""
        return self._keys.get(_BEGUN) is not None

    def mark_record_begun(self) -> None:
        """Remember that there is a record."""
        if not self.record_begun:
            self._keys.put(_BEGUN, b"\x01")

    def root_made_at(self, now: datetime) -> datetime:
        """Return since when the root is what it is; counted from `now` where that was never noted."""
        generation, noted = self._keys.root_generation, self._keys.get(_ROOT_MADE)
        if noted is not None:
            number, _, made_at = noted.decode().partition(" ")
            if int(number) == generation:
                return datetime.fromisoformat(made_at)
        self._keys.put(_ROOT_MADE, f"{generation} {now.isoformat()}".encode())
        return now

    def backup(self) -> bytes:
        """Return the key that seals this box's backups."""
        return self._keys.get_or_create(_BACKUP)

    @property
    def backup_held(self) -> bool:
        """Tell whether there is a backup key."""
        return self._keys.get(_BACKUP) is not None

    def take_backup(self, key: bytes) -> None:
        """Keep the backup key that came back from escrow."""
        self._keys.put(_BACKUP, key)

    def recovery_secrets(self) -> dict[str, bytes]:
        """Return what a new box needs to read this box's backup and to be this box to the hub; no client's key."""
        self.backup(), self.identity()
        return {name: secret for name in _RECOVERY if (secret := self._keys.get(name)) is not None}

    def take_recovery_secrets(self, secrets: dict[str, bytes]) -> None:
        """Become the box that `recovery_secrets` came from; for a box that is none yet.

        Raises:
            Rejected: these keys are another box's.
        """
        for name in (_BACKUP, _IDENTITY, _TRANSPORT):  # the certificate may have been renewed since
            present, wanted = self._keys.get(name), secrets.get(name)
            if present is not None and wanted is not None and present != wanted:
                raise Rejected("other_keys", "the key folder holds another box's keys; restore into an empty one")
        for name in _RECOVERY:
            if name in secrets and self._keys.get(name) is None:
                self._keys.put(name, secrets[name])

    def transport(self) -> bytes:
        """Return the key that seals every message to the hub.

        Raises:
            Rejected: the box is not enrolled.
        """
        key = self._keys.get(_TRANSPORT)
        if key is None:
            raise Rejected("not_enrolled", "this box is not enrolled; run `medspa edge enrol` with a code of the hub")
        return key

    def transports(self) -> tuple[bytes, ...]:
        """Return the transport keys in use, newest first; two of them while the hub changes to the newer.

        Raises:
            Rejected: the box is not enrolled.
        """
        older, newer = self.transport(), self._keys.get(_TRANSPORT_NEXT)
        return (newer, older) if newer is not None and newer != older else (older,)

    def take_transport(self, key: bytes) -> None:
        """Store the transport key that takes the place of the present one."""
        self._keys.put(_TRANSPORT_NEXT, key)

    def settle_transport(self) -> None:
        """Let the newer key be the only one; the older is destroyed."""
        newer = self._keys.get(_TRANSPORT_NEXT)
        if newer is not None:
            self._keys.put(_TRANSPORT, newer)
            self._keys.destroy(_TRANSPORT_NEXT)

    def keep_transport(self, key: bytes) -> None:
        """Store the transport key that the hub delivered."""
        self._keys.put(_TRANSPORT, key)

    def secrets(self) -> dict[str, bytes]:
        """Return every secret held, for fingerprints; marks and pointers are none."""
        marks = {_BEGUN, _ROOT_MADE, CLIENT_GENERATION}
        return {name: self._keys.get(name) or b"" for name in self._keys.names() if name not in marks}
