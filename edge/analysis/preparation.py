"""What a bundle needs done once and in the background: the proof that it computes what was released, and engines."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from edge.analysis.bundle_sessions import ServedBundle
from edge.log import get_logger
from edge.threads import NoThreadFree, Priority, ThreadBudget
from shared.errors import MedSpaError
from shared.vision.bundle import GraphRole

_PATIENCE_SECONDS: Final = 600.0


class Preparation:
    """Prepares one bundle in a thread of its own, on threads nobody else needs, while it serves already.

    Losing it at any point, to a power cut for instance, costs only time: the next start begins where it ended.
    """

    def __init__(self, served: ServedBundle, budget: ThreadBudget) -> None:
        self._served = served
        self._budget = budget
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundle-preparation", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Start no further step; a compilation that is under way ends with the process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the end and tell whether it was reached."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._step(self._served.verify)
        for role in GraphRole:
            self._step(partial(self._served.build_engine, role))

    def _step(self, work: Callable[[], object]) -> None:
        if self._stop.is_set():
            return
        try:
            with self._budget.take(Priority.BACKLOG, 1, _PATIENCE_SECONDS):
                work()
        except NoThreadFree:
            get_logger().info("preparation_put_off")
        except MedSpaError as error:
            get_logger().warning("preparation_failed", code=error.code)
