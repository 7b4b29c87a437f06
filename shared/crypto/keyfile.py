"""Secrets at rest outside a TPM: a root key file only its owner may read, and named secrets sealed under it.

On a Jetson the root key comes out of the fTPM; here a file of mode 0600 stands in for it. Both sides use it.
"""

import os
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from shared.crypto.aead import KEY_BYTES, new_key, seal, unseal
from shared.durable import Disk, SystemDisk, make_folder, write_durably
from shared.errors import Corrupt, Rejected
from shared.locks import exclusive

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


class KeyFileUnsafe(Rejected):
    """The root key file can be read by others, or is no key."""


class SealedKeyFolder:
    """Named secrets in a folder, each sealed under the root key and bound to its own name."""

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        """Open the folder, making it and its root key when there is none yet.

        Args:
            folder: where the sealed secrets lie.
            disk: how files change; the machine's own by default.

        Raises:
            Corrupt: sealed secrets are there and the root key is gone.
            KeyFileUnsafe: others can read the root key, or it is no key.
        """
        self._folder = folder
        self._disk = disk or SystemDisk()
        make_folder(folder)
        with self._changing():
            for unfinished in folder.glob(".*.part"):
                self._disk.destroy(unfinished)
            self._root = self._root_key()

    def names(self) -> list[str]:
        """Return the names of the secrets held, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.sealed"))

    def get(self, name: str) -> bytes | None:
        """Return a secret, or None when there is none of this name.

        Raises:
            CannotOpen: the file was altered or belongs to another root key.
        """
        try:
            sealed = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        return unseal(self._root, sealed, name.encode())

    def put(self, name: str, secret: bytes) -> None:
        """Store a secret durably, replacing one of the same name in a single step."""
        with self._changing():
            self._put(name, secret)

    def destroy(self, name: str) -> None:
        """Overwrite and remove a secret; nothing happens when there is none of this name."""
        with self._changing():
            self._disk.destroy(self._path(name))

    def stamp(self, name: str) -> tuple[int, int] | None:
        """Return what tells one version of a secret's file from the next, or None when there is no file; cheap."""
        try:
            status = self._path(name).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def get_or_create(self, name: str) -> bytes:
        """Return a 32-byte key, made at its first use and durable before it is returned."""
        with self._changing():
            existing = self.get(name)
            if existing is not None:
                return existing
            key = new_key()
            self._put(name, key)
            return key

    def _put(self, name: str, secret: bytes) -> None:
        self._disk.write(self._path(name), seal(self._root, secret, name.encode()))

    def _changing(self) -> AbstractContextManager[None]:
        return exclusive(self._folder / ".lock")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Rejected("bad_key_name", "a key's name has lower-case letters, digits, dot, dash, underscore")
        return self._folder / f"{name}.sealed"

    def _root_key(self) -> bytes:
        path = self._folder / "root.key"
        if not path.exists():
            if any(self._folder.glob("*.sealed")):
                raise Corrupt(
                    "root_key_missing", f"{path} is gone but sealed keys remain; restore it from escrow, never anew"
                )
            write_durably(path, new_key(), mode=0o600)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyFileUnsafe("key_file_unsafe", f"{path} must be readable by its owner only: chmod 600 it")
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise KeyFileUnsafe("key_file_unsafe", f"{path} is not a key of {KEY_BYTES} bytes")
        return key
