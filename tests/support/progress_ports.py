"""Comparisons in memory: two captures of one client that fit, a third that does not; every look is written down."""

from datetime import UTC, datetime

from edge.api import progress_schemas as p
from edge.api.ports import Actor
from shared.errors import Rejected
from shared.http.errors import Conflict, NotFound
from shared.vocabulary import LightProfile, TreatmentCategory, View
from tests.support.photos import astronaut_jpeg

NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)


class FakeProgress:
    """`capture-1` and `capture-3` are of `client-1` and fit; `capture-2` is somebody else's, who may be found."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, str, str]] = []
        self.findable = True

    def timeline(self, client_id: str) -> p.Timeline:
        if client_id != "client-1":
            raise NotFound("client_unknown", "There is no such client.")
        points = [
            p.TimelinePoint(
                capture_id=capture,
                taken_at=NOW,
                treatment=TreatmentCategory.FACIAL,
                light=LightProfile.STANDARD,
                series=0,
                values=[p.ProgressValue(measure=p.ProgressMeasure.COUNT, value=count, low=count - 1, high=count + 1)],
            )
            for capture, count in (("capture-3", 7), ("capture-1", 3))
        ]
        band = p.RepeatabilityBand(measure=p.ProgressMeasure.COUNT, coefficient=2, unit="absolute", pairs=40)
        front = p.ViewTimeline(view=View.FRONT, points=points, bands=[band])
        return p.Timeline(client_id=client_id, client_name="Ana Prieto", views=[front])

    def compare(self, capture_id: str, other_id: str, actor: Actor) -> p.Comparison:
        self._pair(capture_id, other_id)
        return p.Comparison(
            capture_id=capture_id,
            other_id=other_id,
            client_id="client-1",
            view=View.FRONT,
            taken_at=NOW,
            other_taken_at=NOW,
            this_is_later=True,
            width=1050,
            height=1400,
            not_aligned=[],
            not_compared=[p.ProgressReason(code="other_light", sentence="The light differs.")],
            notes=[],
            marks=[],
            changes=[],
            summary="",
        )

    def aligned(self, capture_id: str, other_id: str, purpose: str, actor: Actor) -> bytes:
        self._pair(capture_id, other_id)
        self.reads.append((other_id, purpose, actor.id))
        return astronaut_jpeg()

    def similar(self, capture_id: str, limit: int, actor: Actor) -> p.SimilarCases:
        case = p.SimilarCase(capture_id="capture-2", similarity=0.91, same_client=False, view=View.FRONT)
        cases = [case][:limit] if self.findable else []
        self.reads.append((capture_id, "similar_cases", actor.id))
        return p.SimilarCases(capture_id=capture_id, comparable=True, searched=len(cases), cases=cases)

    def similar_image(self, capture_id: str, found_id: str, purpose: str, actor: Actor) -> bytes:
        if not self.findable or found_id != "capture-2":
            raise Rejected("consent_missing", "This client does not allow it.")
        self.reads.append((found_id, purpose, actor.id))
        return astronaut_jpeg()

    @staticmethod
    def _pair(capture_id: str, other_id: str) -> None:
        if capture_id == other_id:
            raise Conflict("same_capture", "Choose two different photographs to compare.")
        if "capture-2" in (capture_id, other_id):
            raise Conflict("other_client", "These photographs are of two different clients.")
        if not {capture_id, other_id} <= {"capture-1", "capture-3"}:
            raise NotFound("capture_unknown", "This photograph is not here.")
