"""The capture station: one camera, one visit at a time, shown by at most one page.

A thread owns the camera while a visit is framed; the page's messages arrive on the event loop and are acted
on by a worker thread. Both change the visit under one lock.
"""

import asyncio
import threading
import time
from typing import Final

import structlog

from edge.api import kiosk_schemas as shown
from edge.api.ports import Actor, KioskSession, PreviewFrame
from edge.capture.camera import Camera, Frame
from edge.capture.landmarks import Face
from edge.capture.session import Capture, FrameAssessed, KeepFrame, ReleaseFrame, Tick
from edge.capture.verdict import GateVerdict
from edge.faces.captures import event_metadata
from edge.faces.preview import preview_frame
from edge.faces.visit import KioskVisit, VisitDesk
from edge.store.errors import StorageFull
from edge.vision import Vision
from edge.visits.intake import CaptureIntake, JudgedFrame
from shared.clock import Clock
from shared.errors import MedSpaError, Retryable

_FRAME_SECONDS: Final = 1 / 15
_IDLE_SECONDS: Final = 0.2
_CAMERA_AGAIN_SECONDS: Final = 1.0


class KioskStation:
    """Drives camera, gate and session, and tells the connected page."""

    def __init__(self, camera: Camera, vision: Vision, intake: CaptureIntake, desk: VisitDesk, clock: Clock) -> None:
        self._camera = camera
        self._vision = vision
        self._intake = intake
        self._desk = desk
        self._clock = clock
        self._log = structlog.get_logger()
        self._lock = threading.RLock()
        self._visit: KioskVisit | None = None
        self._page: _Page | None = None
        self._seq = 0
        self._previous: Face | None = None
        self._camera_works = True
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk-camera", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Give the camera back."""
        self._stop.set()
        self._thread.join(timeout=5)

    def camera_ready(self) -> bool:
        """Tell whether the camera gave a picture when it was last asked."""
        return self._camera_works

    async def connect(self) -> KioskSession:
        """Open the station to a page; it takes over from an earlier one."""
        page = _Page(self, asyncio.get_running_loop())
        # Only the event loop changes `_page`; taking the lock here would stall every page behind an analysis.
        self._page = page
        page.tell(await asyncio.to_thread(self._state))
        return page

    def act(self, message: shown.KioskClientMessage, actor: Actor) -> None:
        """Act on a page's message; called on a worker thread.

        Raises:
            MedSpaError: told to the page as a problem; the visit stays as it was.
        """
        with self._lock:
            match message:
                case shown.Begin():
                    self._visit = self._desk.begin(message, actor.id, self._clock.monotonic())
                case shown.Consent() if self._visit is not None:
                    self._desk.consent(self._visit, message.answer, self._clock.monotonic())
                case shown.Retake() if self._visit is not None:
                    self._visit.retake(message.view, self._clock.monotonic())
                case shown.Cancel() if self._visit is not None:
                    self._visit.cancel(self._clock.monotonic())
                case _:
                    pass
        self._tell_state()

    def forget(self, page: "_Page") -> None:
        """A page has gone; one that took over stays."""
        if self._page is page:
            self._page = None

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                pause = self._step(self._visit)
            except MedSpaError as error:
                self._on_trouble(error)
                continue
            except Exception:  # noqa: BLE001 - the thread's boundary: the station shows it and tries again
                self._log.error("kiosk_failed", exc_info=True)
                self._on_trouble(Retryable("kiosk_failed", "Something went wrong here. Please ask the staff."))
                continue
            self._on_success()
            self._stop.wait(max(0.0, pause - (time.monotonic() - started)))
        self._camera.close()

    def _step(self, visit: KioskVisit | None) -> float:
        """Look at one frame, or at the clock while none is wanted; return the seconds until the next.

        Raises:
            StorageFull: no photograph could be kept; visitors are told before they begin, not once they have consented.
        """
        self._intake.ensure_room()
        if visit is None or not visit.wants_frames:
            self._camera.close()
            self._expire(visit)
            return _IDLE_SECONDS
        self._camera.open()
        self._on_frame(visit, self._camera.read())
        self._camera_works = True
        return _FRAME_SECONDS

    def _on_trouble(self, error: MedSpaError) -> None:
        if not isinstance(error, StorageFull):  # that is not the camera's fault
            self._camera_works = not isinstance(error, Retryable)
        if error.code != self._trouble:  # it may last for days
            self._log.warning("kiosk_trouble", code=error.code)
        self._trouble = error.code
        self._tell(shown.KioskProblem(code=error.code, sentence=error.sentence))
        self._camera.close()
        self._expire(self._visit)
        self._stop.wait(_CAMERA_AGAIN_SECONDS)

    def _on_success(self) -> None:
        """Say once that a trouble is over: the page goes on where the visit is."""
        if self._trouble:
            self._trouble = ""
            self._tell_state()

    def _expire(self, visit: KioskVisit | None) -> None:
        if visit is None or visit.ended:
            return
        with self._lock:
            visit.advance(Tick(self._clock.monotonic()))
        if visit.ended:
            self._tell_state()

    def _on_frame(self, visit: KioskVisit, frame: Frame) -> None:
        faces = self._vision.preview_landmarker.detect(frame.image)
        view = visit.view
        verdict = self._vision.kiosk_gate.assess(frame.image, faces, view, self._previous)
        self._previous = faces[0] if faces else None
        self._seq += 1
        with self._lock:
            if visit.view is not view:  # the page asked for another view meanwhile: this frame shows the former one
                return
            before = visit.progress
            effects = visit.advance(FrameAssessed(self._clock.monotonic(), self._seq, verdict))
            for effect in effects:
                match effect:
                    case KeepFrame():
                        visit.kept[effect.frame] = (frame, faces[0], verdict)
                    case ReleaseFrame():
                        visit.kept.pop(effect.frame, None)
                    case Capture():
                        self._take(visit, effect, *visit.kept.pop(effect.frame))
                    case _:
                        pass
            changed = visit.progress != before
        self._show(preview_frame(frame.image, faces, verdict, visit, self._seq, self._clock.monotonic()))
        if changed:
            self._tell_state()

    def _take(self, visit: KioskVisit, shot: Capture, frame: Frame, face: Face, verdict: GateVerdict) -> None:
        metadata = event_metadata(visit.metadata, shot.view, "kiosk").model_copy(
            update={"camera": frame.settings.name, "camera_settings": _settings(frame)}
        )
        judged = JudgedFrame(frame.image, face, verdict, metadata, visit.metadata.reason)
        try:
            capture = self._intake.keep(visit.client, judged, visit.actor)
        except MedSpaError as error:
            visit.retake(shot.view, self._clock.monotonic())
            self._tell(shown.ShotResult(view=shot.view, accepted=False, sentence=error.sentence))
            return
        except Exception:  # the view is taken anew, whatever happened
            visit.retake(shot.view, self._clock.monotonic())
            raise
        visit.taken.append(shot.view)
        sentence = "Thank you, that worked."
        self._tell(shown.ShotResult(view=shot.view, accepted=True, sentence=sentence, capture_id=capture))

    def _state(self) -> shown.KioskState:
        with self._lock:
            return self._desk.state(self._visit, self._clock.wall())

    def _tell_state(self) -> None:
        self._tell(self._state())

    def _tell(self, message: shown.KioskServerMessage) -> None:
        page = self._page
        if page is not None:
            page.tell(message)

    def _show(self, frame: PreviewFrame) -> None:
        page = self._page
        if page is not None:
            page.show(frame)


