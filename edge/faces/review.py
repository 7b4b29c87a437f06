"""Professional review, for the pages."""

from collections.abc import Mapping

from edge.api import review_schemas as shown
from edge.api import schemas
from edge.api.ports import Actor
from edge.clients.register import ClientRegister, ClientUnknown
from edge.faces.review_shapes import shown_agreement, shown_review, shown_shadow
from edge.review.domain import Box, Correction
from edge.review.examples import LabelledExamples
from edge.review.reading import StoredReview
from edge.review.reviews import NotedCorrection, QueueItem, Reviews
from edge.review.shadow_log import ShadowLog
from edge.review.signed import SignedReviews
from edge.review.statistics import by_bundle, outcome_of
from edge.visits.library import CaptureLibrary


class ReviewDesk:
    """Reviews as the pages exchange them."""

    def __init__(
        self,
        reviews: Reviews,
        signed: SignedReviews,
        examples: LabelledExamples,
        shadow: ShadowLog,
        register: ClientRegister,
        library: CaptureLibrary,
    ) -> None:
        self._reviews = reviews
        self._signed = signed
        self._examples = examples
        self._shadow = shadow
        self._register = register
        self._library = library

    def queue(self, *, signed: bool, limit: int) -> shown.ReviewQueue:
        """Return what waits for a signature, or what has one; erased clients are left out."""
        names = self._reviews.names()
        found = (self._queued(item, names) for item in self._reviews.queue(signed=signed, limit=limit))
        waiting, done = self._reviews.counts()
        return shown.ReviewQueue(waiting=waiting, signed=done, items=[item for item in found if item is not None])

    def get(self, capture_id: str) -> shown.Review:
        """Return a capture's review."""
        return self._shown(self._reviews.get(capture_id))

    def correct(self, capture_id: str, what: shown.CorrectionsRequest, actor: Actor) -> shown.Review:
        """Record corrections, all or none."""
        corrections = [noted_correction(item) for item in what.corrections]
        return self._shown(self._reviews.correct(capture_id, corrections, what.revision, actor.id))

    def undo(self, capture_id: str, what: shown.UndoRequest, actor: Actor) -> shown.Review:
        """Take one correction back."""
        return self._shown(self._reviews.undo(capture_id, what.correction_id, what.revision, actor.id))

    def sign(self, capture_id: str, signer: str, revision: int, actor: Actor) -> shown.Review:
        """Record a licensed person's signature."""
        return self._shown(self._reviews.sign(capture_id, signer, revision, actor.id))

    def reopen(self, capture_id: str, what: shown.ReopenRequest, actor: Actor) -> shown.Review:
        """Withdraw the signature."""
        return self._shown(self._reviews.reopen(capture_id, what.note, what.revision, actor.id))

    def statistics(self) -> shown.ReviewStatistics:
        """Return how far reviewers follow each bundle and how candidates compare: sums, nobody's result."""
        signed = list(self._signed)
        reports = by_bundle(outcome_of(item.review, item.circumstances) for item in signed)
        usable, withheld = self._examples.states()
        return shown.ReviewStatistics(
            bundles=[shown_agreement(item) for item in reports],
            shadow=[shown_shadow(item) for item in self._shadow.reports(signed)],
            examples_usable=usable,
            examples_withheld=withheld,
        )

    def _shown(self, stored: StoredReview) -> shown.Review:
        reviews = self._reviews
        return shown_review(stored.capture, stored.review, reviews.notes(stored), reviews.signers(), reviews.names())

    def _queued(self, item: QueueItem, names: Mapping[str, str]) -> shown.ReviewQueueItem | None:
        try:
            name = self._register.get(item.client).details.name
        except ClientUnknown:
            return None
        return shown.ReviewQueueItem(
            capture_id=item.capture,
            client_name=name,
            taken_at=item.taken_at,
            view=self._library.get(item.capture).stored.metadata.view,
            route=item.route,
            to_decide=self._undecided(item),
            findings=item.findings,
            corrected=item.revision > 0,
            signed_at=item.signed_at,
            signer_name=names.get(item.signer, item.signer) if item.signer else None,
        )

    def _undecided(self, item: QueueItem) -> int:
        """Return how many findings still need a decision; a review nobody has begun is not folded for it."""
        if item.revision == 0:
            return item.to_decide
        return sum(finding.undecided for finding in self._reviews.get(item.capture).review.findings)


def noted_correction(item: shown.NewCorrection) -> NotedCorrection:
    """Return a correction as the rules know it."""
    return NotedCorrection(
        Correction(
            action=item.action,
            reason=item.reason,
            finding=item.finding,
            type=item.type,
            box=_box(item.box),
            contour=tuple((x, y) for x, y in item.contour),
            region=item.region,
            grade=item.grade,
        ),
        item.note,
    )


def _box(box: schemas.Box | None) -> Box | None:
    return None if box is None else Box(box.x, box.y, box.w, box.h)
