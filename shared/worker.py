"""The one way to do something again and again in the background."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NewType, TypeVar

import structlog

from shared.errors import MedSpaError, Retryable

Item = TypeVar("Item")
Seconds = NewType("Seconds", float)

STOP_SECONDS: Final = 5.0
# After failures a worker rests twice as long each time, up to this: the disk or the hub may be back any moment.
_LONGEST_REST_SECONDS: Final = 10.0
_MOST_DOUBLINGS: Final = 10


class Worker:
    """Runs a step on a thread of its own: when its time has come, and as soon as it is woken.

    No wake-up is lost: one that comes while a step runs, or before the start, has another step follow at once. A step
    that fails is tried again after a rest; trouble is logged with the worker's name when it begins, when it changes
    and when it is over, not for each attempt of a week offline. Nothing but `stop` ends the loop.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Seconds | None],
        *,
        every: float,
        first: float | None = None,
        breath: float = 0.0,
    ) -> None:
        """Make a worker; it begins with `start`.

        Args:
            name: of the thread, and in log lines.
            step: what is done; may return the seconds until the next one, where they differ from `every`.
            every: seconds between steps.
            first: seconds until the first step; as long as `every` unless told.
            breath: seconds that pass between steps however often it is woken.
        """
        self.name = name
        self._step = step
        self._every = every
        self._first = every if first is None else first
        self._breath = breath
        self._changed = threading.Condition()
        self._woken = self._stopping = False
        self._failures = 0
        self._trouble: list[str] = []
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for; a long step looks here between its parts."""
        return self._stopping

    def start(self) -> None:
        """Begin; once only.

        Raises:
            RuntimeError: it was started before.
        """
        self._thread.start()

    def do_now(self) -> None:
        """Do one step before the start and in the caller's thread, guarded like all others."""
        self._attempt()

    def wake(self) -> None:
        """Have a step begin after this call, soon; never blocks, from whatever thread."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Ask for the end and wait for it, at most `timeout` seconds: the step in hand is finished, no other begins.

        Idempotent; harmless before the start. Within a step it only asks.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if not self._thread.is_alive() or self._thread is threading.current_thread():
            return
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._log.warning("worker_still_at_work", worker=self.name)

    def _run(self) -> None:
        rest, pause = 0.0, self._first
        while self._wait(rest, pause):
            rest, pause = self._attempt()

    def _wait(self, rest: float, pause: float) -> bool:
        """Wait until the next step is due; tell whether there is one. A wake-up cuts the pause, but not the rest."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, rest)
            self._changed.wait_for(lambda: self._stopping or self._woken, max(0.0, pause - rest))
            self._woken = False
            return not self._stopping

    def _attempt(self) -> tuple[float, float]:
        """Do one step; return the rest and the pause after it."""
        try:
            wanted = self._step()
        except Exception as error:  # noqa: BLE001 - the thread's boundary: what failed is tried again
            self._failures += 1
            self._say(error)
            rest = max(self._breath, rest_after(self._failures, self._every))
            return rest, max(rest, self._every)
        if self._failures:
            self._log.info("worker_recovered", worker=self.name, attempt=self._failures)
        self._failures, self._trouble = 0, []
        return self._breath, self._every if wanted is None else wanted

    def _say(self, error: Exception) -> None:
        """Log a step's errors, unless they are those of the step before."""
        errors = list(_parts(error))
        trouble = [_kind(part) for part in errors]
        if trouble == self._trouble:
            return
        self._trouble = trouble
        for part in errors:
            if isinstance(part, Retryable):
                self._log.warning("worker_waits", worker=self.name, code=part.code)
            else:
                self._log.error("worker_failed", worker=self.name, code=_kind(part), exc_info=part)


def rest_after(failures: int, every: float) -> float:
    """Return how many seconds a worker rests after its last `failures` steps have failed."""
    return min(every * 2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_REST_SECONDS)


def in_turn(step: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Do a step for each item; one's trouble keeps no other from its turn.

    Raises:
        ExceptionGroup: of what went wrong, when every item has had its turn.
    """
    troubles: list[Exception] = []
    for item in items:
        try:
            step(item)
        except Exception as error:  # noqa: BLE001 - raised below
            troubles.append(error)
    if troubles:
        raise ExceptionGroup("some items failed", troubles)


def _parts(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for part in error.exceptions:
            yield from _parts(part)
    else:
        yield error


def _kind(error: Exception) -> str:
    return error.code if isinstance(error, MedSpaError) else type(error).__name__
