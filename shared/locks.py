"""A lock that processes and threads of one machine share; the system frees it when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.errors import Retryable

_PAUSE_SECONDS: Final = 0.01


class HeldByAnother(Retryable):
    """Somebody else is at work on the same files."""


@contextmanager
def exclusive(path: Path, patience_seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock file `path` alone for as long as the context lasts; not re-entrant.

    Args:
        path: the lock file, made when missing and never removed.
        patience_seconds: how long to wait for whoever holds it.

    Raises:
        HeldByAnother: it was not free within that time.
    """
    descriptor = _acquire(path, fcntl.LOCK_EX, patience_seconds)
    try:
        yield
    finally:
        os.close(descriptor)


class SharedLock:
    """Holds a lock file together with others, which keeps everybody from holding it alone."""

    def __init__(self, path: Path, patience_seconds: float = 60.0) -> None:
        """Take the lock.

        Raises:
            HeldByAnother: somebody held it alone for longer than that.
        """
        self._descriptor: int | None = _acquire(path, fcntl.LOCK_SH, patience_seconds)

    def close(self) -> None:
        """Let go of it; idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def _acquire(path: Path, kind: int, patience_seconds: float) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    end = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(descriptor)
                raise HeldByAnother(
                    "held_by_another", f"another program is at work in {path.parent}; stop it or wait for it"
                ) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return descriptor
