"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

from shared.vocabulary import ClockQuality


class ManualClock:
    """Wall and monotonic time under the test's control."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._wall = start
        self._monotonic = 0.0
        self.believed = ClockQuality.FREE_RUNNING

    def wall(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def quality(self) -> ClockQuality:
        return self.believed

    def advance(self, seconds: float) -> None:
        self._wall += timedelta(seconds=seconds)
        self._monotonic += seconds

    def jump_wall(self, seconds: float) -> None:
        self._wall += timedelta(seconds=seconds)
