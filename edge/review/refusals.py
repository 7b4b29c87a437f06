"""What may not come next in a review, and why: the one judge, before a step is recorded and when it is replayed."""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from edge.review.domain import (
    Box,
    Contour,
    Correction,
    Proposal,
    Reopening,
    Review,
    ReviewedFinding,
    Signature,
    Standing,
    Undo,
)
from edge.review.errors import CorrectionRefused, ReviewMoved
from shared.errors import Rejected
from shared.events.limits import MAX_CONTOUR_POINTS
from shared.vocabulary import ReviewAction, ReviewReason

MAX_CORRECTIONS: Final = 1000
MAX_ADDED: Final = 200
LEAST_SIDE_PIXELS: Final = 2.0
_SLACK_PIXELS: Final = 1.0

REASONS: Final[Mapping[ReviewAction, tuple[ReviewReason, ...]]] = {
    ReviewAction.CONFIRM: (ReviewReason.AGREED,),
    ReviewAction.ADD: (ReviewReason.MISSED, ReviewReason.SEVERAL_IN_ONE, ReviewReason.OTHER),
    ReviewAction.REMOVE: (
        ReviewReason.NOTHING_THERE,
        ReviewReason.HAIR,
        ReviewReason.MAKE_UP,
        ReviewReason.SHADOW,
        ReviewReason.REFLECTION,
        ReviewReason.NOT_SKIN,
        ReviewReason.DUPLICATE,
        ReviewReason.GROWTH,
        ReviewReason.OTHER,
    ),
    ReviewAction.REDRAW: (
        ReviewReason.OUTLINE_TOO_LARGE,
        ReviewReason.OUTLINE_TOO_SMALL,
        ReviewReason.OUTLINE_MISPLACED,
        ReviewReason.SEVERAL_IN_ONE,
        ReviewReason.OTHER,
    ),
    ReviewAction.RETYPE: (ReviewReason.WRONG_TYPE, ReviewReason.OTHER),
    ReviewAction.REGRADE: (ReviewReason.WRONG_GRADE, ReviewReason.COUNT_CHANGED, ReviewReason.OTHER),
}
"""The reasons that make sense for each action."""


def refusal(review: Review, step: Correction | Undo | Signature | Reopening) -> Rejected | None:
    """Return why a step may not come next, or None when it may."""
    if isinstance(step, Reopening):
        return None if review.signed else ReviewMoved("not_signed", "This result is not signed; there is no need.")
    if review.signed:
        return ReviewMoved("review_signed", "This result is signed. Reopen it first, then go on.")
    match step:
        case Correction():
            return _refuse_correction(review, step)
        case Undo(correction=name):
            return _refuse_undo(review, name)
        case Signature():
            return _refuse_signature(review)


def _refuse_signature(review: Review) -> Rejected | None:
    open_numbers = [str(item.number) for item in review.findings if item.undecided]
    if not open_numbers:
        return None
    named = ", ".join(open_numbers[:8]) + (" and more" if len(open_numbers) > 8 else "")
    return ReviewMoved("review_incomplete", f"These still need your decision before you sign: {named}.")


def _refuse_undo(review: Review, name: str) -> Rejected | None:
    found = next((item for item in review.corrections if item.entry.id == name), None)
    if found is None:
        return CorrectionRefused("correction_unknown", "This review holds no such correction.")
    if found.undone:
        return ReviewMoved("already_undone", "This correction was already taken back.")
    live = [item for item in review.corrections if not item.undone and item.target == found.target]
    if live[-1] is not found:
        return ReviewMoved("undo_later_first", "A later correction builds on this one; take that back first.")
    return None


def _refuse_correction(review: Review, step: Correction) -> Rejected | None:
    if len(review.corrections) >= MAX_CORRECTIONS:
        return CorrectionRefused("review_too_long", f"A review holds {MAX_CORRECTIONS} corrections at most.")
    if step.reason not in REASONS[step.action]:
        return CorrectionRefused("reason_does_not_fit", "This reason does not belong to this kind of correction.")
    return _refuse_shape(step) or _JUDGES[step.action](review, step)


def _refuse_shape(step: Correction) -> Rejected | None:
    """Refuse a field that is missing, or that would be silently ignored."""
    needed, allowed = _FIELDS[step.action]
    given = {name for name in ("finding", "type", "box", "region", "grade") if getattr(step, name) is not None}
    if step.contour:
        given.add("contour")
    for name in sorted(needed - given):
        return CorrectionRefused("field_missing", f"To {step.action}, say which {name}.")
    for name in sorted(given - needed - allowed):
        return CorrectionRefused("field_not_wanted", f"To {step.action}, leave out {name}.")
    return None


