"""Payloads of photographs and what was found on them."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel, SealedText
from shared.vocabulary import (
    BodyRegion,
    Concern,
    FaceRegion,
    FindingType,
    GateProfileName,
    ImageKind,
    LightProfile,
    SkinState,
    TreatmentCategory,
    View,
)

_SHA256 = r"^[0-9a-f]{64}$"


class CaptureMetadata(PayloadModel):
    """The circumstances of a photograph, without which two visits cannot be compared."""

    event_type: ClassVar[str] = "capture.metadata"

    treatment: TreatmentCategory = TreatmentCategory.CONSULTATION
    body_region: BodyRegion = BodyRegion.FACE
    concerns: tuple[Concern, ...] = Field(default=(Concern.GENERAL,), min_length=1, max_length=6)
    view: View = View.FRONT
    days_since_last_visit: int | None = Field(default=None, ge=0, le=36_500)
    camera: str = Field(max_length=120, description="Camera or source, e.g. `synthetic` or `import`.")
    camera_settings: dict[str, str] = Field(default_factory=dict, max_length=40)
    light_profile: LightProfile = LightProfile.UNCONTROLLED
    skin_state: SkinState = SkinState.UNKNOWN
    protocol: str = Field(max_length=64, description="Name of the capture protocol.")
    tone_monk: int | None = Field(default=None, ge=1, le=10, description="Tone as stated, Monk scale.")
    source: str = Field(default="kiosk", max_length=64, description="Where the picture comes from.")


class StoredImage(PayloadModel):
    """One sealed image in the vault."""

    event_type: ClassVar[str] = "capture.image"

    name: str = Field(pattern=_SHA256, description="SHA-256 of the sealed bytes.")
    kind: ImageKind
    size: int = Field(ge=1, description="Sealed size in bytes.")
    media_type: str = Field(max_length=32)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class GateOutcome(PayloadModel):
    """What the quality gate said."""

    event_type: ClassVar[str] = "capture.gate"

    profile: GateProfileName
    passed: bool
    codes: tuple[str, ...] = Field(max_length=32, description="Codes of the failed checks.")
    measures: dict[str, float] = Field(max_length=64)


class CaptureStored(PayloadModel):
    """A photograph passed its gate and is durable in the vault."""

    event_type: ClassVar[str] = "capture.stored"

    metadata: CaptureMetadata
    images: tuple[StoredImage, ...] = Field(min_length=1, max_length=8)
    gate: GateOutcome
    note: SealedText = Field(default="", max_length=2000)


class CaptureRejected(PayloadModel):
    """A photograph was refused; nothing of it was kept."""

    event_type: ClassVar[str] = "capture.rejected"

    metadata: CaptureMetadata
    codes: tuple[str, ...] = Field(min_length=1, max_length=32)
    gate: GateOutcome | None = Field(default=None, description="None when the file was no readable image.")


class BoxInPixels(PayloadModel):
    """A rectangle in pixels of the original image."""

    event_type: ClassVar[str] = "analysis.box"

    x: float
    y: float
    w: float = Field(ge=0)
    h: float = Field(ge=0)


class FindingFound(PayloadModel):
    """One visible feature the detector outlined."""

    event_type: ClassVar[str] = "analysis.finding"

    type: FindingType
    confidence: float = Field(ge=0, le=1)
    box: BoxInPixels
    region: FaceRegion | None = None


class RegionMeasured(PayloadModel):
    """Colour of one facial region; for change within one person under the same light only."""

    event_type: ClassVar[str] = "analysis.measure"

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int = Field(ge=0)


class ModelUsed(PayloadModel):
    """Which model graph was run."""

    event_type: ClassVar[str] = "analysis.model"

    name: str = Field(max_length=64)
    version: str = Field(max_length=64)
    sha256: str = Field(pattern=_SHA256)


class AnalysisCompleted(PayloadModel):
    """A photograph was analysed; the result supports a professional's review."""

    event_type: ClassVar[str] = "analysis.completed"

    findings: tuple[FindingFound, ...] = Field(max_length=300)
    measures: tuple[RegionMeasured, ...] = Field(max_length=32)
    models: tuple[ModelUsed, ...] = Field(max_length=16)
    milliseconds: float = Field(ge=0)


class ImageRead(PayloadModel):
    """Somebody looked at a photograph."""

    event_type: ClassVar[str] = "image.read"

    name: str = Field(pattern=_SHA256)


class ImageConfirmedDurable(PayloadModel):
    """The hub confirmed that it holds a copy of an image whose hash is right."""

    event_type: ClassVar[str] = "image.confirmed_durable"

    name: str = Field(pattern=_SHA256)


PAYLOADS: tuple[type[PayloadModel], ...] = (
    CaptureStored,
    CaptureRejected,
    AnalysisCompleted,
    ImageRead,
    ImageConfirmedDurable,
)
