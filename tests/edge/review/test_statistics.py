"""Shares, kappa and what is counted: bounded, honest about few cases, and never dividing by zero."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.review.domain import Box, BundleRef, Correction
from edge.review.groups import Circumstances, Dimension, ToneGroup, tone_group
from edge.review.intervals import cohen_kappa, share
from edge.review.reviews import NotedCorrection, Reviews
from edge.review.signed import SignedReviews
from edge.review.statistics import Agreement, Outcome, agreement, by_bundle, outcome_of
from shared.vocabulary import (
    AppearanceGrade,
    FaceRegion,
    FindingType,
    GateProfileName,
    ReviewAction,
    ReviewReason,
    View,
)
from tests.edge.review.test_reviews import TwoSigners, remove, retype
from tests.support.records import BoxRecord, open_box_record
from tests.support.reviews import analysis, finding, store_capture

OPEN = BundleRef("open", "1", "a" * 64)


def circumstances(tone: ToneGroup = ToneGroup.BROWN) -> Circumstances:
    return Circumstances(tone, View.FRONT, GateProfileName.KIOSK)


def outcome(kept: int = 0, *, bundle: BundleRef = OPEN, tone: ToneGroup = ToneGroup.BROWN, **counts: int) -> Outcome:
    fields = dict.fromkeys(("retyped", "redrawn", "changed", "removed", "added", "regraded"), 0) | counts
    return Outcome(bundle, circumstances(tone), kept, **fields, types=(("spot", "spot"),) * kept)


def test_wilson_interval_is_the_textbook_one() -> None:
    found = share(8, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)
    assert found.small
    assert not share(8, 30).small


def test_nothing_of_nothing_has_no_value_and_the_widest_interval() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(("count", "of"), [(-1, 2), (3, 2), (1, 0)])
def test_a_part_larger_than_its_whole_is_a_mistake(count: int, of: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        share(count, of)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_share_lies_within_its_interval_and_the_interval_within_0_and_1(a: int, b: int) -> None:
    found = share(min(a, b), max(a, b))
    assert 0 <= found.low <= (found.value or 0) or found.of == 0
    assert (found.value or 0) <= found.high <= 1


def test_kappa_of_cohens_example() -> None:
    table = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = cohen_kappa(table)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high


def test_perfect_agreement_of_few_is_not_certain() -> None:
    found = cohen_kappa([("spot", "spot"), ("blemish", "blemish"), ("spot", "spot")])
    assert (found.value, found.high, found.small) == (1.0, 1.0, True)
    assert found.low < 0.5


def test_kappa_has_no_value_where_chance_alone_agrees() -> None:
    for pairs in ([], [("spot", "spot")] * 7):
        found = cohen_kappa(pairs)
        assert (found.value, found.low, found.high) == (None, -1.0, 1.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=60))
def test_kappa_and_its_interval_stay_within_their_bounds(pairs: list[tuple[str, str]]) -> None:
    found = cohen_kappa(pairs)
    assert -1 <= found.low <= found.high <= 1
    if found.value is not None:
        assert found.low <= found.value <= found.high
    assert cohen_kappa([(second, first) for first, second in pairs]).value == pytest.approx(found.value)


counts = st.integers(0, 50)
outcomes = st.lists(
    st.builds(
        outcome,
        counts,
        tone=st.sampled_from(ToneGroup),
        changed=st.just(0),
        removed=counts,
        added=counts,
        regraded=st.integers(0, 3),
    ),
    max_size=8,
)


@given(outcomes)
def test_groups_add_up_to_the_whole_and_every_share_is_one(found: list[Outcome]) -> None:
    for report in by_bundle(found):
        for groups in report.groups.values():
            assert sum(item.captures for item in groups.values()) == report.overall.captures
            assert sum(item.kept.of for item in groups.values()) == report.overall.kept.of
        shares = [getattr(report.overall, name) for name in Agreement.__dataclass_fields__]
        assert all(item.value is None or 0 <= item.value <= 1 for item in shares[1:-1])
        kept, overridden = report.overall.kept, report.overall.overridden
        assert kept.count + overridden.count == kept.of


def test_no_result_at_all_divides_by_nothing() -> None:
    nothing = agreement([])
    assert (nothing.captures, nothing.overridden.value, nothing.agreed.value, nothing.types.value) == (
        0, None, None, None,
    )  # fmt: skip
    assert agreement([outcome()]).untouched.value == 1.0
    assert by_bundle([]) == ()


def test_bundles_are_told_apart_and_the_one_reviewed_last_comes_first() -> None:
    newer = BundleRef("open", "2", "b" * 64)
    found = by_bundle([outcome(1), outcome(2, bundle=newer), outcome(3), outcome(4, bundle=newer)])
    assert [(item.bundle.version, item.overall.kept.count) for item in found] == [("2", 6), ("1", 4)]


def test_tone_groups_follow_what_was_stated() -> None:
    assert [tone_group(tone) for tone in (None, 1, 5, 6, 7, 8, 10)] == [
        "not_stated", "light_medium", "light_medium", "brown", "brown", "deep", "deep",
    ]  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def test_what_a_reviewer_did_is_counted_once_it_is_signed(box: BoxRecord) -> None:
    reviews = Reviews(box.store, box.clients, TwoSigners(), box.clock)
    signed, client = SignedReviews(reviews), box.new_client()
    four = analysis(*(finding(x=10 + 40 * i) for i in range(4)), finding(None, x=200))
    capture = store_capture(box, client, four, tone=9, view=View.LEFT)
    add = Correction(ReviewAction.ADD, ReviewReason.MISSED, type=FindingType.SPOT, box=Box(300, 50, 20, 20))
    redraw = Correction(ReviewAction.REDRAW, ReviewReason.OUTLINE_TOO_LARGE, 2, box=Box(52, 32, 10, 10))
    grade = Correction(
        ReviewAction.REGRADE, ReviewReason.COUNT_CHANGED, region=FaceRegion.FOREHEAD, grade=AppearanceGrade.SOME
    )
    steps = [remove(1), retype(2), *(NotedCorrection(step) for step in (redraw, add, add, grade))]
    added = reviews.correct(capture, steps, 0, "nurse").review.corrections[-2].entry.id
    reviews.undo(capture, added, 6, "nurse")
    assert list(signed) == []
    reviews.sign(capture, "aspen", 7, "nurse")
    (stored,) = signed
    found = outcome_of(stored.review, stored.circumstances)
    assert (found.kept, found.retyped, found.redrawn, found.changed) == (3, 1, 1, 1)
    assert (found.removed, found.added, found.regraded, found.proposed) == (1, 1, 1, 5)
    assert sorted(found.types) == [("spot", "blemish"), ("spot", "spot"), ("spot", "spot")]
    (report,) = by_bundle([found])
    assert (report.overall.overridden.count, report.overall.overridden.of) == (2, 5)
    assert (report.overall.added.count, report.overall.added.of) == (1, 5)
    assert (report.overall.agreed.count, report.overall.agreed.of) == (3, 6)
    assert {each: list(groups) for each, groups in report.groups.items()} == {
        Dimension.TONE: ["deep"], Dimension.VIEW: ["left"], Dimension.PROFILE: ["import"],
    }  # fmt: skip
    reviews.reopen(capture, "", 8, "nurse")
    assert list(signed) == []
