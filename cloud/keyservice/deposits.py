"""The key service's own file: wrapped client keys, tombstones, and who asked for what; nothing in clear."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.durable import make_folder
from shared.ids import ClientId, DeviceId, LocationId, TenantId

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS storage (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS generations (tenant TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS deposits (tenant TEXT NOT NULL, client TEXT NOT NULL, location TEXT NOT NULL,"
    " wrapped BLOB NOT NULL, deposited_at TEXT NOT NULL, PRIMARY KEY (tenant, client))",
    "CREATE TABLE IF NOT EXISTS tombstones (tenant TEXT NOT NULL, client TEXT NOT NULL, request TEXT NOT NULL,"
    " generation INTEGER NOT NULL, held INTEGER NOT NULL, erased_at TEXT NOT NULL, PRIMARY KEY (tenant, client))",
    "CREATE TABLE IF NOT EXISTS backup_keys (tenant TEXT NOT NULL, device TEXT NOT NULL, key_id TEXT NOT NULL,"
    " sealed BLOB NOT NULL, deposited_at TEXT NOT NULL, PRIMARY KEY (tenant, device, key_id))",
    "CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
    " tenant TEXT NOT NULL, location TEXT NOT NULL, device TEXT NOT NULL, action TEXT NOT NULL,"
    " purpose TEXT NOT NULL, clients INTEGER NOT NULL)",
    "CREATE TRIGGER IF NOT EXISTS audit_is_never_changed BEFORE UPDATE ON audit"
    " BEGIN SELECT raise(ABORT, 'the audit is immutable'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_is_never_removed BEFORE DELETE ON audit"
    " BEGIN SELECT raise(ABORT, 'the audit is immutable'); END",
)


@dataclass(frozen=True, slots=True)
class Deposit:
    """A client's key as it lies here: sealed for the key service, and that wrapped under the generation's key."""

    client: ClientId
    location: LocationId
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class EscrowTombstone:
    """What is left of a deleted client: that the key is gone, since which generation, and by which request."""

    client: ClientId
    request: str
    generation: int
    held: bool
    erased_at: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One use of the key service."""

    at: str
    tenant: TenantId
    location: LocationId
    device: DeviceId
    action: str
    purpose: str
    clients: int


class DepositFile:
    """One SQLite file with one connection; a transaction is one `with change()`."""

    def __init__(self, path: Path, storage: str) -> None:
        """Open the file or make it, as the storage of this id.

        Args:
            path: the file.
            storage: id of a storage made now; one that is there keeps its own.
        """
        make_folder(path.parent)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        path.chmod(0o600)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.change():
            for statement in _TABLES:
                self._connection.execute(statement)
            self._connection.execute("INSERT OR IGNORE INTO storage VALUES (1, ?)", (storage,))

    @property
    def storage(self) -> str:
        """Which storage this is; another id holds none of this one's deposits."""
        return str(self._one("SELECT id FROM storage"))

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make the statements inside one transaction, durable at its end; not to be nested."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def forget_old_pages(self) -> None:
        """Empty the write-ahead log, which still holds what a transaction has replaced."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def generation(self, tenant: TenantId) -> int:
        """Return the number of the wrapping key in force; 0 before there is one."""
        return int(self._one("SELECT coalesce(max(number), 0) FROM generations WHERE tenant = ?", tenant))

    def set_generation(self, tenant: TenantId, number: int) -> None:
        """Let another wrapping key be in force."""
        self._run("INSERT OR REPLACE INTO generations VALUES (?, ?)", tenant, number)

    def add(self, tenant: TenantId, deposit: Deposit, at: str) -> bool:
        """Keep a deposit; one of the same client stays as it is. Tell whether it is new."""
        values = (tenant, deposit.client, deposit.location, deposit.wrapped, at)
        return self._run("INSERT OR IGNORE INTO deposits VALUES (?, ?, ?, ?, ?)", *values) == 1

    def wrap_anew(self, tenant: TenantId, deposit: Deposit) -> None:
        """Replace the wrapping of a deposit."""
        self._run(
            "UPDATE deposits SET wrapped = ? WHERE tenant = ? AND client = ?", deposit.wrapped, tenant, deposit.client
        )

    def remove(self, tenant: TenantId, client: ClientId) -> bool:
        """Remove a client's deposit; tell whether there was one."""
        return self._run("DELETE FROM deposits WHERE tenant = ? AND client = ?", tenant, client) == 1

    def deposits(
        self, tenant: TenantId, location: LocationId | None = None, after: str = "", limit: int = -1
    ) -> list[Deposit]:
        """Return deposits in order of their clients, of one location or of all."""
        rows = self._all(
            "SELECT client, location, wrapped FROM deposits WHERE tenant = ?1 AND (?2 IS NULL OR location = ?2)"
            " AND client > ?3 ORDER BY client LIMIT ?4",
            tenant, location, after, limit,
        )  # fmt: skip
        return [Deposit(ClientId(client), LocationId(place), wrapped) for client, place, wrapped in rows]

    def bury(self, tenant: TenantId, stone: EscrowTombstone) -> None:
        """Keep a tombstone."""
        values = (tenant, stone.client, stone.request, stone.generation, int(stone.held), stone.erased_at)
        self._run("INSERT INTO tombstones VALUES (?, ?, ?, ?, ?, ?)", *values)

    def tombstones(self, tenant: TenantId) -> dict[ClientId, EscrowTombstone]:
        """Return every tombstone of a tenant."""
        rows = self._all(
            "SELECT client, request, generation, held, erased_at FROM tombstones WHERE tenant = ? ORDER BY client",
            tenant,
        )
        return {
            ClientId(row[0]): EscrowTombstone(ClientId(row[0]), row[1], row[2], bool(row[3]), row[4]) for row in rows
        }

    def add_backup_key(self, tenant: TenantId, device: DeviceId, key: tuple[str, bytes], at: str) -> bool:
        """Keep a box's sealed backup key by its id; one that is here stays. Tell whether it is new."""
        statement = "INSERT OR IGNORE INTO backup_keys VALUES (?, ?, ?, ?, ?)"
        return self._run(statement, tenant, device, *key, at) == 1

    def backup_keys(self, tenant: TenantId, device: DeviceId) -> list[bytes]:
        """Return a box's sealed backup keys, newest first."""
        rows = self._all(
            "SELECT sealed FROM backup_keys WHERE tenant = ? AND device = ? ORDER BY rowid DESC", tenant, device
        )
        return [sealed for (sealed,) in rows]

    def note(self, row: AuditRow) -> None:
        """Keep on record who did what and why."""
        self._run(
            "INSERT INTO audit (at, tenant, location, device, action, purpose, clients) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row.at, row.tenant, row.location, row.device, row.action, row.purpose, row.clients,
        )  # fmt: skip

    def audit(self, tenant: TenantId) -> list[AuditRow]:
        """Return the record of a tenant, oldest first."""
        rows = self._all(
            "SELECT at, tenant, location, device, action, purpose, clients FROM audit WHERE tenant = ? ORDER BY number",
            tenant,
        )
        return [AuditRow(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _run(self, statement: str, *values: object) -> int:
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: object) -> Any:
        return self._all(statement, *values)[0][0]
