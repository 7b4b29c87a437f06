"""Notices when wall time moves by itself, and puts it on record: people read times, nothing is ordered by them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.clock import Clock
from shared.events.catalogue.system import ClockJumped
from shared.events.envelope import EventDraft
from shared.ids import DeviceId
from shared.worker import Worker

JUMP_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 1.0


class ClockWatch:
    """Compares wall time with monotonic time, on its own thread."""

    def __init__(
        self,
        clock: Clock,
        device: DeviceId,
        record: Callable[[Sequence[EventDraft]], object],
        last_event_at: datetime | None,
    ) -> None:
        """Begin to watch.

        Args:
            clock: what is watched.
            device: this box.
            record: appends events to the log.
            last_event_at: wall time of the log's last event; a start before it is a jump back.
        """
        self._clock = clock
        self._device = device
        self._record = record
        self._log = structlog.get_logger()
        self._seen = (clock.wall(), clock.monotonic())
        self._behind = _seconds_behind(clock.wall(), last_event_at)
        self._worker = Worker("clock-watch", self.look, every=_LOOK_SECONDS)

    def start(self) -> None:
        """Watch until `stop`."""
        self._worker.start()

    def stop(self) -> None:
        """Stop watching."""
        self._worker.stop()

    def look(self) -> None:
        """Compare once, and record what moved since the last look; what cannot be recorded now is kept for later.

        Raises:
            Retryable: the record refuses.
        """
        if self._behind:
            self._note(-self._behind, at_start=True)
            self._behind = 0.0
        wall, monotonic = self._clock.wall(), self._clock.monotonic()
        expected = self._seen[0] + timedelta(seconds=monotonic - self._seen[1])
        moved = (wall - expected).total_seconds()
        if abs(moved) >= JUMP_SECONDS:
            self._note(moved, at_start=False)
        self._seen = (wall, monotonic)

    def _note(self, seconds: float, *, at_start: bool) -> None:
        payload = ClockJumped(seconds=round(seconds, 3), at_start=at_start)
        self._record([EventDraft(f"box/{self._device}", payload, "box", "operation")])
        self._log.warning("clock_jumped", seconds=round(seconds, 1))


def _seconds_behind(now: datetime, last: datetime | None) -> float:
    behind = (last - now).total_seconds() if last is not None else 0.0
    return behind if behind >= JUMP_SECONDS else 0.0
