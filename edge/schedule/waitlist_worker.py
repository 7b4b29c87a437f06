"""Does what is due on the waitlist: when a day has changed, when somebody has answered, and as time passes."""

import datetime as dt
from typing import Final

import structlog

from edge.schedule.waitlist_book import WaitlistBook
from shared.worker import Worker

_LOOK_AGAIN_SECONDS: Final = 5.0
# A replan and the changes that follow it are one thing for whoever looks: the replan first, then what is still free.
_BREATH_SECONDS: Final = 1.0


class WaitlistWorker:
    """One thread."""

    def __init__(self, waitlist: WaitlistBook) -> None:
        """Have every change of a day looked at."""
        self._waitlist = waitlist
        self._log = structlog.get_logger()
        self._worker = Worker("waitlist", self._step, every=_LOOK_AGAIN_SECONDS, breath=_BREATH_SECONDS)
        waitlist.book.on_change(self._changed)
        waitlist.on_command(self._worker.wake)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """End; what is due then is done after the next start."""
        self._worker.stop()

    def _changed(self, day: dt.date) -> None:
        del day
        self._worker.wake()

    def _step(self) -> None:
        count = self._waitlist.step()
        if count:
            self._log.info("waitlist_moved_on", count=count)
