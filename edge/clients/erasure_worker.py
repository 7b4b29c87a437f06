"""Carries approved deletions out as soon as they are approved, here or by a command beside the running box."""

import threading
from typing import Final

import structlog

from edge.clients.erasure import ClientEraser
from shared.errors import Retryable

_LOOK_AGAIN_SECONDS: Final = 1.0
_AFTER_FAILURE_SECONDS: Final = 5.0


class ErasureWorker:
    """One thread; what was approved before the start is complete when `start` returns, unless the disk refuses."""

    def __init__(self, eraser: ClientEraser) -> None:
        self._eraser = eraser
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="erasure", daemon=True)

    def start(self) -> None:
        """Complete what a stop left over, then go on until `stop`."""
        self._step()
        self._thread.start()

    def wake(self, _seq: int) -> None:
        """Look at once; something was recorded."""
        self._wake.set()

    def stop(self) -> None:
        """Stop; a deletion under way is completed after the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_LOOK_AGAIN_SECONDS)
            self._wake.clear()
            if not self._step():
                self._stopping.wait(_AFTER_FAILURE_SECONDS)

    def _step(self) -> bool:
        try:
            count = self._eraser.complete_pending()
        except Retryable as error:
            self._log.warning("erasure_waits", code=error.code)
            return False
        except Exception:  # noqa: BLE001 - the thread's boundary: an approved deletion is tried until it is done
            self._log.error("erasure_failed", exc_info=True)
            return False
        if count:
            self._log.info("clients_erased", count=count)
        return True
