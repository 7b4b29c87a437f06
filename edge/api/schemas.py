"""What crosses the box's HTTP border about its state, clients, consent and captures.

Every model refuses unknown keys. Times are aware datetimes in UTC; lengths are pixels of the original
photograph unless a field says otherwise. Schedule and kiosk shapes are in their own modules.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.vocabulary import (
    AppearanceGrade,
    BodyRegion,
    ClockQuality,
    Concern,
    ConsentDecision,
    ConsentPurpose,
    FaceRegion,
    FindingType,
    GateProfileName,
    LightProfile,
    Route,
    SkinState,
    TreatmentCategory,
    View,
)

Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="ISO 639-1 code, such as en or es.")]
Corner = Annotated[list[float], Field(min_length=2, max_length=2, description="x and y in pixels.")]
MonkTone = Annotated[int, Field(ge=1, le=10, description="Monk scale, as stated by the client.")]


class Schema(BaseModel):
    """Base of every model at this border: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Link(Schema):
    """Whether the hub can be reached, and since when that has been so."""

    online: bool
    since: AwareDatetime
    last_acknowledged_at: AwareDatetime | None = None


class Backlog(Schema):
    """What waits on the box for the hub's acknowledgement."""

    events: int = Field(ge=0)
    images: int = Field(ge=0)
    oldest_at: AwareDatetime | None = None


class Disk(Schema):
    """Room on the volume that holds the record."""

    total_bytes: int = Field(ge=0)
    free_bytes: int = Field(ge=0)


class ComponentVersion(Schema):
    """One versioned part of the box: the software, a model, a schema."""

    name: str
    version: str


class GraphInUse(Schema):
    """What one model graph runs on, as its runtime reports it, and how far its compiled engine is."""

    role: str
    provider: str
    precision: str
    engine: str


class AnalysisState(Schema):
    """What analyses photographs; `degraded` says, as codes, why it is less than it could be."""

    bundle: str
    version: str
    graphs: list[GraphInUse]
    degraded: str | None = None


class HubLogState(StrEnum):
    """What the box makes of the hub's history."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REWRITTEN = "rewritten"


class HubLog(Schema):
    """Whether the hub's history was found as it was acknowledged."""

    state: HubLogState
    sentence: str = Field(description="What is wrong and what was found, for people; empty when nothing is.")
    size: int = Field(ge=0, description="Events of the whole tenant that the latest verified head covers.")
    verified_at: AwareDatetime | None = None


class Notice(Schema):
    """Something that people must see to; `code` is stable, the sentence says what to do."""

    code: str
    sentence: str


class Status(Schema):
    """The box at a glance; `now` lets a page show the age of what it displays."""

    now: AwareDatetime
    device_id: str
    device_name: str
    location_id: str
    location_name: str
    timezone: str = Field(description="IANA name of the clinic's time zone.")
    link: Link
    backlog: Backlog
    clock: ClockQuality
    disk: Disk
    versions: list[ComponentVersion]
    analysis: AnalysisState | None = Field(default=None, description="None for a detector without a bundle.")
    hub_log: HubLog | None = Field(default=None, description="None where nobody watches the hub's history.")
    notices: list[Notice] = Field(default=[], description="What people must see to; the gravest first.")


class Client(Schema):
    """A client as the staff of this clinic may see them; the box opened the sealed fields."""

    id: Identifier
    name: str
    born_on: date | None = None
    phone: str | None = None
    email: str | None = None
    language: Language = "en"
    tone: MonkTone | None = None
    last_visit_at: AwareDatetime | None = None
    captures: int = Field(default=0, ge=0)
    granted: list[ConsentPurpose] = Field(default=[])


class ClientSearch(Schema):
    """What to look for; sent in the body because a name must never stand in a URL."""

    query: str = Field(default="", max_length=80, description="Part of a name; empty for the latest.")
    limit: int = Field(default=20, ge=1, le=100)


class NewClient(Schema):
    """What the front desk enters for a new client."""

    name: str = Field(min_length=1, max_length=120)
    born_on: date | None = None
    phone: str | None = Field(default=None, max_length=32)
    email: str | None = Field(default=None, max_length=254)
    language: Language = "en"
    tone: MonkTone | None = None


class ConsentPurposeText(Schema):
    """One thing the client is asked to allow, and whether the visit depends on it."""

    purpose: ConsentPurpose
    title: str
    text: str
    required: bool


class ConsentText(Schema):
    """The consent in one language; an answer names the version it was given to."""

    language: Language
    version: str
    title: str
    paragraphs: list[str]
    purposes: list[ConsentPurposeText]


class ConsentChoice(Schema):
    """The client's answer for one purpose."""

    purpose: ConsentPurpose
    decision: ConsentDecision


class SignaturePoint(Schema):
    """A pen position in pixels of the pad, and milliseconds since the first touch."""

    x: float = Field(ge=-8, le=8192)
    y: float = Field(ge=-8, le=8192)
    t: int = Field(ge=0, le=600_000)


class Signature(Schema):
    """A signature as strokes, so that it can be redrawn at any size."""

    width: int = Field(ge=1, le=8192)
    height: int = Field(ge=1, le=8192)
    strokes: list[Annotated[list[SignaturePoint], Field(min_length=1, max_length=2000)]] = Field(
        min_length=1, max_length=200
    )


