"""The image vault: each image sealed under its client's data key, named by the hash of its sealed bytes."""

import hashlib
import shutil
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

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        for kind in ImageKind:
            make_folder(folder / kind)

    def discard_unfinished(self) -> None:
        """Remove what a crash left half-written; only for the one process that writes, at its start."""
        for unfinished in self._folder.rglob(".*.part"):
            unfinished.unlink(missing_ok=True)

    def ensure_room(self, size: int) -> None:
        """Refuse before a photograph is taken that it could not be kept.

        Raises:
            StorageFull: less than `size` and the reserve for the database is free.
        """
        if shutil.disk_usage(self._folder).free < size + self._reserve_bytes:
            raise StorageFull(
                "storage_full", "the disk is full: no photograph is taken until room is made; records are safe"
            )

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

    def get(self, name: BlobName, client: ClientId, kind: ImageKind, data_key: bytes) -> bytes:
        """Return an image in clear.

        Raises:
            ImageMissing: it is not in the vault.
            StorageBroken: the stored bytes no longer have their name's hash.
            CannotOpen: the data key is another client's.
        """
        sealed = self.sealed_bytes(name, kind)
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
            if path.exists():
                path.unlink(missing_ok=True)
                sync_folder(path.parent)
                found = True
        return found

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
