"""Wires the hub together and runs it; the only place where its capabilities meet."""

import secrets
import signal
import sys
import threading
from functools import partial
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.bookings.desk import BookingDesk
from cloud.broker import HUB_USER, EmbeddedBroker
from cloud.config import BrokerMode, HubSettings
from cloud.erasure.eraser import EraserTools, HubEraser
from cloud.erasure.signing import ReceiptSigner
from cloud.erasure.worker import HubErasureWorker
from cloud.fleet.api import RateLimit, TooManyTries, enrolment_router
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.exchange import KeyExchange, KeyWatch
from cloud.fleet.keys import TenantKeys
from cloud.history.service import HistoryService
from cloud.ingest.backfill import BackfillService
from cloud.ingest.down_writer import DownWriter
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.ingest.mqtt import BrokerLogin, HubMqtt, Subscription
from cloud.ingest.parking import ParkedDesk
from cloud.ingest.service import IngestService
from cloud.keyservice.escrow import KeyService
from cloud.keyservice.service import EscrowService
from cloud.metrics import HubMetrics
from cloud.portal.api import create_portal_api
from cloud.portal.ports import PortalPorts
from cloud.queries.ports import BookingQueries, ConfiguredViewer, FleetQueries, HubReadiness, ParkedDecisions
from cloud.rpc.callers import Callers
from cloud.rpc.server import AddService, RpcServer
from cloud.storage.clinics import store_tenants, tenant_names
from cloud.storage.database import Database, migrate
from cloud.storage.devices import DeviceRepository
from cloud.storage.hub_epoch import hub_life
from cloud.storage.times import to_milliseconds
from cloud.transparency.announcer import HeadAnnouncer
from cloud.transparency.keeper import LogKeeper, open_log_key
from cloud.transparency.service import TransparencyService
from shared.clock import Clock, SystemClock
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue
from shared.http.errors import install_error_handlers
from shared.http.guard import GuardSettings
from shared.ids import TenantId, Uuid7Source
from shared.logging import configure_logging, log_dying_threads
from shared.wire import backfill_pb2_grpc as backfill_rpc
from shared.wire import escrow_pb2_grpc as escrow_rpc
from shared.wire import history_pb2_grpc as history_rpc
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire import transparency_pb2_grpc as transparency_rpc

_BROKER_SECONDS = 15.0


def open_database(settings: HubSettings) -> Database:
    """Bring the tables up to date, make the configured tenants known, and return the database."""
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate(settings.effective_owner_url, settings.effective_database_url)
    database = Database(settings.effective_database_url)
    store_tenants(database, settings.tenants)
    return database


def open_keys(settings: HubSettings) -> TenantKeys:
    """Return the keys of the configured tenants, made at their first use."""
    return TenantKeys(SealedKeyFolder(settings.effective_keys_folder), frozenset(configured_tenants(settings)))


def open_key_service(settings: HubSettings, clock: Clock) -> KeyService:
    """Return the tenants' key service, which has a folder and a file of its own."""
    return KeyService(settings.effective_key_service_folder, frozenset(configured_tenants(settings)), clock)


def configured_tenants(settings: HubSettings) -> list[TenantId]:
    """Return whom this hub serves."""
    return [TenantId(tenant.id) for tenant in settings.tenants]


def make_ingest(
    settings: HubSettings, database: Database, keys: TenantKeys, metrics: HubMetrics, clock: Clock
) -> tuple[MessageHandler, IngestService]:
    """Return what handles messages, and the thread that lets it."""
    links = DownLinks(database, clock)
    handler = MessageHandler(database, keys, Intake(database, complete_catalogue(), clock), links, metrics, clock)
    return handler, IngestService(handler, links, metrics, clock, settings.ingest.queue_messages)


def subscription(settings: HubSettings, *, presence: bool = True) -> Subscription:
    """Return how a process takes messages: shared with others on an external broker, alone on its own."""
    ingest, external = settings.ingest, settings.broker.mode is BrokerMode.EXTERNAL
    return Subscription(ingest.group if external else None, ingest.receive_maximum, presence)


