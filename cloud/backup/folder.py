"""The files of one backup, sealed under the hub's backup key; of older backups, which were not, they are only read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.backup.manifest import BackupDamaged, SavedFile, saved
from shared.crypto.aead import CannotOpen
from shared.crypto.stream import CHUNK_BYTES, SealingWriter, open_sealed
from shared.durable import make_folder, sync_folder


class BackupFolder:
    """Writes and reads the files of one backup, none of which need fit in memory."""

    def __init__(self, folder: Path, key: bytes | None) -> None:
        """Take a backup's folder.

        Args:
            folder: where it lies.
            key: seals each file; None for a backup of before they were sealed, which can only be read.
        """
        self._folder = folder
        self._key = key

    @contextmanager
    def writing(self, name: str) -> Iterator[SealingWriter]:
        """Write a file, durable and complete only when the context ends well.

        Raises:
            OSError: the disk is full or read-only.
        """
        if self._key is None:
            raise TypeError("a backup that is not sealed is only read")
        path = self._folder / name
        make_folder(path.parent)
        with path.open("wb") as file:
            writer = SealingWriter(file, self._key, name)
            yield writer
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file durably."""
        with self.writing(name) as file:
            file.write(data)

    def saved(self, name: str, rows: int = 0) -> SavedFile:
        """Return what the manifest says about a file."""
        return saved(self._folder / name, rows)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's contents; all of it was there only when this ends without an error.

        Raises:
            BackupDamaged: it is not what was written.
        """
        with (self._folder / name).open("rb") as file:
            if self._key is None:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
                return
            try:
                yield from open_sealed(file, self._key, name)
            except CannotOpen:
                raise BackupDamaged("backup_damaged", f"{name} of the backup was changed; use another backup") from None

    def read(self, name: str) -> bytes:
        """Return a small file's contents.

        Raises:
            BackupDamaged: it is not what was written.
        """
        return b"".join(self.chunks(name))
