"""A backup in a folder, on a USB disk or anywhere.

objects/NAME             a part, sealed under the backup key; NAME is the SHA-256 of the sealed bytes
images/KIND/AA/NAME      an image, sealed under its client's data key, named as in the vault
versions/NUMBER.sealed   a manifest, sealed under the backup key
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.backup.sealed import SealedBackup
from edge.store.errors import StorageFull
from shared.durable import make_folder, sync_folder, write_durably
from shared.ids import BlobName
from shared.vocabulary import ImageKind

_SPARE_BYTES: Final = 16 * 1024 * 1024


class FolderShelf:
    """A folder as a shelf; see `Shelf`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """How people call it."""
        return str(self._folder)

    @property
    def at_hub(self) -> bool:
        """It is not the hub's."""
        return False

    @property
    def lock(self) -> Path:
        """The lock file of those who write."""
        return self._folder / ".lock"

    def prepare(self) -> None:
        """Make the folders that are missing."""
        for name in ("objects", "versions", *(f"images/{kind}" for kind in ImageKind)):
            make_folder(self._folder / name)

    def ensure_room(self, size: int) -> None:
        """Refuse a copy unless `size` and a little more is free.

        Raises:
            StorageFull: there is not.
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

    def manifest(self, number: int) -> bytes:
        """Return a version's sealed manifest."""
        return self._version(number).read_bytes()

    def publish(self, number: int, sealed: bytes, parts: Sequence[str]) -> None:
        """Write a sealed manifest durably; which parts it names is in it."""
        del parts
        write_durably(self._version(number), sealed)

    def remove(self, number: int) -> None:
        """Remove a version durably; its parts stay."""
        self._version(number).unlink(missing_ok=True)
        sync_folder(self._folder / "versions")

    def sweep(self, named: set[str]) -> None:
        """Remove every part that is not named."""
        for path in (self._folder / "objects").iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)

    def put(self, name: str, sealed: bytes) -> None:
        """Store a part durably."""
        write_durably(self._folder / "objects" / name, sealed)

    def get(self, name: str) -> bytes:
        """Return a part."""
        return _read_from_disk(self._folder / "objects" / name)

    def put_image(self, name: BlobName, kind: ImageKind, sealed: bytes) -> None:
        """Store an image durably."""
        path = self.image_path(name, kind)
        make_folder(path.parent)
        write_durably(path, sealed)

    def image_size(self, name: BlobName, kind: ImageKind) -> int | None:
        """Return the size of an image that is here, or None."""
        path = self.image_path(name, kind)
        return path.stat().st_size if path.exists() else None

    def image(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image."""
        return _read_from_disk(self.image_path(name, kind))

    def image_path(self, name: BlobName, kind: ImageKind) -> Path:
        """Return where an image lies."""
        return self._folder / "images" / kind / name[:2] / name

    def _version(self, number: int) -> Path:
        return self._folder / "versions" / f"{number:08d}.sealed"


class BackupFolder(SealedBackup):
    """The backup in a folder."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Take a folder.

        Args:
            folder: where the backup lies or will lie.
            key: the backup key.
        """
        shelf = FolderShelf(folder)
        super().__init__(shelf, key)
        self.image_path = shelf.image_path


def _read_from_disk(path: Path) -> bytes:
    """Read a file from its disk, not from memory that still holds what was just written."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file.read()
