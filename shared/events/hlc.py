"""Hybrid logical clock (Kulkarni et al., 2014): close to wall time, never behind a cause.

A timestamp is 16 hex digits: 48 bits of milliseconds since 1970 and a 16-bit counter, so that text order is
time order.
"""

import threading
from dataclasses import dataclass
from typing import Self

from shared.clock import Clock
from shared.errors import Rejected
from shared.vocabulary import ClockQuality

_COUNTER_LIMIT = 0xFFFF
MAX_DRIFT_MILLISECONDS = 24 * 3600 * 1000
MAX_OFF_MILLISECONDS = 400 * MAX_DRIFT_MILLISECONDS


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
    """Issues timestamps that only ever grow, whatever the wall clock does; safe to share by threads.

    A wall clock that leaps by more than a day while nothing vouches for it is not followed: timestamps go on by
    monotonic time, so that a battery that died cannot put this log, and whoever compares with it, years ahead.
    """

    def __init__(self, clock: Clock, last: Timestamp | None = None) -> None:
        """Begin behind the timestamp issued last, however long ago that was."""
        self._clock = clock
        self._last = last or Timestamp(0, 0)
        self._lock = threading.Lock()
        self._anchor = (self._first_wall(), clock.monotonic())

    def tick(self) -> Timestamp:
        """Return a timestamp after every one issued or observed so far."""
        with self._lock:
            self._last = self._after(self._last)
            return self._last

    def observe(self, remote: Timestamp) -> None:
        """Take note of a peer's timestamp, so that the next `tick` comes after it.

        Raises:
            ClockTooFarAhead: it lies more than a day beyond this machine's time.
        """
        with self._lock:
            if remote.milliseconds - self._now() > MAX_DRIFT_MILLISECONDS:
                raise ClockTooFarAhead("clock_too_far_ahead", "a peer's clock is more than a day ahead; check both")
            self._last = max(self._last, remote)

    def _first_wall(self) -> int:
        """Return the time to begin with: a machine was off for weeks, but not for years, and never before its log."""
        now = self._wall()
        if self._last.milliseconds == 0 or self._is_vouched_for():
            return now
        return min(max(now, self._last.milliseconds), self._last.milliseconds + MAX_OFF_MILLISECONDS)

    def _now(self) -> int:
        """Return wall time, or what it would be had it not leapt."""
        now, monotonic = self._wall(), self._clock.monotonic()
        anchor, since = self._anchor
        expected = anchor + int((monotonic - since) * 1000)
        if abs(now - expected) > MAX_DRIFT_MILLISECONDS and not self._is_vouched_for():
            return expected
        self._anchor = (now, monotonic)
        return now

    def _is_vouched_for(self) -> bool:
        return self._clock.quality() is ClockQuality.SYNCHRONISED

    def _wall(self) -> int:
        return int(self._clock.wall().timestamp() * 1000)

    def _after(self, last: Timestamp) -> Timestamp:
        now = self._now()
        if now > last.milliseconds:
            return Timestamp(now, 0)
        if last.counter < _COUNTER_LIMIT:
            return Timestamp(last.milliseconds, last.counter + 1)
        return Timestamp(last.milliseconds + 1, 0)
