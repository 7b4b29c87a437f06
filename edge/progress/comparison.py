"""Compares two captures of one client: alignment, what became of each feature, what changed and by how much.

Both photographs are opened for it, and each opening is an event. An alignment once worked out is kept in memory,
bounded and without pixels, so that looking at a pair again opens nothing that is not shown.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from edge.capture.landmarks import FaceLandmarker
from edge.consent.desk import ConsentDesk
from edge.progress.change import Change, Repeats, RepeatsOf, changes
from edge.progress.errors import NotAligned, NotComparable
from edge.progress.marks import Mark, Side, marks
from edge.progress.readings import LIGHT_MEASURES, readings, shared_regions
from edge.progress.registration import Registration, Sight, register
from edge.progress.verdict import (
    NO_FACE,
    Problem,
    ProblemCode,
    RegistrationLimits,
    alignment_problems,
    analysis_problems,
    light_problems,
    measure_problems,
    side_problems,
)
from edge.progress.warp import aligned
from edge.review.reviews import Reviews
from edge.visits.intake import encode_jpeg
from edge.visits.library import CaptureLibrary, StoredCapture
from shared.events.catalogue.capture import AnalysisCompleted
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits, decode_image
from shared.vocabulary import ConsentPurpose, ImageKind

_KEPT_ALIGNMENTS: Final = 64
_ALIGNED_QUALITY: Final = 90
_PURPOSE: Final = "visit_comparison"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two captures beside each other.

    Attributes:
        this: the capture everything is told on.
        other: the one it is compared with.
        this_is_later: which of them is the later visit.
        laid: how `other` lies on `this`; None when that was not even tried.
        alignment: why they cannot be laid over each other; empty when they can.
        obstacles: why features and values are not compared; empty when they are.
        notes: what is left out although the rest is compared.
        marks: what became of each feature; empty where there are obstacles.
        changes: what became of each value; empty where there are obstacles.
    """

    this: StoredCapture
    other: StoredCapture
    this_is_later: bool
    laid: Registration | None
    alignment: tuple[Problem, ...]
    obstacles: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    marks: tuple[Mark, ...] = ()
    changes: tuple[Change, ...] = ()


class VisitComparer:
    """Compares captures; safe to call from several threads."""

    def __init__(
        self,
        library: CaptureLibrary,
        reviews: Reviews,
        consent: ConsentDesk,
        landmarker: FaceLandmarker,
        image_limits: ImageLimits,
        repeats_of: RepeatsOf,
        limits: RegistrationLimits | None = None,
    ) -> None:
        self._library = library
        self._reviews = reviews
        self._consent = consent
        self._landmarker = landmarker
        self._image_limits = image_limits
        self._repeats_of = repeats_of
        self._limits = limits or RegistrationLimits()
        self._kept: OrderedDict[tuple[str, str], Registration | None] = OrderedDict()
        self._lock = threading.Lock()

    def compare(self, this_id: str, other_id: str, actor: str) -> Comparison:
        """Return two captures side by side, with what may be said about them and what may not.

        Raises:
            CaptureUnknown, ImageMissing: one is not here.
            NotComparable: they are one capture, or of two clients.
            ConsentMissing: the client does not allow visits to be compared.
            DataKeyGone: the client was erased.
        """
        this, other = self._pair(this_id, other_id)
        first, second = this.stored.metadata, other.stored.metadata
        later = this.taken_at >= other.taken_at
        apart = side_problems(first, second)
        if apart:
            return Comparison(this, other, later, None, apart, apart)
        laid = self._laid(this, other, actor)
        alignment = (NO_FACE,) if laid is None else alignment_problems(laid, self._limits)
        obstacles = (*alignment, *light_problems(first, second), *analysis_problems(this.analysis, other.analysis))
        if obstacles or laid is None or this.analysis is None or other.analysis is None:
            return Comparison(this, other, later, laid, alignment, obstacles)
        repeats = self._repeats_of(this.analysis)
        told = marks(self._side(this), self._side(other), laid, repeats, this_is_later=later)
        dark = measure_problems((first, second))
        notes = dark if repeats else (*dark, _REPEATS_UNKNOWN)
        before, after = (other.analysis, this.analysis) if later else (this.analysis, other.analysis)
        values = _changes(before, after, repeats, without_light=bool(dark))
        return Comparison(this, other, later, laid, alignment, obstacles, notes, told, values)

    def aligned_jpeg(self, this_id: str, other_id: str, purpose: str, actor: str) -> bytes:
        """Return the other photograph laid onto this one, of this one's size; the read is on record first.

        Raises:
            NotAligned: they cannot be laid over each other.
            CaptureUnknown, ImageMissing, NotComparable, ConsentMissing, DataKeyGone: as for `compare`.
        """
        this, other = self._pair(this_id, other_id)
        apart = side_problems(this.stored.metadata, other.stored.metadata)
        laid = None if apart else self._laid(this, other, actor)
        problems = apart or ((NO_FACE,) if laid is None else alignment_problems(laid, self._limits))
        if problems or laid is None:
            raise NotAligned(problems[0].code, problems[0].sentence)
        data = self._library.open_image(other.id, ImageKind.ORIGINAL, purpose, actor)
        original = _original(this)
        picture = aligned(decode_image(data, self._image_limits), laid, original[0], original[1])
        return encode_jpeg(picture, _ALIGNED_QUALITY)

    def forget(self, client: ClientId) -> None:
        """Keep no alignment in memory; for a client who is being deleted, and everybody with them."""
        del client
        with self._lock:
            self._kept.clear()

    def _pair(self, this_id: str, other_id: str) -> tuple[StoredCapture, StoredCapture]:
        if this_id == other_id:
            raise NotComparable("same_capture", "Choose two different photographs to compare.")
        this, other = self._library.get(this_id), self._library.get(other_id)
        if this.client != other.client:
            raise NotComparable("other_client", "These photographs are of two different clients.")
        self._consent.require(this.client, ConsentPurpose.TREATMENT_RECORD)
        return this, other

    def _laid(self, this: StoredCapture, other: StoredCapture, actor: str) -> Registration | None:
        key = (this.id, other.id)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        reference, moving = self._sight(this, actor), self._sight(other, actor)
        laid = None if reference is None or moving is None else register(reference, moving)
        with self._lock:
            self._kept[key] = laid
            while len(self._kept) > _KEPT_ALIGNMENTS:
                self._kept.popitem(last=False)
        return laid

    def _sight(self, capture: StoredCapture, actor: str) -> Sight | None:
        data = self._library.open_image(capture.id, ImageKind.ORIGINAL, _PURPOSE, actor)
        image = decode_image(data, self._image_limits)
        faces = self._landmarker.detect(image)
        return Sight(image, faces[0]) if faces else None

    def _side(self, capture: StoredCapture) -> Side:
        width, height = _original(capture)
        return Side(self._reviews.get(capture.id).review.present, width, height)


_REPEATS_UNKNOWN: Final = Problem(
    ProblemCode.REPEATABILITY_UNKNOWN,
    "How far repeated photographs differ is not known for these models, so no change of a value is told.",
)


def _changes(
    before: AnalysisCompleted, after: AnalysisCompleted, repeats: Repeats, *, without_light: bool
) -> tuple[Change, ...]:
    regions = shared_regions(before, after)
    told = changes(readings(before, regions), readings(after, regions), repeats)
    return tuple(item for item in told if not (without_light and item.measure in LIGHT_MEASURES))


def _original(capture: StoredCapture) -> tuple[int, int]:
    image = next(item for item in capture.stored.images if item.kind is ImageKind.ORIGINAL)
    return image.width, image.height
