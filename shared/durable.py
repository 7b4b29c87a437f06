"""The one way a file reaches the disk: write aside, fsync, rename, fsync the folder; and the way a secret leaves it."""

import os
import secrets
from pathlib import Path
from typing import Final, Protocol

# How a file is called that is being written or removed: hidden, and never looked for by its own name.
UNFINISHED: Final = ".part"


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write `data` so that after a crash `path` holds all of it or what it held before.

    Raises:
        OSError: the disk is full or read-only; nothing is left behind.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a private folder and what is missing above it, so that a power cut cannot take it with its files.

    Raises:
        OSError: the disk is full or read-only.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def destroy_file(path: Path) -> None:
    """Overwrite a file, remove it and make that durable; nothing happens when there is none.

    A flash disk may keep what was overwritten in blocks that only its controller reaches: what must be gone for good
    is sealed as well, and its key destroyed.

    The file loses its name before its contents: after a crash it is whole or not there, and what is left of it under
    another name goes with `sweep_unfinished`.

    Raises:
        OSError: the disk refuses; try again.
    """
    doomed = path
    if path.suffix != UNFINISHED:
        doomed = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
        try:
            path.rename(doomed)
        except FileNotFoundError:
            return
        sync_folder(path.parent)
    descriptor = os.open(doomed, os.O_WRONLY)
    try:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= os.write(descriptor, secrets.token_bytes(min(left, 1 << 20)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    doomed.unlink()
    sync_folder(path.parent)


def sweep_unfinished(folder: Path, disk: "Disk") -> None:
    """Destroy what writes and removals that were cut have left in a folder; nobody else may be at work in it."""
    for path in sorted(folder.glob(f".*{UNFINISHED}")):
        disk.destroy(path)


class Disk(Protocol):
    """The steps in which files of secrets change, each durable when it returns."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a whole file or nothing, replacing one of the same name."""
        ...

    def destroy(self, path: Path) -> None:
        """Overwrite and remove a file; nothing happens when there is none."""
        ...

    def settle(self, path: Path) -> None:
        """Make a file that somebody else wrote, and its name, survive a power cut."""
        ...

    def keep(self, path: Path, also: Path) -> None:
        """Give a file a second name, so that it outlives its first."""
        ...

    def replace(self, source: Path, target: Path) -> None:
        """Put one file in the place of another in one step."""
        ...


class SystemDisk:
    """The machine's own disk."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a whole file or nothing, replacing one of the same name."""
        write_durably(path, data)

    def destroy(self, path: Path) -> None:
        """Overwrite and remove a file; nothing happens when there is none."""
        destroy_file(path)

    def settle(self, path: Path) -> None:
        """Make a file that somebody else wrote, and its name, survive a power cut."""
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)

    def keep(self, path: Path, also: Path) -> None:
        """Give a file a second name, so that it outlives its first."""
        also.unlink(missing_ok=True)
        also.hardlink_to(path)
        sync_folder(path.parent)

    def replace(self, source: Path, target: Path) -> None:
        """Put one file in the place of another in one step."""
        source.replace(target)
        sync_folder(target.parent)
