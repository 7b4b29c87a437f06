"""A kiosk station with a camera that plays a script, and eyes that see what the script says."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from edge.analysis.domain import AnalysisResult, Box, Finding, ModelVersion
from edge.api import kiosk_schemas as shown
from edge.api.ports import Actor, KioskSession
from edge.api.schemas import ConsentAnswer, ConsentChoice, Signature, SignaturePoint
from edge.capture.camera import CameraSettings, Frame
from edge.capture.errors import CameraUnavailable
from edge.capture.landmarks import Face, FaceBox, Pose
from edge.capture.session import SessionRules
from edge.capture.verdict import GateCode, GateFailure, GateVerdict
from edge.faces.kiosk import KioskStation
from edge.faces.visit import VisitDesk
from edge.visits.intake import CaptureIntake
from edge.visits.library import CaptureLibrary
from shared.imaging.decode import ImageLimits
from shared.vocabulary import ConsentDecision, ConsentPurpose, FaceRegion, FindingType, GateProfileName, View
from tests.support.clocks import ManualClock
from tests.support.records import BoxRecord

ACTOR = Actor("station-1", "Clinic staff")
FRAME_SECONDS = 0.25
_FACE = Face(FaceBox(8, 8, 48, 48), 0.99, np.full((468, 2), 32, np.float32), Pose(0, 0, 0))


class ScriptedCamera:
    """Shows a face whose sharpness falls with each frame, an empty room, or nothing at all."""

    def __init__(self, clock: ManualClock) -> None:
        self.shows = "face"
        self.is_open = False
        self.frames = 0
        self._clock = clock

    def open(self) -> None:
        if self.shows == "unplugged":
            raise CameraUnavailable("camera_unavailable", "The camera is not plugged in. Please ask the staff.")
        self.is_open = True

    def read(self) -> Frame:
        if self.shows == "unplugged":
            raise CameraUnavailable("camera_unavailable", "The camera was unplugged. Please ask the staff.")
        self._clock.advance(FRAME_SECONDS)
        self.frames += 1
        image = np.full((64, 64, 3), 0 if self.shows == "empty" else 255 - self.frames % 200, dtype=np.uint8)
        return Frame(image, self._clock.monotonic(), CameraSettings("scripted", exposure=0.5))

    def close(self) -> None:
        self.is_open = False


class ScriptedEyes:
    """Landmarker, gate and pipeline in one; `fails` makes the analysis fail once for each entry."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.fails: list[Exception] = []

    def detect(self, image: np.ndarray) -> tuple[Face, ...]:
        return (_FACE,) if image.any() else ()

    def assess(
        self, image: np.ndarray, faces: tuple[Face, ...], view: View, previous: Face | None = None
    ) -> GateVerdict:
        self.views.append(view)
        failures = () if faces else (GateFailure(GateCode.NO_FACE, "Please step in front of the camera.", None, "1"),)
        return GateVerdict(bool(faces), failures, {"sharpness": float(image[0, 0, 0])}, GateProfileName.KIOSK)

    def analyse(self, image: np.ndarray, face: Face | None) -> AnalysisResult:
        if self.fails:
            raise self.fails.pop(0)
        finding = Finding(FindingType.SPOT, 0.5, Box(1, 2, 3, 4), FaceRegion.FOREHEAD)
        return AnalysisResult((finding,), (), (ModelVersion("scripted", "1", "0" * 64),), 64, 64)


@dataclass
class Stage:
    """A running station and everything a test looks at."""

    record: BoxRecord
    camera: ScriptedCamera
    eyes: ScriptedEyes
    station: KioskStation
    library: CaptureLibrary
    guests: list[shown.Guest] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    page: KioskSession | None = None

    async def connect(self) -> None:
        self.page = await self.station.connect()
        self.heard = []

    async def say(self, message: Any) -> None:
        assert self.page is not None
        await self.page.handle(message, ACTOR)

    async def until(self, wanted: Any, seconds: float = 15) -> Any:
        """Listen until a message fulfils a condition, and return it."""
        assert self.page is not None
        async with asyncio.timeout(seconds):
            while True:
                message = await self.page.next_message()
                self.heard.append(message)
                if wanted(message):
                    return message

    async def until_state(self, **wanted: Any) -> shown.KioskState:
        def fits(message: Any) -> bool:
            return message.type == "state" and all(getattr(message, key) == value for key, value in wanted.items())

        state: shown.KioskState = await self.until(fits)
        return state

    def answer(self, decision: ConsentDecision = ConsentDecision.GRANTED, version: str = "") -> shown.Consent:
        words = self.record.consent.texts.text("en")
        stroke = [SignaturePoint(x=1, y=2, t=0), SignaturePoint(x=3, y=4, t=9)]
        return shown.Consent(
            answer=ConsentAnswer(
                language="en",
                text_version=version or words.version,
                choices=[ConsentChoice(purpose=ConsentPurpose.TREATMENT_RECORD, decision=decision)],
                signature=Signature(width=10, height=10, strokes=[stroke]),
            )
        )

    async def to_framing(self, **begin: Any) -> None:
        """Walk in and consent."""
        await self.say(shown.Begin(**begin))
        await self.until_state(phase=shown.KioskPhase.CONSENT)
        await self.say(self.answer())

    def shots(self) -> list[shown.ShotResult]:
        return [message for message in self.heard if message.type == "shot"]


def build(record: BoxRecord, views: tuple[View, ...] = (View.FRONT, View.LEFT, View.RIGHT)) -> Stage:
    camera, eyes = ScriptedCamera(record.clock), ScriptedEyes()
    vision: Any = SimpleNamespace(landmarker=eyes, preview_landmarker=eyes, kiosk_gate=eyes, pipeline=eyes)
    intake = CaptureIntake(
        record.store, record.vault, record.clients, record.consent, eyes, eyes, record.ids, ImageLimits()
    )
    guests: list[shown.Guest] = []
    desk = VisitDesk(
        record.register,
        record.consent,
        SessionRules(views=views, hold_seconds=0.4, best_of=2),
        lambda: guests,
        lambda appointment: record.appointments[appointment],
    )
    station = KioskStation(camera, vision, intake, desk, record.clock)
    library = CaptureLibrary(record.store, record.vault, record.clients)
    return Stage(record, camera, eyes, station, library, guests)
