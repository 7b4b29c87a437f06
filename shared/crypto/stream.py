"""Seals a file of any length, chunk by chunk, so that neither it nor its opened contents must fit in memory.

Layout: eight bytes that name the format, 16 random bytes, then chunks as `shared.crypto.aead.seal` makes them, all full
but the last. The file's own key is derived from the random bytes and from what the file is, so that no chunk fits into
another file. Each chunk is bound to its number and to whether it is the last (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015): chunks left out, doubled, exchanged or cut off at the end do not open.
"""

import secrets
from collections.abc import Iterator
from typing import BinaryIO, Final

from shared.crypto.aead import OVERHEAD_BYTES, CannotOpen, derive_key, seal, unseal

CHUNK_BYTES: Final = 1024 * 1024
_MAGIC: Final = b"MSSTRM1\0"
_SALT_BYTES: Final = 16
_SEALED_BYTES: Final = CHUNK_BYTES + OVERHEAD_BYTES


class SealingWriter:
    """Seals what is written to it; without `finish` the file is incomplete and will not open."""

    def __init__(self, file: BinaryIO, key: bytes, name: str) -> None:
        """Begin a sealed file.

        Args:
            file: takes the sealed bytes; the caller flushes and closes it.
            key: 32 bytes.
            name: what the file is; must be given again to open it.
        """
        salt = secrets.token_bytes(_SALT_BYTES)
        file.write(_MAGIC + salt)
        self._file = file
        self._key = _file_key(key, salt, name)
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes | memoryview) -> None:
        """Take some more bytes."""
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # a full one may still turn out to be the last
            self._put(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Seal what is left as the last chunk; nothing may be written after it."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(seal(self._key, chunk, _context(self._number, last=last)))
        self._number += 1


def open_sealed(file: BinaryIO, key: bytes, name: str) -> Iterator[bytes]:
    """Yield the contents of a sealed file; only when it ends without an error was all of it there.

    Args:
        file: the sealed file, at its beginning.
        key: the key it was sealed with.
        name: what it was sealed as.

    Raises:
        CannotOpen: another key or name, or the file was altered, cut or mixed with another.
    """
    head = file.read(len(_MAGIC) + _SALT_BYTES)
    if not head.startswith(_MAGIC):
        raise CannotOpen("cannot_open", "the file is cut short or not sealed in a way this software knows")
    own = _file_key(key, head[len(_MAGIC) :], name)
    number, chunk = 0, file.read(_SEALED_BYTES)
    while following := file.read(_SEALED_BYTES):
        yield unseal(own, chunk, _context(number, last=False))
        number, chunk = number + 1, following
    yield unseal(own, chunk, _context(number, last=True))


def _file_key(key: bytes, salt: bytes, name: str) -> bytes:
    return derive_key(key, f"sealed-file/{salt.hex()}/{name}")


def _context(number: int, *, last: bool) -> bytes:
    return b"chunk" + number.to_bytes(8, "big") + bytes([last])
