"""Named secrets in a folder, sealed under the device root; both sides use it.

The root may live in a TPM, in a token or, on machines that have neither, in a file; see `shared.crypto.root`.
"""

import os
import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from shared.crypto.aead import CannotOpen, new_key
from shared.crypto.root import FileKeyStore, KeyStore
from shared.durable import Disk, SystemDisk, make_folder, sweep_unfinished
from shared.errors import Corrupt, Rejected
from shared.locks import exclusive

# A file begins with this byte and four that number the root's generation.
_HEADER: Final = b"\x02"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


class SealedKeyFolder:
    """Named secrets in a folder, each sealed under the root and bound to its own name."""

    def __init__(self, folder: Path, root: KeyStore | None = None, disk: Disk | None = None) -> None:
        """Open the folder, making it and its root when there is none yet, and end a change of root that was cut.

        Args:
            folder: where the sealed secrets lie.
            root: what seals them; files in the same folder by default.
            disk: how files change; the machine's own by default.

        Raises:
            Corrupt: sealed secrets are there and the root is gone.
            KeyFileUnsafe: others can read the root key's file, or it is no key.
            RootUnavailable: the token or TPM does not answer.
        """
        self._folder = folder
        self._disk = disk or SystemDisk()
        self._root = root or FileKeyStore(folder, self._disk)
        make_folder(folder)
        with self._changing():
            sweep_unfinished(folder, self._disk)
            if self._generation() is None:
                self._root.create(1)
            self._end_rotation()

    @property
    def root_place(self) -> str:
        """Where the root lives, for people."""
        return self._root.place

    @property
    def root_generation(self) -> int:
        """The number of the root's present generation."""
        return self._root.generations()[-1]

    def names(self) -> list[str]:
        """Return the names of the secrets held, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.sealed"))

    def get(self, name: str) -> bytes | None:
        """Return a secret, or None when there is none of this name.

        Raises:
            CannotOpen: the file was altered or belongs to another root.
        """
        stored = self._read(name)
        while stored is not None:
            try:
                return self._open(name, stored)
            except CannotOpen:
                again = self._read(name)
                if again == stored:
                    raise
                stored = again  # somebody else has just sealed it anew
        return None

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

    def made_at(self, name: str) -> datetime | None:
        """Return when a secret was stored, by the file's date: good enough for people; None when there is none."""
        try:
            return datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def rotate_root(self) -> int:
        """Seal every secret anew under a new generation of the root, destroy the old one, return the new one.

        Nothing here is a commit: each secret opens under the generation it names, and a crash leaves both
        generations until the next open has sealed the rest anew.

        Raises:
            CannotOpen: a secret cannot be opened; nothing was changed.
        """
        with self._changing():
            for name in self.names():
                self.get(name)
            self._root.create(self.root_generation + 1)
            self._end_rotation()
            return self.root_generation

    def _end_rotation(self) -> None:
        """Bring every secret to the newest generation, then destroy the others; nothing to do most of the time."""
        *older, newest = self._root.generations()
        if not older:
            return
        for name in self.names():
            stored = self._read(name)
            if stored is not None and _split(stored)[0] != newest:
                times = self._path(name).stat()
                self._put(name, self._open(name, stored))
                # Only for people who ask how old a key is; its file is a new one.
                os.utime(self._path(name), ns=(times.st_atime_ns, times.st_mtime_ns))
        for generation in older:
            self._root.destroy(generation)

    def _put(self, name: str, secret: bytes) -> None:
        generation = self.root_generation
        header = _HEADER + generation.to_bytes(4)
        self._disk.write(self._path(name), header + self._root.seal(generation, secret, name.encode()))

    def _open(self, name: str, stored: bytes) -> bytes:
        generation, sealed = _split(stored)
        return self._root.unseal(generation, sealed, name.encode())

    def _read(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def _generation(self) -> int | None:
        """Return the root's generation, or None where nothing was ever sealed."""
        generations = self._root.generations()
        if not generations and self.names():
            raise Corrupt(
                "root_key_missing",
                f"sealed keys remain in {self._folder} but their root is gone from its place ({self._root.place});"
                " put it back or restore from escrow, never anew",
            )
        return generations[-1] if generations else None

    def _changing(self) -> AbstractContextManager[None]:
        return exclusive(self._folder / ".lock")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Rejected("bad_key_name", "a key's name has lower-case letters, digits, dot, dash, underscore")
        return self._folder / f"{name}.sealed"


def _split(stored: bytes) -> tuple[int, bytes]:
    """Return the root's generation a file was sealed under, and what it sealed."""
    if stored[:1] == _HEADER:
        return int.from_bytes(stored[1:5]), stored[5:]
    return 1, stored  # as earlier versions wrote it: they had one generation
