"""A review: what an analysis said, what was changed by whom, and what stands now. Pixels are the original's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, ReviewAction, ReviewReason, Route

Contour = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class BundleRef:
    """Which models made an analysis; `sha256` is a hash over the hashes of all their graphs."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-parallel box from its top left corner."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class ProposedFinding:
    """One finding as the models gave it; `number` counts from 1 in the order of the analysis."""

    number: int
    type: FindingType | None
    confidence: float
    box: Box
    contour: Contour
    region: FaceRegion | None
    route: Route
    reasons: tuple[str, ...] = ()
    type_set: tuple[FindingType, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the models said about one photograph.

    Attributes:
        analysis: id of the analysis event.
        bundle: which models.
        findings: numbered from 1 without a gap.
        grades: appearance grade by region; None is the whole face.
        width: width of the photograph.
        height: height of the photograph.
    """

    analysis: str
    bundle: BundleRef
    findings: tuple[ProposedFinding, ...]
    grades: Mapping[FaceRegion | None, AppearanceGrade]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing a reviewer says about an analysis; `region` belongs to an added finding or to a grade."""

    action: ReviewAction
    reason: ReviewReason
    finding: int | None = None
    type: FindingType | None = None
    box: Box | None = None
    contour: Contour = ()
    region: FaceRegion | None = None
    grade: AppearanceGrade | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Takes a correction back, by the id of its entry."""

    correction: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A licensed person signs."""

    signer: str


@dataclass(frozen=True, slots=True)
class Reopening:
    """The signature is withdrawn."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded step of a review.

    Attributes:
        id: id of its event.
        order: its place among the events about the capture; a later one is larger.
        actor: who did it.
        at: when, for people.
        step: what was done.
    """

    id: str
    order: int
    actor: str
    at: datetime
    step: Correction | Undo | Signature | Reopening


class Standing(StrEnum):
    """What the reviewer has made of a finding."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ReviewedFinding:
    """One finding as it stands; `proposed` is what the models said, None for one the reviewer added.

    Attributes:
        number: never changes and is never given to another finding.
        contour: empty once the box was redrawn without one.
        removed: whether a reviewer took it out.
        touched: ids of the corrections that stand behind it, oldest first; their actors are its provenance.
    """

    number: int
    type: FindingType | None
    box: Box
    contour: Contour
    region: FaceRegion | None
    proposed: ProposedFinding | None
    removed: bool = False
    touched: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        """What the reviewer has made of it."""
        if self.removed:
            return Standing.REMOVED
        if self.proposed is None:
            return Standing.ADDED
        if self.retyped or self.redrawn:
            return Standing.CHANGED
        return Standing.CONFIRMED if self.touched else Standing.PROPOSED

    @property
    def retyped(self) -> bool:
        """Whether its type is not the one proposed."""
        return self.proposed is not None and self.type is not self.proposed.type

    @property
    def redrawn(self) -> bool:
        """Whether its place is not the one proposed."""
        before = self.proposed
        return before is not None and (self.box != before.box or self.contour != before.contour)

    @property
    def undecided(self) -> bool:
        """Whether the models could not answer for it and no reviewer has yet."""
        return (
            self.standing is Standing.PROPOSED
            and self.proposed is not None
            and self.proposed.route is Route.REVIEW_REQUIRED
        )


@dataclass(frozen=True, slots=True)
class ReviewedGrade:
    """A region's appearance grade as it stands; `region` None is the whole face."""

    region: FaceRegion | None
    grade: AppearanceGrade
    proposed: AppearanceGrade | None
    touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedCorrection:
    """A correction with who made it and whether it still counts."""

    entry: Entry
    correction: Correction
    finding: int | None
    undone: bool

    @property
    def target(self) -> tuple[str, int | FaceRegion | None]:
        """What it is about; corrections of different targets never meet."""
        if self.correction.action is ReviewAction.REGRADE:
            return "grade", self.correction.region
        return "finding", self.finding


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed and when."""

    signer: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A whole review as it stands.

    Attributes:
        proposal: what the models said.
        findings: by number; removed ones stay, marked.
        grades: by region.
        corrections: every correction, oldest first, with those taken back.
        revision: steps recorded so far; grows with each.
        signed: the signature in force, or None.
    """

    proposal: Proposal
    findings: tuple[ReviewedFinding, ...]
    grades: tuple[ReviewedGrade, ...]
    corrections: tuple[RecordedCorrection, ...]
    revision: int
    signed: Signed | None

    @property
    def present(self) -> tuple[ReviewedFinding, ...]:
        """The findings that were not removed."""
        return tuple(item for item in self.findings if not item.removed)

    def finding(self, number: int) -> ReviewedFinding | None:
        """Return a finding by its number, or None when there is none."""
        return next((item for item in self.findings if item.number == number), None)
