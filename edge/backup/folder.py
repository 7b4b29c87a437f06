"""A backup's folder on disk: sealed parts named by their hash, images as the vault holds them, sealed manifests.

objects/NAME             a part, sealed under the backup key; NAME is the SHA-256 of the sealed bytes
images/KIND/AA/NAME      an image, sealed under its client's data key, named as in the vault
versions/NUMBER.sealed   a manifest, sealed under the backup key
"""

import hashlib
import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge.backup.errors import BackupDamaged, NoBackup
from edge.backup.manifest import FORMAT, ImageList, Manifest
from edge.store.errors import StorageFull
from shared.crypto.aead import CannotOpen, seal, unseal
from shared.durable import make_folder, sync_folder, write_durably
from shared.ids import BlobName
from shared.vocabulary import ImageKind

_MANIFEST: Final = b"backup/manifest"
_OBJECT: Final = b"backup/object"
_SPARE_BYTES: Final = 16 * 1024 * 1024


class BackupFolder:
    """Reads and writes one backup; whoever writes holds the folder's lock."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Take a folder.

        Args:
            folder: where the backup lies or will lie.
            key: the backup key.
        """
        self._folder = folder
        self._key = key

    @property
    def lock(self) -> Path:
        """The lock file of those who write."""
        return self._folder / ".lock"

    def prepare(self) -> None:
        """Make the folders that are missing."""
        for name in ("objects", "versions", *(f"images/{kind}" for kind in ImageKind)):
            make_folder(self._folder / name)

    def ensure_room(self, size: int) -> None:
        """Refuse a copy for which there is no room, before it begins.

        Raises:
            StorageFull: less than `size` and a little more is free.
        """
        free = shutil.disk_usage(self._folder).free
        if free < size + _SPARE_BYTES:
            raise StorageFull(
                "backup_no_room",
                f"the backup needs {size >> 20} MB and {free >> 20} MB are free in {self._folder}; make room there",
            )

    def numbers(self) -> list[int]:
        """Return the numbers of the versions there are, oldest first."""
        return sorted(int(path.stem) for path in (self._folder / "versions").glob("*.sealed") if path.stem.isdigit())

    def manifest(self, number: int) -> Manifest:
        """Return one version's manifest.

        Raises:
            BackupDamaged: it is damaged, sealed with another key, or of a newer format.
        """
        try:
            manifest = Manifest.model_validate_json(unseal(self._key, self._version(number).read_bytes(), _MANIFEST))
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
            raise NoBackup("no_backup", f"{self._folder} holds {found}; check the folder and the recovery key")
        return manifest

    def publish(self, manifest: Manifest) -> None:
        """Write a manifest durably: from now on this version counts."""
        data = manifest.model_dump_json().encode()
        write_durably(self._version(manifest.number), seal(self._key, data, _MANIFEST))

    def forget(self, keep: int) -> None:
        """Remove all but the newest versions, and parts that no version names; images stay."""
        numbers = self.numbers()
        for number in numbers[:-keep]:
            self._version(number).unlink(missing_ok=True)
        sync_folder(self._folder / "versions")
        named: set[str] = set()
        for number in numbers[-keep:]:
            try:
                named |= self.manifest(number).objects()
            except BackupDamaged:
                return  # what a manifest named that cannot be read now is not known: remove nothing
        for path in (self._folder / "objects").iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)

    def put(self, content: bytes) -> str:
        """Store a part durably and return its name."""
        sealed = seal(self._key, zlib.compress(content), _OBJECT)
        name = hashlib.sha256(sealed).hexdigest()
        write_durably(self._folder / "objects" / name, sealed)
        return name

    def get(self, name: str) -> bytes:
        """Return a part.

        Raises:
            BackupDamaged: it is missing or not as it was written.
        """
        try:
            sealed = _read_from_disk(self._folder / "objects" / name)
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
        path = self.image_path(name, kind)
        make_folder(path.parent)
        write_durably(path, sealed)

    def has_image(self, name: BlobName, kind: ImageKind, size: int) -> bool:
        """Tell whether an image of this name and size is here."""
        path = self.image_path(name, kind)
        return path.exists() and path.stat().st_size == size

    def image(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image as the vault held it, checked against its name.

        Raises:
            BackupDamaged: it is missing or damaged.
        """
        try:
            sealed = _read_from_disk(self.image_path(name, kind))
        except OSError:
            raise BackupDamaged("image_missing", f"image {name[:12]} is missing in the backup or unreadable") from None
        if hashlib.sha256(sealed).hexdigest() != name:
            raise BackupDamaged("image_damaged", f"image {name[:12]} is damaged in the backup")
        return sealed

    def image_path(self, name: BlobName, kind: ImageKind) -> Path:
        """Return where an image lies."""
        return self._folder / "images" / kind / name[:2] / name

    def _version(self, number: int) -> Path:
        return self._folder / "versions" / f"{number:08d}.sealed"


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


def _read_from_disk(path: Path) -> bytes:
    """Read a file from its disk, not from memory that still holds what was just written."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file.read()
