"""The folder of the boxes' backups: TENANT/LOCATION/DEVICE with `parts/NAME` and `versions/NUMBER.json`.

A part's name is the SHA-256 of its sealed bytes, so the hub checks what it cannot read. A version's file holds the
manifest as the box has sealed it, and the names of the parts that it needs.
"""

import base64
import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from cloud.blobs.store import BlobMissing, BlobStore, WrongHash
from cloud.boxbackups.retention import versions_kept
from cloud.rpc.callers import Caller
from shared.durable import make_folder, sync_folder, write_durably
from shared.errors import Corrupt, Rejected
from shared.wire.limits import DOWNLOAD_CHUNK_BYTES

_VERSIONS: Final = "versions"


class BackupRefused(Rejected):
    """A version that cannot count: its number is taken, or a part of it is not here."""


class BackupTooLarge(Rejected):
    """The box's backups have grown beyond what the hub keeps for one box."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it lies here."""

    sealed: bytes
    parts: Sequence[str]


class BackupShelf:
    """Keeps every box's backup; safe to share by threads."""

    def __init__(self, folder: Path, keep: int, max_part_bytes: int, max_box_bytes: int) -> None:
        """Take a folder.

        Args:
            folder: where the backups lie.
            keep: versions to keep of each box.
            max_part_bytes: the largest part taken.
            max_box_bytes: what all parts of one box may have.
        """
        self._folder = folder
        self._parts = BlobStore(folder, max_part_bytes)
        self._keep = keep
        self._max_box_bytes = max_box_bytes
        self._locks: dict[str, Lock] = {}

    def numbers(self, caller: Caller) -> list[int]:
        """Return a box's versions, oldest first."""
        return sorted(int(path.stem) for path in self._box(caller, _VERSIONS).glob("*.json") if path.stem.isdigit())

    def version(self, caller: Caller, number: int) -> Version:
        """Return a version.

        Raises:
            BlobMissing: there is none of this number.
            Corrupt: its file is damaged.
        """
        try:
            content = json.loads(self._version_path(caller, number).read_bytes())
            return Version(base64.b64decode(content["sealed"], validate=True), [str(name) for name in content["parts"]])
        except FileNotFoundError:
            raise BlobMissing("version_missing", f"the hub holds no version {number} of this box's backup") from None
        except (ValueError, KeyError, TypeError):
            raise Corrupt("version_damaged", f"the hub's file of version {number} is damaged; take another") from None

    def where(self, caller: Caller, name: str, size: int) -> tuple[int, bool]:
        """Return how much of a part is here, and whether that is all of it, checked."""
        owner, blob = self._owner(caller), self._parts.check(name, size)
        whole = self._parts.holds(owner, blob)
        return (size if whole else min(self._parts.offset(owner, blob), size)), whole

    def put(self, caller: Caller, name: str, size: int, chunk: tuple[int, bytes]) -> tuple[int, bool]:
        """Append a chunk, offset and bytes, to a part; tell as `where` does. Idempotent by name.

        Raises:
            WrongOffset, WrongHash, BlobTooLarge: as `BlobStore` says.
            BackupTooLarge: there is no room for it in what the hub keeps of one box.
        """
        owner, blob = self._owner(caller), self._parts.check(name, size)
        with self._alone(owner):
            if self._parts.holds(owner, blob):
                return size, True
            if chunk[0] == 0 and self._used(owner) + size > self._max_box_bytes:
                raise BackupTooLarge("backup_too_large", f"the hub keeps {self._max_box_bytes} bytes for one box")
            offset = self._parts.append(owner, blob, size, *chunk)
            if offset < size:
                return offset, False
            self._parts.finish(owner, blob)
            return size, True

    def get(self, caller: Caller, name: str) -> Iterator[bytes]:
        """Yield a part; ends with an error when it is not as its name says.

        Raises:
            BlobMissing, WrongHash: it is not here, or damaged here.
        """
        return self._parts.stream(self._owner(caller), self._parts.check(name, 1), 0, DOWNLOAD_CHUNK_BYTES)

    def publish(self, caller: Caller, number: int, version: Version) -> None:
        """Let a version count, durably, and let go of what retention does not keep. Idempotent by number and content.

        Raises:
            BackupRefused: a part is not here, or the number is not behind all others.
        """
        owner = self._owner(caller)
        with self._alone(owner):
            numbers = self.numbers(caller)
            if number in numbers and self.version(caller, number) == version:
                return
            if number <= max(numbers, default=0):
                raise BackupRefused("version_taken", f"version {number} is not the next of this box's backup")
            for name in version.parts:
                if not self._parts.holds(owner, self._parts.check(name, 1)):
                    raise BackupRefused("part_missing", f"part {name[:12]} is not here; send it, then the version")
            path = self._version_path(caller, number)
            make_folder(path.parent)
            content = {"sealed": base64.b64encode(version.sealed).decode(), "parts": list(version.parts)}
            write_durably(path, json.dumps(content).encode())
            self._retire(caller, [*numbers, number])

    def _retire(self, caller: Caller, numbers: Sequence[int]) -> None:
        kept = versions_kept(numbers, self._keep, lambda number: self._is_sound(caller, number))
        for number in set(numbers) - kept:
            self._version_path(caller, number).unlink(missing_ok=True)
        sync_folder(self._box(caller, _VERSIONS))
        try:
            named = {name for number in kept for name in self.version(caller, number).parts}
        except Corrupt:
            return  # what a version named that cannot be read is not known: remove nothing
        for path in self._box(caller, "parts").glob("*"):
            if path.name not in named:
                path.unlink(missing_ok=True)

    def _is_sound(self, caller: Caller, number: int) -> bool:
        """Read every part of a version from the disk; a damaged one is set aside by that."""
        try:
            for name in self.version(caller, number).parts:
                deque(self.get(caller, name), maxlen=0)
        except (BlobMissing, WrongHash, Corrupt, OSError):
            return False
        return True

    def _used(self, owner: str) -> int:
        return sum(path.stat().st_size for path in (self._folder / owner).glob("*"))

    def _alone(self, owner: str) -> Lock:
        return self._locks.setdefault(owner, Lock())

    def _owner(self, caller: Caller) -> str:
        return str(self._box(caller, "parts").relative_to(self._folder))

    def _box(self, caller: Caller, what: str) -> Path:
        return self._folder / caller.tenant / caller.location / caller.device / what

    def _version_path(self, caller: Caller, number: int) -> Path:
        return self._box(caller, _VERSIONS) / f"{number:08d}.json"
