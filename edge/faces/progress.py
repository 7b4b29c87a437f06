"""Visits compared with each other and similar cases, for the pages."""

from edge.api import progress_schemas as shown
from edge.api.ports import Actor
from edge.api.schemas import Box
from edge.clients.register import ClientRegister
from edge.consent.desk import ConsentDesk
from edge.progress.change import Change, RepeatsOf
from edge.progress.comparison import Comparison, VisitComparer
from edge.progress.marks import Mark, summary
from edge.progress.readings import Measure, Place, Reading
from edge.progress.registration import Registration
from edge.progress.similar import SimilarCases
from edge.progress.timeline import TimelinePoint, ViewTimeline, timelines
from edge.progress.transforms import Coordinates
from edge.progress.verdict import Problem
from edge.visits.library import CaptureLibrary
from shared.ids import ClientId
from shared.vocabulary import ConsentPurpose, ImageKind

_MOST_CAPTURES = 400


class ProgressDesk:
    """Timelines, comparisons and similar cases as the pages exchange them."""

    def __init__(
        self,
        library: CaptureLibrary,
        register: ClientRegister,
        consent: ConsentDesk,
        comparer: VisitComparer,
        similar: SimilarCases,
        repeats_of: RepeatsOf,
    ) -> None:
        self._library = library
        self._register = register
        self._consent = consent
        self._comparer = comparer
        self._similar = similar
        self._repeats_of = repeats_of

    def timeline(self, client_id: str) -> shown.Timeline:
        """Return a client's captures in time, view by view."""
        client = self._register.get(ClientId(client_id))
        self._consent.require(client.id, ConsentPurpose.TREATMENT_RECORD)
        found = timelines(self._library.latest(client.id, _MOST_CAPTURES), self._repeats_of)
        return shown.Timeline(
            client_id=client.id, client_name=client.details.name, views=[_view(item) for item in found]
        )

    def compare(self, capture_id: str, other_id: str, actor: Actor) -> shown.Comparison:
        """Return two captures beside each other."""
        self._register.get(self._library.get(capture_id).client)
        return _comparison(self._comparer.compare(capture_id, other_id, actor.id))

    def aligned(self, capture_id: str, other_id: str, purpose: str, actor: Actor) -> bytes:
        """Return the other photograph laid onto this one; the read is on record first."""
        return self._comparer.aligned_jpeg(capture_id, other_id, purpose, actor.id)

    def similar(self, capture_id: str, limit: int, actor: Actor) -> shown.SimilarCases:
        """Return captures that look alike; never a name."""
        answer = self._similar.find(self._library.get(capture_id), limit, actor.id)
        cases = [
            shown.SimilarCase(
                capture_id=item.capture,
                similarity=item.similarity,
                same_client=item.own,
                view=self._library.get(item.capture).stored.metadata.view,
            )
            for item in answer.cases
        ]
        return shown.SimilarCases(
            capture_id=capture_id, comparable=answer.embedded, searched=answer.searched, cases=cases
        )

    def similar_image(self, capture_id: str, found_id: str, purpose: str, actor: Actor) -> bytes:
        """Return a small picture of a capture that was found, while that is allowed."""
        self._similar.require(self._library.get(capture_id), self._library.get(found_id))
        return self._library.open_image(found_id, ImageKind.DERIVED, purpose, actor.id)


def _view(found: ViewTimeline) -> shown.ViewTimeline:
    bands = [
        shown.RepeatabilityBand(
            measure=shown.ProgressMeasure(name), coefficient=item.coefficient, unit=item.unit, pairs=item.n
        )
        for name, item in found.repeats.items()
        if name in set(Measure)
    ]
    return shown.ViewTimeline(view=found.view, points=[_point(item) for item in found.points], bands=bands)


def _point(point: TimelinePoint) -> shown.TimelinePoint:
    metadata = point.capture.stored.metadata
    return shown.TimelinePoint(
        capture_id=point.capture.id,
        taken_at=point.capture.taken_at,
        treatment=metadata.treatment,
        light=metadata.light_profile,
        series=point.series,
        values=[_value(place, reading) for place, reading in point.values.items()],
    )


def _value(place: Place, reading: Reading) -> shown.ProgressValue:
    measure, region = place
    return shown.ProgressValue(
        measure=shown.ProgressMeasure(measure),
        region=region,
        value=reading.value,
        low=reading.low,
        high=reading.high,
    )


def _comparison(found: Comparison) -> shown.Comparison:
    this, other = found.this, found.other
    original = next(item for item in this.stored.images if item.kind is ImageKind.ORIGINAL)
    return shown.Comparison(
        capture_id=this.id,
        other_id=other.id,
        client_id=this.client,
        view=this.stored.metadata.view,
        taken_at=this.taken_at,
        other_taken_at=other.taken_at,
        this_is_later=found.this_is_later,
        width=original.width,
        height=original.height,
        alignment=_alignment(found.laid) if found.laid is not None else None,
        face=_around(found.laid.outline) if found.laid is not None else None,
        not_aligned=[_reason(item) for item in found.alignment],
        not_compared=[_reason(item) for item in found.obstacles],
        notes=[_reason(item) for item in found.notes],
        marks=[_mark(item) for item in found.marks],
        changes=[_change(item) for item in found.changes],
        summary="" if found.obstacles else summary(found.marks),
    )


def _alignment(laid: Registration) -> shown.Alignment:
    return shown.Alignment(
        method=laid.method.value,
        residual_pixels=round(laid.residual_pixels, 2),
        residual_percent=round(laid.residual_share * 100, 2),
        points=laid.points,
        overlap=round(laid.overlap, 3),
        scale=round(laid.scale, 4),
        yaw_degrees=round(laid.turn.yaw, 1),
        pitch_degrees=round(laid.turn.pitch, 1),
        roll_degrees=round(laid.turn.roll, 1),
    )


def _around(outline: Coordinates) -> Box:
    (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    return Box(x=left, y=top, w=right - left, h=bottom - top)


def _reason(problem: Problem) -> shown.ProgressReason:
    return shown.ProgressReason(code=problem.code, sentence=problem.sentence)


def _mark(mark: Mark) -> shown.ComparisonMark:
    return shown.ComparisonMark(
        kind=shown.MarkKind(mark.kind),
        number=mark.number,
        other_number=mark.other_number,
        type=mark.type,
        region=mark.region,
        box=Box(x=mark.box.x, y=mark.box.y, w=mark.box.w, h=mark.box.h),
        size=shown.ChangeDirection(mark.size),
        sentence=mark.sentence,
    )


def _change(change: Change) -> shown.ComparisonChange:
    return shown.ComparisonChange(
        measure=shown.ProgressMeasure(change.measure),
        region=change.region,
        before=change.before,
        after=change.after,
        allowance=change.allowance,
        direction=shown.ChangeDirection(change.direction),
        sentence=change.sentence,
    )
