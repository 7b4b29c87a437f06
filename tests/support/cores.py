"""Work that a test spreads over every core, in fresh processes, with its results in order."""

import logging
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

import structlog

Item = TypeVar("Item")
Result = TypeVar("Result")
_WAITING_EACH: Final = 4
_PROGRESS_SECONDS: Final = 30.0


class Cores:
    """A process a core; each is kept, so that what it has imported and made serves for all it is given."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int, say: Callable[[str], None]) -> None:
        self._pool, self._processes, self._say = pool, processes, say

    def each(
        self, work: Callable[[Item], Result], items: Iterable[Item], what: str, total: int | None = None
    ) -> Iterator[Result]:
        """Do the same with each item; the results come in order, few items wait in memory.

        Args:
            work: a function of a module, as other processes are to find it.
            items: what can be sent to another process.
            what: names the items in lines of progress.
            total: how many there are, where that is known.

        Raises:
            Exception: whatever `work` raises.
        """
        said, done, waiting = time.monotonic(), 0, deque[Future[Result]]()
        coming = iter(items)
        while True:
            while len(waiting) < self._processes * _WAITING_EACH and (item := next(coming, None)) is not None:
                waiting.append(self._pool.submit(work, item))
            if not waiting:
                return
            yield waiting.popleft().result()
            done += 1
            if time.monotonic() - said > _PROGRESS_SECONDS:
                said = time.monotonic()
                self._say(f"{what}: {done}" if total is None else f"{what}: {done} of {total}")


@contextmanager
def every_core(say: Callable[[str], None], processes: int | None = None) -> Iterator[Cores]:
    """Start the processes, one a core unless told otherwise; what waits when the context ends is not done."""
    count = processes or os.cpu_count() or 1
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=quiet)
    try:
        yield Cores(pool, count, say)
    finally:
        pool.shutdown(cancel_futures=True)


def quiet() -> None:
    """Say nothing of what the product logs: where faults are injected everything goes wrong all the time."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
