"""Puts the box together and runs it; how each part is put together stands in `edge/wiring`."""

import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from edge.api.app import create_edge_api
from edge.audit.configuration import note_configuration
from edge.audit.hub import HUB_ENTRIES
from edge.clients.erasure_worker import ErasureWorker
from edge.clock_watch import ClockWatch
from edge.config import EdgeSettings
from edge.faces.errors import STATUSES
from edge.keys.rotation import KeyRotation, RotationWorker
from edge.lan import LanCertificate, lan_router
from edge.review.shadow_log import ShadowLog
from edge.schedule.slot_desk import SlotKeeper
from edge.staff.opening import staff_key
from edge.starting import open_sound
from edge.twin.files import TwinFiles
from edge.twin.keeper import Opening, TwinKeeper, open_twin
from edge.wiring.clinic import Clinic
from edge.wiring.core import open_core
from edge.wiring.hub import HubSide
from edge.wiring.pages import make_ports, make_status
from edge.wiring.photographs import Photographs
from shared.collector import settle
from shared.errors import MedSpaError, Retryable
from shared.events.catalogue.system import BoxStarted, BoxStopped
from shared.events.catalogue.twin import ConfigurationDesired
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.http.guard import LOOPBACK_HOSTS, GuardSettings
from shared.ids import ClientId
from shared.logging import configure_logging, log_dying_threads
from shared.vocabulary import ConsentPurpose


class Part(Protocol):
    """What runs for as long as the box does."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End in order."""
        ...


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
        files = TwinFiles(own.store.folder / "twin")
        opening = open_twin(own, files)
        self._core = open_core(opening.settings)
        self._clinic = Clinic(self._core)
        self._twin = self._make_twin(own, opening, files, restart)
        answers = {**HUB_ENTRIES, **self._clinic.answers(), ConfigurationDesired.event_type: self._twin.answer}
        self._hub = HubSide(self._core, answers, self._may_leave, self._snapshot)
        self._clinic.slots.reach_by(self._hub.online)
        self._photographs = Photographs(self._core, self._clinic, self._hub.images())
        self._status = make_status(self._core, self._photographs, self._hub)
        http, sealed = self.settings.http, self._core.record.keys.sealed
        self.lan = LanCertificate(sealed, http.lan_names, self._core.clock) if http.tls else None
        guard = GuardSettings(hosts=tuple(dict.fromkeys((*LOOPBACK_HOSTS, *http.lan_names))))
        others = (lan_router(self.lan),) if self.lan is not None else ()
        ports = make_ports(self._core, self._clinic, self._photographs, self._hub, self._status)
        self.app = create_edge_api(ports, http.web_dist, guard, STATUSES, others)
        self.app.router.lifespan_context = self._lifespan

    @property
    def settings(self) -> EdgeSettings:
        """The settings in effect."""
        return self._core.settings

    def _make_twin(
        self, own: EdgeSettings, opening: Opening, files: TwinFiles, restart: Callable[[], None]
    ) -> TwinKeeper:
        core = self._core
        return TwinKeeper(
            own,
            opening,
            files,
            core.device,
            clock=core.clock,
            healthy=lambda: self._hub.link.status.online,
            record=core.record.store.append,
            restart=restart,
        )

    def _may_leave(self, client: ClientId) -> bool:
        return ConsentPurpose.TREATMENT_RECORD in self._clinic.consent.granted(client)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        with self._running():
            yield

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Start the parts in order, and stop them in the opposite one, whatever one of them meets."""
        core, record = self._core, self._core.record
        last = record.store.last()
        clean = last is None or last.fields.type == BoxStopped.event_type
        clock_watch = ClockWatch(
            core.clock, core.device, record.store.append, last.fields.wall_time if last is not None else None
        )
        with contextlib.ExitStack() as stack:
            stack.callback(record.clients.close)
            stack.callback(record.store.close)
            self._note(BoxStarted(software=core.software, clean=clean))
            self._note_configuration()
            self._run_erasures(stack)
            self._clear_anew()
            self._clinic.editor.on_change(self._clear_anew)
            _run(stack, self._hub.link)
            stack.callback(self._note, BoxStopped())
            if self.lan is not None:
                stack.callback(self.lan.stop)
            for part in self._parts():
                _run(stack, part)
            self._run_shadow(stack)
            _run(stack, self._twin)
            _run(stack, clock_watch)
            structlog.get_logger().info("box_ready", device=core.device, status="clean" if clean else "recovered")
            yield

    def _parts(self) -> Iterator[Part]:
        """Yield what runs beside the link, in the order of starting."""
        hub, photographs, record = self._hub, self._photographs, self._core.record
        yield from (hub.renewal, hub.uploader, photographs.pruner, hub.watch, hub.care, hub.depositor)
        yield from (self._clinic.waitlist_worker, self._clinic.day_closer)
        if self._clinic.night_roller is not None:
            yield self._clinic.night_roller
        yield photographs.kiosk
        if photographs.preparation is not None:
            yield photographs.preparation
        yield SlotKeeper(self._clinic.slots)
        yield RotationWorker(KeyRotation(record.keys, record.clients, self._core.clock), record.store)

    def _run_erasures(self, stack: contextlib.ExitStack) -> None:
        """Complete approved deletions before anything else runs, and those to come as they are approved."""
        worker = ErasureWorker(self._clinic.eraser)
        _run(stack, worker)
        self._core.record.store.on_append(worker.wake)

    def _run_shadow(self, stack: contextlib.ExitStack) -> None:
        """Run the candidate, or record that none runs from now on; a full disk puts it off to the next start."""
        store, shadow = self._core.record.store, self._photographs.shadow
        try:
            if shadow is None:
                ShadowLog(store).switch(None)
                return
            store.on_append(shadow.wake)
            _run(stack, shadow)
        except Retryable as error:
            structlog.get_logger().error("shadow_not_started", code=error.code)

    def _note(self, happened: PayloadModel) -> None:
        """Record a start or a stop; a full disk must not keep the pages from saying that it is full."""
        core = self._core
        try:
            core.record.store.append([EventDraft(f"box/{core.device}", happened, "box", "operation")])
        except Retryable as error:
            structlog.get_logger().error("start_or_stop_not_recorded", code=error.code)

    def _note_configuration(self) -> None:
        """Record what differs in settings or clinic's file since the last start; a full disk must not keep the box."""
        record = self._core.record
        clinic = {"clinic_file": self._clinic.registry.current().model_dump()}
        try:
            note_configuration(record.store, self.settings.model_dump(mode="json") | clinic, staff_key(record.keys))
        except Retryable as error:
            structlog.get_logger().error("configuration_not_recorded", code=error.code)

    def _clear_anew(self) -> None:
        """Let booked visits carry what the clinic's services ask for now; a bad day must not keep the box."""
        try:
            self._clinic.clearances.catch_up()
        except MedSpaError as error:
            structlog.get_logger().error("clearances_not_caught_up", code=error.code)

    def _snapshot(self) -> dict[str, Any]:
        """Return the clinic's present state for the hub: counts only, nobody's data."""
        events, images, oldest = self._status.backlog()
        return {
            "at": self._status.status().now.isoformat(),
            "software": self._core.software,
            "backlog_events": events,
            "backlog_images": images,
            "oldest_at": oldest.isoformat() if oldest else None,
        }


def _run(stack: contextlib.ExitStack, part: Part) -> None:
    """Start a part, to be stopped with the stack."""
    part.start()
    stack.callback(part.stop)


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
    settle()
    server.run()
    if again.is_set():
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line once more