class IngestWorker:
    """Ingest alone: shares the boxes' messages with a hub on the same external broker and PostgreSQL."""

    def __init__(self, settings: HubSettings, clock: Clock | None = None) -> None:
        """Open the database and the keys.

        Raises:
            Rejected: the hub runs its own broker or an embedded database, which no second process can share.
        """
        self.database = open_database(settings)
        if settings.broker.mode is not BrokerMode.EXTERNAL or self.database.is_sqlite:
            self.database.close()
            raise Rejected("not_shareable", "several ingest processes need an external broker and PostgreSQL")
        clock = clock or SystemClock()
        self.metrics = HubMetrics()
        _, self._ingest = make_ingest(settings, self.database, open_keys(settings), self.metrics, clock)
        _, login = _broker(settings)
        taken = subscription(settings, presence=False)
        self._mqtt = HubMqtt(login, f"hub-{secrets.token_hex(4)}", self._ingest.submit, taken)

    def start(self) -> bool:
        """Start taking messages; tell whether the broker has agreed within some seconds. It is tried on until then."""
        self._ingest.start(self._mqtt)
        self._mqtt.start()
        return self._mqtt.wait_ready(_BROKER_SECONDS)

    def stop(self) -> None:
        """Stop taking messages, finish the one in hand; what waits was not acknowledged and comes again."""
        self._mqtt.stop()
        self._ingest.stop()
        self.database.close()


