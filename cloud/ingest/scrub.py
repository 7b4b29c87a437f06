"""Looks through what is stored, now and then, on a thread of its own, and asks the boxes for what is damaged."""

import threading
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.ingest.handler import MessageHandler
from cloud.ingest.repair import Repairs
from cloud.ingest.service import Publisher
from cloud.storage.down_links import BoxAddress
from shared.ids import TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire.topics import DOWN, topic


class Scrub:
    """Checks every tenant's logs at an interval, range by range."""

    def __init__(
        self, repairs: Repairs, handler: MessageHandler, publisher: Publisher, tenants: Sequence[TenantId]
    ) -> None:
        self._repairs = repairs
        self._handler = handler
        self._publisher = publisher
        self._tenants = tenants
        self._log = structlog.get_logger()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scrub", daemon=True)
        self._seconds = 0.0

    def start(self, seconds: float) -> None:
        """Begin; the first look is after one interval of `seconds`."""
        self._seconds = seconds
        self._thread.start()

    def stop(self) -> None:
        """End; a look under way ends with its range."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def look(self) -> int:
        """Look through everything once; return how many damaged events were asked for."""
        return sum(self._repairs.ask(tenant, self._send) for tenant in self._tenants)

    def _send(self, box: BoxAddress, message: wire.Message) -> None:
        for sealed in self._handler.sealed(box, [message]):
            self._publisher.publish(topic(box.tenant, box.device, DOWN), sealed)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self.look()
            except SQLAlchemyError as error:
                self._log.error("scrub_failed", reason_code=type(error).__name__)
