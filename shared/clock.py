"""Time as a port: wall time is for people, monotonic time for time-outs, never either for order."""

import ctypes
import time
from datetime import UTC, datetime
from typing import Final, Protocol

from shared.vocabulary import ClockQuality

_TIME_ERROR: Final = 5
# `struct ntptimeval` of glibc has 72 bytes; only the call's answer is of interest.
_NTPTIMEVAL_BYTES: Final = 128
_ASK_AGAIN_SECONDS: Final = 1.0
# Before this software was written: the machine has lost its clock and knows no time at all.
_EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Source of time passed to whatever needs one."""

    def wall(self) -> datetime:
        """Return the current time in UTC; may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    def quality(self) -> ClockQuality:
        """Tell whether wall time may be believed now."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._asked = (float("-inf"), ClockQuality.SUSPECT)

    def wall(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    def quality(self) -> ClockQuality:
        """Return what the kernel says of its own clock (ntp_gettime, RFC 1589), and doubt one from before our time."""
        now = self.monotonic()
        if now - self._asked[0] > _ASK_AGAIN_SECONDS:
            self._asked = (now, self._ask())
        return self._asked[1]

    def _ask(self) -> ClockQuality:
        if self.wall() < _EARLIEST:
            return ClockQuality.SUSPECT
        state = self._library.ntp_gettime(ctypes.create_string_buffer(_NTPTIMEVAL_BYTES))
        return ClockQuality.FREE_RUNNING if state in {_TIME_ERROR, -1} else ClockQuality.SYNCHRONISED
