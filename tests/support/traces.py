"""Somebody who holds every disk, every copy and every key that is left, and opens whatever can be opened.

Keys that are found in what was opened are tried on everything else, until nothing new is found.
"""

import base64
import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from shared.crypto.aead import KEY_BYTES, CannotOpen, unseal
from shared.crypto.identity import DeviceIdentity
from shared.ids import ClientId, LocationId, TenantId
from shared.vocabulary import ImageKind
from shared.wire.escrow import deposit_context

_SQLITE = b"SQLite format 3\0"


class Intruder:
    """Opens everything below some folders with every key in them."""

    def __init__(
        self, folders: Iterable[Path], clients: Iterable[ClientId], place: tuple[TenantId, LocationId]
    ) -> None:
        self._files = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
        self._clients = tuple(clients)
        self._tenant, self._location = place
        self.keys: set[bytes] = set()
        self._identities: dict[bytes, DeviceIdentity] = {}
        self._opened_databases: set[Path] = set()
        self._rows: list[dict[str, Any]] = []

    def everything(self) -> bytes:
        """Return all that can be read: files as they are, and what any key opens."""
        for path in self._files:
            if path.suffix == ".key":
                self._keep(path.read_bytes())
        known = -1
        while known != len(self.keys):
            known = len(self.keys)
            self._open_sealed_files()
            self._open_databases()
            self._open_deposits()
        parts = [path.read_bytes() for path in self._files]
        parts += [repr(value).encode() for row in self._rows for value in row.values() if isinstance(value, str)]
        parts += [value for row in self._rows for value in row.values() if isinstance(value, bytes)]
        parts += self._open_payloads()
        parts += self._open_images()
        return b"\n".join(parts)

    def _keep(self, secret: bytes) -> None:
        if len(secret) == KEY_BYTES:
            self.keys.add(secret)
        if len(secret) == 2 * KEY_BYTES:
            self.keys |= {secret[:KEY_BYTES], secret[KEY_BYTES:]}
            self._identities[secret] = DeviceIdentity.from_secret_bytes(secret)

    def _unsealed(self, sealed: bytes, contexts: Iterable[bytes]) -> Iterator[bytes]:
        for context in contexts:
            for key in tuple(self.keys):
                with suppress(CannotOpen):
                    yield unseal(key, sealed, context)

    def _open_sealed_files(self) -> None:
        for path in self._files:
            if path.suffix == ".sealed":
                # The five bytes before it number the root's generation; whoever looks tries every root anyway.
                for secret in self._unsealed(path.read_bytes()[5:], (path.stem.encode(),)):
                    self._keep(secret)

    def _open_databases(self) -> None:
        for path in self._files:
            if path.suffix == ".db" and path not in self._opened_databases:
                with TemporaryDirectory() as folder:
                    copy = Path(folder) / path.name
                    for beside in path.parent.glob(f"{path.name}*"):
                        shutil.copy(beside, folder)
                    rows = self._read(copy)
                if rows is not None:
                    self._opened_databases.add(path)
                    self._rows += rows
                    for row in rows:
                        for value in row.values():
                            if isinstance(value, bytes):
                                self._keep(value)

    def _read(self, copy: Path) -> list[dict[str, Any]] | None:
        if copy.read_bytes()[:16] == _SQLITE:
            plain = sqlite3.connect(copy)
            try:
                return _all_rows(plain)
            finally:
                plain.close()
        for key in tuple(self.keys):
            connection = sqlcipher.connect(str(copy))
            try:
                connection.execute("PRAGMA cipher_log_level = NONE")
                connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
                return _all_rows(connection)
            except sqlcipher.DatabaseError:
                continue
            finally:
                connection.close()
        return None

    def _open_deposits(self) -> None:
        for row in self._rows:
            if "wrapped" not in row:
                continue
            client = ClientId(row["client"])
            for inner in self._unsealed(row["wrapped"], (f"deposit/{self._tenant}/{client}".encode(),)):
                for identity in tuple(self._identities.values()):
                    with suppress(CannotOpen):
                        self._keep(identity.receive(inner, deposit_context(self._tenant, self._location, client)))

    def _open_payloads(self) -> list[bytes]:
        found: list[bytes] = []
        for row in self._rows:
            body = row.get("body")
            if not isinstance(body, bytes):
                continue
            event = json.loads(body)
            if sealed := event["payload"].get("sealed"):
                found += self._unsealed(base64.b64decode(sealed), (f"event-payload/{event['id']}".encode(),))
        return found

    def _open_images(self) -> list[bytes]:
        contexts = [f"image/{kind}/{client}".encode() for kind in ImageKind for client in self._clients]
        images = (path.read_bytes() for path in self._files if len(path.name) == 64)
        return [opened for image in images for opened in self._unsealed(image, contexts)]


def _all_rows(connection: Any) -> list[dict[str, Any]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    rows: list[dict[str, Any]] = []
    for name in names:
        cursor = connection.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in cursor.description]
        rows += [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return rows
