"""What kiosk page and box say to each other over the WebSocket.

Text messages are one JSON object with a `type`. A binary message from the box is a preview frame: four
bytes big-endian length of a JSON header (`PreviewHeader`), the header, then a JPEG. The page acknowledges
each frame by its `seq`; until then the box sends no further one, so a slow page sees fewer frames and
never an old one.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from edge.api.schemas import (
    CaptureMetadata,
    ConsentAnswer,
    ConsentText,
    GateFailure,
    Identifier,
    Language,
    Schema,
)
from shared.vocabulary import View


class KioskPhase(StrEnum):
    """Where a visit at the kiosk stands, as far as the page shows it."""

    WELCOME = "welcome"
    CONSENT = "consent"
    FRAMING = "framing"
    SHOT = "shot"
    DONE = "done"


class ViewState(StrEnum):
    """How far one view of the protocol has come."""

    PENDING = "pending"
    CURRENT = "current"
    TAKEN = "taken"


class Guest(Schema):
    """A client who has arrived, by first name only: the screen stands in a shared room."""

    appointment_id: Identifier
    first_name: str
    starts_at: AwareDatetime


class ViewProgress(Schema):
    """One view of the protocol and its state."""

    view: View
    state: ViewState


class KioskState(Schema):
    """The whole state of the visit; sent at connection and after each change."""

    type: Literal["state"] = "state"
    now: AwareDatetime
    phase: KioskPhase
    language: Language = "en"
    first_name: str | None = None
    guests: list[Guest] = Field(default=[])
    views: list[ViewProgress] = Field(default=[])
    view: View | None = None
    consent: ConsentText | None = Field(default=None, description="Sent in the phase `consent`.")
    ended: Literal["completed", "cancelled", "expired"] | None = None


class ShotResult(Schema):
    """What became of the photograph just taken."""

    type: Literal["shot"] = "shot"
    view: View
    accepted: bool
    sentence: str
    failures: list[GateFailure] = Field(default=[])
    capture_id: Identifier | None = None


class KioskProblem(Schema):
    """Something the page must tell; the visit goes on unless a state says otherwise."""

    type: Literal["problem"] = "problem"
    code: str
    sentence: str


KioskServerMessage = Annotated[KioskState | ShotResult | KioskProblem, Field(discriminator="type")]


class TargetShape(Schema):
    """Where the face should be: an oval in shares of frame width and height, turned for the view."""

    cx: float
    cy: float
    rx: float
    ry: float
    yaw_degrees: float = 0


class Hint(Schema):
    """What to do next, as a code the page may translate and a sentence to fall back on."""

    code: str
    sentence: str


class PreviewHeader(Schema):
    """What is drawn over one preview frame. Points are shares of the frame's width and height."""

    seq: int = Field(ge=0)
    width: int
    height: int
    points: list[tuple[float, float]] = Field(default=[])
    target: TargetShape
    matched: bool = Field(default=False, description="The face fits the target now.")
    hold: float = Field(default=0, ge=0, le=1, description="Share of the still time already held.")
    hint: Hint | None = None


class Begin(Schema):
    """A client starts; without an appointment the box opens a walk-in visit."""

    type: Literal["begin"] = "begin"
    language: Language = "en"
    appointment_id: Identifier | None = None
    metadata: CaptureMetadata = CaptureMetadata()


class Consent(Schema):
    """The client's decisions and signature."""

    type: Literal["consent"] = "consent"
    answer: ConsentAnswer


class Ack(Schema):
    """The page has drawn this frame."""

    type: Literal["ack"] = "ack"
    seq: int = Field(ge=0)


class Retake(Schema):
    """The client wants this view again."""

    type: Literal["retake"] = "retake"
    view: View


class Cancel(Schema):
    """The client leaves; nothing further is taken."""

    type: Literal["cancel"] = "cancel"
    reason: Literal["client", "idle"] = "client"


KioskClientMessage = Annotated[Begin | Consent | Ack | Retake | Cancel, Field(discriminator="type")]
