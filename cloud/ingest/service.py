"""The work between broker and database: a bounded queue and one thread that does it in order."""

import contextlib
import queue
import threading
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.ingest.downlink import BoxAddress, DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.metrics import HubMetrics
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected
from shared.wire import medspa_pb2 as wire
from shared.wire.topics import DOWN, topic

_TICK_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0


class Publisher(Protocol):
    """Where answers go; never raises, a message that cannot be sent now is asked for again."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at least once while connected."""
        ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as the broker brought it."""

    topic: str
    payload: bytes


class Wake:
    """Look for something to send down."""


WAKE: Final = Wake()


class IngestService:
    """Handles messages one after another, off the broker's thread; stays alive whatever arrives."""

    def __init__(self, handler: MessageHandler, links: DownLinks, metrics: HubMetrics, capacity: int) -> None:
        self._handler = handler
        self._links = links
        self._metrics = metrics
        self._queue: queue.Queue[Arrived | Wake] = queue.Queue(capacity)
        self._publisher: Publisher | None = None
        self._log = structlog.get_logger()
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

    def submit(self, name: str, payload: bytes) -> None:
        """Queue a message; when the queue is full it is dropped and counted, and its sender sends it again."""
        try:
            self._queue.put_nowait(Arrived(name, payload))
        except queue.Full:
            self._metrics.dropped.inc()

    def wake(self) -> None:
        """Look at once for something new to send down."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(WAKE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                work = self._queue.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                work = WAKE
            self._metrics.waiting.set(self._queue.qsize())
            self.step(work)

    def step(self, work: Arrived | Wake) -> None:
        """Handle one message, or send what is due to every box. Never raises."""
        try:
            if isinstance(work, Arrived):
                self._handle(work)
            else:
                self._send_due()
        except SQLAlchemyError as error:
            # Rolled back and not acknowledged: the sender comes again.
            self._metrics.failed.inc()
            self._log.error("ingest_failed", reason_code=type(error).__name__)
        except Exception:  # noqa: BLE001 - the thread's boundary: one bad message must not stop the others
            self._metrics.failed.inc()
            self._log.error("ingest_failed", exc_info=True)

    def _handle(self, work: Arrived) -> None:
        try:
            box, answers = self._handler.handle(work.topic, work.payload)
        except (Rejected, CannotOpen) as error:
            self._metrics.refused.labels(error.code).inc()
            self._log.warning("message_refused", reason_code=error.code, bytes=len(work.payload))
            return
        self._send(box, answers)

    def _send_due(self) -> None:
        for box in self._links.boxes():
            self._send(box, self._handler.due(box))

    def _send(self, box: BoxAddress, messages: list[wire.Message]) -> None:
        if self._publisher is None or not messages:
            return
        for sealed in self._handler.sealed(box, messages):
            self._publisher.publish(topic(box.tenant, box.device, DOWN), sealed)
