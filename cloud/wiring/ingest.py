"""What takes the boxes' messages: in the hub's process, and in others beside it."""

from cloud.config import BrokerMode, HubSettings
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.ingest.service import IngestService
from cloud.metrics import MetricsDoor
from cloud.wiring.broker import broker_client
from cloud.wiring.opening import Core, open_core
from shared.clock import Clock, SystemClock
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue

BROKER_SECONDS = 15.0


def make_ingest(core: Core) -> tuple[MessageHandler, IngestService]:
    """Return what handles messages, and the thread that lets it."""
    clock, database, metrics = core.clock, core.database, core.metrics
    links = DownLinks(database, clock)
    intake = Intake(database, complete_catalogue(), clock)
    handler = MessageHandler(database, core.keys, intake, links, metrics, clock)
    return handler, IngestService(handler, links, metrics, clock, core.settings.ingest.queue_messages)


class IngestWorker:
    """Ingest alone: shares the boxes' messages with a hub on the same external broker and PostgreSQL."""

    def __init__(self, settings: HubSettings, clock: Clock | None = None, metrics_port: int | None = None) -> None:
        """Open the database and the keys.

        Raises:
            Rejected: the hub runs its own broker or an embedded database, which no second process can share.
        """
        embedded = settings.effective_database_url.startswith("sqlite")
        if settings.broker.mode is not BrokerMode.EXTERNAL or embedded:
            raise Rejected("not_shareable", "several ingest processes need an external broker and PostgreSQL")
        core = open_core(settings, clock or SystemClock())
        self.database, self.metrics = core.database, core.metrics
        _, self._ingest = make_ingest(core)
        self._mqtt = broker_client(settings, core.authority, self._ingest.submit, presence=False)
        port = metrics_port or settings.ingest.metrics_port
        self._door = MetricsDoor(self.metrics, settings.ingest.metrics_host, port)

    def start(self) -> bool:
        """Start taking messages; tell whether the broker has agreed within some seconds. It is tried on until then.

        Raises:
            Retryable: the port of its metrics is taken; nothing was started.
        """
        self._door.start()
        self._ingest.start(self._mqtt)
        self._mqtt.start()
        return self._mqtt.wait_ready(BROKER_SECONDS)

    def stop(self) -> None:
        """Stop taking messages, finish the one in hand; what waits was not acknowledged and comes again."""
        self._mqtt.stop()
        self._ingest.stop()
        self._door.stop()
        self.database.close()
