"""Payloads of photographs and what was found on them."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from shared.events.limits import MAX_CONTOUR_POINTS
from shared.events.payload import PayloadModel, SealedText
from shared.vocabulary import (
    AppearanceGrade,
    BodyRegion,
    Concern,
    FaceRegion,
    FindingType,
    GateProfileName,
    ImageKind,
    LightProfile,
    Route,
    SkinState,
    TreatmentCategory,
    View,
)

_SHA256 = r"^[0-9a-f]{64}$"
UNCALIBRATED: Final = "uncalibrated"

ReasonCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


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
    """One visible feature: what it looks like, how sure that is, and what may be done with it."""

    event_type: ClassVar[str] = "analysis.finding"
    schema_version: ClassVar[int] = 2

    type: FindingType | None = Field(description="None when it is not assessed.")
    confidence: float = Field(ge=0, le=1, description="Calibrated probability of a feature of this type.")
    box: BoxInPixels
    region: FaceRegion | None = None
    raw_score: float = Field(ge=0, le=1, description="The detector's score before calibration.")
    type_set: tuple[FindingType, ...] = Field(default=(), max_length=8, description="Types not ruled out.")
    route: Route
    reasons: tuple[ReasonCode, ...] = Field(default=(), max_length=16, description="Why it is routed no higher.")
    contour: tuple[tuple[float, float], ...] = Field(
        default=(), max_length=MAX_CONTOUR_POINTS, description="Closed polygon in pixels of the original image."
    )
    area_px: float = Field(default=0.0, ge=0)
    area_mm2: float | None = Field(default=None, ge=0, description="None when the scale is unknown.")
    area_share: float | None = Field(default=None, ge=0, description="Share of the face outline's area.")
    ood: float = Field(default=0.0, ge=0, description="Distance from the training data; above 1 is unlike it.")


class FindingFoundV1(PayloadModel):
    """A finding as recorded before calibration, contours and routing."""

    event_type: ClassVar[str] = "analysis.finding"

    type: FindingType
    confidence: float = Field(ge=0, le=1)
    box: BoxInPixels
    region: FaceRegion | None = None


class RegionMeasured(PayloadModel):
    """Appearance of one facial region; for change within one person under the same light only."""

    event_type: ClassVar[str] = "analysis.measure"
    schema_version: ClassVar[int] = 2

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int = Field(ge=0)
    erythema_index: float | None = None
    melanin_index: float | None = None
    spot_area_share: float | None = Field(default=None, ge=0, le=1)
    shine_share: float | None = Field(default=None, ge=0, le=1)
    texture_energy: float | None = Field(default=None, ge=0)
    line_energy: float | None = Field(default=None, ge=0)


class RegionMeasuredV1(PayloadModel):
    """A region's colour as recorded before shine, texture and lines."""

    event_type: ClassVar[str] = "analysis.measure"

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int = Field(ge=0)


class RegionGraded(PayloadModel):
    """How many features a region shows, with the interval of the count."""

    event_type: ClassVar[str] = "analysis.grade"

    region: FaceRegion | None = Field(default=None, description="None for the whole face.")
    grade: AppearanceGrade
    count: int = Field(ge=0)
    count_low: int = Field(ge=0)
    count_high: int = Field(ge=0)
    inflammatory: int = Field(ge=0)
    expected: float | None = Field(
        default=None, ge=0, description="Steady estimate of the count, for comparing visits; None when not estimated."
    )
    rule: str = Field(max_length=64, description="Published rule that turns counts into grades.")


class ScaleKnown(PayloadModel):
    """How large a pixel is on the skin."""

    event_type: ClassVar[str] = "analysis.scale"

    mm_per_pixel: float = Field(gt=0)
    relative_uncertainty: float = Field(ge=0, description="Half width of its 95 % interval, as a share.")
    source: str = Field(max_length=32, description="`inter_eye` (approximate) or `colour_card`.")


class BundleApplied(PayloadModel):
    """Which model bundle was used, and what its licence allows."""

    event_type: ClassVar[str] = "analysis.bundle"

    name: str = Field(max_length=64)
    version: str = Field(max_length=64)
    licence: str = Field(max_length=200)
    allowed_use: str = Field(max_length=500)


