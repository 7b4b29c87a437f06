"""Wires the box together and runs it; nothing here decides anything."""

import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from edge.analysis.engine_cache import EngineCache
from edge.analysis.preparation import Preparation
from edge.api.app import create_edge_api
from edge.api.ports import ActorPort, EdgePorts
from edge.api.schemas import ComponentVersion
from edge.audit.configuration import note_configuration
from edge.audit.hub import HUB_ENTRIES
from edge.backup.daily import DailyCare
from edge.backup.history import HubHistory
from edge.backup.hub import hub_backup
from edge.capture.cameras import make_camera
from edge.capture.session import SessionRules
from edge.clients.erasure import ClientEraser
from edge.clients.erasure_desk import ErasureDesk
from edge.clients.erasure_worker import ErasureWorker
from edge.clients.register import ClientRegister
from edge.clock_watch import ClockWatch
from edge.config import EdgeSettings
from edge.consent.desk import ConsentDesk
from edge.consent.texts import load_consent_texts
from edge.faces.actors import SignedInActors, StationActors
from edge.faces.captures import CaptureDesk
from edge.faces.clients import ClientDesk, ConsentForms
from edge.faces.erasures import ErasureFace
from edge.faces.errors import STATUSES
from edge.faces.guests import ScheduleGuests
from edge.faces.kiosk import KioskStation
from edge.faces.people import FilePeople, People, SignedInPeople
from edge.faces.progress import ProgressDesk
from edge.faces.review import ReviewDesk
from edge.faces.schedule import ScheduleDesk
from edge.faces.status import BoxStatus
from edge.faces.visit import VisitDesk
from edge.hub_door import HubDoor
from edge.keys.certificate import BoxCertificate
from edge.keys.rotation import KeyRotation, RotationWorker
from edge.keys.transport import TransportKeys
from edge.lan import LanCertificate, lan_router
from edge.metrics import BoxMetrics
from edge.progress.comparison import VisitComparer
from edge.progress.model_knowledge import ModelKnowledge
from edge.progress.similar import SimilarCases
from edge.record import Record, open_record
from edge.review.candidate import open_candidate
from edge.review.examples import LabelledExamples
from edge.review.licences import Licences, RegistryLicences, StaffLicences
from edge.review.reviews import Reviews
from edge.review.shadow_log import ShadowLog
from edge.review.shadow_worker import ShadowWorker, VaultPhotographs
from edge.review.signed import SignedReviews
from edge.schedule.book import ScheduleBook
from edge.schedule.registry import demo_registry, load_registry
from edge.staff.opening import open_sign_in, staff_key
from edge.starting import open_sound
from edge.store.hub_life import HubLife
from edge.store.pruner import ImagePruner, RoomSettings
from edge.store.pruning import PruningPolicy
from edge.sync.backfill import BackfillCall
from edge.sync.escrow import EscrowDepositor
from edge.sync.hub_channel import HubChannel
from edge.sync.hub_images import HubImageReader
from edge.sync.inbox import Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import MqttAddress, MqttTransport
from edge.sync.renewal import CertificateRenewal, logged_time
from edge.sync.uploader import BlobUploader
from edge.threads import ThreadBudget
from edge.transparency.client import HubLogClient
from edge.transparency.gossip import HeadFolder
from edge.transparency.watch import Acknowledged, HubLogWatch, WatchRules
from edge.twin.files import TwinFiles
from edge.twin.keeper import TwinKeeper, open_twin
from edge.vision import load_vision
from edge.visits.intake import CaptureIntake
from edge.visits.library import CaptureLibrary
from shared.clock import SystemClock
from shared.crypto.pki import days_left, member_name
from shared.errors import Corrupt, Rejected, Retryable
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked, ErasureConfirmed
from shared.events.catalogue.keys import TransportKeyDelivered
from shared.events.catalogue.log import HeadSigned
from shared.events.catalogue.system import BookingRequested, BoxStarted, BoxStopped
from shared.events.catalogue.twin import ConfigurationDesired
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.http.guard import LOOPBACK_HOSTS, GuardSettings
from shared.ids import Uuid7Source
from shared.logging import configure_logging, log_dying_threads
from shared.sync.position import count_behind
from shared.vocabulary import ConsentPurpose
from shared.wire.topics import DOWN, PRESENCE, UP, topic


