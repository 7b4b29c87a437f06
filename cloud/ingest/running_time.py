"""Counts how long a restored hub has run, which no clock can be trusted to tell: see `handback.py`."""

from typing import Final

from cloud.storage.database import Database
from cloud.storage.hub_epoch import add_running_time, ran_since_restore
from shared.clock import Clock
from shared.worker import Worker

_COUNT_SECONDS: Final = 60.0


class RunningTime:
    """Stores the running time every minute, on a thread of its own; in one process of a hub only."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted_until = clock.monotonic()
        self._worker = Worker("running-time", self.step, every=_COUNT_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End."""
        self._worker.stop()

    def step(self) -> None:
        """Store the time since the last step, of a hub that was restored; what is left at its end is not counted."""
        with self._database.read_directory() as connection:
            if ran_since_restore(connection) is None:
                return
        now = self._clock.monotonic()
        with self._database.directory() as connection:
            add_running_time(connection, int(1000 * (now - self._counted_until)))
        self._counted_until = now
