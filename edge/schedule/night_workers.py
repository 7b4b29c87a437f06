"""What the box does of itself when the clinic sleeps: it closes the days that are over, and rolls those to come."""

import datetime as dt
from typing import Final

import structlog

from edge.schedule.book import ScheduleBook
from edge.schedule.night_book import NightBook
from edge.store.errors import VersionConflict
from shared.clock import Clock
from shared.vocabulary import ClockQuality
from shared.worker import Worker, in_turn

_STEP_SECONDS: Final = 60.0
_FIRST_SECONDS: Final = 5.0
_BOX: Final = "box"


class DayCloser:
    """Closes every day that is over, after the clinic's midnight and after a start; one thread."""

    def __init__(self, book: ScheduleBook, clock: Clock) -> None:
        """Have it done as soon as it is started."""
        self._book = book
        self._clock = clock
        self._done: dt.date | None = None
        self._worker = Worker("day_closer", self._step, every=_STEP_SECONDS, first=_FIRST_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End; what is open then is closed after the next start."""
        self._worker.stop()

    def close_past_days(self) -> int:
        """Close what is over and return how many days that were. Idempotent by the day.

        Nothing is closed by a clock that is not believed: a day closed too early would stay so.

        Raises:
            ExceptionGroup: of what went wrong, when every other day has been closed; the next call tries again.
        """
        today = self._book.today()
        if today == self._done or self._clock.quality() is ClockQuality.SUSPECT:
            return 0
        over = self._book.learnt.not_closed(today)
        in_turn(self._close, over)
        if not self._worker.stopping:
            self._done = today
        return len(over)

    def _close(self, day: dt.date) -> None:
        if not self._worker.stopping:
            self._book.close_day(day, _BOX)

    def _step(self) -> None:
        count = self.close_past_days()
        if count:
            structlog.get_logger().info("days_closed", count=count)


class NightRoller:
    """Rolls the coming days once a night; one thread."""

    def __init__(self, nights: NightBook, clock: Clock) -> None:
        """Have the hour looked at every minute."""
        self._nights = nights
        self._clock = clock
        self._worker = Worker("night_roller", self._step, every=_STEP_SECONDS, first=_FIRST_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End; a night that has not been rolled then is rolled after the next start, if that is soon enough."""
        self._worker.stop()

    def _step(self) -> None:
        if self._clock.quality() is ClockQuality.SUSPECT:
            return
        log = structlog.get_logger()
        try:
            night = self._nights.step()
        except VersionConflict as error:
            log.info("night_not_rolled", code=error.code)
            return
        if night is not None:
            log.info("night_rolled", moves=len(night.moves), count=len(night.placed), seconds=night.milliseconds / 1000)
            if night.left_out:
                log.warning("days_not_rolled", count=len(night.left_out))
