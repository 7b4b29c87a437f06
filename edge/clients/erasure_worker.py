"""Carries approved deletions out as soon as they are approved, here or by a command beside the running box."""

from typing import Final

import structlog

from edge.clients.erasure import ClientEraser
from shared.worker import Worker

_LOOK_AGAIN_SECONDS: Final = 1.0


class ErasureWorker:
    """One thread; what was approved before the start is complete when `start` returns, unless the disk refuses."""

    def __init__(self, eraser: ClientEraser) -> None:
        self._eraser = eraser
        self._log = structlog.get_logger()
        self._worker = Worker("erasure", self._step, every=_LOOK_AGAIN_SECONDS)

    def start(self) -> None:
        """Complete what a stop left over, then go on until `stop`."""
        self._worker.do_now()
        self._worker.start()

    def wake(self, _seq: int) -> None:
        """Look at once; something was recorded."""
        self._worker.wake()

    def stop(self) -> None:
        """Stop; a deletion under way is completed after the next start."""
        self._worker.stop()

    def _step(self) -> None:
        count = self._eraser.complete_pending()
        if count:
            self._log.info("clients_erased", count=count)
