"""A professional's review at the HTTP border: corrections, the result as it stands, the queue and the statistics."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from edge.api.schemas import Box, Corner, Identifier, Schema
from shared.vocabulary import (
    AppearanceGrade,
    FaceRegion,
    FindingType,
    ReviewAction,
    ReviewReason,
    Route,
    View,
)


class ReviewStanding(StrEnum):
    """What the reviewer has made of a finding."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


class GroupDimension(StrEnum):
    """What figures are told apart by: stated tone, view, or quality profile."""

    TONE = "tone"
    VIEW = "view"
    PROFILE = "profile"


class ReviewBundle(Schema):
    """Which models a result or a figure is about."""

    name: str
    version: str
    sha256: str


class NewCorrection(Schema):
    """One correction; which fields an action needs: the finding's number, a type, a box, a region's grade."""

    action: ReviewAction
    reason: ReviewReason
    finding: int | None = Field(default=None, ge=1, description="Number printed beside the outline.")
    type: FindingType | None = None
    box: Box | None = None
    contour: list[Corner] = Field(default=[], max_length=40)
    region: FaceRegion | None = Field(default=None, description="Of an added finding or a grade; none: whole face.")
    grade: AppearanceGrade | None = None
    note: str = Field(default="", max_length=2000, description="Kept sealed.")


class CorrectionsRequest(Schema):
    """Corrections made on one revision of the review; recorded all or not at all."""

    revision: int = Field(ge=0)
    corrections: list[NewCorrection] = Field(min_length=1, max_length=300)


class UndoRequest(Schema):
    """The correction to take back."""

    revision: int = Field(ge=0)
    correction_id: Identifier


class SignRequest(Schema):
    """Who signs the result as it stands at this revision."""

    revision: int = Field(ge=0)
    signer_id: Identifier | None = Field(default=None, description="With sign-in, whoever is signed in.")


class ReopenRequest(Schema):
    """Withdraws the signature."""

    revision: int = Field(ge=0)
    note: str = Field(default="", max_length=2000, description="Kept sealed.")


class ReviewFinding(Schema):
    """One finding as it stands; `proposed_type` is what the models called it, none for one they missed."""

    number: int
    type: FindingType | None = None
    box: Box
    contour: list[Corner]
    region: FaceRegion | None = None
    standing: ReviewStanding
    undecided: bool = Field(description="It needs a decision before anybody signs.")
    retyped: bool
    redrawn: bool
    proposed_type: FindingType | None = None
    confidence: float | None = None
    route: Route | None = Field(default=None, description="Of the models' finding; none for an added one.")
    reasons: list[str] = Field(default=[], description="Why the models are not surer.")
    type_set: list[FindingType] = Field(default=[])
    touched: list[str] = Field(description="Ids of the corrections that stand behind it.")


class ReviewGrade(Schema):
    """A region's grade as it stands, the models' one, and how many findings the result shows there now."""

    region: FaceRegion | None = None
    grade: AppearanceGrade
    proposed: AppearanceGrade | None = None
    count: int


class ReviewEntry(Schema):
    """One correction on record; `undoable` is true for those that can be taken back next."""

    id: str
    action: ReviewAction
    reason: ReviewReason
    finding: int | None = None
    region: FaceRegion | None = None
    type: FindingType | None = None
    grade: AppearanceGrade | None = None
    note: str = ""
    actor: str
    at: AwareDatetime
    undone: bool
    undoable: bool


class ReviewSignature(Schema):
    """Who signed, and when."""

    signer_id: str
    signer_name: str
    at: AwareDatetime


class ReviewSigner(Schema):
    """Somebody licensed to sign."""

    id: str
    name: str


class ReviewReasons(Schema):
    """The reasons that fit one action."""

    action: ReviewAction
    reasons: list[ReviewReason]


class Review(Schema):
    """A capture's review; send `revision` with each step, so that nobody decides on what they have not seen."""

    capture_id: Identifier
    revision: int
    bundle: ReviewBundle
    width: int
    height: int
    findings: list[ReviewFinding]
    grades: list[ReviewGrade]
    entries: list[ReviewEntry] = Field(description="Oldest first.")
    signed: ReviewSignature | None = None
    signers: list[ReviewSigner]
    reasons: list[ReviewReasons]


class ReviewQueueItem(Schema):
    """One photograph in the reviewers' list."""

    capture_id: Identifier
    client_name: str
    taken_at: AwareDatetime
    view: View
    route: Route
    to_decide: int
    findings: int
    corrected: bool
    signed_at: AwareDatetime | None = None
    signer_name: str | None = None


class ReviewQueue(Schema):
    """What waits for a signature, most in need of a person first; or what is signed, latest first."""

    waiting: int
    signed: int
    items: list[ReviewQueueItem]


class Share(Schema):
    """A part of a whole with its 95 % interval; `small` when it rests on few cases."""

    count: int
    of: int
    value: float | None = None
    low: float
    high: float
    small: bool


class Kappa(Schema):
    """Agreement beyond chance, -1 to 1, with its 95 % interval; no value where it has no meaning."""

    n: int
    value: float | None = None
    low: float
    high: float
    small: bool


class Agreement(Schema):
    """How far reviewers followed the models, over signed results."""

    captures: int
    untouched: Share
    overridden: Share
    kept: Share
    removed: Share
    retyped: Share
    redrawn: Share
    added: Share
    agreed: Share
    types: Kappa


class GroupAgreement(Schema):
    """The same for one group."""

    dimension: GroupDimension
    group: str
    figures: Agreement


class BundleAgreement(Schema):
    """The figures of one bundle version."""

    bundle: ReviewBundle
    overall: Agreement
    groups: list[GroupAgreement]


class ShadowSide(Schema):
    """Live models or candidate against the reviewer; times in milliseconds."""

    recall: Share
    removed_again: Share
    same_type: Share
    types: Kappa
    count_difference: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None


class ShadowFigures(Schema):
    """Both sides on the same photographs."""

    captures: int
    live: ShadowSide
    candidate: ShadowSide


class GroupShadow(Schema):
    """The same for one group."""

    dimension: GroupDimension
    group: str
    figures: ShadowFigures


class ShadowComparison(Schema):
    """A candidate beside the live models; sums only."""

    candidate: ReviewBundle
    live: ReviewBundle
    overall: ShadowFigures
    groups: list[GroupShadow]


class ReviewStatistics(Schema):
    """Agreement by bundle, comparisons of candidates, and how many signed results may be learnt from now."""

    bundles: list[BundleAgreement]
    shadow: list[ShadowComparison]
    examples_usable: int
    examples_withheld: int
