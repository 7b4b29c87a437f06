"""Puts work that comes one by one into small batches; for the backlog only, a live photograph never waits here."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from time import monotonic
from typing import Final, Generic, TypeVar

from edge.log import get_logger
from shared.errors import Retryable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST_AT_ONCE: Final = 32


class BacklogFull(Retryable):
    """As much is waiting as may wait; ask again later."""


class BatcherStopped(Retryable):
    """The batcher ended before this item's turn came."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How batches are made.

    Attributes:
        most: items of a batch, 1 to 32.
        wait_seconds: how long the first item of a batch waits for others.
        queue_size: items that may wait for their batch.
    """

    most: int = 8
    wait_seconds: float = 0.05
    queue_size: int = 256

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            ValueError: one is out of range.
        """
        if not 1 <= self.most <= MOST_AT_ONCE or self.wait_seconds < 0 or self.queue_size < 1:
            raise ValueError("a batch has 1 to 32 items, a wait of at least 0 seconds and room for one item to wait")


class MicroBatcher(Generic[Item, Answer]):
    """Answers single items by running batches of them in a thread of its own.

    A batch is run as soon as it is full or its first item has waited long enough. When a batch fails, its items
    are run one by one, so that only the one at fault fails. Safe to share by threads.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Answer]],
        limits: BatchLimits | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Make a batcher.

        Args:
            run: answers a batch, one answer an item and in their order; called on one thread only.
            limits: how batches are made.
            clock: monotonic seconds.
        """
        self._run = run
        self._limits = limits or BatchLimits()
        self._clock = clock
        self._queue: queue.Queue[tuple[Item, Future[Answer]] | None] = queue.Queue(self._limits.queue_size)
        self._stopped = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="micro-batcher", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def submit(self, item: Item) -> Future[Answer]:
        """Hand an item in and return its answer to come; never blocks.

        Raises:
            BacklogFull: too many are waiting.
            BatcherStopped: nothing is answered any more.
        """
        answer: Future[Answer] = Future()
        with self._lock:
            if self._stopped:
                raise _stopped()
            try:
                self._queue.put_nowait((item, answer))
            except queue.Full:
                raise BacklogFull("backlog_full", "Too much is waiting to be analysed. Try again later.") from None
        return answer

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """End after the batch under way; what still waits is told so."""
        with self._lock:
            self._stopped = True
        self._drain()
        if self._thread.is_alive():
            # Room was made just now, and nobody adds any more.
            self._queue.put_nowait(None)
            self._thread.join(timeout_seconds)
        self._drain()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._gather(first)
            self._answer(batch)
            if ended:
                return

    def _gather(self, first: tuple[Item, Future[Answer]]) -> tuple[list[tuple[Item, Future[Answer]]], bool]:
        """Return a batch and whether the end was met behind it."""
        batch, deadline = [first], self._clock() + self._limits.wait_seconds
        while len(batch) < self._limits.most:
            try:
                entry = self._queue.get(timeout=max(0.0, deadline - self._clock()))
            except queue.Empty:
                return batch, False
            if entry is None:
                return batch, True
            batch.append(entry)
        return batch, False

    def _answer(self, batch: list[tuple[Item, Future[Answer]]]) -> None:
        wanted = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
        if wanted:
            self._serve(wanted)

    def _serve(self, entries: list[tuple[Item, Future[Answer]]]) -> None:
        try:
            answers = self._checked_run([item for item, _ in entries])
        except Exception as error:  # noqa: BLE001 - the thread's boundary: whoever waits for an answer gets the error
            if len(entries) == 1:
                entries[0][1].set_exception(error)
                return
            get_logger().warning("batch_failed", count=len(entries), exc_info=True)
            for entry in entries:
                self._serve([entry])
            return
        for (_, future), answer in zip(entries, answers, strict=True):
            future.set_result(answer)

    def _checked_run(self, items: list[Item]) -> Sequence[Answer]:
        answers = self._run(items)
        if len(answers) != len(items):
            raise RuntimeError("a batch came back with another number of answers")
        return answers

    def _drain(self) -> None:
        while True:
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return
            if entry is not None:
                self._refuse(entry[1])

    @staticmethod
    def _refuse(future: Future[Answer]) -> None:
        try:
            future.set_exception(_stopped())
        except InvalidStateError:
            return  # its caller cancelled it


def _stopped() -> BatcherStopped:
    return BatcherStopped("batcher_stopped", "The box is shutting down. Try again when it is back.")