class EdgeBox:
    """Every part of the box, connected; `app` serves the pages."""

    def __init__(self, own: EdgeSettings, restart: Callable[[], None]) -> None:
        """Open the record and load the models; nothing runs yet.

        Args:
            own: the box's own settings; what the hub wants to be different comes over them.
            restart: ends this process in order and starts it again.

        Raises:
            MedSpaError: the box is not enrolled, the record cannot be opened or a model is missing.
        """
        twin = TwinFiles(own.store.folder / "twin")
        opening = open_twin(own, twin)
        self._settings = settings = opening.settings
        self._software = version("medspasync")
        self._clock = SystemClock()
        ids = Uuid7Source(self._clock)
        self._record = record = open_record(settings.store, self._clock, ids)
        record.vault.discard_unfinished()
        self._threads = ThreadBudget(settings.analysis.budget_threads or len(os.sched_getaffinity(0)))
        engines = EngineCache(settings.store.folder / "engines", settings.analysis.engines_max_bytes)
        engines.discard_unfinished()
        self._vision = load_vision(settings.analysis, self._threads, engines)
        self._consent = ConsentDesk(record.store, load_consent_texts(), self._clock)
        self._register = ClientRegister(record.store, record.clients, ids)
        self._intake = CaptureIntake(
            record.store,
            record.vault,
            record.clients,
            self._consent,
            self._vision.landmarker,
            self._vision.pipeline,
            ids,
            settings.capture.limits,
        )
        registry = load_registry(settings.clinic.registry) if settings.clinic.registry else demo_registry()
        timezone = settings.clinic.timezone
        self._book = ScheduleBook(record.store, registry, ids, self._clock, timezone, self._threads)
        self._twin = TwinKeeper(
            own,
            opening,
            twin,
            record.store.identity.device,
            clock=self._clock,
            healthy=lambda: self._link.status.online,
            record=record.store.append,
            restart=restart,
        )
        self._certificate = BoxCertificate(record.keys.sealed)
        self._certificate.present()  # a box that was never certified must not start as if it were
        self._sign_in, self._trail = open_sign_in(settings.sign_in, record, ids, self._clock)
        self._hub_channel = self._make_hub_channel()
        self._erasures = ErasureDesk(record.store, ids)
        self._eraser = ClientEraser(record.store, record.clients, record.vault)
        self._eraser.on_erased(self._register.forget)
        self._watch = self._make_watch()
        self._link, self._uploader = self._make_link(), self._make_uploader()
        self._renewal = self._make_renewal()
        self._kiosk = self._make_kiosk()
        self._care = self._make_care()
        self._status = self._make_status()
        self._shadow = self._make_shadow()
        names = settings.http.lan_names
        self.lan = LanCertificate(record.keys.sealed, names, self._clock) if settings.http.tls else None
        guard = GuardSettings(hosts=tuple(dict.fromkeys((*LOOPBACK_HOSTS, *names))))
        others = (lan_router(self.lan),) if self.lan is not None else ()
        self.app = create_edge_api(self._ports(), settings.http.web_dist, guard, STATUSES, others)
        self.app.router.lifespan_context = self._lifespan

    def _make_link(self) -> SyncLink:
        record = self._record
        ring = TransportKeys(record.keys, record.store.identity)
        answers = {
            **HUB_ENTRIES,
            BookingRequested.event_type: self._book.answer_request,
            HeadSigned.event_type: self._watch.announced,
            ConfigurationDesired.event_type: self._twin.answer,
            TransportKeyDelivered.event_type: ring.take,
            ErasureAsked.event_type: self._erasures.asked_in_portal,
            ErasureAgreed.event_type: self._erasures.agreed_in_portal,
            ErasureConfirmed.event_type: self._erasures.confirmed_by_hub,
        }
        transport = MqttTransport(_address(self._settings, record), self._certificate.present)
        return SyncLink(
            record.store,
            Inbox(record.store, complete_catalogue(), answers),
            transport,
            transport_key=ring,
            clock=self._clock,
            snapshot=self._snapshot,
            software=self._software,
            bulk=BackfillCall(self._hub_channel, transport.inbox),
        )

    def _make_hub_channel(self) -> HubChannel:
        hub = self._settings.hub
        return HubChannel(f"{hub.rpc_host}:{hub.rpc_port}", self._certificate.present)

    def _make_renewal(self) -> CertificateRenewal:
        record, link = self._record, self._link
        return CertificateRenewal(
            self._certificate,
            HubDoor(self._settings.hub.url),
            (record.store.identity.device, record.keys.identity()),
            self._clock,
            partial(logged_time, record.store),
            lambda: link.status.online,
        )

    def _certificate_days(self) -> float:
        return days_left(self._certificate.present().certificate, self._clock.wall())

    def _make_watch(self) -> HubLogWatch:
        store, chosen = self._record.store, self._settings.hub_log
        client = HubLogClient(self._hub_channel, store.identity.tenant)
        rules = WatchRules(chosen.check_seconds, chosen.random_events, chosen.sweep_events)
        watch = HubLogWatch(store, client, self._acknowledged, self._clock, rules)
        if chosen.heads_folder is not None:
            watch.exchange(HeadFolder(chosen.heads_folder, store.identity.device, store.identity.tenant))
        return watch

    def _acknowledged(self) -> Acknowledged:
        """Return what the hub owes of our present epoch; its life first, so that an older word never counts for it."""
        store = self._record.store
        life, word = HubLife(store).epoch(), self._link.status.acknowledged
        return Acknowledged(word.seq if word is not None and word.epoch == store.head().epoch else 0, life)

    def _make_uploader(self) -> BlobUploader:
        record = self._record
        return BlobUploader(
            record.store,
            record.vault,
            self._hub_channel,
            self._event_backlog,
            lambda client: ConsentPurpose.TREATMENT_RECORD in self._consent.granted(client),
        )

    def _library(self) -> CaptureLibrary:
        record = self._record
        at_hub = HubImageReader(self._hub_channel, lambda: self._link.status.online)
        return CaptureLibrary(record.store, record.vault, record.clients, at_hub, self._trail)

    def _make_pruner(self) -> ImagePruner:
        record, store = self._record, self._settings.store
        room = RoomSettings(store.images_max_bytes, store.images_free_bytes)
        policy = PruningPolicy(store.images_min_age_days, store.images_keep_newest)
        timezone = self._settings.clinic.timezone
        return ImagePruner(record.store, record.vault, room, policy, self._clock, timezone)

    def _make_kiosk(self) -> KioskStation:
        capture = self._settings.capture
        guests = ScheduleGuests(self._book, self._register)
        rules = SessionRules(views=capture.views)
        desk = VisitDesk(self._register, self._consent, rules, guests, self._book.client_of, capture.light)
        return KioskStation(make_camera(capture, self._clock), self._vision, self._intake, desk, self._clock)

    def _make_care(self) -> DailyCare:
        record, at_hub = self._record, None
        store = self._settings.store.model_copy(update={"backup_folder": self._settings.backed_up_to_folder})
        if self._settings.backed_up_to_hub:
            identity = record.store.identity
            at_hub = hub_backup(store.folder, record.keys, identity, self._hub_channel, self._event_backlog)
        history = HubHistory(self._hub_channel)
        return DailyCare(store, record, history, self._clock, self._software, at_hub)

    def _event_backlog(self) -> int:
        return count_behind(self._link.status.acknowledged, self._record.store.epochs())

    def _make_status(self) -> BoxStatus:
        models = [ComponentVersion(name=item.name, version=item.version) for item in self._vision.versions]
        versions = [ComponentVersion(name="software", version=self._software), *models]
        record, camera, served = self._record, self._kiosk.camera_ready, self._vision.served
        status = BoxStatus(
            self._settings, record.store, record.vault, self._link, self._clock, versions, camera, served
        )
        status.show_hub_log(self._watch)
        status.show_care(self._care)
        return status

    def _make_shadow(self) -> ShadowWorker | None:
        record, settings = self._record, self._settings
        folder = settings.analysis.shadow_bundle
        if folder is None:
            return None
        try:
            candidate = open_candidate(folder, settings.analysis, self._vision.landmarker, self._threads)
        except (Rejected, Corrupt) as error:
            # A candidate is on trial: a bad one must not keep the clinic from working.
            structlog.get_logger().error("shadow_bundle_refused", code=error.code)
            return None
        photographs = VaultPhotographs(self._library(), settings.capture.limits)
        log, granted = ShadowLog(record.store), self._consent.granted
        return ShadowWorker(log, candidate, photographs, granted, self._threads, self._clock)

    def _ports(self) -> EdgePorts:
        record = self._record
        metrics = BoxMetrics(CollectorRegistry())
        metrics.watch(self._status, self._link, self._certificate_days)
        library = self._library()
        people, licences = self._people()
        reviews = Reviews(record.store, record.clients, licences, self._clock)
        return EdgePorts(
            actors=self._actors(),
            sign_in=self._sign_in,
            status=self._status,
            clients=ClientDesk(self._register, self._consent, library),
            consent=ConsentForms(self._consent, self._register, self._clock),
            captures=CaptureDesk(self._intake, library, self._register, self._vision.import_gate, reviews),
            schedule=ScheduleDesk(self._book, self._register),
            review=self._review_desk(reviews, library),
            progress=self._progress_desk(reviews, library),
            erasures=ErasureFace(self._erasures, self._register, people, self._trail),
            kiosk=self._kiosk,
            metrics=metrics.registry,
        )

    def _actors(self) -> ActorPort:
        if self._settings.sign_in.required:
            return SignedInActors(self._sign_in)
        return StationActors(self._record.store.identity.device)

    def _people(self) -> tuple[People, Licences]:
        """Return who may ask and decide, and who may sign."""
        people, licences = FilePeople(self._book.registry), RegistryLicences(self._book.registry)
        if self._settings.sign_in.required:
            return SignedInPeople(self._sign_in, people), StaffLicences(self._sign_in, licences)
        return people, licences

    def _review_desk(self, reviews: Reviews, library: CaptureLibrary) -> ReviewDesk:
        record, signed = self._record, SignedReviews(reviews)
        self._eraser.on_erased(signed.forget)
        examples = LabelledExamples(signed, self._consent, record.clients)
        return ReviewDesk(reviews, signed, examples, ShadowLog(record.store), self._register, library)

    def _progress_desk(self, reviews: Reviews, library: CaptureLibrary) -> ProgressDesk:
        record, limits = self._record, self._settings.capture.limits
        known = ModelKnowledge(self._vision.bundle)
        comparer = VisitComparer(library, reviews, self._consent, self._vision.landmarker, limits, known.repeats_of)
        self._eraser.on_erased(comparer.forget)
        similar = SimilarCases(record.store, record.clients, self._consent, known.average_of)
        return ProgressDesk(library, self._register, self._consent, comparer, similar, known.repeats_of)

    @property
    def settings(self) -> EdgeSettings:
        """The settings in effect."""
        return self._settings

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        with self._running():
            yield

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Start the parts in order, and stop them in the opposite one, whatever one of them meets."""
        store, device = self._record.store, self._record.store.identity.device
        last = store.last()
        clean = last is None or last.fields.type == BoxStopped.event_type
        last_event_at = last.fields.wall_time if last is not None else None
        with contextlib.ExitStack() as stack:
            stack.callback(self._record.clients.close)
            stack.callback(store.close)
            self._note(BoxStarted(software=self._software, clean=clean))
            self._note_configuration()
            self._run_erasures(stack)
            self._link.start()
            stack.callback(self._link.stop)
            stack.callback(self._note, BoxStopped())
            if self.lan is not None:
                stack.callback(self.lan.stop)
            self._renewal.start()
            stack.callback(self._renewal.stop)
            self._uploader.start()
            stack.callback(self._uploader.stop)
            pruner = self._make_pruner()
            pruner.start()
            stack.callback(pruner.stop)
            self._watch.start()
            stack.callback(self._watch.stop)
            self._care.start()
            stack.callback(self._care.stop)
            depositor = EscrowDepositor(store, self._record.clients, self._hub_channel)
            depositor.start()
            stack.callback(depositor.stop)
            self._kiosk.start()
            stack.callback(self._kiosk.stop)
            if self._vision.served is not None:
                preparation = Preparation(self._vision.served, self._threads)
                preparation.start()
                stack.callback(preparation.stop)
            keys = RotationWorker(KeyRotation(self._record.keys, self._record.clients, self._clock), store)
            keys.start()
            stack.callback(keys.stop)
            self._run_shadow(stack)
            self._twin.start()
            stack.callback(self._twin.stop)
            clock_watch = ClockWatch(self._clock, device, store.append, last_event_at)
            clock_watch.start()
            stack.callback(clock_watch.stop)
            structlog.get_logger().info("box_ready", device=device, status="clean" if clean else "recovered")
            yield

    def _run_erasures(self, stack: contextlib.ExitStack) -> None:
        """Complete approved deletions before anything else runs, and those to come as they are approved."""
        worker = ErasureWorker(self._eraser)
        worker.start()
        stack.callback(worker.stop)
        self._record.store.on_append(worker.wake)

    def _run_shadow(self, stack: contextlib.ExitStack) -> None:
        """Run the candidate, or record that none runs from now on; a full disk puts it off to the next start."""
        try:
            if self._shadow is None:
                ShadowLog(self._record.store).switch(None)
                return
            self._record.store.on_append(self._shadow.wake)
            self._shadow.start()
            stack.callback(self._shadow.stop)
        except Retryable as error:
            structlog.get_logger().error("shadow_not_started", code=error.code)

    def _note(self, happened: PayloadModel) -> None:
        """Record a start or a stop; a full disk must not keep the pages from saying that it is full."""
        device = self._record.store.identity.device
        try:
            self._record.store.append([EventDraft(f"box/{device}", happened, "box", "operation")])
        except Retryable as error:
            structlog.get_logger().error("start_or_stop_not_recorded", code=error.code)

    def _note_configuration(self) -> None:
        """Record what differs in settings or clinic's file since the last start; a full disk must not keep the box."""
        record = self._record
        clinic = {"clinic_file": self._book.registry.model_dump()}
        try:
            note_configuration(record.store, self._settings.model_dump(mode="json") | clinic, staff_key(record.keys))
        except Retryable as error:
            structlog.get_logger().error("configuration_not_recorded", code=error.code)

    def _snapshot(self) -> dict[str, Any]:
        """Return the clinic's present state for the hub: counts only, nobody's data."""
        events, images, oldest = self._status.backlog()
        return {
            "at": self._status.status().now.isoformat(),
            "software": self._software,
            "backlog_events": events,
            "backlog_images": images,
            "oldest_at": oldest.isoformat() if oldest else None,
        }


