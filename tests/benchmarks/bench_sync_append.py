"""Local append against the same statements on a bare connection with the same hashing and sealing."""

import hashlib
import hmac
import json
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.store.database import Database
from shared.clock import SystemClock
from shared.collector import settle
from shared.crypto.aead import new_key, seal
from shared.events.envelope import body_hash
from shared.ids import ClientId
from tests.support.captures import NOTE, photograph
from tests.support.records import BoxRecord, open_box_record

RECORD = Path("data/record.db")
Statement = tuple[str, tuple[Any, ...]]


class Spy:
    """A connection that keeps the statements that go over it."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.statements: list[Statement] = []

    def execute(self, statement: str, parameters: Any = ()) -> Any:
        self.statements.append((statement, tuple(parameters)))
        return self.real.execute(statement, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@dataclass
class Bare:
    """Runs recorded transactions on a connection, with the hashing and sealing they need."""

    connection: Any
    key: bytes

    def run(self, statements: list[Statement]) -> None:
        for statement, parameters in statements:
            if statement.startswith("INSERT INTO events"):
                body = bytes(parameters[-1])
                seal(self.key, NOTE.encode(), b"bench")
                body_hash(body)
            elif "INTO head" in statement or "FROM head" in statement:
                hmac.new(self.key, b"x" * 90, hashlib.sha256).hexdigest()
            rows = self.connection.execute(statement, parameters)
            if statement.startswith("SELECT"):
                rows.fetchone()


def measure(rounds: int) -> dict[str, float]:
    """Return milliseconds per commit and the ratios, for single appends and for batches of 100."""
    figures: dict[str, float] = {}
    for name, size, times in (("single", 1, rounds), ("batch of 100", 100, max(10, rounds // 20))):
        ours, bare, plain = _alternate(size, times)
        figures |= {
            f"{name}: ours ms": ours,
            f"{name}: bare SQLCipher ms": bare,
            f"{name}: plain sqlite3 ms": plain,
            f"{name}: ours / bare": ours / bare,
            f"{name}: ours / plain": ours / plain,
        }
    return figures


def _alternate(size: int, times: int) -> tuple[float, float, float]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        client = _begin(folder / "ours")
        for copy in ("spied", "bare"):
            shutil.copytree(folder / "ours", folder / copy)
        recorded = _record(folder / "spied", client, size, times)
        record = open_box_record(folder / "ours", SystemClock())
        database = Database(folder / "bare" / RECORD, record.keys.database())
        bare = Bare(database._connect(writable=True), new_key())
        plain = Bare(_plain(bare.connection, folder / "plain.db"), new_key())
        drafts = [[photograph(client) for _ in range(size)] for _ in range(times)]
        settle()  # as the box does, when it is put together
        spent: list[list[float]] = [[], [], []]
        for batch, statements in zip(drafts, recorded, strict=True):
            spent[0].append(_seconds(lambda batch=batch: record.store.append(batch)))
            spent[1].append(_seconds(lambda statements=statements: bare.run(statements)))
            spent[2].append(_seconds(lambda statements=statements: plain.run(statements)))
        record.store.close()
        database.close()
    return tuple(1000 * statistics.median(times[len(times) // 10 :]) for times in spent)  # type: ignore[return-value]


def _begin(folder: Path) -> ClientId:
    record: BoxRecord = open_box_record(folder, SystemClock())
    client = record.new_client(consents=False)
    record.store.append([photograph(client)])
    record.store.close()
    return client


def _record(folder: Path, client: ClientId, size: int, times: int) -> list[list[Statement]]:
    record = open_box_record(folder, SystemClock())
    spy = record.store._database._writer = Spy(record.store._database._writer)
    recorded: list[list[Statement]] = []
    for _ in range(times):
        spy.statements = []
        record.store.append([photograph(client) for _ in range(size)])
        recorded.append(spy.statements)
    record.store.close()
    return recorded


def _plain(encrypted: Any, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for (sql,) in encrypted.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"):
        connection.execute(sql)
    return connection


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    print(json.dumps(measure(400), indent=1))
