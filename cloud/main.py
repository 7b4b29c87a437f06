"""Wires the hub together and runs it; the only place where its capabilities meet."""

import secrets
import signal
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from cloud.audit.desk import AlertDesk
from cloud.audit.opening import hours_of, thresholds_of
from cloud.audit.trail import HubTrail
from cloud.audit.watch import AuditWatch
from cloud.blobs.service import BlobsService
from cloud.blobs.store import BlobStore
from cloud.bookings.desk import BookingDesk
from cloud.boxbackups.service import BackupsService
from cloud.boxbackups.shelf import BackupShelf
from cloud.broker import EmbeddedBroker
from cloud.broker_config import BrokerFiles
from cloud.broker_gate import HUB
from cloud.config import BrokerMode, HubSettings
from cloud.erasure.eraser import EraserTools, HubEraser
from cloud.erasure.office import ErasureOffice
from cloud.erasure.signing import ReceiptSigner
from cloud.erasure.worker import HubErasureWorker
from cloud.fleet.api import create_fleet_api
from cloud.fleet.ca import HubAuthority, Lives
from cloud.fleet.door import FleetDoor
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.eviction import evict
from cloud.fleet.exchange import KeyExchange, KeyWatch
from cloud.fleet.keys import TenantKeys
from cloud.fleet.revocations import Revocations
from cloud.fleet.watch import Door, FleetWatch
from cloud.history.service import HistoryService
from cloud.ingest.backfill import BackfillService
from cloud.ingest.down_writer import DownWriter
from cloud.ingest.downlink import DownLinks
from cloud.ingest.handler import MessageHandler
from cloud.ingest.intake import Intake
from cloud.ingest.mqtt import BrokerLogin, HubMqtt, Subscription
from cloud.ingest.parking import ParkedDesk
from cloud.ingest.repair import Repairs
from cloud.ingest.scrub import Scrub
from cloud.ingest.service import IngestService
from cloud.keyservice.escrow import KeyService
from cloud.keyservice.service import EscrowService
from cloud.metrics import HubMetrics, MetricsDoor
from cloud.portal.api import create_portal_api
from cloud.portal.ports import PortalPorts
from cloud.queries.erasures import ErasureQueries
from cloud.queries.ports import BookingQueries, ConfiguredViewer, FleetQueries, HubReadiness, ParkedDecisions
from cloud.releases.service import BundlesService
from cloud.releases.shelf import Shelf
from cloud.rpc.callers import Callers
from cloud.rpc.server import AddService, RpcServer
from cloud.storage.clinics import store_tenants, tenant_names
from cloud.storage.database import Database, migrate
from cloud.storage.devices import DeviceRepository
from cloud.storage.hub_epoch import hub_life
from cloud.storage.presence import hub_present
from cloud.storage.times import to_milliseconds
from cloud.transparency.announcer import HeadAnnouncer
from cloud.transparency.keeper import LogKeeper
from cloud.transparency.log_key import LogKey
from cloud.transparency.service import TransparencyService
from shared.clock import Clock, SystemClock
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue
from shared.http.guard import GuardSettings
from shared.ids import TenantId, Uuid7Source
from shared.logging import configure_logging, log_dying_threads
from shared.wire import backfill_pb2_grpc as backfill_rpc
from shared.wire import backup_pb2_grpc as backup_rpc
from shared.wire import bundle_pb2_grpc as bundle_rpc
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


def open_authority(settings: HubSettings, clock: Clock) -> HubAuthority:
    """Return the authority that signs for the configured tenants."""
    lives = Lives(device=timedelta(days=settings.fleet.certificate_days))
    return HubAuthority(settings.effective_keys_folder, configured_tenants(settings), clock, lives)


def broker_files(settings: HubSettings, folder: Path, authority: HubAuthority, revocations: Revocations) -> BrokerFiles:
    """Return what writes an external Mosquitto's files into a folder."""
    login = _login(settings, authority)
    return BrokerFiles(folder, authority, lambda: revocations.serials, partial(evict, login))


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

    def __init__(self, settings: HubSettings, clock: Clock | None = None, metrics_port: int | None = None) -> None:
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
        login = _login(settings, open_authority(settings, clock))
        taken = subscription(settings, presence=False)
        self._mqtt = HubMqtt(login, f"{HUB}-{secrets.token_hex(4)}", self._ingest.submit, taken)
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
        return self._mqtt.wait_ready(_BROKER_SECONDS)

    def stop(self) -> None:
        """Stop taking messages, finish the one in hand; what waits was not acknowledged and comes again."""
        self._mqtt.stop()
        self._ingest.stop()
        self._door.stop()
        self.database.close()


