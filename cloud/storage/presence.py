"""Tells whether a hub runs on this data folder, so that nobody restores under its feet."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.errors import Retryable

_FILE: Final = ".hub.lock"


class HubRunning(Retryable):
    """A hub runs, or a restore is under way."""


@contextmanager
def hub_present(folder: Path) -> Iterator[None]:
    """Say that a hub runs for as long as the context lasts; several may.

    Raises:
        HubRunning: a restore is under way.
    """
    with _held(folder, fcntl.LOCK_SH, "a restore is under way; start the hub when it is done"):
        yield


@contextmanager
def nobody_present(folder: Path) -> Iterator[None]:
    """Keep hubs away for as long as the context lasts.

    Raises:
        HubRunning: one runs.
    """
    with _held(folder, fcntl.LOCK_EX, "the hub is running; stop it, then restore"):
        yield


@contextmanager
def _held(folder: Path, kind: int, sentence: str) -> Iterator[None]:
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubRunning("hub_running", sentence) from None
        yield
    finally:
        os.close(descriptor)
