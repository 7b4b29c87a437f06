"""One budget of threads for everything on the box that computes: photographs, the schedule, the backlog."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from time import monotonic

from shared.errors import Retryable


class Priority(IntEnum):
    """Who goes first; lower numbers do."""

    LIVE = 0
    SOLVER = 1
    BACKLOG = 2


class NoThreadFree(Retryable):
    """Others computed for as long as the caller was willing to wait."""


class ThreadBudget:
    """Hands out threads so that the box never computes on more than it has.

    A live photograph never waits for the solver or the backlog: the client stands in front of the camera, and
    those two cannot be interrupted. It waits for other photographs only, so for a moment there may be more threads
    at work than the machine has, by one photograph's share. The solver takes what is left, the backlog what
    neither of them wants. Safe to call from any thread; not re-entrant.
    """

    def __init__(self, total: int, clock: Callable[[], float] = monotonic) -> None:
        """Make a budget of `total` threads; `clock` gives monotonic seconds.

        Raises:
            ValueError: it has no thread.
        """
        if total < 1:
            raise ValueError("a thread budget needs at least one thread")
        self.total = total
        self._clock = clock
        self._used: Counter[Priority] = Counter()
        self._waiting: Counter[Priority] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, priority: Priority, wanted: int, patience_seconds: float) -> Iterator[int]:
        """Hold up to `wanted` threads, at least one, and yield how many they are.

        Raises:
            ValueError: no thread is wanted.
            NoThreadFree: none was free within `patience_seconds`.
        """
        if wanted < 1:
            raise ValueError("who computes needs at least one thread")
        granted = self._acquire(priority, wanted, patience_seconds)
        try:
            yield granted
        finally:
            with self._changed:
                self._used[priority] -= granted
                self._changed.notify_all()

    def used(self, priority: Priority) -> int:
        """Return how many threads are held at a priority now."""
        with self._changed:
            return self._used[priority]

    def waiting(self, priority: Priority) -> int:
        """Return how many callers wait at a priority now."""
        with self._changed:
            return self._waiting[priority]

    def _acquire(self, priority: Priority, wanted: int, patience_seconds: float) -> int:
        deadline = self._clock() + patience_seconds
        with self._changed:
            self._waiting[priority] += 1
            self._changed.notify_all()
            try:
                while (free := self._free_for(priority)) < 1:
                    left = deadline - self._clock()
                    if left <= 0:
                        raise NoThreadFree("no_thread_free", "The box is busy computing. Please try again in a moment.")
                    self._changed.wait(left)
                granted = min(wanted, free)
                self._used[priority] += granted
                return granted
            finally:
                self._waiting[priority] -= 1
                self._changed.notify_all()

    def _free_for(self, priority: Priority) -> int:
        if priority is Priority.LIVE:
            return self.total - self._used[Priority.LIVE]
        if any(self._waiting[ahead] for ahead in Priority if ahead < priority):
            return 0
        return self.total - self._used.total()
