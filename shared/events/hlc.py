"""Hybrid logical clock (Kulkarni et al., 2014): close to wall time, never behind a cause.

A timestamp is 16 hex digits: 48 bits of milliseconds since 1970 and a 16-bit counter, so that text order is
time order.
"""

import threading
from dataclasses import dataclass
from typing import Self

from shared.clock import Clock
from shared.errors import Rejected

_COUNTER_LIMIT = 0xFFFF
MAX_DRIFT_MILLISECONDS = 24 * 3600 * 1000


class ClockTooFarAhead(Rejected):
    """A peer's timestamp lies so far in the future that following it would poison this clock."""


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """One reading of a hybrid logical clock."""

    milliseconds: int
    counter: int

    def __str__(self) -> str:
        """Return the 16 hex digits that are stored and sent."""
        return f"{self.milliseconds:012x}{self.counter:04x}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 16 hex digits.

        Raises:
            Rejected: the text is not a timestamp.
        """
        if len(text) != 16:
            raise Rejected("bad_hlc", "a logical timestamp has 16 hex digits")
        try:
            value = int(text, 16)
        except ValueError:
            raise Rejected("bad_hlc", "a logical timestamp has 16 hex digits") from None
        return cls(value >> 16, value & 0xFFFF)


class HybridClock:
    """Issues timestamps that only ever grow, whatever the wall clock does; safe to share by threads."""

    def __init__(self, clock: Clock, last: Timestamp | None = None) -> None:
        self._clock = clock
        self._last = last or Timestamp(0, 0)
        self._lock = threading.Lock()

    def tick(self) -> Timestamp:
        """Return a timestamp after every one issued or observed so far."""
        with self._lock:
            self._last = self._after(self._last)
            return self._last

    def observe(self, remote: Timestamp) -> None:
        """Take note of a peer's timestamp, so that the next `tick` comes after it.

        Raises:
            ClockTooFarAhead: it lies more than a day beyond this machine's wall clock.
        """
        if remote.milliseconds - self._wall() > MAX_DRIFT_MILLISECONDS:
            raise ClockTooFarAhead("clock_too_far_ahead", "a peer's clock is more than a day ahead; check both")
        with self._lock:
            self._last = max(self._last, remote)

    def _wall(self) -> int:
        return int(self._clock.wall().timestamp() * 1000)

    def _after(self, last: Timestamp) -> Timestamp:
        now = self._wall()
        if now > last.milliseconds:
            return Timestamp(now, 0)
        if last.counter < _COUNTER_LIMIT:
            return Timestamp(last.milliseconds, last.counter + 1)
        return Timestamp(last.milliseconds + 1, 0)
