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
    """Hold the lock file `path` for as long as the context lasts; not re-entrant.

    Args:
        path: the lock file, made when missing and never removed.
        patience_seconds: how long to wait for whoever holds it.

    Raises:
        HeldByAnother: it was not free within that time.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, patience_seconds)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, patience_seconds: float) -> None:
    end = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise HeldByAnother(
                    "held_by_another", f"another program is at work in {path.parent}; stop it or wait for it"
                ) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return
