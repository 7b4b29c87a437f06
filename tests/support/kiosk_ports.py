"""A capture station in memory, with a moving preview of a real photograph."""

import asyncio
import io
import math
from dataclasses import dataclass, field
from functools import cache

from PIL import Image
from skimage import data

from edge.api import kiosk_schemas as kiosk
from edge.api import schemas as s
from edge.api.ports import Actor, PreviewFrame
from shared.http.errors import Refused
from shared.vocabulary import (
    ConsentPurpose,
    View,
)
from tests.support.day_ports import NOW


@cache
def preview_photo() -> bytes:
    """A camera frame with that photograph's face in the middle."""
    buffer = io.BytesIO()
    frame = Image.fromarray(data.astronaut()).crop((62, 0, 382, 240))
    frame.resize((640, 480), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


TEXTS = {
    "en": s.ConsentText(
        language="en",
        version="2031-01",
        title="Your photographs",
        paragraphs=[
            "We photograph your face so that your provider can see how your skin looks today and compare it later.",
            "The photographs are encrypted on this clinic's own computer. You decide what else they may be used for.",
        ],
        purposes=[
            s.ConsentPurposeText(
                purpose=ConsentPurpose.TREATMENT_RECORD,
                title="Keep them in my record",
                text="Seen by the people who treat you.",
                required=True,
            ),
            s.ConsentPurposeText(
                purpose=ConsentPurpose.MODEL_TRAINING,
                title="Help improve the analysis",
                text="They never leave the clinic for this.",
                required=False,
            ),
            s.ConsentPurposeText(
                purpose=ConsentPurpose.MARKETING,
                title="Show them to others",
                text="Only with a second question each time.",
                required=False,
            ),
        ],
    )
}

POINTS = [(0.5 + 0.15 * math.cos(a / 9), 0.5 + 0.3 * math.sin(a / 9)) for a in range(57)]
FRAMES_TO_HOLD = 30


class FakeStation:
    """A visit of two views: a still face passes after a second, the shot is shown, the next view follows.

    A test that looks at each of them sets `steps`, how many more may pass: a busy machine draws fewer pictures.
    """

    def __init__(self) -> None:
        self.steps: int | None = None
        self.messages: asyncio.Queue[kiosk.KioskServerMessage] = asyncio.Queue()
        self.phase = kiosk.KioskPhase.WELCOME
        self.views = [View.FRONT, View.LEFT]
        self.taken = 0
        self.seq = 0
        self.held = 0
        self.language = "en"
        self.accepted_consent: s.ConsentAnswer | None = None
        self.jpeg = preview_photo()
        self.messages.put_nowait(self._state())

    def _state(self, ended: str | None = None) -> kiosk.KioskState:
        current = self.views[self.taken] if self.taken < len(self.views) else None
        steps = [
            kiosk.ViewProgress(
                view=view,
                state=kiosk.ViewState.TAKEN
                if i < self.taken
                else kiosk.ViewState.CURRENT
                if i == self.taken
                else kiosk.ViewState.PENDING,
            )
            for i, view in enumerate(self.views)
        ]
        return kiosk.KioskState.model_validate(
            {
                "now": NOW,
                "phase": self.phase,
                "language": self.language,
                "first_name": "Ana",
                "view": current,
                "guests": [kiosk.Guest(appointment_id="m2", first_name="Ana", starts_at=NOW)],
                "views": steps,
                "ended": ended,
                "consent": TEXTS["en"] if self.phase is kiosk.KioskPhase.CONSENT else None,
            }
        )

    async def handle(self, message: kiosk.KioskClientMessage, actor: Actor) -> None:
        if isinstance(message, kiosk.Begin):
            self.phase, self.language = kiosk.KioskPhase.CONSENT, message.language
        elif isinstance(message, kiosk.Consent):
            if self.phase is not kiosk.KioskPhase.CONSENT:
                raise Refused("not_now", "Please begin first.")
            self.accepted_consent, self.phase = message.answer, kiosk.KioskPhase.FRAMING
        elif isinstance(message, kiosk.Cancel):
            self.phase, self.taken = kiosk.KioskPhase.WELCOME, 0
        self.messages.put_nowait(self._state())

    async def next_message(self) -> kiosk.KioskServerMessage:
        return await self.messages.get()

    async def next_frame(self) -> PreviewFrame:
        while self.phase not in (kiosk.KioskPhase.FRAMING, kiosk.KioskPhase.SHOT):  # noqa: ASYNC110  # a fake camera ticks
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        self.seq += 1
        self.held += 1
        self._advance()
        target = kiosk.TargetShape(cx=0.5, cy=0.48, rx=0.2, ry=0.4, yaw_degrees=-35 if self.taken else 0)
        header = kiosk.PreviewHeader(
            seq=self.seq,
            width=640,
            height=480,
            target=target,
            matched=self.held > FRAMES_TO_HOLD // 2,
            hold=min(1.0, max(0.0, (self.held - FRAMES_TO_HOLD / 2) / (FRAMES_TO_HOLD / 2))),
            points=POINTS,
            hint=kiosk.Hint(code="come_closer", sentence="Please come a little closer."),
        )
        return PreviewFrame(header=header, jpeg=self.jpeg)

    def _advance(self) -> None:
        if self.held < FRAMES_TO_HOLD or self.steps == 0:
            return
        if self.steps is not None:
            self.steps -= 1
        if self.phase is kiosk.KioskPhase.FRAMING:
            self.phase, self.held = kiosk.KioskPhase.SHOT, 0
            self.messages.put_nowait(self._state())
            view = self.views[self.taken]
            self.messages.put_nowait(kiosk.ShotResult(view=view, accepted=True, sentence="Good."))
        elif self.phase is kiosk.KioskPhase.SHOT:
            self.taken, self.held = self.taken + 1, 0
            done = self.taken == len(self.views)
            self.phase = kiosk.KioskPhase.DONE if done else kiosk.KioskPhase.FRAMING
            self.messages.put_nowait(self._state("completed" if done else None))

    async def close(self) -> None:
        return None


@dataclass
class FakeKiosk:
    """Hands each page a station of its own and remembers the last."""

    stations: list[FakeStation] = field(default_factory=list)

    async def connect(self) -> FakeStation:
        self.stations.append(FakeStation())
        return self.stations[-1]