class Hub:
    """One hub: database, broker, ingest, image service and web application."""

    def __init__(self, settings: HubSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self.database = open_database(settings)
        self.keys = open_keys(settings)
        self.metrics = HubMetrics()
        self.authority = open_authority(settings, self._clock)
        self.enrolment = Enrolment(self.database, self.keys, self.authority, self._clock)
        self._tenants = tuple(configured_tenants(settings))
        self._revocations = Revocations(self.database, self._tenants, self._clock)
        self._broker = self._embedded_broker()
        self.log_key = LogKey(SealedKeyFolder(settings.effective_keys_folder))
        self.keeper = LogKeeper(self.database, self.log_key, self._clock)
        self.blobs = BlobStore(settings.blobs_folder, settings.blobs.max_blob_bytes)
        self.escrow = open_key_service(settings, self._clock)
        self._handler, self.ingest = make_ingest(settings, self.database, self.keys, self.metrics, self._clock)
        login = _login(settings, self.authority)
        self._mqtt = HubMqtt(login, f"{HUB}-{secrets.token_hex(4)}", self.ingest.submit, subscription(settings))
        repairs = Repairs(self.database, complete_catalogue(), self.metrics)
        self.scrub = Scrub(repairs, self._handler, self._mqtt, self._tenants, settings.ingest.scrub_seconds)
        self.trail = HubTrail(self.database, self._clock, Uuid7Source(self._clock), self.ingest.wake)
        self._rpc = RpcServer(self._services(), settings.rpc.host, settings.rpc.port, self.authority.hub)
        fleet_api = create_fleet_api(self.enrolment, self.authority, self._clock)
        self._door = FleetDoor(fleet_api, settings.fleet.host, settings.fleet.port, self.authority.hub)
        self._watch = FleetWatch(
            self.authority, self.enrolment, self._revocations, self.metrics, self._clock, settings.fleet.look_seconds
        )
        self.desk = BookingDesk(self.database, self.keys, self._clock, Uuid7Source(self._clock), self.ingest.wake)
        self._announcer = self._make_announcer()
        self._audit = AuditWatch(self.database, hours_of(settings), thresholds_of(settings))
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
            self._revocations.refresh()
            if self._broker is not None:
                self._broker.start()
            self.ingest.start(self._mqtt)
            self._mqtt.start()
            self._rpc.start()
            self._announcer.start()
            self._key_watch.start()
            self._door.start()
            self._watch.start(self._doors(), self._tenants)
            self._audit.start()
            self._mqtt.wait_ready(_BROKER_SECONDS)
            self.scrub.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in the opposite order; what was acknowledged is on disk."""
        self.scrub.stop()
        self._key_watch.stop()
        self._audit.stop()
        self._announcer.stop()
        self._watch.stop()
        self._door.stop()
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

    def _embedded_broker(self) -> EmbeddedBroker | None:
        broker = self.settings.broker
        if broker.mode is not BrokerMode.EMBEDDED:
            return None
        refuses = self._revocations.refuses
        return EmbeddedBroker(
            broker.host, broker.port, self.authority.hub, lambda guest: not refuses(guest.name, guest.serial)
        )

    def _doors(self) -> list[Door]:
        """Return everything a revoked box must be kept from."""
        doors = [
            Door(disconnect=partial(self._rpc.end_calls, refuses=self._revocations.refuses)),
            Door(renew=self._door.renew),
        ]
        if self._broker is not None:
            doors.append(Door(renew=self._broker.renew, disconnect=self._broker.disconnect))
        if self.settings.broker.folder is not None:
            files = broker_files(self.settings, self.settings.broker.folder, self.authority, self._revocations)
            doors.append(Door(files.renew, files.refresh, files.disconnect))
        return doors

    def _services(self) -> list[AddService]:
        """Return what the gRPC server serves, as functions that add one service each."""
        callers = Callers(self.database)
        blobs = BlobsService(self.database, callers, self.blobs, self.metrics, self._clock)
        backfill = BackfillService(callers, self._handler, self.metrics)
        transparency = TransparencyService(self.database, callers, self.keeper)
        escrow = EscrowService(self.escrow, callers, self.database, self.trail)
        shelf = Shelf(self.settings.releases_folder)
        kept = self.settings.backups
        backups = BackupShelf(self.settings.box_backups_folder, kept.versions, kept.max_part_bytes, kept.max_box_bytes)
        return [
            partial(rpc.add_BlobsServicer_to_server, blobs),
            partial(backfill_rpc.add_BackfillServicer_to_server, backfill),
            partial(transparency_rpc.add_TransparencyServicer_to_server, transparency),
            partial(history_rpc.add_HistoryServicer_to_server, HistoryService(self.database, callers)),
            partial(escrow_rpc.add_EscrowServicer_to_server, escrow),
            partial(backup_rpc.add_BackupsServicer_to_server, BackupsService(callers, backups)),
            partial(bundle_rpc.add_BundlesServicer_to_server, BundlesService(callers, shelf)),
        ]

    def _erasure_worker(self) -> HubErasureWorker:
        signer = ReceiptSigner(SealedKeyFolder(self.settings.effective_keys_folder))
        down = DownWriter(self._clock, Uuid7Source(self._clock))
        tools = EraserTools(self.database, self.blobs, self.escrow, signer, down, self._clock)
        return HubErasureWorker(HubEraser(tools, self.ingest.wake), configured_tenants(self.settings))

    def _make_office(self) -> ErasureOffice:
        ids = Uuid7Source(self._clock)
        return ErasureOffice(self.database, DownWriter(self._clock, ids), ids, self.ingest.wake)

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
        tenant, portal = TenantId(self.settings.shown_tenant), self.settings.portal
        ports = PortalPorts(
            viewers=ConfiguredViewer(tenant, portal.viewer_name, portal.person_header),
            fleet=FleetQueries(self.database, self._clock, tenant_names(self.database)),
            bookings=BookingQueries(self.database, self.desk),
            parked=ParkedDecisions(ParkedDesk(self.database, complete_catalogue(), self._clock)),
            erasures=ErasureQueries(self._make_office(), self.trail),
            alerts=AlertDesk(self.database, self.keys, self._clock),
            readiness=HubReadiness(
                {
                    "database": self.database.alive,
                    "broker": lambda: self._mqtt.ready,
                    "ingest": lambda: self.ingest.alive,
                }
            ),
            metrics=self.metrics.registry,
        )
        guard = GuardSettings(hosts=self.settings.http.names)
        return create_portal_api(ports, portal.web_dist, guard)

    def _settle_trees(self) -> None:
        """Let every tenant's tree go on in this life of the database; after a restore it is said where."""
        epoch = hub_life(self.database).epoch
        for tenant in self.settings.tenants:
            self.keeper.settle(TenantId(tenant.id), epoch)

    def _forget_presence(self) -> None:
        now = to_milliseconds(self._clock.wall())
        for tenant in self._tenants:
            with self.database.write(tenant) as connection:
                DeviceRepository(connection, tenant).everybody_offline(now)


def run(settings: HubSettings) -> None:
    """Run a hub until SIGTERM or Ctrl-C, then stop in order.

    Raises:
        MedSpaError: it cannot be started; the sentence says what to do.
    """
    configure_logging(settings.log_level)
    log_dying_threads()
    signal.signal(signal.SIGTERM, _leave)
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hub_present(settings.data_folder):
        _run(settings)


def _run(settings: HubSettings) -> None:
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


def run_worker(settings: HubSettings, metrics_port: int | None = None) -> None:
    """Run one ingest process until SIGTERM or Ctrl-C, then stop in order.

    Args:
        settings: the hub's.
        metrics_port: where this one shows its metrics, whatever the settings say.

    Raises:
        MedSpaError: it cannot be started; the sentence says what to do.
    """
    configure_logging(settings.log_level)
    log_dying_threads()
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    worker = IngestWorker(settings, metrics_port=metrics_port)
    structlog.get_logger().info("ingest_worker_started", status="ready" if worker.start() else "waiting")
    leaving.wait()
    worker.stop()


def _login(settings: HubSettings, authority: HubAuthority) -> BrokerLogin:
    """Return how the hub reaches its broker: with its own certificate, like everybody else."""
    broker = settings.broker
    embedded = broker.mode is BrokerMode.EMBEDDED
    port = broker.port if embedded else broker.hub_port or broker.port
    return BrokerLogin(broker.host, port, broker.keepalive_seconds, authority.hub, speaks_mqtt5=not embedded)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End the main thread; the web server has already finished its requests."""
    if threading.current_thread() is threading.main_thread():
        sys.exit(0)
