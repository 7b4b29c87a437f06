"""One SQLCipher database: a single writing connection, read-only readers, and errors one can act on."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlcipher3 import dbapi2 as sqlcipher

from edge.store.errors import StorageBroken, StorageBusy, StorageFull, StorageReadOnly, WrongKey
from shared.errors import MedSpaError
from shared.locks import SharedLock

Connection = Any
Result = TypeVar("Result")

_QUEUE_SIZE: Final = 1024
_READERS_KEPT: Final = 4
_BUSY_MILLISECONDS: Final = 5000
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024


class Database:
    """An open database; `write` runs one transaction at a time, in the order of the calls, `reader` lends a reader.

    A write that finds the writing connection idle runs on its caller's thread: handing it to another thread and back
    would cost as much as the writing. Once somebody has to wait, a thread of the database's own takes all in turn.
    """

    def __init__(self, path: Path, key: bytes, guard: Path | None = None) -> None:
        """Open or create the database.

        Args:
            path: the file; its folder must exist.
            key: 32 raw bytes, used without derivation.
            guard: lock file that is shared while the database is open, against whoever exchanges its file.

        Raises:
            HeldByAnother: somebody is exchanging the file.
            WrongKey: the file exists and another key made it.
            StorageBroken: the file is no database of this product.
        """
        self._path = path
        self._key = key.hex()
        self._readers: queue.LifoQueue[Connection] = queue.LifoQueue(_READERS_KEPT)
        self._tasks: queue.Queue[tuple[Callable[[Connection], Any], Future[Any]] | None]
        self._tasks = queue.Queue(_QUEUE_SIZE)
        self._turn = threading.Lock()  # held by whoever uses the writing connection
        self._closed = False
        self._guard = SharedLock(guard) if guard is not None else None
        try:
            self._writer = self._connect(writable=True)
        except MedSpaError:
            self._release()
            raise
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def write(self, task: Callable[[Connection], Result]) -> Result:
        """Run `task` in one `BEGIN IMMEDIATE` transaction and return its result after COMMIT.

        Nothing of it happened when this raises: `task`'s own error, or one of `edge.store.errors`.
        """
        if self._closed:
            raise StorageBusy("store_closed", "the store is shutting down; try again after the restart")
        if self._is_idle():
            try:
                return self._transact(task)
            finally:
                self._turn.release()
        return self._in_turn(task)

    def _is_idle(self) -> bool:
        """Take the writing connection, unless somebody has it or waits for it; the caller gives it back."""
        if self._tasks.unfinished_tasks or not self._turn.acquire(blocking=False):
            return False
        if self._closed:
            self._turn.release()
            return False
        return True

    def _in_turn(self, task: Callable[[Connection], Result]) -> Result:
        """Let the writer thread run a task after those that came before."""
        future: Future[Result] = Future()
        try:
            self._tasks.put((task, future), timeout=5)
        except queue.Full:
            raise StorageBusy("store_busy", "the disk is too slow for what is being written; wait") from None
        while True:
            try:
                return future.result(timeout=1)
            except TimeoutError:
                # A task's own time-out is its result; else the writer is at work still, or has ended.
                if future.done():
                    raise
                if not self._thread.is_alive():
                    raise StorageBusy(
                        "store_closed", "the store is shutting down; try again after the restart"
                    ) from None

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Lend a read-only connection that sees every transaction committed before the `with`."""
        try:
            connection = self._readers.get_nowait()
        except queue.Empty:
            connection = self._connect(writable=False)
        try:
            yield connection
        except sqlcipher.DatabaseError as error:
            raise storage_error(error) from error
        finally:
            try:
                self._readers.put_nowait(connection)
            except queue.Full:
                connection.close()

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        if self._closed:
            return
        self._closed = True
        self._tasks.put(None)
        self._thread.join()
        while not self._readers.empty():
            self._readers.get_nowait().close()
        with self._turn:
            self._writer.close()
        self._release()

    def _release(self) -> None:
        if self._guard is not None:
            self._guard.close()

    def _connect(self, *, writable: bool) -> Connection:
        connection = sqlcipher.connect(str(self._path), isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA key = \"x'{self._key}'\"")
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if writable:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
                connection.execute("PRAGMA foreign_keys = ON")
            else:
                connection.execute("PRAGMA query_only = ON")
        except sqlcipher.DatabaseError as error:
            connection.close()
            raise storage_error(error) from error
        return connection

    def _run(self) -> None:
        while (item := self._tasks.get()) is not None:
            task, future = item
            try:
                result = self._in_hand(task)
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who is on another thread
                future.set_exception(error)
            else:
                future.set_result(result)

    def _in_hand(self, task: Callable[[Connection], Result]) -> Result:
        try:
            with self._turn:
                return self._transact(task)
        finally:
            self._tasks.task_done()

    def _transact(self, task: Callable[[Connection], Result]) -> Result:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = task(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        except sqlcipher.DatabaseError as error:
            raise storage_error(error) from error
        return result


def storage_error(error: Exception) -> MedSpaError:
    """Translate the library's error into what a caller can do about it."""
    text = str(error).lower()
    if "full" in text:
        return StorageFull("storage_full", "the disk is full; make room, then capture works again by itself")
    if "readonly" in text or "read-only" in text:
        return StorageReadOnly("storage_read_only", "the disk refuses writes; check the mount and the disk's health")
    if "not a database" in text or "hmac" in text:
        return WrongKey("wrong_key", "the database key does not open this database; use the key it was made with")
    if "locked" in text or "busy" in text:
        return StorageBusy("store_busy", "another program holds the database; stop it")
    if "i/o" in text or "unable to open" in text:
        return StorageReadOnly("storage_unusable", "the disk cannot be read or written; check it")
    return StorageBroken("store_broken", f"the database refused: {type(error).__name__}; run medspa verify")
