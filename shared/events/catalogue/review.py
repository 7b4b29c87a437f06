"""Payloads of a professional's review of one photograph's analysis, and of candidate models run in the shadow."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.catalogue.capture import BoxInPixels
from shared.events.limits import MAX_CONTOUR_POINTS
from shared.events.payload import PayloadModel, SealedText
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, ReviewAction, ReviewReason

_SHA256 = r"^[0-9a-f]{64}$"
EventName = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class BundleNamed(PayloadModel):
    """Which models a review or a comparison is about."""

    event_type: ClassVar[str] = "review.bundle"

    name: str = Field(max_length=64, description="Of the bundle, or of the first model where there was no bundle.")
    version: str = Field(max_length=64)
    sha256: str = Field(pattern=_SHA256, description="Hash over the hashes of all its graphs.")


class ReviewCorrected(PayloadModel):
    """A reviewer corrected, or confirmed, one thing an analysis said; fields an action does not need are empty."""

    event_type: ClassVar[str] = "review.corrected"

    analysis: EventName = Field(description="Id of the analysis event that is corrected.")
    bundle: BundleNamed
    action: ReviewAction
    finding: int | None = Field(
        default=None, ge=1, description="Number of the finding from 1; added ones go on after those of the analysis."
    )
    type: FindingType | None = None
    box: BoxInPixels | None = None
    contour: tuple[tuple[float, float], ...] = Field(default=(), max_length=MAX_CONTOUR_POINTS)
    region: FaceRegion | None = Field(default=None, description="Of an added finding or a grade; None: whole face.")
    grade: AppearanceGrade | None = None
    reason: ReviewReason
    note: SealedText = Field(default="", max_length=2000)


class ReviewUndone(PayloadModel):
    """A correction was taken back."""

    event_type: ClassVar[str] = "review.undone"

    analysis: EventName
    correction: EventName = Field(description="Id of the correction event.")


class ReviewSigned(PayloadModel):
    """A licensed person took responsibility for the result as it stood."""

    event_type: ClassVar[str] = "review.signed"

    analysis: EventName
    bundle: BundleNamed
    signer: str = Field(min_length=1, max_length=64, description="Provider in the clinic's file.")
    revision: int = Field(ge=0, description="Review events of this analysis that the signer saw.")


class ReviewReopened(PayloadModel):
    """A signature was withdrawn, so that the result can be corrected again."""

    event_type: ClassVar[str] = "review.reopened"

    analysis: EventName
    note: SealedText = Field(default="", max_length=2000)


class ShadowSwitched(PayloadModel):
    """A candidate began to run beside the live models, or ceased to (`bundle` is None)."""

    event_type: ClassVar[str] = "shadow.switched"

    bundle: BundleNamed | None


class ShadowFinding(PayloadModel):
    """What a candidate outlined."""

    event_type: ClassVar[str] = "shadow.finding"

    type: FindingType | None
    confidence: float = Field(ge=0, le=1)
    box: BoxInPixels


class ShadowCompleted(PayloadModel):
    """A candidate analysed a photograph; for comparison of models only, never shown with a person's result."""

    event_type: ClassVar[str] = "shadow.completed"

    capture: str = Field(max_length=64)
    bundle: BundleNamed
    findings: tuple[ShadowFinding, ...] = Field(max_length=300)
    milliseconds: float = Field(ge=0)


PAYLOADS: tuple[type[PayloadModel], ...] = (
    ReviewCorrected,
    ReviewUndone,
    ReviewSigned,
    ReviewReopened,
    ShadowSwitched,
    ShadowCompleted,
)
