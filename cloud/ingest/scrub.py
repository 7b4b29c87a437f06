"""Looks through what is stored, now and then, on a thread of its own, and asks the boxes for what is damaged."""

from collections.abc import Sequence

from cloud.ingest.handler import MessageHandler
from cloud.ingest.repair import Repairs
from cloud.ingest.service import Publisher
from cloud.storage.down_links import BoxAddress
from shared.ids import TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire.topics import DOWN, topic
from shared.worker import Worker


class Scrub:
    """Checks every tenant's logs at an interval, range by range."""

    def __init__(
        self,
        repairs: Repairs,
        handler: MessageHandler,
        publisher: Publisher,
        tenants: Sequence[TenantId],
        every_seconds: float,
    ) -> None:
        self._repairs = repairs
        self._handler = handler
        self._publisher = publisher
        self._tenants = tenants
        self._worker = Worker("scrub", self._round, every=every_seconds)

    def start(self) -> None:
        """Begin; the first look is after one interval."""
        self._worker.start()

    def stop(self) -> None:
        """End; a look under way ends with its range."""
        self._worker.stop()

    def look(self) -> int:
        """Look through everything once; return how many damaged events were asked for."""
        return sum(self._repairs.ask(tenant, self._send) for tenant in self._tenants)

    def _send(self, box: BoxAddress, message: wire.Message) -> None:
        for sealed in self._handler.sealed(box, [message]):
            self._publisher.publish(topic(box.tenant, box.device, DOWN), sealed)

    def _round(self) -> None:
        self.look()
