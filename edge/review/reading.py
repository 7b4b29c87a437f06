"""From the log's payloads to a review, and back; the only place that knows both."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.review.domain import (
    Box,
    BundleRef,
    Correction,
    Entry,
    Proposal,
    ProposedFinding,
    Reopening,
    Review,
    Signature,
    Undo,
)
from edge.review.groups import Circumstances, tone_group
from edge.review.rules import fold
from shared.events.catalogue.capture import AnalysisCompleted, BoxInPixels, CaptureStored, read_analysis
from shared.events.catalogue.review import (
    BundleNamed,
    ReviewCorrected,
    ReviewReopened,
    ReviewSigned,
    ReviewUndone,
)
from shared.events.envelope import Event
from shared.ids import ClientId
from shared.vocabulary import ImageKind

STEPS = frozenset(
    {ReviewCorrected.event_type, ReviewUndone.event_type, ReviewSigned.event_type, ReviewReopened.event_type}
)


@dataclass(frozen=True, slots=True)
class StoredReview:
    """One capture's review with what is needed around it.

    Attributes:
        capture: id of the capture.
        client: whose it is.
        circumstances: how it was taken.
        milliseconds: how long the analysis took.
        review: the review as it stands.
        sealed: payloads of the steps that have a sealed note, by event id.
        head: version of the capture's aggregate that was read.
    """

    capture: str
    client: ClientId
    circumstances: Circumstances
    milliseconds: float
    review: Review
    sealed: dict[str, dict[str, Any]]
    head: int


def read_review(capture: str, events: Iterable[Event]) -> StoredReview | None:
    """Return the review of a capture from all its events in order, or None when it is not analysed.

    Steps about an earlier analysis do not count: a new one is reviewed anew.
    """
    stored: Event | None = None
    analysed: Event | None = None
    steps: list[Event] = []
    head = 0
    for event in events:
        head = event.fields.version
        match event.fields.type:
            case CaptureStored.event_type:
                stored = event
            case AnalysisCompleted.event_type:
                analysed, steps = event, []
            case kind if kind in STEPS:
                steps.append(event)
    if stored is None or analysed is None:
        return None
    payload = without_sealed(stored.fields.payload)
    what = CaptureStored.model_validate(payload)
    analysis = read_analysis(analysed.fields.payload, analysed.fields.schema_version)
    proposal = proposal_of(analysed.fields.id, analysis, what)
    entries = [entry_of(event) for event in steps if event.fields.payload["analysis"] == analysed.fields.id]
    return StoredReview(
        capture,
        ClientId(stored.fields.client or ""),
        circumstances_of(what),
        analysis.milliseconds,
        fold(proposal, entries),
        {event.fields.id: event.fields.payload for event in steps if "sealed" in event.fields.payload},
        head,
    )


def proposal_of(analysis_id: str, analysis: AnalysisCompleted, stored: CaptureStored) -> Proposal:
    """Return what the models said, for a photograph as it was stored."""
    original = next(image for image in stored.images if image.kind is ImageKind.ORIGINAL)
    findings = tuple(
        ProposedFinding(
            number=number,
            type=item.type,
            confidence=item.confidence,
            box=Box(item.box.x, item.box.y, item.box.w, item.box.h),
            contour=item.contour,
            region=item.region,
            route=item.route,
            reasons=item.reasons,
            type_set=item.type_set,
        )
        for number, item in enumerate(analysis.findings, start=1)
    )
    grades = {item.region: item.grade for item in analysis.grades}
    return Proposal(analysis_id, bundle_of(analysis), findings, grades, original.width, original.height)


def circumstances_of(stored: CaptureStored) -> Circumstances:
    """Return how a photograph was taken."""
    return Circumstances(tone_group(stored.metadata.tone_monk), stored.metadata.view, stored.gate.profile)


def bundle_of(analysis: AnalysisCompleted) -> BundleRef:
    """Return which models made an analysis; one without a bundle is named for its first model."""
    digest = models_digest((item.name, item.version, item.sha256) for item in analysis.models)
    if analysis.bundle is not None:
        return BundleRef(analysis.bundle.name, analysis.bundle.version, digest)
    first = next(iter(analysis.models), None)
    return BundleRef(first.name if first else "unknown", first.version if first else "0", digest)


def models_digest(models: Iterable[tuple[str, str, str]]) -> str:
    """Return one hash for a set of graphs, each as name, version and hash, in whatever order they are named."""
    return hashlib.sha256("\n".join(sorted(" ".join(model) for model in models)).encode()).hexdigest()


def entry_of(event: Event) -> Entry:
    """Return a recorded step.

    Raises:
        ValueError: the event is no step of a review.
    """
    fields = event.fields
    return Entry(fields.id, fields.version, fields.actor, fields.wall_time, _step(fields.type, fields.payload))


def _step(kind: str, payload: dict[str, Any]) -> Correction | Undo | Signature | Reopening:
    match kind:
        case ReviewCorrected.event_type:
            return _correction(ReviewCorrected.model_validate(without_sealed(payload)))
        case ReviewUndone.event_type:
            return Undo(ReviewUndone.model_validate(payload).correction)
        case ReviewSigned.event_type:
            return Signature(ReviewSigned.model_validate(payload).signer)
        case ReviewReopened.event_type:
            return Reopening()
        case _:
            raise ValueError(f"{kind} is no step of a review")


def _correction(payload: ReviewCorrected) -> Correction:
    box = payload.box
    return Correction(
        action=payload.action,
        reason=payload.reason,
        finding=payload.finding,
        type=payload.type,
        box=None if box is None else Box(box.x, box.y, box.w, box.h),
        contour=payload.contour,
        region=payload.region,
        grade=payload.grade,
    )


def correction_payload(review: Review, correction: Correction, note: str) -> ReviewCorrected:
    """Return the event of a correction of this review."""
    box = correction.box
    return ReviewCorrected(
        analysis=review.proposal.analysis,
        bundle=bundle_payload(review.proposal.bundle),
        action=correction.action,
        finding=correction.finding,
        type=correction.type,
        box=None if box is None else BoxInPixels(x=box.x, y=box.y, w=box.w, h=box.h),
        contour=correction.contour,
        region=correction.region,
        grade=correction.grade,
        reason=correction.reason,
        note=note,
    )


def bundle_payload(bundle: BundleRef) -> BundleNamed:
    """Return a bundle as an event names it."""
    return BundleNamed(name=bundle.name, version=bundle.version, sha256=bundle.sha256)


def without_sealed(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the clear part of a payload."""
    return {name: value for name, value in payload.items() if name != "sealed"}
