"""One true time for the whole world, and for each machine a clock that may be wrong about it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.vocabulary import ClockQuality

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY_SECONDS = 24 * 3600.0
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class TrueTime:
    """Seconds since the world began."""

    now: float = 0.0


class MachineClock:
    """A machine's own idea of time: the wall clock may jump, the monotonic one may not."""

    def __init__(self, time: TrueTime) -> None:
        self._time = time
        self._wrong_by = timedelta(0)
        self._quality = ClockQuality.SYNCHRONISED

    def wall(self) -> datetime:
        """Return what the machine believes."""
        return self.true_wall() + self._wrong_by

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return self._time.now

    def quality(self) -> ClockQuality:
        """Return what the machine thinks of its own wall clock."""
        return self._quality

    def true_wall(self) -> datetime:
        """Return what it really is."""
        return START + timedelta(seconds=self._time.now)

    def jump(self, by: timedelta, quality: ClockQuality) -> None:
        """Move the wall clock; a time server may vouch for what is wrong, too."""
        self._wrong_by += by
        self._quality = quality

    def lose_battery(self) -> None:
        """Believe that it is 1970."""
        self._wrong_by = UNIX_EPOCH - self.true_wall()
        self._quality = ClockQuality.SUSPECT

    def set_right(self) -> None:
        """Follow a time server again."""
        self._wrong_by = timedelta(0)
        self._quality = ClockQuality.SYNCHRONISED
