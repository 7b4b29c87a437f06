"""What crosses the HTTP border about visits compared with each other and about similar cases."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from edge.api.schemas import Box, Identifier, Schema
from shared.vocabulary import FaceRegion, FindingType, LightProfile, TreatmentCategory, View


class ProgressMeasure(StrEnum):
    """What is followed from visit to visit."""

    COUNT = "count"
    REDNESS = "redness"
    PIGMENTATION = "pigmentation"
    SHINE = "shine"
    TEXTURE = "texture"
    FINE_LINES = "fine_lines"
    SPOT_AREA = "spot_area"
    LESION_AREA = "lesion_area"


class MarkKind(StrEnum):
    """What became of a feature between two visits."""

    PERSISTING = "persisting"
    NEW = "new"
    RESOLVED = "resolved"
    AMBIGUOUS = "ambiguous"
    HIDDEN = "hidden"


class ChangeDirection(StrEnum):
    """What became of a value; `within` is no change beyond repeatability, `unknown` is not told."""

    MORE = "more"
    LESS = "less"
    WITHIN = "within"
    UNKNOWN = "unknown"


class ProgressReason(Schema):
    """Why something is not compared: a code for programs and a sentence for people."""

    code: str
    sentence: str


class ProgressValue(Schema):
    """One reading; without a region it is the whole face's. `low` and `high` are the ends of a count's interval."""

    measure: ProgressMeasure
    region: FaceRegion | None = None
    value: float
    low: float | None = None
    high: float | None = None


class TimelinePoint(Schema):
    """One capture in a timeline; only captures of the same `series` are comparable with each other."""

    capture_id: Identifier
    taken_at: AwareDatetime
    treatment: TreatmentCategory
    light: LightProfile
    series: int = Field(ge=0)
    values: list[ProgressValue]


class RepeatabilityBand(Schema):
    """How far two readings of unchanged skin may lie apart, in 95 of 100 cases; seen on `pairs` repeats."""

    measure: ProgressMeasure
    coefficient: float = Field(ge=0)
    unit: Literal["relative", "absolute"]
    pairs: int = Field(ge=0)


class ViewTimeline(Schema):
    """The captures of one view, oldest first; the bands are those of the latest capture's models."""

    view: View
    points: list[TimelinePoint]
    bands: list[RepeatabilityBand]


class Timeline(Schema):
    """A client's captures in time."""

    client_id: Identifier
    client_name: str
    views: list[ViewTimeline]


class Alignment(Schema):
    """How the other photograph lies on this one; the residual is that of points which took no part in the fit."""

    method: Literal["skin", "landmarks"]
    residual_pixels: float
    residual_percent: float = Field(description="Of the distance between the eyes.")
    points: int
    overlap: float = Field(ge=0, le=1)
    scale: float = Field(description="Pixels of this photograph per pixel of the other.")
    yaw_degrees: float = Field(description="How much further the head is turned on the other photograph.")
    pitch_degrees: float
    roll_degrees: float


class ComparisonMark(Schema):
    """One feature; `box` is in pixels of this photograph, whichever photograph it is outlined on."""

    kind: MarkKind
    number: int | None = Field(default=None, description="Its number on this photograph.")
    other_number: int | None = Field(default=None, description="Its number on the other photograph.")
    type: FindingType | None = Field(default=None, description="None when it is not assessed.")
    region: FaceRegion | None = None
    box: Box
    size: ChangeDirection
    sentence: str


class ComparisonChange(Schema):
    """One value on the earlier and the later visit, and how far repeats of unchanged skin may lie apart."""

    measure: ProgressMeasure
    region: FaceRegion | None = None
    before: float
    after: float
    allowance: float | None = None
    direction: ChangeDirection
    sentence: str


class Comparison(Schema):
    """Two captures of one client beside each other; what is not compared says why."""

    capture_id: Identifier
    other_id: Identifier
    client_id: Identifier
    view: View
    taken_at: AwareDatetime
    other_taken_at: AwareDatetime
    this_is_later: bool
    width: int
    height: int
    alignment: Alignment | None = None
    face: Box | None = Field(default=None, description="Around the face, in pixels of this photograph.")
    not_aligned: list[ProgressReason] = Field(description="Empty when the photographs can be laid over each other.")
    not_compared: list[ProgressReason] = Field(description="Empty when features and values are compared.")
    notes: list[ProgressReason]
    marks: list[ComparisonMark]
    changes: list[ComparisonChange]
    summary: str


class SimilarCase(Schema):
    """One capture that looks alike; whose it is stays unsaid unless it is the same client's."""

    capture_id: Identifier
    similarity: float = Field(ge=-1, le=1, description="Cosine; 1 is alike in everything compared.")
    same_client: bool
    view: View


class SimilarCases(Schema):
    """What was found among the captures whose clients allow it, most alike first."""

    capture_id: Identifier
    comparable: bool = Field(description="False when nothing was outlined that could be compared by look.")
    searched: int = Field(ge=0)
    cases: list[SimilarCase]
