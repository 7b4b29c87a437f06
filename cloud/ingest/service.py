"""The work between broker and database: a bounded queue and one thread that does it in order."""

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler, TooEarly
from cloud.metrics import HubMetrics
from cloud.storage.down_links import BoxAddress
from shared.clock import Clock
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected
from shared.wire import medspa_pb2 as wire
from shared.wire.topics import DOWN, topic

_TICK_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0
# A batch can overtake the one before it on its way through another process: it is tried again for so long.
_HOLD_SECONDS: Final = 1.0
_HELD_SECONDS: Final = 0.02
_HELD_MESSAGES: Final = 64


class Publisher(Protocol):
    """Where answers go; never raises, a message that cannot be sent now is asked for again."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at least once while connected."""
        ...


def _nothing() -> None:
    """Confirm to nobody."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as the broker brought it; `done` tells the broker that it was handled."""

    topic: str
    payload: bytes
    done: Callable[[], Any] = _nothing
    since: float = 0.0


class Wake:
    """Look for something to send down."""


WAKE: Final = Wake()


class IngestService:
    """Handles messages one after another, off the broker's thread; stays alive whatever arrives."""

    def __init__(
        self, handler: MessageHandler, links: DownLinks, metrics: HubMetrics, clock: Clock, capacity: int
    ) -> None:
        self._clock = clock
        self._handler = handler
        self._links = links
        self._metrics = metrics
        self._queue: queue.Queue[Arrived | Wake] = queue.Queue(capacity)
        self._publisher: Publisher | None = None
        self._log = structlog.get_logger()
        self._held: list[Arrived] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether messages are being handled."""
        return self._thread.is_alive()

    def start(self, publisher: Publisher) -> None:
        """Start handling; answers go to `publisher`."""
        self._publisher = publisher
        self._thread.start()

    def stop(self) -> None:
        """Finish the message in hand and stop; what waits was not acknowledged and comes again."""
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def submit(self, name: str, payload: bytes, done: Callable[[], Any] = _nothing) -> None:
        """Queue a message; when the queue is full it is dropped and counted, and its sender sends it again.

        Args:
            name: the topic.
            payload: the sealed message.
            done: called when the message needs this process no more.
        """
        try:
            self._queue.put_nowait(Arrived(name, payload, done))
        except queue.Full:
            self._metrics.dropped.inc()
            done()

    def wake(self) -> None:
        """Look at once for something new to send down."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(WAKE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                work = self._queue.get(timeout=_HELD_SECONDS if self._held else _TICK_SECONDS)
            except queue.Empty:
                work = WAKE
            self._metrics.waiting.set(self._queue.qsize())
            self.step(work)
            self._again()

    def _again(self) -> None:
        """Try the messages again that came before those they follow."""
        held, self._held = self._held, []
        for work in held:
            self.step(work)

    def step(self, work: Arrived | Wake) -> None:
        """Handle one message, or send what is due to every box. Never raises."""
        try:
            if isinstance(work, Arrived):
                self._handle(work)
            else:
                self._send_due()
        except Exception as error:  # noqa: BLE001 - the thread's boundary: one bad message must not stop the others
            # Rolled back and not acknowledged: the sender comes again.
            self._metrics.failed.inc()
            trace = not isinstance(error, SQLAlchemyError)
            self._log.error("ingest_failed", reason_code=type(error).__name__, exc_info=trace)
            if isinstance(work, Arrived):
                work.done()

    def _handle(self, work: Arrived) -> None:
        """Handle one message; one that came too early, past another process, is held a moment."""
        now = self._clock.monotonic()
        since = work.since or now
        patient = len(self._held) < _HELD_MESSAGES and now - since < _HOLD_SECONDS
        try:
            box, answers = self._handler.handle(work.topic, work.payload, patient=patient)
        except TooEarly:
            self._held.append(replace(work, since=since))
            return
        except (Rejected, CannotOpen) as error:
            self._metrics.refused.labels(error.code).inc()
            self._log.warning("message_refused", reason_code=error.code, bytes=len(work.payload))
            work.done()
            return
        # The box waits for its answer; nobody waits for the broker to hear that the message was handled.
        self._send(box, answers)
        work.done()

    def _send_due(self) -> None:
        for box in self._links.boxes():
            self._send(box, self._handler.due(box))

    def _send(self, box: BoxAddress, messages: list[wire.Message]) -> None:
        if self._publisher is None or not messages:
            return
        for sealed in self._handler.sealed(box, messages):
            self._publisher.publish(topic(box.tenant, box.device, DOWN), sealed)
