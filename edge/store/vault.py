"""The image vault: each image sealed under its client's data key, named by the hash of its sealed bytes."""

import hashlib
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.store.errors import ImageMissing, StorageBroken, StorageFull, StorageReadOnly
from shared.crypto.aead import seal, unseal
from shared.durable import make_folder, sync_folder, write_durably
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind

# Where files go that are not what their name says; they are never deleted.
_DAMAGED: Final = "damaged"


@dataclass(frozen=True, slots=True)
class SealedImage:
    """An image as it lies in the vault."""

    name: BlobName
    size: int


class ImageVault:
    """Folder of sealed images; originals and derived images lie apart.

    An image is durable when `put` returns. Its event is committed after that, so a crash in between leaves
    a sealed file nobody names, which harms nothing and is never deleted.
    """

    def __init__(self, folder: Path, reserve_bytes: int, max_bytes: int | None = None) -> None:
        """Open the folder, making what is missing of it.

        Args:
            folder: where the images lie.
            reserve_bytes: free disk space that is left to the database.
            max_bytes: what all images together may take; None bounds them by the disk alone.
        """
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._max_bytes = max_bytes
        self._used: int | None = None
        self._counting = threading.Lock()
        for kind in ImageKind:
            make_folder(folder / kind)

    def discard_unfinished(self) -> None:
        """Remove what a crash left half-written; only for the one process that writes, at its start."""
        for unfinished in self._folder.rglob(".*.part"):
            unfinished.unlink(missing_ok=True)

    def ensure_room(self, size: int) -> None:
        """Refuse before a photograph is taken that it could not be kept.

        Raises:
            StorageFull: less than `size` and the reserve for the database is free, or the images' share is used up.
        """
        if self._max_bytes is not None and self.used_bytes() + size > self._max_bytes:
            raise StorageFull(
                "storage_full", "the room for photographs is used up: none is taken until the hub has some of them"
            )
        if self.free_bytes() < size + self._reserve_bytes:
            raise StorageFull(
                "storage_full", "the disk is full: no photograph is taken until room is made; records are safe"
            )

    def free_bytes(self) -> int:
        """Return the free space of the vault's disk."""
        return shutil.disk_usage(self._folder).free

    def used_bytes(self) -> int:
        """Return the bytes of all images held; counted once, then kept in step."""
        with self._counting:
            if self._used is None:
                self._used = sum(path.stat().st_size for path in self._folder.glob("*/??/*"))
            return self._used

    def _count(self, size: int) -> None:
        with self._counting:
            if self._used is not None:
                self._used += size

    def put(self, client: ClientId, kind: ImageKind, image: bytes, data_key: bytes) -> SealedImage:
        """Seal and store an image durably; storing needs room for it beside the reserve.

        Raises:
            StorageFull, StorageReadOnly: nothing was stored.
        """
        self.ensure_room(len(image))
        sealed = seal(data_key, image, _context(client, kind))
        name = BlobName(hashlib.sha256(sealed).hexdigest())
        path = self.path(name, kind)
        try:
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                sync_folder(path.parent.parent)
            write_durably(path, sealed)
        except OSError as error:
            raise _disk_error(error) from error
        self._count(len(sealed))
        return SealedImage(name, len(sealed))

    def take_back(self, name: BlobName, kind: ImageKind, sealed: bytes) -> None:
        """Store an image that the vault once held, from a backup or the hub; a damaged one makes way, aside.

        Raises:
            StorageFull, StorageReadOnly: nothing was stored.
            StorageBroken: the bytes are not those of the name.
        """
        if hashlib.sha256(sealed).hexdigest() != name:
            raise StorageBroken("image_damaged", f"image {name[:12]} came back damaged; it is not stored")
        self.ensure_room(len(sealed))
        path = self.path(name, kind)
        try:
            make_folder(path.parent)
            if path.exists():
                make_folder(self._folder / _DAMAGED)
                path.replace(self._folder / _DAMAGED / name)
            write_durably(path, sealed)
        except OSError as error:
            raise _disk_error(error) from error
        self._count(len(sealed))

    def get(self, name: BlobName, client: ClientId, kind: ImageKind, data_key: bytes) -> bytes:
        """Return an image in clear.

        Raises:
            ImageMissing: it is not in the vault.
            StorageBroken: the stored bytes no longer have their name's hash.
            CannotOpen: the data key is another client's.
        """
        return self.opened(self.sealed_bytes(name, kind), client, kind, data_key)

    @staticmethod
    def opened(sealed: bytes, client: ClientId, kind: ImageKind, data_key: bytes) -> bytes:
        """Return in clear an image that was sealed in a vault.

        Raises:
            CannotOpen: the data key is another client's, or the image of another kind.
        """
        return unseal(data_key, sealed, _context(client, kind))

    def sealed_bytes(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image as stored, checked against its name.

        Raises:
            ImageMissing: it is not in the vault.
            StorageBroken: the stored bytes no longer have their name's hash.
        """
        try:
            sealed = self.path(name, kind).read_bytes()
        except FileNotFoundError:
            raise ImageMissing("image_missing", f"image {name[:12]} is not in the vault of this box") from None
        except OSError as error:
            raise StorageBroken(
                "image_unreadable", f"image {name[:12]} cannot be read from disk; restore it from the hub"
            ) from error
        if hashlib.sha256(sealed).hexdigest() != name:
            raise StorageBroken("image_damaged", f"image {name[:12]} is damaged on disk; restore it from the hub")
        return sealed

    def shred(self, name: BlobName) -> bool:
        """Remove an image of a client who is being deleted, durably; tell whether it was here.

        Idempotent by its name. Its client's key is destroyed before: what a disk may still hold of it is noise.
        """
        found = False
        for kind in ImageKind:
            path = self.path(name, kind)
            if self.remove(name, kind):
                sync_folder(path.parent)
                found = True
        return found

    def remove(self, name: BlobName, kind: ImageKind) -> bool:
        """Remove one image's file and tell whether it was here; what a power cut brings back may go again."""
        path = self.path(name, kind)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return False
        self._count(-size)
        return True

    def path(self, name: BlobName, kind: ImageKind) -> Path:
        """Return where an image of this name lies."""
        return self._folder / kind / name[:2] / name

    def names(self, kind: ImageKind) -> set[BlobName]:
        """Return the names of every image held of one kind."""
        return {BlobName(path.name) for path in (self._folder / kind).glob("??/*")}


def _disk_error(error: OSError) -> StorageFull | StorageReadOnly:
    if error.errno in {28, 122}:  # ENOSPC, EDQUOT
        return StorageFull("storage_full", "the disk is full; make room, then capture works again by itself")
    return StorageReadOnly("storage_read_only", "the vault cannot be written; check the mount and the disk's health")


def _context(client: ClientId, kind: ImageKind) -> bytes:
    return f"image/{kind}/{client}".encode()
