"""Reviews in memory, by the product's own rules, over the captures of the fake box."""

from collections.abc import Sequence
from datetime import UTC, datetime

from edge.api import review_schemas as shown
from edge.api import schemas as s
from edge.api.ports import Actor
from edge.faces.review import noted_correction
from edge.faces.review_shapes import shown_agreement, shown_review
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
from edge.review.groups import Circumstances, ToneGroup
from edge.review.licences import Signer
from edge.review.refusals import refusal
from edge.review.rules import advance, opened
from edge.review.statistics import by_bundle, outcome_of
from shared.errors import Rejected
from shared.http.errors import Conflict, Forbidden, NotFound
from shared.vocabulary import Route

NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
SIGNERS = [Signer("ben", "Ben Cole, RN"), Signer("mia", "Mia Tran, NP")]
BUNDLE = BundleRef("open", "1.0.0", "ab" * 32)
_RANKS = (Route.REVIEW_REQUIRED, Route.SUGGEST, Route.ACT, Route.NOT_ASSESSED)


class FakeReview:
    """One review a capture."""

    def __init__(self, captures: Sequence[s.CaptureDetail]) -> None:
        self.captures = {item.id: item for item in captures}
        self.reviews = {item.id: opened(_proposal(item)) for item in captures}
        self.notes: dict[str, str] = {}
        self.steps = 0

    def queue(self, *, signed: bool, limit: int) -> shown.ReviewQueue:
        found = [
            self._queued(name, review) for name, review in self.reviews.items() if (review.signed is not None) is signed
        ]
        done = sum(review.signed is not None for review in self.reviews.values())
        items = sorted(found, key=lambda item: _RANKS.index(item.route))[:limit]
        return shown.ReviewQueue(waiting=len(self.reviews) - done, signed=done, items=items)

    def _queued(self, name: str, review: Review) -> shown.ReviewQueueItem:
        capture = self.captures[name]
        routes = [item.route for item in review.proposal.findings] or [Route.REVIEW_REQUIRED]
        return shown.ReviewQueueItem(
            capture_id=name,
            client_name=capture.client_name,
            taken_at=capture.taken_at,
            view=capture.view,
            route=min(routes, key=_RANKS.index),
            to_decide=sum(item.undecided for item in review.findings),
            findings=len(capture.items),
            corrected=review.revision > 0,
            signed_at=review.signed.at if review.signed else None,
            signer_name=next((one.name for one in SIGNERS if review.signed and one.id == review.signed.signer), None),
        )

    def get(self, capture_id: str) -> shown.Review:
        if capture_id not in self.reviews:
            raise NotFound("no_such_capture", "This photograph is not here.")
        names = {one.id: one.name for one in SIGNERS}
        return shown_review(capture_id, self.reviews[capture_id], self.notes, SIGNERS, names)

    def correct(self, capture_id: str, what: shown.CorrectionsRequest, actor: Actor) -> shown.Review:
        noted = [noted_correction(item) for item in what.corrections]
        before = self.steps
        answer = self._step(capture_id, what.revision, [item.correction for item in noted], actor)
        self.notes |= {f"step-{before + place}": item.note for place, item in enumerate(noted, start=1)}
        return answer.model_copy(update={"entries": self.get(capture_id).entries})

    def undo(self, capture_id: str, what: shown.UndoRequest, actor: Actor) -> shown.Review:
        return self._step(capture_id, what.revision, [Undo(what.correction_id)], actor)

    def sign(self, capture_id: str, signer: str, revision: int, actor: Actor) -> shown.Review:
        if signer not in {item.id for item in SIGNERS}:
            raise Forbidden("not_licensed", "This person may not sign results.")
        return self._step(capture_id, revision, [Signature(signer)], actor)

    def reopen(self, capture_id: str, what: shown.ReopenRequest, actor: Actor) -> shown.Review:
        return self._step(capture_id, what.revision, [Reopening()], actor)

    def statistics(self) -> shown.ReviewStatistics:
        signed = [
            outcome_of(review, Circumstances(ToneGroup.NOT_STATED, capture.view, capture.profile))
            for review, capture in zip(self.reviews.values(), self.captures.values(), strict=True)
            if review.signed
        ]
        bundles = [shown_agreement(item) for item in by_bundle(signed)]
        return shown.ReviewStatistics(bundles=bundles, shadow=[], examples_usable=0, examples_withheld=len(signed))

    def _step(
        self,
        capture_id: str,
        revision: int,
        steps: Sequence[Correction | Undo | Signature | Reopening],
        actor: Actor,
    ) -> shown.Review:
        self.get(capture_id)
        review, taken = self.reviews[capture_id], self.steps
        if review.revision != revision:
            raise Conflict("review_changed", "This review has changed meanwhile. Look again, then decide.")
        for step in steps:
            refused: Rejected | None = refusal(review, step)
            if refused is not None:
                raise Conflict(refused.code, refused.sentence)
            taken += 1
            review = advance(review, Entry(f"step-{taken}", taken, actor.id, NOW, step))
        self.reviews[capture_id], self.steps = review, taken
        return self.get(capture_id)


def _proposal(capture: s.CaptureDetail) -> Proposal:
    findings = tuple(
        ProposedFinding(
            item.number,
            item.type,
            item.confidence,
            Box(item.box.x, item.box.y, item.box.w, item.box.h),
            tuple((x, y) for x, y in item.contour),
            item.region,
            item.route,
            tuple(item.reasons),
            tuple(item.type_set),
        )
        for item in capture.items
    )
    grades = {item.region: item.grade for item in capture.grades}
    return Proposal(f"analysis-{capture.id}", BUNDLE, findings, grades, capture.width, capture.height)
