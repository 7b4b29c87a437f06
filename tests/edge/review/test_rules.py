"""What corrections add up to: whatever the order they are handed over in, and as if undone ones never were."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Standing,
    Undo,
)
from edge.review.refusals import REASONS, refusal
from edge.review.rules import advance, fold, opened
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType, ReviewAction, ReviewReason, Route

AT = datetime(2031, 3, 12, tzinfo=UTC)
BLEMISH, PUSTULE, SPOT = FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT
BOX = Box(10, 10, 20, 20)


def proposed(number: int, kind: FindingType | None = SPOT, route: Route = Route.SUGGEST) -> ProposedFinding:
    contour = ((10.0 * number, 10.0), (10.0 * number + 8, 10.0), (10.0 * number + 8, 18.0))
    return ProposedFinding(number, kind, 0.8, Box(10.0 * number, 10, 8, 8), contour, FaceRegion.CHIN, route)


def proposal(*findings: ProposedFinding) -> Proposal:
    grades = {None: AppearanceGrade.SOME, FaceRegion.CHIN: AppearanceGrade.FEW}
    return Proposal("analysis", BundleRef("open", "1", "a" * 64), findings, grades, 200, 100)


THREE = proposal(proposed(1), proposed(2, BLEMISH), proposed(3, None, Route.NOT_ASSESSED))


def remove(finding: int) -> Correction:
    return Correction(ReviewAction.REMOVE, ReviewReason.HAIR, finding)


def retype(finding: int, kind: FindingType) -> Correction:
    return Correction(ReviewAction.RETYPE, ReviewReason.WRONG_TYPE, finding, kind)


def redraw(finding: int, box: Box) -> Correction:
    return Correction(ReviewAction.REDRAW, ReviewReason.OUTLINE_MISPLACED, finding, box=box)


def confirm(finding: int) -> Correction:
    return Correction(ReviewAction.CONFIRM, ReviewReason.AGREED, finding)


def add(kind: FindingType = SPOT, box: Box = BOX) -> Correction:
    return Correction(ReviewAction.ADD, ReviewReason.MISSED, type=kind, box=box)


def regrade(grade: AppearanceGrade, region: FaceRegion | None = FaceRegion.CHIN) -> Correction:
    return Correction(ReviewAction.REGRADE, ReviewReason.WRONG_GRADE, region=region, grade=grade)


def entries(*steps: Correction | Undo | Signature | Reopening) -> list[Entry]:
    return [Entry(f"e{order}", order, "nurse", AT, step) for order, step in enumerate(steps, start=1)]


def after(*steps: Correction | Undo | Signature | Reopening, start: Proposal = THREE) -> Review:
    return fold(start, entries(*steps))


def code(review: Review, step: Correction | Undo | Signature | Reopening) -> str:
    refused = refusal(review, step)
    return refused.code if refused else ""


def test_what_nobody_touched_stands_as_proposed() -> None:
    review = after()
    assert [item.standing for item in review.findings] == [Standing.PROPOSED] * 3
    assert (review.revision, review.signed, review.present) == (0, None, review.findings)


def test_each_action_does_what_it_says_and_names_what_stands_behind_it() -> None:
    box = Box(50, 50, 9, 9)
    review = after(confirm(1), retype(2, PUSTULE), redraw(2, box), remove(3), add(), regrade(AppearanceGrade.CLEAR))
    first, second, third, fourth = review.findings
    assert (first.standing, first.touched) == (Standing.CONFIRMED, ("e1",))
    assert (second.type, second.box, second.contour, second.region) == (PUSTULE, box, (), FaceRegion.CHIN)
    assert (second.standing, second.touched, second.retyped, second.redrawn) == (
        Standing.CHANGED, ("e2", "e3"), True, True,
    )  # fmt: skip
    assert second.proposed == THREE.findings[1]
    assert third.standing is Standing.REMOVED
    assert third not in review.present
    assert (fourth.number, fourth.standing, fourth.proposed, fourth.type) == (4, Standing.ADDED, None, SPOT)
    assert [(item.region, item.grade, item.proposed) for item in review.grades] == [
        (None, AppearanceGrade.SOME, AppearanceGrade.SOME),
        (FaceRegion.CHIN, AppearanceGrade.CLEAR, AppearanceGrade.FEW),
    ]


def test_a_number_is_never_given_twice_even_when_an_added_finding_is_taken_back() -> None:
    review = after(add(), Undo("e1"), add())
    assert [item.number for item in review.findings] == [1, 2, 3, 5]


def test_changing_back_what_was_changed_counts_as_agreeing() -> None:
    assert after(retype(1, BLEMISH), retype(1, SPOT)).findings[0].standing is Standing.CONFIRMED


def test_only_the_latest_correction_of_a_finding_can_be_taken_back() -> None:
    review = after(retype(1, BLEMISH), remove(2), redraw(1, BOX))
    assert code(review, Undo("e1")) == "undo_later_first"
    assert code(review, Undo("e2")) == ""
    assert code(review, Undo("e3")) == ""
    assert code(review, Undo("e9")) == "correction_unknown"
    assert code(after(remove(2), Undo("e1")), Undo("e1")) == "already_undone"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (remove(4), "finding_unknown"),
        (remove(-1), "finding_unknown"),
        (remove(0), "finding_unknown"),
        (retype(1, SPOT), "same_type"),
        (redraw(1, Box(190, 10, 20, 20)), "box_outside"),
        (redraw(1, Box(-1, 10, 20, 20)), "box_outside"),
        (redraw(1, Box(float("nan"), 10, 20, 20)), "outline_not_finite"),
        (redraw(1, Box(10, 10, float("inf"), 20)), "outline_not_finite"),
        (redraw(1, Box(10, 10, 1, 20)), "box_too_small"),
        (redraw(1, Box(10, 10, -20, 20)), "box_too_small"),
        (add(box=Box(10, 95, 20, 20)), "box_outside"),
        (replace(redraw(1, BOX), contour=((12.0, 12.0), (14.0, 14.0))), "contour_too_short"),
        (replace(redraw(1, BOX), contour=((12.0, 12.0), (14.0, 14.0), (90.0, 12.0))), "contour_outside"),
        (replace(redraw(1, BOX), contour=tuple((12.0, 12.0) for _ in range(41))), "contour_too_long"),
        (replace(redraw(1, THREE.findings[0].box), contour=THREE.findings[0].contour), "same_outline"),
        (regrade(AppearanceGrade.FEW), "same_grade"),
        (replace(remove(1), type=SPOT), "field_not_wanted"),
        (replace(remove(1), box=BOX), "field_not_wanted"),
        (replace(add(), finding=1), "field_not_wanted"),
        (replace(retype(1, BLEMISH), type=None), "field_missing"),
        (replace(add(), box=None), "field_missing"),
        (replace(remove(1), finding=None), "field_missing"),
        (replace(remove(1), reason=ReviewReason.AGREED), "reason_does_not_fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_own_code(step: Correction, expected: str) -> None:
    assert code(after(), step) == expected


def test_a_removed_or_decided_finding_is_not_decided_again() -> None:
    assert code(after(remove(1)), remove(1)) == "finding_removed"
    assert code(after(remove(1)), retype(1, BLEMISH)) == "finding_removed"
    assert code(after(confirm(1)), confirm(1)) == "already_decided"
    assert code(after(retype(1, BLEMISH)), confirm(1)) == "already_decided"


def test_a_result_is_signed_once_and_must_be_reopened_before_anything_changes() -> None:
    signed = after(Signature("aspen"))
    assert signed.signed is not None
    assert (signed.signed.signer, signed.signed.actor, signed.signed.at) == ("aspen", "nurse", AT)
    for step in (remove(1), Undo("e1"), Signature("willow")):
        assert code(signed, step) == "review_signed"
    assert code(after(), Reopening()) == "not_signed"
    reopened = after(Signature("aspen"), Reopening())
    assert reopened.signed is None
    assert code(reopened, remove(1)) == ""


def test_nothing_that_needs_a_person_is_signed_undecided() -> None:
    start = proposal(proposed(1, route=Route.REVIEW_REQUIRED), proposed(2, route=Route.REVIEW_REQUIRED), proposed(3))
    assert code(after(start=start), Signature("aspen")) == "review_incomplete"
    assert code(after(confirm(1), start=start), Signature("aspen")) == "review_incomplete"
    assert code(after(confirm(1), remove(2), start=start), Signature("aspen")) == ""
    assert code(after(confirm(1), remove(2), Undo("e2"), start=start), Signature("aspen")) == "review_incomplete"


def test_a_recorded_step_that_the_rules_refuse_counts_for_nothing() -> None:
    first, *others = entries(remove(1), remove(9), remove(1), Undo("nothing"))
    assert fold(THREE, [first, *others]) == fold(THREE, [first])


def test_every_action_has_its_reasons() -> None:
    assert set(REASONS) == set(ReviewAction)
    assert {reason for reasons in REASONS.values() for reason in reasons} == set(ReviewReason)


boxes = st.builds(Box, st.integers(0, 150), st.integers(0, 60), st.integers(1, 60), st.integers(1, 50))
numbers = st.integers(1, 6)
corrections = st.one_of(
    st.builds(remove, numbers),
    st.builds(confirm, numbers),
    st.builds(retype, numbers, st.sampled_from(FindingType)),
    st.builds(redraw, numbers, boxes),
    st.builds(add, st.sampled_from(FindingType), boxes),
    st.builds(regrade, st.sampled_from(AppearanceGrade), st.sampled_from([None, *FaceRegion])),
)
steps = st.lists(
    st.one_of(
        corrections,
        st.builds(Undo, st.integers(1, 20).map(lambda order: f"e{order}")),
        st.just(Signature("aspen")),
        st.just(Reopening()),
    ),
    max_size=20,
)


@given(steps, st.randoms(use_true_random=False))
def test_the_order_steps_are_handed_over_in_does_not_matter(done: list[Correction], shuffler: random.Random) -> None:
    recorded = entries(*done)
    shuffled = list(recorded)
    shuffler.shuffle(shuffled)
    assert fold(THREE, shuffled) == fold(THREE, recorded)


@given(steps, corrections)
def test_undo_restores_everything_but_the_memory_of_it(done: list[Correction], step: Correction) -> None:
    before = after(*done)
    if refusal(before, step) is not None:
        return
    changed = advance(before, Entry("new", 100, "nurse", AT, step))
    assert refusal(changed, Undo("new")) is None
    restored = advance(changed, Entry("undo", 101, "nurse", AT, Undo("new")))
    assert (restored.findings, restored.grades, restored.signed) == (before.findings, before.grades, before.signed)
    assert restored.corrections[:-1] == before.corrections
    assert restored.corrections[-1].undone


@given(steps)
def test_a_fold_never_loses_a_proposed_finding_and_never_counts_a_number_twice(done: list[Correction]) -> None:
    review = after(*done)
    found = [item.number for item in review.findings]
    assert found == sorted(set(found))
    assert {1, 2, 3} <= set(found)
    assert {item.proposed for item in review.findings if item.proposed} == set(THREE.findings)
    for item in review.present:
        assert item.box.x + item.box.w <= THREE.width
        assert item.box.y + item.box.h <= THREE.height


@given(steps)
def test_a_finding_is_what_the_corrections_that_count_say_alone(done: list[Correction]) -> None:
    review = after(*done)
    standing = {item.entry.id for item in review.corrections if not item.undone}
    touched = [name for item in (*review.findings, *review.grades) for name in item.touched]
    assert sorted(touched) == sorted(standing)


def test_opening_says_what_the_models_said() -> None:
    assert opened(THREE) == after()