class ModelUsed(PayloadModel):
    """Which model graph was run."""

    event_type: ClassVar[str] = "analysis.model"

    name: str = Field(max_length=64)
    version: str = Field(max_length=64)
    sha256: str = Field(pattern=_SHA256)


class AnalysisCompletedV1(PayloadModel):
    """An analysis as recorded before calibration, contours and routing; its confidence is a raw score."""

    event_type: ClassVar[str] = "analysis.completed"

    findings: tuple[FindingFoundV1, ...] = Field(max_length=300)
    measures: tuple[RegionMeasuredV1, ...] = Field(max_length=32)
    models: tuple[ModelUsed, ...] = Field(max_length=16)
    milliseconds: float = Field(ge=0)

    def upgraded(self) -> "AnalysisCompleted":
        """Return it as today's payload: nothing in it was calibrated, so a person has to look at all of it."""
        return AnalysisCompleted(
            findings=tuple(
                FindingFound(
                    **item.model_dump(),
                    raw_score=item.confidence,
                    type_set=(item.type,),
                    route=Route.REVIEW_REQUIRED,
                    reasons=(UNCALIBRATED,),
                )
                for item in self.findings
            ),
            measures=tuple(RegionMeasured(**item.model_dump()) for item in self.measures),
            models=self.models,
            milliseconds=self.milliseconds,
            route=Route.REVIEW_REQUIRED,
            reasons=(UNCALIBRATED,),
        )


class AnalysisCompleted(PayloadModel):
    """A photograph was analysed; the result supports a professional's review."""

    event_type: ClassVar[str] = "analysis.completed"
    schema_version: ClassVar[int] = 2

    findings: tuple[FindingFound, ...] = Field(max_length=300)
    measures: tuple[RegionMeasured, ...] = Field(max_length=32)
    grades: tuple[RegionGraded, ...] = Field(default=(), max_length=32)
    models: tuple[ModelUsed, ...] = Field(max_length=16)
    bundle: BundleApplied | None = Field(default=None, description="None when the models came without one.")
    scale: ScaleKnown | None = Field(default=None, description="None when the size of a pixel is unknown.")
    route: Route = Field(description="What may be done with the result as a whole.")
    reasons: tuple[ReasonCode, ...] = Field(default=(), max_length=16)
    milliseconds: float = Field(ge=0)


def read_analysis(payload: dict[str, Any], schema_version: int) -> AnalysisCompleted:
    """Return a recorded analysis of any version as today's payload.

    Raises:
        pydantic.ValidationError: it is not a payload of that version.
    """
    if schema_version == AnalysisCompletedV1.schema_version:
        return AnalysisCompletedV1.model_validate(payload).upgraded()
    return AnalysisCompleted.model_validate(payload)


class ImageRead(PayloadModel):
    """Somebody looked at a photograph."""

    event_type: ClassVar[str] = "image.read"

    name: str = Field(pattern=_SHA256)


class ImageConfirmedDurable(PayloadModel):
    """The hub confirmed that it holds a copy of an image whose hash is right."""

    event_type: ClassVar[str] = "image.confirmed_durable"
    schema_version: ClassVar[int] = 2

    name: str = Field(pattern=_SHA256)
    hub_epoch: str = Field(default="", max_length=16, description="Which life of the hub's database says so.")


class ImageSetAside(PayloadModel):
    """An image could not be sent, for a reason that does not pass by itself; it waits for a person, no other does."""

    event_type: ClassVar[str] = "image.set_aside"

    name: str = Field(pattern=_SHA256)
    reason: str = Field(max_length=64, description="Code of the hub's or the vault's refusal.")


class ImageRetried(PayloadModel):
    """A person lets an image that was set aside be sent again."""

    event_type: ClassVar[str] = "image.retried"

    name: str = Field(pattern=_SHA256)


PAYLOADS: tuple[type[PayloadModel], ...] = (
    CaptureStored,
    CaptureRejected,
    AnalysisCompletedV1,
    AnalysisCompleted,
    ImageRead,
    ImageConfirmedDurable,
    ImageSetAside,
    ImageRetried,
)
