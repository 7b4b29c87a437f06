"""The device root: what seals every other secret of a machine and never leaves the place where it lives.

A root comes in numbered *generations*, so that it can be changed while everything sealed under it stays readable: a
new one is made beside the old, every secret is sealed anew, then the old one is destroyed.
"""

import os
from pathlib import Path
from typing import Final, Protocol

from shared.crypto.aead import KEY_BYTES, CannotOpen, new_key, seal, unseal
from shared.durable import Disk, SystemDisk
from shared.errors import Rejected, Retryable


class KeyFileUnsafe(Rejected):
    """The root key file can be read by others, or is no key."""


class RootUnavailable(Retryable):
    """The place where the root lives does not answer: no token, wrong PIN, no TPM."""


class KeyStore(Protocol):
    """Seals small secrets under a root; safe to share by threads."""

    @property
    def place(self) -> str:
        """Where the root lives, for people."""
        ...

    def generations(self) -> list[int]:
        """Return the generations there are, oldest first; none when there never was a root here.

        Raises:
            RootUnavailable: the place does not answer.
        """
        ...

    def create(self, generation: int) -> None:
        """Make a generation that is not there yet, durable when this returns."""
        ...

    def destroy(self, generation: int) -> None:
        """Destroy a generation for good; nothing happens when there is none."""
        ...

    def seal(self, generation: int, secret: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate a secret of up to 4 KiB, bound to `context`.

        Raises:
            CannotOpen: there is no such generation.
        """
        ...

    def unseal(self, generation: int, sealed: bytes, context: bytes) -> bytes:
        """Open what `seal` made.

        Raises:
            CannotOpen: another generation, root or context, or the bytes were altered.
        """
        ...


def generation_gone(generation: int) -> CannotOpen:
    """Return the error for a root generation that is not there."""
    return CannotOpen("cannot_open", f"generation {generation} of the root key is not here; it was destroyed or moved")


class FileKeyStore:
    """A root in files only their owner may read; for machines without a token or a TPM."""

    _FIRST: Final = "root.key"

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or SystemDisk()

    @property
    def place(self) -> str:
        """Where the root lives, for people."""
        return f"file in {self._folder}"

    def generations(self) -> list[int]:
        """Return the generations there are, oldest first.

        Raises:
            KeyFileUnsafe: others can read one of them, or it is no key.
        """
        numbers = [path.name.split(".")[1] for path in self._folder.glob("root.*.key")]
        first = [1] if (self._folder / self._FIRST).exists() else []
        found = first + sorted(int(number) for number in numbers if number.isdecimal())
        for generation in found:
            self._key(generation)
        return found

    def create(self, generation: int) -> None:
        """Make a generation that is not there yet, durable when this returns."""
        self._disk.write(self._path(generation), new_key())

    def destroy(self, generation: int) -> None:
        """Overwrite and remove a generation; nothing happens when there is none."""
        self._disk.destroy(self._path(generation))

    def seal(self, generation: int, secret: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate a secret.

        Raises:
            CannotOpen: there is no such generation.
            KeyFileUnsafe: others can read the root key, or it is no key.
        """
        return seal(self._key(generation), secret, context)

    def unseal(self, generation: int, sealed: bytes, context: bytes) -> bytes:
        """Open what `seal` made.

        Raises:
            CannotOpen: another generation, root or context, or the bytes were altered.
            KeyFileUnsafe: others can read the root key, or it is no key.
        """
        return unseal(self._key(generation), sealed, context)

    def _key(self, generation: int) -> bytes:
        path = self._path(generation)
        try:
            key, mode = path.read_bytes(), path.stat().st_mode
        except FileNotFoundError:
            raise generation_gone(generation) from None
        if os.name == "posix" and mode & 0o077:
            raise KeyFileUnsafe("key_file_unsafe", f"{path} must be readable by its owner only: chmod 600 it")
        if len(key) != KEY_BYTES:
            raise KeyFileUnsafe("key_file_unsafe", f"{path} is not a key of {KEY_BYTES} bytes")
        return key

    def _path(self, generation: int) -> Path:
        return self._folder / (self._FIRST if generation == 1 else f"root.{generation}.key")
