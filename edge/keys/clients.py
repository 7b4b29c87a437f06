"""The client keystore: one data key per client, apart from the record and never part of its backup.

All keys of one *generation* lie in one encrypted file under that generation's wrapping key, which is a sealed secret
of the box. One more sealed secret, the pointer, says which generation counts. A key is destroyed by writing the
survivors anew under the next generation's wrapping key, moving the pointer, and destroying the old wrapping key and
the old file: what a disk or a copy of it still holds of the old file nobody can open. Until the pointer has moved
nothing was destroyed, afterwards nothing brings the client back; what a crash leaves over is swept at the next open.
"""

import contextlib
import json
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from edge.keys.box import CLIENT_GENERATION, CLIENT_WRAPPING
from edge.keys.generation import ClientKey, GenerationFile, files_of, write_generation
from shared.clock import Clock
from shared.crypto.aead import new_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.durable import Disk, SystemDisk, make_folder, sweep_unfinished
from shared.errors import Corrupt, Rejected, Retryable
from shared.ids import ClientId
from shared.locks import exclusive

_TRIES: Final = 20


class DataKeyGone(Rejected):
    """There is no data key for this client: unknown here, or erased."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Which generation counts, and since when."""

    number: int
    made_at: datetime

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        return json.dumps({"number": self.number, "made_at": self.made_at.isoformat()}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a pointer."""
        fields = json.loads(data)
        return cls(int(fields["number"]), datetime.fromisoformat(fields["made_at"]))


class ClientKeystore:
    """Data keys by client, cached once opened; safe to share by threads, and by processes of one machine."""

    def __init__(self, folder: Path, sealed: SealedKeyFolder, clock: Clock, disk: Disk | None = None) -> None:
        """Open the keystore, making it when there is none, and sweep what a crash has left over.

        Args:
            folder: where the generations' files lie.
            sealed: the box's sealed secrets, which keep wrapping key and pointer.
            clock: says when a generation was made.
            disk: how files change; the machine's own by default.

        Raises:
            Corrupt: client keys are there and what opens them is gone, or the other way round.
            CannotOpen, WrongKey: another root key or wrapping key sealed them.
        """
        self._folder = folder
        self._sealed = sealed
        self._clock = clock
        self._disk = disk or SystemDisk()
        self._cache: dict[ClientId, bytes] = {}
        self._lock = threading.RLock()
        self._stamp: tuple[int, int] | None = None
        self._file: GenerationFile | None = None
        make_folder(folder)
        with self._changing():
            if self._pointer() is None:
                self._begin()
            self._sweep(self._current().number)

    def create(self, client: ClientId) -> None:
        """Make a client's data key, durable when this returns.

        Raises:
            Rejected: the client has one already; a second would orphan what the first has sealed.
        """
        with self._changing(), self._lock:
            file = self._open_file()
            if file.key_of(client) is not None:
                raise Rejected("data_key_exists", "the client has a data key already")
            file.add([(client, new_key())])

    def key_of(self, client: ClientId) -> bytes:
        """Return a client's data key.

        Raises:
            DataKeyGone: unknown client, or erased.
        """
        with self._lock:
            file = self._open_file()
            key = self._cache.get(client) or file.key_of(client)
            if key is None:
                raise DataKeyGone("data_key_gone", "this client is not known on this box, or was erased")
            self._cache[client] = key
            return key

    def count(self) -> int:
        """Return how many clients have a key."""
        with self._lock:
            return self._open_file().count()

    @property
    def generation(self) -> int:
        """The number of the generation that counts; grows with every `destroy` and `rotate`."""
        return self._current().number

    @property
    def made_at(self) -> datetime:
        """When that generation's wrapping key was made."""
        return self._current().made_at

    def destroy(self, client: ClientId) -> int:
        """Destroy a client's data key for good and return the first generation without it.

        Idempotent by client: of a key that is not there it only sweeps what a crash has left over. When this raises,
        the client is either still there or gone for good, and a second call completes what the first began.

        Raises:
            StorageFull, StorageReadOnly, OSError: the disk refuses; the survivors can be read as before.
        """
        with self._changing():
            with self._lock:
                file = self._open_file()
                known = file.key_of(client) is not None
                survivors = [entry for entry in file.entries() if entry[0] != client] if known else []
            if not known:
                number = self._current().number
                self._sweep(number)
                return number
            return self._succeed(survivors)

    def adopt(self, recovered: list[ClientKey]) -> int:
        """Take keys back from escrow and return how many were not here; those held stay as they are.

        A keystore whose file is lost is begun anew with what came back.

        Raises:
            StorageFull, StorageReadOnly, OSError: the disk refuses; nothing was taken.
        """
        with self._changing():
            try:
                with self._lock:
                    file = self._open_file()
                    held = {client for client, _ in file.entries()}
            except Corrupt:
                self._succeed(recovered)
                return len(recovered)
            missing = [entry for entry in recovered if entry[0] not in held]
            with self._lock:
                file.add(missing)
            return len(missing)

    def rotate(self) -> int:
        """Wrap every key anew under a new wrapping key, destroy the old one, return the new generation.

        Raises:
            StorageFull, StorageReadOnly, OSError: the disk refuses; every key can be read as before.
        """
        with self._changing():
            with self._lock:
                entries = self._open_file().entries()
            return self._succeed(entries)

    def close(self) -> None:
        """Close the file; nothing is lost when this is never called."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file, self._stamp = None, None
            self._cache.clear()

    def _succeed(self, entries: list[ClientKey]) -> int:
        """Make `entries` the next generation, and the present one unreadable."""
        number = self._current().number + 1
        self._write(number, entries)
        self._commit(number)
        with self._lock:
            self._open_file()
        self._sweep(number)
        return number

    def _write(self, number: int, entries: list[ClientKey]) -> None:
        wrapping_key = new_key()
        self._sealed.put(f"{CLIENT_WRAPPING}{number}", wrapping_key)
        write_generation(self._path(number), wrapping_key, entries, self._disk)

    def _commit(self, number: int) -> None:
        """Let this generation count: the one step that decides."""
        self._sealed.put(CLIENT_GENERATION, Generation(number, self._clock.wall()).to_bytes())

    def _sweep(self, number: int) -> None:
        """Destroy whatever belongs to a generation that does not count; the wrapping keys first."""
        for name in self._sealed.names():
            if name.startswith(CLIENT_WRAPPING) and name != f"{CLIENT_WRAPPING}{number}":
                self._sealed.destroy(name)
        sweep_unfinished(self._folder, self._disk)
        kept = files_of(self._path(number))
        for path in sorted(self._folder.glob("clients.*.db*")):
            if path not in kept:
                self._disk.destroy(path)
        for path in self._first_form():
            self._disk.destroy(path)

    def _open_file(self) -> GenerationFile:
        """Return the file that counts now, opened anew when this or another process has moved the pointer."""
        for _ in range(_TRIES):
            stamp = self._sealed.stamp(CLIENT_GENERATION)
            if self._file is not None and stamp == self._stamp:
                return self._file
            number = self._current().number
            wrapping_key = self._sealed.get(f"{CLIENT_WRAPPING}{number}")
            path = self._path(number)
            if wrapping_key is not None and _has_content(path):
                self.close()
                file = self._opened(path, wrapping_key, stamp)
                if file is not None:
                    self._file, self._stamp = file, stamp
                    return file
        raise Corrupt(
            "client_keys_missing",
            f"client keys are gone from {self._folder} or the key folder; restore them from escrow",
        )

    def _opened(self, path: Path, wrapping_key: bytes, stamp: tuple[int, int] | None) -> GenerationFile | None:
        """Return a generation's file, or None when it was superseded while it was being opened."""
        try:
            file = GenerationFile(path, wrapping_key)
        except (Corrupt, Retryable):
            if self._sealed.stamp(CLIENT_GENERATION) == stamp:
                raise
            return None
        if self._sealed.stamp(CLIENT_GENERATION) == stamp:
            return file
        file.close()
        return None

    def _current(self) -> Generation:
        pointer = self._pointer()
        if pointer is None:
            raise Corrupt("client_keys_missing", "the pointer to the client keys is gone; restore them from escrow")
        return pointer

    def _pointer(self) -> Generation | None:
        data = self._sealed.get(CLIENT_GENERATION)
        return Generation.from_bytes(data) if data is not None else None

    def _begin(self) -> None:
        """Make the first generation: of the keys in their first form, one sealed file each, or of none."""
        entries = self._read_first_form()
        if not self._unfinished() <= {client for client, _ in entries}:
            # Missing metadata is never permission to delete.
            raise Corrupt("client_keys_missing", "the pointer to the client keys is gone; restore them from escrow")
        self._write(1, entries)
        self._commit(1)

    def _unfinished(self) -> set[ClientId]:
        """Return the clients in generations that no pointer names, as a crash in the middle of `_begin` leaves."""
        found: set[ClientId] = set()
        for path in self._folder.glob("clients.*.db"):
            wrapping_key = self._sealed.get(CLIENT_WRAPPING + path.name.split(".")[1])
            if wrapping_key is None:
                raise Corrupt("client_keys_missing", f"nothing opens {path}; restore the client keys from escrow")
            file = GenerationFile(path, wrapping_key)
            found.update(client for client, _ in file.entries())
            file.close()
        return found

    def _read_first_form(self) -> list[ClientKey]:
        if not self._first_form():
            return []
        old = SealedKeyFolder(self._folder)
        found = ((ClientId(name), old.get(name)) for name in old.names())
        return [(client, key) for client, key in found if key is not None]

    def _first_form(self) -> list[Path]:
        return [*self._folder.glob("root.key"), *sorted(self._folder.glob("*.sealed"))]

    def _path(self, number: int) -> Path:
        return self._folder / f"clients.{number}.db"

    def _changing(self) -> AbstractContextManager[None]:
        return exclusive(self._folder / ".changing")


def _has_content(path: Path) -> bool:
    """Tell whether a file is there and not empty, though another may take it away at any moment."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size > 0
    return False