class ConsentAnswer(Schema):
    """What the client decided and signed. A later `denied` withdraws an earlier `granted`."""

    language: Language
    text_version: str = Field(min_length=1, max_length=40)
    choices: list[ConsentChoice] = Field(min_length=1, max_length=10)
    signature: Signature


class ConsentRecord(Schema):
    """One purpose's standing after an answer was recorded."""

    purpose: ConsentPurpose
    decision: ConsentDecision
    recorded_at: AwareDatetime
    expires_at: AwareDatetime | None = None


class CaptureMetadata(Schema):
    """How and why a photograph was taken."""

    treatment: TreatmentCategory = TreatmentCategory.CONSULTATION
    body_region: BodyRegion = BodyRegion.FACE
    concerns: list[Concern] = Field(default=[Concern.GENERAL], max_length=6)
    days_since_last_visit: int | None = Field(default=None, ge=0, le=36_500)
    camera: str = Field(default="unknown", max_length=120)
    camera_settings: dict[str, str] = Field(default={}, max_length=40)
    light: LightProfile = LightProfile.UNCONTROLLED
    skin_state: SkinState = SkinState.UNKNOWN
    protocol: str = Field(default="face-v1", max_length=40)
    tone: MonkTone | None = None
    reason: str = Field(default="", max_length=200)
    taken_at: AwareDatetime | None = None


class ImportRequest(Schema):
    """The JSON half of an import; the photograph is the other part of the form."""

    client_id: Identifier
    view: View = View.FRONT
    metadata: CaptureMetadata = CaptureMetadata()


class GateFailure(Schema):
    """One limit a photograph did not keep, with a sentence telling what to do."""

    code: str
    sentence: str
    measure: float | None = None
    limit: str


class GateVerdict(Schema):
    """What the quality gate said and measured."""

    passed: bool
    profile: GateProfileName
    failures: list[GateFailure]
    measures: dict[str, float]


class Box(Schema):
    """A rectangle in pixels of the original photograph, from its top left corner."""

    x: float
    y: float
    w: float
    h: float


class Finding(Schema):
    """One visible feature; `number` is what the page prints beside its box.

    `type` is None when it is not assessed; `type_set` holds the types not ruled out. The contour is a closed
    polygon; areas are in square pixels, in square millimetres when the scale is known, and as a share of the face.
    """

    number: int
    type: FindingType | None = None
    confidence: float = Field(ge=0, le=1)
    box: Box
    region: FaceRegion | None = None
    raw_score: float = Field(default=0, ge=0, le=1)
    type_set: list[FindingType] = Field(default=[])
    route: Route = Route.REVIEW_REQUIRED
    reasons: list[str] = Field(default=[])
    contour: list[Corner] = Field(default=[])
    area_px: float = Field(default=0, ge=0)
    area_mm2: float | None = None
    area_share: float | None = None
    ood: float = Field(default=0, ge=0)


class RegionMeasure(Schema):
    """Appearance of one region: ITA in degrees, CIELAB a* and L*, how many pixels it rests on, and more if measured."""

    region: FaceRegion
    ita_degrees: float
    redness_a: float
    lightness: float
    pixels: int
    erythema_index: float | None = None
    melanin_index: float | None = None
    spot_area_share: float | None = None
    shine_share: float | None = None
    texture_energy: float | None = None
    line_energy: float | None = None


class RegionGrade(Schema):
    """How many features a region shows, or the whole face when `region` is None, with the count's interval.

    `expected` is the steady estimate by which visits are compared.
    """

    region: FaceRegion | None = None
    grade: AppearanceGrade
    count: int
    count_low: int
    count_high: int
    inflammatory: int
    expected: float | None = None
    rule: str


class Scale(Schema):
    """Millimetres per pixel, the half width of its interval as a share, and what it was worked out from."""

    mm_per_pixel: float
    relative_uncertainty: float
    source: str


class BundleUsed(Schema):
    """Which model bundle made the findings, and what its licence allows."""

    name: str
    version: str
    licence: str
    allowed_use: str


class ModelVersion(Schema):
    """Which model made the findings."""

    name: str
    version: str
    sha256: str


class CaptureSummary(Schema):
    """One photograph in a list."""

    id: Identifier
    client_id: Identifier
    client_name: str
    taken_at: AwareDatetime
    view: View
    profile: GateProfileName
    treatment: TreatmentCategory
    findings: int
    width: int
    height: int


class CaptureDetail(CaptureSummary):
    """One photograph with all that is known about it, but not its pixels."""

    metadata: CaptureMetadata
    verdict: GateVerdict
    items: list[Finding]
    measures: list[RegionMeasure]
    models: list[ModelVersion]
    grades: list[RegionGrade] = Field(default=[])
    bundle: BundleUsed | None = None
    scale: Scale | None = None
    route: Route | None = Field(default=None, description="None while it is not analysed.")
    reasons: list[str] = Field(default=[])
    analysed_at: AwareDatetime | None = None
    signed: bool = Field(
        default=False, description="A licensed person signed it; until then it is neither printed nor shown to clients."
    )
    signed_at: AwareDatetime | None = None


class ImportResult(Schema):
    """An import's outcome: `capture` is there exactly when the gate let the photograph pass."""

    verdict: GateVerdict
    capture: CaptureDetail | None = None


class Readiness(Schema):
    """Whether the process can do its work, part by part."""

    ready: bool
    parts: dict[str, bool]
    checked_at: datetime | None = None
