"""Sealed images on disk: a part file while they come, checked, then renamed into place."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.durable import make_folder, sync_folder
from shared.errors import Corrupt, Rejected
from shared.ids import BlobName

_HEX: Final = frozenset("0123456789abcdef")
_READ_BYTES: Final = 1024 * 1024


class WrongOffset(Rejected):
    """A chunk does not start where the part ends; ask `Where` and go on from there."""


class WrongHash(Corrupt):
    """What came is not what its name says; the part was deleted."""


class BlobTooLarge(Rejected):
    """More bytes than the limit, or than the blob was announced with."""


class BlobMissing(Rejected):
    """There is no such image."""


class BlobStore:
    """Blobs named by their hash, one folder an owner: images by their tenant, parts of a backup by their box."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def check(self, name: str, size: int) -> BlobName:
        """Return a name that may be used as a file name.

        Raises:
            Rejected: it is no SHA-256 in hex.
            BlobTooLarge: nothing or too much was announced.
        """
        if len(name) != 64 or not set(name) <= _HEX:
            raise Rejected("bad_blob_name", "an image is named by its SHA-256 in lower-case hex")
        if not 1 <= size <= self._max_bytes:
            raise BlobTooLarge("blob_too_large", f"an image may have 1 to {self._max_bytes} bytes")
        return BlobName(name)

    def offset(self, owner: str, name: BlobName) -> int:
        """Return how much of an image is here."""
        part = self._part(owner, name)
        return part.stat().st_size if part.exists() else 0

    def append(self, owner: str, name: BlobName, size: int, offset: int, data: bytes) -> int:
        """Add a chunk and return the new offset.

        Raises:
            WrongOffset: the chunk does not start where the part ends.
            BlobTooLarge: it goes beyond the announced size.
            OSError: the disk is full or read-only; the part stays as it was or longer, never wrong.
        """
        part = self._part(owner, name)
        make_folder(part.parent)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            have = os.fstat(descriptor).st_size
            if offset != have:
                raise WrongOffset("wrong_offset", f"the part ends at {have}, the chunk starts at {offset}")
            if offset + len(data) > size:
                raise BlobTooLarge("blob_too_large", "more bytes came than were announced")
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        return offset + len(data)

    def finish(self, owner: str, name: BlobName) -> None:
        """Check a complete part and move it into place, durable before this returns.

        Raises:
            WrongHash: it is not what its name says; the part is deleted, send it again from the start.
        """
        part, final = self._part(owner, name), self.path(owner, name)
        digest = hashlib.sha256()
        with part.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
            if digest.hexdigest() != name:
                part.unlink()
                raise WrongHash("wrong_hash", "the bytes are not those the name says; send them again")
            os.fsync(file.fileno())
        part.replace(final)
        sync_folder(final.parent)

    def holds(self, owner: str, name: BlobName) -> bool:
        """Tell whether a finished image lies here; a row in a restored database alone is no proof of it."""
        return self.path(owner, name).is_file()

    def stream(self, owner: str, name: BlobName, offset: int, chunk_bytes: int) -> Iterator[bytes]:
        """Yield a finished image from an offset on; the whole of it is read and its hash checked at the end.

        Raises:
            BlobMissing: it is not here.
            WrongHash: it is damaged on disk; it was moved aside, so that a box that has it is asked for it again.
        """
        digest = hashlib.sha256()
        try:
            with self.path(owner, name).open("rb") as file:
                while file.tell() < offset and (skipped := file.read(min(chunk_bytes, offset - file.tell()))):
                    digest.update(skipped)
                while data := file.read(chunk_bytes):
                    digest.update(data)
                    yield data
        except FileNotFoundError:
            raise BlobMissing("blob_missing", "the hub does not hold this image") from None
        if digest.hexdigest() != name:
            path = self.path(owner, name)
            path.replace(path.with_name(f"{name}.damaged"))
            raise WrongHash("blob_damaged", "the hub's copy of this image is damaged; it asks the boxes for it again")

    def remove(self, owner: str, name: BlobName) -> bool:
        """Remove an image and any part or damaged copy of it, durably; tell whether there was one. Idempotent."""
        path, found = self.path(owner, name), False
        for leftover in (path, self._part(owner, name), path.with_name(f"{name}.damaged")):
            if leftover.exists():
                leftover.unlink(missing_ok=True)
                found = True
        if found:
            sync_folder(path.parent)
        return found

    def path(self, owner: str, name: BlobName) -> Path:
        """Return where a finished image lies."""
        return self._folder / owner / name

    def _part(self, owner: str, name: BlobName) -> Path:
        return self._folder / owner / f"{name}.part"
