"""Runs a candidate on new captures in the background: seen by nobody, behind everything else, resumed by the log.

The queue is bounded because it is not kept: what waits is asked from the log a page at a time, so neither a
crash nor a week of captures can lose an entry or fill the memory.
"""

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from edge.analysis.domain import AnalysisResult
from edge.review.domain import BundleRef
from edge.review.shadow_log import ShadowLog, WaitingCapture
from edge.threads import Priority, ThreadBudget
from edge.visits.library import CaptureLibrary
from shared.clock import Clock
from shared.errors import Corrupt, Rejected, Retryable
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits, decode_image
from shared.imaging.image import RgbImage
from shared.vocabulary import ConsentPurpose, ImageKind
from shared.worker import Worker

PURPOSE: Final = "shadow_evaluation"
_PAGE: Final = 32
_LOOK_AGAIN_SECONDS: Final = 30.0
_BREATH_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 10.0
# Trying a candidate out improves the software; the client must allow that beside the record itself.
_NEEDED: Final = frozenset({ConsentPurpose.TREATMENT_RECORD, ConsentPurpose.MODEL_TRAINING})

Granted = Callable[[ClientId], list[ConsentPurpose]]


class BackgroundAnalyser(Protocol):
    """A candidate: a bundle and what runs it."""

    @property
    def bundle(self) -> BundleRef:
        """Which models these are."""
        ...

    def analyse(self, image: RgbImage) -> AnalysisResult:
        """Return what the candidate outlines on one photograph."""
        ...


class Photographs(Protocol):
    """Where the photographs come from."""

    def open(self, capture: str) -> RgbImage:
        """Return a capture's original, opened and decoded; the look is on record.

        Raises:
            Rejected: there is none, it cannot be opened any more, or it is no picture.
            Corrupt: it is damaged on disk.
        """
        ...


class VaultPhotographs:
    """`Photographs` from the clinic's own vault."""

    def __init__(self, library: CaptureLibrary, limits: ImageLimits) -> None:
        self._library = library
        self._limits = limits

    def open(self, capture: str) -> RgbImage:
        """Return a capture's original."""
        return decode_image(self._library.open_image(capture, ImageKind.ORIGINAL, PURPOSE, "box"), self._limits)


class ShadowWorker:
    """Runs one candidate on a thread of its own."""

    def __init__(
        self,
        log: ShadowLog,
        analyser: BackgroundAnalyser,
        photographs: Photographs,
        granted: Granted,
        threads: ThreadBudget,
        clock: Clock,
    ) -> None:
        """Keep the collaborators.

        Args:
            log: says what waits and takes the results.
            analyser: the candidate.
            photographs: opens captures.
            granted: returns what a client allows at this moment.
            threads: the machine's budget, of which the candidate takes what nobody else wants.
            clock: measures how long an analysis takes.
        """
        self._log = log
        self._analyser = analyser
        self._photographs = photographs
        self._granted = granted
        self._threads = threads
        self._clock = clock
        self._lines = structlog.get_logger()
        self._set_aside: dict[str, str] = {}
        self._worker = Worker("shadow", self._round, every=_LOOK_AGAIN_SECONDS, first=0.0, breath=_BREATH_SECONDS)

    @property
    def set_aside(self) -> dict[str, str]:
        """Captures that could not be opened, with the reason; tried again after the next start."""
        return dict(self._set_aside)

    def start(self) -> None:
        """Record that the candidate runs from now on, unless it did already, and begin."""
        self._log.switch(self._analyser.bundle)
        self._worker.start()

    def stop(self) -> None:
        """Stop after the photograph under way; the log knows the rest."""
        self._worker.stop(_STOP_SECONDS)

    def wake(self, _seq: int) -> None:
        """Take note that something was recorded; never blocks who recorded it."""
        self._worker.wake()

    def run_waiting(self) -> int:
        """Analyse everything that waits and may be analysed now, and return how many that were.

        Raises:
            Retryable: the record or the machine is busy; what waits goes on waiting.
        """
        done, after = 0, 0
        while page := self._log.waiting(self._analyser.bundle, _PAGE, after):
            after = page[-1].place
            done += sum(self._one(item) for item in page)
        return done

    def _one(self, item: WaitingCapture) -> bool:
        if self._worker.stopping or item.capture in self._set_aside or not self._allowed(item.client):
            return False
        # Set aside while it is tried: one that breaks the candidate must not stand before all others for ever.
        self._set_aside[item.capture] = "unfinished"
        try:
            recorded = self._analysed(item)
        except Retryable:
            del self._set_aside[item.capture]
            raise
        except (Rejected, Corrupt) as error:
            self._set_aside[item.capture] = error.code
            self._lines.warning("shadow_capture_set_aside", capture=item.capture, code=error.code)
            return False
        del self._set_aside[item.capture]
        return recorded

    def _analysed(self, item: WaitingCapture) -> bool:
        image = self._photographs.open(item.capture)
        with self._threads.take(Priority.BACKLOG, 1, _PATIENCE_SECONDS):
            started = self._clock.monotonic()
            result = self._analyser.analyse(image)
            milliseconds = (self._clock.monotonic() - started) * 1000
        # The analysis takes its time; a client may have withdrawn meanwhile.
        if not self._allowed(item.client):
            return False
        self._log.completed(item, self._analyser.bundle, result, milliseconds)
        return True

    def _allowed(self, client: ClientId) -> bool:
        return _NEEDED.issubset(self._granted(client))

    def _round(self) -> None:
        count = self.run_waiting()
        if count:
            self._lines.info("shadow_runs_completed", count=count, version=self._analyser.bundle.version)
