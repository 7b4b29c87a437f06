from itertools import chain, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vision.grade import (
    INFLAMMATORY,
    CountedFeature,
    CountInterval,
    Grade,
    count_distribution,
    count_interval,
    grade_face,
    word_for,
)
from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType

WORDS = list(AppearanceGrade)
CHEEK, CHIN = FaceRegion.LEFT_CHEEK, FaceRegion.CHIN
SHARES = {CHEEK: 0.2, CHIN: 0.1}

probabilities = st.lists(st.floats(0, 1), max_size=12)


def features(count: int, **change: object) -> list[CountedFeature]:
    values = {"type": FindingType.BLEMISH, "probability": 1.0, "region": CHEEK, "on_right_half": False} | change
    return [CountedFeature(**values)] * count  # type: ignore[arg-type]


def graded(*found: list[CountedFeature]) -> dict[FaceRegion | None, Grade]:
    return {grade.region: grade for grade in grade_face(chain(*found), SHARES)}


@pytest.mark.parametrize(
    ("count", "word"),
    [(0, "clear"), (1, "few"), (5, "few"), (6, "some"), (20, "some"), (21, "many"), (50, "many"), (51, "very_many")],
)
def test_the_words_change_where_the_published_bounds_are(count: int, word: str) -> None:
    assert word_for(count) == word
    assert graded(features(count))[None].grade == word


def test_a_word_names_a_number_and_neither_a_disease_nor_how_bad_it_is() -> None:
    assert {word.value for word in AppearanceGrade} == {"clear", "few", "some", "many", "very_many"}


def test_a_region_is_graded_as_densely_covered_skin_is() -> None:
    # The cheek is two fifths of half a face: its bounds are 2, 8 and 20.
    words = [word_for(count, 0.4) for count in (0, 2, 3, 8, 9, 20, 21)]
    assert words == ["clear", "few", "some", "some", "many", "many", "very_many"]
    grades = graded(features(5))
    assert (grades[CHEEK].grade, grades[None].grade, grades[CHIN].grade) == ("some", "few", "clear")


def test_one_feature_is_few_on_the_smallest_region() -> None:
    assert [word_for(count, 0.001) for count in range(5)] == ["clear", "few", "some", "many", "very_many"]


def test_the_whole_face_is_graded_by_its_fuller_half() -> None:
    both = graded(features(15, on_right_half=True), features(15, on_right_half=False))[None]
    one = graded(features(30, on_right_half=True))[None]
    assert (both.grade, one.grade) == (AppearanceGrade.SOME, AppearanceGrade.MANY)
    assert both.inflammatory == one.inflammatory == CountInterval(30, 30, 30)


def test_flat_spots_are_counted_and_change_no_word() -> None:
    grade = graded(features(30, type=FindingType.SPOT), features(2, type=FindingType.PUSTULE))[None]
    assert (grade.grade, grade.every_type.count, grade.inflammatory.count) == ("few", 32, 2)


def test_what_lies_in_no_region_counts_for_the_face() -> None:
    grades = graded(features(7, region=None))
    assert (grades[None].inflammatory.count, grades[CHEEK].inflammatory.count) == (7, 0)


def test_doubtful_findings_leave_the_word_open() -> None:
    grade = graded(features(12, probability=0.5))[None]
    assert grade.inflammatory == CountInterval(6, 3, 9)  # binomial (12, 1/2): P(<3) = 0.019, P(<4) = 0.073
    assert (grade.grade_low, grade.grade, grade.grade_high) == ("few", "some", "some")


def test_the_fuller_half_of_two_doubtful_ones_has_more_than_either() -> None:
    doubtful = [features(10, probability=0.5, on_right_half=right) for right in (True, False)]
    # The larger of two binomial (10, 1/2) counts has its median at 6; each of them has it at 5.
    assert graded(*doubtful)[None].grade == AppearanceGrade.SOME
    assert graded(doubtful[0])[None].grade == AppearanceGrade.FEW


def test_nothing_found_is_clear_with_certainty() -> None:
    for grade in grade_face([], SHARES):
        assert (grade.grade_low, grade.grade_high) == (AppearanceGrade.CLEAR, AppearanceGrade.CLEAR)
        assert grade.every_type == CountInterval(0, 0, 0)


@given(st.lists(st.floats(0, 1), max_size=7))
def test_the_distribution_is_the_sum_over_every_outcome(chances: list[float]) -> None:
    expected = np.zeros(len(chances) + 1)
    for outcome in product((0, 1), repeat=len(chances)):
        expected[sum(outcome)] += np.prod([p if there else 1 - p for p, there in zip(chances, outcome, strict=True)])
    assert count_distribution(chances) == pytest.approx(expected, abs=1e-12)


@given(probabilities, st.floats(0.5, 0.99))
def test_the_interval_holds_its_level_and_the_median(chances: list[float], level: float) -> None:
    interval = count_interval(chances, level)
    assert 0 <= interval.low <= interval.count <= interval.high <= len(chances)
    assert count_distribution(chances)[interval.low : interval.high + 1].sum() >= level - 1e-9
    assert abs(interval.count - sum(chances)) < 1  # a Poisson-binomial median lies next to its mean


@given(probabilities, st.floats(0, 1))
def test_one_more_finding_never_lowers_a_count(chances: list[float], further: float) -> None:
    before, after = count_interval(chances), count_interval([*chances, further])
    assert after.low >= before.low
    assert after.count >= before.count
    assert after.high >= before.high


@given(
    st.integers(0, 200),
    st.integers(0, 200),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
)
def test_more_on_the_same_area_or_as_much_on_less_is_no_smaller_word(
    count: int, more: int, share: float, less: float
) -> None:
    word = WORDS.index(word_for(count, share))
    assert WORDS.index(word_for(count + more, share)) >= word
    assert WORDS.index(word_for(count, share * less)) >= word


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(chance: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        count_interval([0.5, chance])


def test_a_part_without_area_or_a_negative_count_is_refused() -> None:
    for count, share in ((-1, 1.0), (1, 0.0), (1, float("nan"))):
        with pytest.raises(ValueError, match="count"):
            word_for(count, share)
    with pytest.raises(ValueError, match="level"):
        count_interval([0.5], 1.0)


def test_only_red_or_raised_features_are_inflammatory() -> None:
    assert {FindingType.BLEMISH, FindingType.PUSTULE} == INFLAMMATORY
