"""One generation of the client keystore: every client's data key in one SQLCipher file."""

from collections.abc import Iterable
from pathlib import Path

from edge.store.database import Database
from shared.durable import Disk
from shared.errors import Corrupt
from shared.ids import ClientId

ClientKey = tuple[ClientId, bytes]


class GenerationFile:
    """The data keys of one generation, encrypted under its wrapping key."""

    def __init__(self, path: Path, wrapping_key: bytes) -> None:
        """Open the file, or make an empty one.

        Raises:
            WrongKey: another key made it.
            StorageBroken: it is no file of this product.
        """
        self._database = Database(path, wrapping_key)
        self._database.write(
            lambda connection: connection.execute(
                "CREATE TABLE IF NOT EXISTS keys (client TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID"
            )
        )

    def key_of(self, client: ClientId) -> bytes | None:
        """Return a client's key, or None when it has none."""
        with self._database.reader() as connection:
            row = connection.execute("SELECT key FROM keys WHERE client = ?", (client,)).fetchone()
        return bytes(row[0]) if row else None

    def entries(self) -> list[ClientKey]:
        """Return every client with its key."""
        with self._database.reader() as connection:
            rows = connection.execute("SELECT client, key FROM keys ORDER BY client").fetchall()
        return [(ClientId(client), bytes(key)) for client, key in rows]

    def count(self) -> int:
        """Return how many clients have a key."""
        with self._database.reader() as connection:
            return int(connection.execute("SELECT count(*) FROM keys").fetchone()[0])

    def add(self, entries: Iterable[ClientKey]) -> None:
        """Add clients' keys in one transaction, durable when this returns."""
        rows = list(entries)
        self._database.write(lambda connection: connection.executemany("INSERT INTO keys VALUES (?, ?)", rows))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def files_of(path: Path) -> list[Path]:
    """Return a generation's file with those SQLite keeps beside it."""
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def write_generation(path: Path, wrapping_key: bytes, entries: list[ClientKey], disk: Disk) -> None:
    """Write a whole generation anew, read it back and make it durable.

    Raises:
        Corrupt: what was read back is not what was written; the disk is failing.
        StorageFull, StorageReadOnly: nothing usable was written.
    """
    for leftover in files_of(path):
        disk.destroy(leftover)
    written = GenerationFile(path, wrapping_key)
    try:
        written.add(entries)
    finally:
        written.close()
    disk.settle(path)
    again = GenerationFile(path, wrapping_key)
    try:
        if again.entries() != sorted(entries):
            raise Corrupt("client_keys_damaged", "client keys were not read back as written; check the disk")
    finally:
        again.close()