class Hub:
    """One hub: database, broker, ingest, image service and web application."""

    def __init__(self, settings: HubSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self.database = open_database(settings)
        self.keys = open_keys(settings)
        self.metrics = HubMetrics()
        self.enrolment = Enrolment(self.database, self.keys, self._clock)
        self.log_key = open_log_key(SealedKeyFolder(settings.effective_keys_folder))
        self.keeper = LogKeeper(self.database, self.log_key, self._clock)
        self.blobs = BlobStore(settings.blobs_folder, settings.blobs.max_blob_bytes)
        self.escrow = open_key_service(settings, self._clock)
        self._broker, login = _broker(settings)
        self._handler, self.ingest = make_ingest(settings, self.database, self.keys, self.metrics, self._clock)
        self._mqtt = HubMqtt(login, f"hub-{secrets.token_hex(4)}", self.ingest.submit, subscription(settings))
        self._rpc = RpcServer(self._services(), settings.rpc.host, settings.rpc.port)
        self.desk = BookingDesk(self.database, self.keys, self._clock, Uuid7Source(self._clock), self.ingest.wake)
        self._announcer = self._make_announcer()
        self._erasures = self._erasure_worker()
        self._key_watch = self._make_key_watch()
        self.app = self._app()

    def start(self) -> None:
        """Start everything but the web server, in the order in which it is needed.

        Raises:
            Retryable: a port is taken or the broker does not answer; nothing is left running.
        """
        try:
            self._forget_presence()
            self._settle_trees()
            self._erasures.start()
            if self._broker is not None:
                self._broker.start()
            self.ingest.start(self._mqtt)
            self._mqtt.start()
            self._rpc.start()
            self._announcer.start()
            self._key_watch.start()
            self._mqtt.wait_ready(_BROKER_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in the opposite order; what was acknowledged is on disk."""
        self._key_watch.stop()
        self._announcer.stop()
        self._rpc.stop()
        self._mqtt.stop()
        self.ingest.stop()
        self._erasures.stop()
        if self._broker is not None:
            self._broker.stop()
        self.escrow.close()
        self.database.close()

    def ready(self) -> bool:
        """Tell whether boxes can be served now."""
        return self._mqtt.ready and self.ingest.alive

    def _services(self) -> list[AddService]:
        """Return what the gRPC server serves, as functions that add one service each."""
        callers = Callers(self.database, self._clock)
        blobs = BlobsService(self.database, callers, self.blobs, self.metrics, self._clock)
        backfill = BackfillService(callers, self._handler.answers, self.metrics)
        transparency = TransparencyService(self.database, callers, self.keeper)
        escrow = EscrowService(self.escrow, callers, self.database)
        return [
            partial(rpc.add_BlobsServicer_to_server, blobs),
            partial(backfill_rpc.add_BackfillServicer_to_server, backfill),
            partial(transparency_rpc.add_TransparencyServicer_to_server, transparency),
            partial(history_rpc.add_HistoryServicer_to_server, HistoryService(self.database, callers)),
            partial(escrow_rpc.add_EscrowServicer_to_server, escrow),
        ]

    def _erasure_worker(self) -> HubErasureWorker:
        signer = ReceiptSigner(SealedKeyFolder(self.settings.effective_keys_folder))
        down = DownWriter(self._clock, Uuid7Source(self._clock))
        tools = EraserTools(self.database, self.blobs, self.escrow, signer, down, self._clock)
        return HubErasureWorker(HubEraser(tools, self.ingest.wake), configured_tenants(self.settings))

    def _make_announcer(self) -> HeadAnnouncer:
        tenants = [TenantId(tenant.id) for tenant in self.settings.tenants]
        writer = DownWriter(self._clock, Uuid7Source(self._clock))
        every_seconds = self.settings.transparency.head_seconds
        return HeadAnnouncer(self.database, self.keeper, writer, self._clock, tenants, every_seconds, self.ingest.wake)

    def _make_key_watch(self) -> KeyWatch:
        writer = DownWriter(self._clock, Uuid7Source(self._clock))
        exchange = KeyExchange(self.database, self.keys, writer, self._clock)
        return KeyWatch(exchange, [TenantId(tenant.id) for tenant in self.settings.tenants], self.ingest.wake)

    def _app(self) -> FastAPI:
        tenant = TenantId(self.settings.shown_tenant)
        ports = PortalPorts(
            viewers=ConfiguredViewer(tenant, self.settings.portal.viewer_name),
            fleet=FleetQueries(self.database, self._clock, tenant_names(self.database)),
            bookings=BookingQueries(self.database, self.desk),
            parked=ParkedDecisions(ParkedDesk(self.database, complete_catalogue(), self._clock)),
            readiness=HubReadiness(
                {
                    "database": self.database.alive,
                    "broker": lambda: self._mqtt.ready,
                    "ingest": lambda: self.ingest.alive,
                }
            ),
            metrics=self.metrics.registry,
        )
        enrolment = enrolment_router(self.enrolment, RateLimit(self._clock))
        guard = GuardSettings(hosts=self.settings.http.names)
        app = create_portal_api(ports, self.settings.portal.web_dist, guard, (enrolment,))
        install_error_handlers(app, {TooManyTries: 429})
        return app

    def _settle_trees(self) -> None:
        """Let every tenant's tree go on in this life of the database; after a restore it is said where."""
        epoch = hub_life(self.database).epoch
        for tenant in self.settings.tenants:
            self.keeper.settle(TenantId(tenant.id), epoch)

    def _forget_presence(self) -> None:
        now = to_milliseconds(self._clock.wall())
        for tenant in self.settings.tenants:
            with self.database.write(TenantId(tenant.id)) as connection:
                DeviceRepository(connection, TenantId(tenant.id)).everybody_offline(now)


def run(settings: HubSettings) -> None:
    """Run a hub until SIGTERM or Ctrl-C, then stop in order.

    Raises:
        MedSpaError: it cannot be started; the sentence says what to do.
    """
    configure_logging(settings.log_level)
    log_dying_threads()
    signal.signal(signal.SIGTERM, _leave)
    hub = Hub(settings)
    server = uvicorn.Server(
        # With handlers of its own uvicorn would write exceptions out in full, past the personal-data filter.
        uvicorn.Config(hub.app, host=settings.http.host, port=settings.http.port, log_config=None, access_log=False)
    )
    hub.start()
    try:
        server.run()
    except KeyboardInterrupt:
        return
    finally:
        hub.stop()


def run_worker(settings: HubSettings) -> None:
    """Run one ingest process until SIGTERM or Ctrl-C, then stop in order.

    Raises:
        MedSpaError: it cannot be started; the sentence says what to do.
    """
    configure_logging(settings.log_level)
    log_dying_threads()
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    worker = IngestWorker(settings)
    structlog.get_logger().info("ingest_worker_started", status="ready" if worker.start() else "waiting")
    leaving.wait()
    worker.stop()


def _broker(settings: HubSettings) -> tuple[EmbeddedBroker | None, BrokerLogin]:
    chosen = settings.broker
    if chosen.mode is BrokerMode.EMBEDDED:
        password = secrets.token_urlsafe(24)
        login = BrokerLogin(
            chosen.host, chosen.port, chosen.keepalive_seconds, speaks_mqtt5=False, username=HUB_USER, password=password
        )
        return EmbeddedBroker(chosen.host, chosen.port, password), login
    secret = chosen.password_file.read_text(encoding="utf-8").strip() if chosen.password_file else None
    return None, BrokerLogin(
        chosen.host, chosen.port, chosen.keepalive_seconds, username=chosen.username, password=secret
    )


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End the main thread; the web server has already finished its requests."""
    if threading.current_thread() is threading.main_thread():
        sys.exit(0)