def _address(settings: EdgeSettings, record: Record) -> MqttAddress:
    identity = record.store.identity
    return MqttAddress(
        host=settings.hub.mqtt_host,
        port=settings.hub.mqtt_port,
        client_id=member_name(identity.tenant, identity.device),
        up_topic=topic(identity.tenant, identity.device, UP),
        down_topic=topic(identity.tenant, identity.device, DOWN),
        presence_topic=topic(identity.tenant, identity.device, PRESENCE),
        keepalive_seconds=settings.hub.keepalive_seconds,
        reconnect_max_seconds=settings.hub.reconnect_max_seconds,
    )


def run(own: EdgeSettings) -> None:
    """Run the box until it is told to stop; when the hub's wishes need it, start it again in the same process."""
    configure_logging(own.log_level)
    log_dying_threads()
    again = threading.Event()

    def restart() -> None:
        again.set()
        server.should_exit = True

    box = open_sound(own, lambda: EdgeBox(own, restart))
    configure_logging(box.settings.log_level)
    http = box.settings.http
    server = uvicorn.Server(
        uvicorn.Config(
            box.app,
            host=http.host,
            port=http.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
            ssl_context_factory=box.lan.context if box.lan is not None else None,
        )
    )
    server.run()
    if again.is_set():
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line once more