class _Page:
    """One connected page: a queue of messages and the newest frame, filled from any thread."""

    def __init__(self, station: KioskStation, loop: asyncio.AbstractEventLoop) -> None:
        self._station = station
        self._loop = loop
        self._messages: asyncio.Queue[shown.KioskServerMessage] = asyncio.Queue(256)
        self._frame: PreviewFrame | None = None
        self._fresh = asyncio.Event()

    def tell(self, message: shown.KioskServerMessage) -> None:
        """Queue a message; a page that reads none for long is dropped by its socket, not waited for."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, message)

    def show(self, frame: PreviewFrame) -> None:
        """Replace the newest frame."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._replace, frame)

    async def handle(self, message: shown.KioskClientMessage, actor: Actor) -> None:
        """Act on a message without blocking the event loop."""
        await asyncio.to_thread(self._station.act, message, actor)

    async def next_message(self) -> shown.KioskServerMessage:
        """Wait for the next message."""
        return await self._messages.get()

    async def next_frame(self) -> PreviewFrame:
        """Wait for a frame newer than the last."""
        while self._frame is None:
            self._fresh.clear()
            await self._fresh.wait()
        frame, self._frame = self._frame, None
        return frame

    async def close(self) -> None:
        """The page has gone; the visit stays."""
        self._station.forget(self)

    def _put(self, message: shown.KioskServerMessage) -> None:
        if self._messages.full():
            self._messages.get_nowait()
        self._messages.put_nowait(message)

    def _replace(self, frame: PreviewFrame) -> None:
        self._frame = frame
        self._fresh.set()


def _settings(frame: Frame) -> dict[str, str]:
    known = {
        "exposure": frame.settings.exposure,
        "gain": frame.settings.gain,
        "white_balance_kelvin": frame.settings.white_balance_kelvin,
        "focus": frame.settings.focus,
    }
    return {name: str(value) for name, value in known.items() if value is not None}
