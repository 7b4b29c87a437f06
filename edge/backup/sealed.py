"""A backup as its owner reads and writes it: parts and manifests are sealed here, before any shelf gets them."""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge.backup.errors import BackupDamaged, NoBackup
from edge.backup.manifest import FORMAT, ImageList, Manifest
from edge.backup.shelf import Shelf
from shared.crypto.aead import CannotOpen, seal, seal_alike, unseal
from shared.ids import BlobName
from shared.vocabulary import ImageKind

_MANIFEST: Final = b"backup/manifest"
_OBJECT: Final = b"backup/object"


class SealedBackup:
    """Reads and writes one backup; whoever writes holds the folder's lock."""

    def __init__(self, shelf: Shelf, key: bytes) -> None:
        """Take a shelf.

        Args:
            shelf: where the backup lies or will lie.
            key: the backup key.
        """
        self._shelf = shelf
        self._key = key

    @property
    def name(self) -> str:
        """How people call the place."""
        return self._shelf.name

    @property
    def at_hub(self) -> bool:
        """Whether the hub holds it: photographs then come there by themselves."""
        return self._shelf.at_hub

    @property
    def lock(self) -> Path:
        """The lock file of those who write."""
        return self._shelf.lock

    def prepare(self) -> None:
        """Make the shelf ready to be written to."""
        self._shelf.prepare()

    def ensure_room(self, size: int) -> None:
        """Refuse a copy for which there is no room, before it begins.

        Raises:
            StorageFull: there is none.
        """
        self._shelf.ensure_room(size)

    def numbers(self) -> list[int]:
        """Return the numbers of the versions there are, oldest first."""
        return self._shelf.numbers()

    def manifest(self, number: int) -> Manifest:
        """Return one version's manifest.

        Raises:
            BackupDamaged: it is damaged, sealed with another key, or of a newer format.
        """
        try:
            manifest = Manifest.model_validate_json(unseal(self._key, self._shelf.manifest(number), _MANIFEST))
        except (CannotOpen, OSError, ValidationError):
            raise BackupDamaged(
                "manifest_damaged", f"version {number} of the backup is damaged or was sealed with another key"
            ) from None
        if manifest.format > FORMAT:
            raise BackupDamaged("backup_too_new", "the backup was written by newer software; update this box first")
        return manifest

    def latest(self) -> Manifest | None:
        """Return the newest manifest that opens, or None when there is none."""
        for number in reversed(self.numbers()):
            try:
                return self.manifest(number)
            except BackupDamaged:
                continue
        return None

    def require(self, number: int | None = None) -> Manifest:
        """Return a version, by default the newest that opens.

        Raises:
            NoBackup: there is none.
            BackupDamaged: the version asked for cannot be read.
        """
        if number is not None:
            return self.manifest(number)
        manifest = self.latest()
        if manifest is None:
            found = "no backup" if not self.numbers() else "no backup that this box's backup key opens"
            raise NoBackup("no_backup", f"{self._shelf.name} holds {found}; check where it is and the recovery key")
        return manifest

    def publish(self, manifest: Manifest) -> None:
        """Write a manifest durably: from now on this version counts."""
        data = manifest.model_dump_json().encode()
        self._shelf.publish(manifest.number, seal(self._key, data, _MANIFEST), sorted(manifest.objects()))

    def forget(self, keep: int) -> None:
        """Remove all but the newest versions, and parts that no version names; images stay.

        At the hub nothing is removed from here: no error and no intruder on the box can take a version away at once.
        """
        if self._shelf.at_hub:
            return
        numbers = self.numbers()
        for number in numbers[:-keep]:
            self._shelf.remove(number)
        named: set[str] = set()
        for number in numbers[-keep:]:
            try:
                named |= self.manifest(number).objects()
            except BackupDamaged:
                return  # what a manifest named that cannot be read now is not known: remove nothing
        self._shelf.sweep(named)

    def put(self, content: bytes) -> str:
        """Store a part durably and return its name; the same content has the same name, so it is stored once."""
        sealed = seal_alike(self._key, zlib.compress(content), _OBJECT)
        name = hashlib.sha256(sealed).hexdigest()
        self._shelf.put(name, sealed)
        return name

    def get(self, name: str) -> bytes:
        """Return a part.

        Raises:
            BackupDamaged: it is missing or not as it was written.
        """
        try:
            sealed = self._shelf.get(name)
            if hashlib.sha256(sealed).hexdigest() != name:
                raise BackupDamaged("part_damaged", f"part {name[:12]} of the backup is damaged")
            return zlib.decompress(unseal(self._key, sealed, _OBJECT))
        except OSError:
            raise BackupDamaged("part_missing", f"part {name[:12]} of the backup is missing or unreadable") from None
        except CannotOpen:
            raise BackupDamaged("part_damaged", f"part {name[:12]} was sealed with another key") from None

    def images(self, listed: ImageList) -> list[tuple[BlobName, ImageKind, int]]:
        """Return name, kind and size of the images that a list names.

        Raises:
            BackupDamaged: the list cannot be read.
        """
        rows = json.loads(self.get(listed.name))
        return [(BlobName(name), ImageKind(kind), int(size)) for name, kind, size in rows]

    def put_image(self, name: BlobName, kind: ImageKind, sealed: bytes) -> None:
        """Store an image durably under the name it has in the vault."""
        self._shelf.put_image(name, kind, sealed)

    def has_image(self, name: BlobName, kind: ImageKind, size: int) -> bool:
        """Tell whether an image of this name and size is here."""
        return self._shelf.image_size(name, kind) == size

    def image(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image as the vault held it, checked against its name.

        Raises:
            BackupDamaged: it is missing or damaged.
        """
        try:
            sealed = self._shelf.image(name, kind)
        except OSError:
            raise BackupDamaged("image_missing", f"image {name[:12]} is missing in the backup or unreadable") from None
        if hashlib.sha256(sealed).hexdigest() != name:
            raise BackupDamaged("image_damaged", f"image {name[:12]} is damaged in the backup")
        return sealed


def pack(bodies: Iterable[bytes]) -> bytes:
    """Join events' bodies so that `unpack` gives them back."""
    return b"".join(struct.pack(">I", len(body)) + body for body in bodies)


def unpack(content: bytes) -> Iterator[bytes]:
    """Give back what `pack` joined."""
    at = 0
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        yield content[at + 4 : at + 4 + length]
        at += 4 + length