def _refuse_target(review: Review, step: Correction) -> Rejected | None:
    found = review.finding(step.finding or 0)
    if found is None:
        return CorrectionRefused("finding_unknown", f"There is no finding {step.finding} on this photograph.")
    if found.removed:
        return ReviewMoved("finding_removed", f"Finding {found.number} was removed. Undo that first.")
    return None


def _refuse_confirm(review: Review, step: Correction) -> Rejected | None:
    refused = _refuse_target(review, step)
    if refused is None and _known(review, step).standing is not Standing.PROPOSED:
        return ReviewMoved("already_decided", f"Finding {step.finding} was already decided by a reviewer.")
    return refused


def _refuse_retype(review: Review, step: Correction) -> Rejected | None:
    refused = _refuse_target(review, step)
    if refused is None and _known(review, step).type is step.type:
        return CorrectionRefused("same_type", f"Finding {step.finding} is already of this type.")
    return refused


def _refuse_redraw(review: Review, step: Correction) -> Rejected | None:
    refused = _refuse_target(review, step) or _refuse_outline(review.proposal, step)
    if refused is None:
        before = _known(review, step)
        if (before.box, before.contour) == (step.box, step.contour):
            return CorrectionRefused("same_outline", f"Finding {step.finding} already has this outline.")
    return refused


def _refuse_add(review: Review, step: Correction) -> Rejected | None:
    added = sum(item.correction.action is ReviewAction.ADD for item in review.corrections)
    if added >= MAX_ADDED:
        return CorrectionRefused("too_many_added", f"A reviewer can add {MAX_ADDED} findings at most.")
    return _refuse_outline(review.proposal, step)


def _refuse_regrade(review: Review, step: Correction) -> Rejected | None:
    before = next((item for item in review.grades if item.region is step.region), None)
    if before is not None and before.grade is step.grade:
        return CorrectionRefused("same_grade", "This region already has this grade.")
    return None


def _refuse_outline(proposal: Proposal, step: Correction) -> Rejected | None:
    box, contour = step.box, step.contour
    if box is None:
        return CorrectionRefused("field_missing", f"To {step.action}, say which box.")
    numbers = (box.x, box.y, box.w, box.h, *(value for point in contour for value in point))
    if not all(math.isfinite(value) for value in numbers):
        return CorrectionRefused("outline_not_finite", "The outline has a coordinate that is no number.")
    if box.w < LEAST_SIDE_PIXELS or box.h < LEAST_SIDE_PIXELS:
        return CorrectionRefused("box_too_small", "The box is too small to see. Draw it larger.")
    if box.x < 0 or box.y < 0 or box.x + box.w > proposal.width or box.y + box.h > proposal.height:
        return CorrectionRefused("box_outside", "The box reaches beyond the photograph. Draw it inside.")
    return _refuse_contour(box, contour)


def _refuse_contour(box: Box, contour: Contour) -> Rejected | None:
    if contour and len(contour) < 3:
        return CorrectionRefused("contour_too_short", "An outline needs three corners at least.")
    if len(contour) > MAX_CONTOUR_POINTS:
        return CorrectionRefused("contour_too_long", f"An outline has {MAX_CONTOUR_POINTS} corners at most.")
    left, top = box.x - _SLACK_PIXELS, box.y - _SLACK_PIXELS
    right, bottom = box.x + box.w + _SLACK_PIXELS, box.y + box.h + _SLACK_PIXELS
    if any(not (left <= x <= right and top <= y <= bottom) for x, y in contour):
        return CorrectionRefused("contour_outside", "The outline leaves its box. Draw it inside.")
    return None


_Judge: TypeAlias = Callable[[Review, Correction], Rejected | None]
_JUDGES: Final[Mapping[ReviewAction, _Judge]] = {
    ReviewAction.ADD: _refuse_add,
    ReviewAction.REMOVE: _refuse_target,
    ReviewAction.REDRAW: _refuse_redraw,
    ReviewAction.RETYPE: _refuse_retype,
    ReviewAction.REGRADE: _refuse_regrade,
    ReviewAction.CONFIRM: _refuse_confirm,
}
# What each action must say, and what it may say beside that.
_FIELDS: Final[Mapping[ReviewAction, tuple[frozenset[str], frozenset[str]]]] = {
    ReviewAction.ADD: (frozenset({"type", "box"}), frozenset({"contour", "region"})),
    ReviewAction.REMOVE: (frozenset({"finding"}), frozenset()),
    ReviewAction.REDRAW: (frozenset({"finding", "box"}), frozenset({"contour"})),
    ReviewAction.RETYPE: (frozenset({"finding", "type"}), frozenset()),
    ReviewAction.REGRADE: (frozenset({"grade"}), frozenset({"region"})),
    ReviewAction.CONFIRM: (frozenset({"finding"}), frozenset()),
}


def _known(review: Review, step: Correction) -> ReviewedFinding:
    found = review.finding(step.finding or 0)
    if found is None:
        raise AssertionError("asked only about findings that are there")
    return found
