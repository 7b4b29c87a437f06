"""What the steps of a review mean: pure, total, and the same in whatever order the steps are handed over.

`fold` replays recorded steps by their order; `refusal` is the one judge of what may come next, asked before a
step is recorded and again on replay, so that a log holds nothing the rules would not have let in.
"""

from collections.abc import Iterable
from dataclasses import replace

from edge.review.domain import (
    Correction,
    Entry,
    Proposal,
    RecordedCorrection,
    Reopening,
    Review,
    ReviewedFinding,
    ReviewedGrade,
    Signature,
    Signed,
    Undo,
)
from edge.review.refusals import refusal
from shared.vocabulary import FaceRegion, ReviewAction


def opened(proposal: Proposal) -> Review:
    """Return the review before anybody has done anything."""
    findings = tuple(
        ReviewedFinding(item.number, item.type, item.box, item.contour, item.region, item) for item in proposal.findings
    )
    grades = tuple(ReviewedGrade(region, grade, grade) for region, grade in proposal.grades.items())
    return Review(proposal, findings, grades, (), 0, None)


def fold(proposal: Proposal, entries: Iterable[Entry]) -> Review:
    """Return the review that the recorded steps add up to; a step that the rules refuse counts for nothing."""
    review = opened(proposal)
    for entry in sorted(entries, key=lambda item: (item.order, item.id)):
        if refusal(review, entry.step) is None:
            review = advance(review, entry)
    return review


def advance(review: Review, entry: Entry) -> Review:
    """Return the review after one step that `refusal` does not refuse."""
    revision = review.revision + 1
    match entry.step:
        case Correction() as correction:
            return replace(_corrected(review, entry, correction), revision=revision)
        case Undo(correction=name):
            return replace(_undone(review, name), revision=revision)
        case Signature(signer=signer):
            return replace(review, signed=Signed(signer, entry.actor, entry.at), revision=revision)
        case Reopening():
            return replace(review, signed=None, revision=revision)


def _corrected(review: Review, entry: Entry, correction: Correction) -> Review:
    number = correction.finding
    if correction.action is ReviewAction.ADD:
        # Adds taken back count too: a number, once given, never means anything else.
        earlier = sum(item.correction.action is ReviewAction.ADD for item in review.corrections)
        number = len(review.proposal.findings) + earlier + 1
    recorded = RecordedCorrection(entry, correction, number, undone=False)
    return _rebuilt(replace(review, corrections=(*review.corrections, recorded)), recorded.target)


def _undone(review: Review, name: str) -> Review:
    found = next(item for item in review.corrections if item.entry.id == name)
    corrections = tuple(replace(item, undone=True) if item is found else item for item in review.corrections)
    return _rebuilt(replace(review, corrections=corrections), found.target)


def _rebuilt(review: Review, target: tuple[str, int | FaceRegion | None]) -> Review:
    """Return the review with one target worked out anew from the corrections that still count."""
    live = [item for item in review.corrections if not item.undone and item.target == target]
    kind, name = target
    if kind == "grade":
        grades = [item for item in review.grades if item.region is not name]
        rebuilt = _grade_after(review.proposal, live)
        return replace(review, grades=_in_order(review.proposal, [*grades, *rebuilt]))
    others = [item for item in review.findings if item.number != name]
    finding = _finding_after(review.proposal, live, name)
    return replace(review, findings=tuple(sorted([*others, *finding], key=lambda item: item.number)))


def _finding_after(proposal: Proposal, live: list[RecordedCorrection], number: object) -> list[ReviewedFinding]:
    start = next((item for item in opened(proposal).findings if item.number == number), None)
    for item in live:
        start = _applied(start, item)
    return [] if start is None else [start]


def _applied(before: ReviewedFinding | None, item: RecordedCorrection) -> ReviewedFinding | None:
    step, name = item.correction, item.entry.id
    if step.action is ReviewAction.ADD and step.box is not None and item.finding is not None:
        return ReviewedFinding(item.finding, step.type, step.box, step.contour, step.region, None, touched=(name,))
    if before is None:
        return None
    after = replace(before, touched=(*before.touched, name))
    match step.action:
        case ReviewAction.REMOVE:
            return replace(after, removed=True)
        case ReviewAction.RETYPE:
            return replace(after, type=step.type)
        case ReviewAction.REDRAW if step.box is not None:
            return replace(after, box=step.box, contour=step.contour)
        case _:
            return after


def _grade_after(proposal: Proposal, live: list[RecordedCorrection]) -> list[ReviewedGrade]:
    if not live:
        return []
    last = live[-1].correction
    if last.grade is None:
        return []
    names = tuple(item.entry.id for item in live)
    return [ReviewedGrade(last.region, last.grade, proposal.grades.get(last.region), names)]


def _in_order(proposal: Proposal, grades: list[ReviewedGrade]) -> tuple[ReviewedGrade, ...]:
    """Return the proposed regions in their order, untouched ones restored, then those only a reviewer graded."""
    known = {item.region: item for item in grades}
    proposed = [known.pop(region, ReviewedGrade(region, grade, grade)) for region, grade in proposal.grades.items()]
    return (*proposed, *sorted(known.values(), key=lambda item: item.region or ""))
