"""Puts the hub together and runs it; how each part is put together stands in `cloud/wiring`."""

import signal
import sys
import threading
from functools import partial
from types import FrameType

import structlog
import uvicorn

from cloud.audit.configuration import ConfigurationTrail
from cloud.audit.trail import HubTrail
from cloud.blobs.store import BlobStore
from cloud.bookings.desk import BookingDesk
from cloud.bookings.slots import LeaseKeeper
from cloud.config import HubSettings
from cloud.erasure.office import ErasureOffice
from cloud.fleet.api import create_fleet_api
from cloud.fleet.door import FleetDoor
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.revocations import Revocations
from cloud.fleet.watch import Door, FleetWatch
from cloud.ingest.running_time import RunningTime
from cloud.keyservice.service import EscrowService
from cloud.queries.erasures import ErasureQueries
from cloud.rpc.callers import Callers
from cloud.rpc.server import RpcServer
from cloud.storage.devices import DeviceRepository
from cloud.storage.hub_epoch import hub_life
from cloud.storage.presence import hub_present
from cloud.storage.times import to_milliseconds
from cloud.transparency.keeper import LogKeeper
from cloud.transparency.log_key import LogKey
from cloud.wiring.broker import broker_client, broker_files, embedded_broker
from cloud.wiring.ingest import BROKER_SECONDS, IngestWorker, make_ingest
from cloud.wiring.opening import open_core, open_key_service
from cloud.wiring.portal import make_portal
from cloud.wiring.services import rpc_services
from cloud.wiring.upkeep import make_announcer, make_audit_watch, make_erasures, make_key_watch, make_scrub
from shared.clock import Clock, SystemClock
from shared.collector import settle
from shared.crypto.keyfile import SealedKeyFolder
from shared.ids import TenantId, Uuid7Source
from shared.logging import configure_logging, log_dying_threads


class Hub:
    """One hub: database, broker, ingest, image service and web application."""

    def __init__(self, settings: HubSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._core = core = open_core(settings, self._clock)
        self.database, self.keys, self.metrics, self.authority = core.database, core.keys, core.metrics, core.authority
        self.enrolment = Enrolment(self.database, self.keys, self.authority, self._clock)
        self._revocations = Revocations(self.database, core.tenants, self._clock)
        self._broker = embedded_broker(settings, self.authority, self._revocations)
        self.log_key = LogKey(SealedKeyFolder(settings.effective_keys_folder))
        self.keeper = LogKeeper(self.database, self.log_key, self._clock)
        self.blobs = BlobStore(settings.blobs_folder, settings.blobs.max_blob_bytes)
        self.escrow = open_key_service(settings, self._clock)
        handler, self.ingest = make_ingest(core)
        wake, ids = self.ingest.wake, Uuid7Source(self._clock)
        self._mqtt = broker_client(settings, self.authority, self.ingest.submit)
        self.scrub = make_scrub(core, handler, self._mqtt)
        self.trail = HubTrail(self.database, self._clock, ids, wake)
        escrow = EscrowService(self.escrow, Callers(self.database), self.database, self.trail)
        services = rpc_services(core, handler, self.blobs, self.keeper, escrow)
        self._rpc = RpcServer(services, settings.rpc.host, settings.rpc.port, self.authority.hub)
        fleet_api = create_fleet_api(self.enrolment, self.authority, self._clock)
        self._door = FleetDoor(fleet_api, settings.fleet.host, settings.fleet.port, self.authority.hub)
        self._watch = FleetWatch(
            self.authority, self.enrolment, self._revocations, self.metrics, self._clock, settings.fleet.look_seconds
        )
        self._announcer = make_announcer(core, self.keeper, wake)
        self._audit = make_audit_watch(core)
        self._erasures = make_erasures(core, self.blobs, self.escrow, wake)
        self._key_watch = make_key_watch(core, wake)
        self._running_time = RunningTime(self.database, self._clock)
        self.desk = BookingDesk(self.database, self.keys, self._clock, ids, wake)
        self._leases = LeaseKeeper(self.desk.slots, core.tenants)
        self.office = ErasureOffice(self.database, core.down_writer(), ids, wake)
        works = {
            "database": self.database.alive,
            "broker": lambda: self._mqtt.ready,
            "ingest": lambda: self.ingest.alive,
        }
        self.app = make_portal(core, self.desk, ErasureQueries(self.office, self.trail), works)

    def start(self) -> None:
        """Start everything but the web server, in the order in which it is needed.

        Raises:
            Retryable: a port is taken or the broker does not answer; nothing is left running.
        """
        try:
            self._forget_presence()
            self._settle_trees()
            self._note_configuration()
            self._erasures.start()
            self._revocations.refresh()
            if self._broker is not None:
                self._broker.start()
            self.ingest.start(self._mqtt)
            self._mqtt.start()
            self._rpc.start()
            self._announcer.start()
            self._key_watch.start()
            self._running_time.start()
            self._leases.start()
            self._door.start()
            self._watch.start(self._doors(), self._core.tenants)
            self._audit.start()
            self._mqtt.wait_ready(BROKER_SECONDS)
            self.scrub.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop in the opposite order; what was acknowledged is on disk."""
        self.scrub.stop()
        self._leases.stop()
        self._running_time.stop()
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

    def _settle_trees(self) -> None:
        """Let every tenant's tree go on in this life of the database; after a restore it is said where."""
        epoch = hub_life(self.database).epoch
        for tenant in self._core.tenants:
            self.keeper.settle(tenant, epoch)

    def _note_configuration(self) -> None:
        """Put on record, tenant by tenant, which settings changed since the last start."""
        trail = ConfigurationTrail(self.database, self._core.down_writer())
        whole = self.settings.model_dump(exclude={"tenants"})
        for tenant in self.settings.tenants:
            name = TenantId(tenant.id)
            trail.note(name, whole | {"tenant": tenant.model_dump()}, self.keys.settings(name))

    def _forget_presence(self) -> None:
        now = to_milliseconds(self._clock.wall())
        for tenant in self._core.tenants:
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
    settle()
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
    settle()
    structlog.get_logger().info("ingest_worker_started", status="ready" if worker.start() else "waiting")
    leaving.wait()
    worker.stop()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End the main thread; the web server has already finished its requests."""
    if threading.current_thread() is threading.main_thread():
        sys.exit(0)
