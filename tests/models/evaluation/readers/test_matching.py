"""Which boxes of two readings are the same feature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.readers.matching import match
from models.evaluation.readers.readings import Feature
from shared.vocabulary import FindingType

BLEMISH, SPOT = FindingType.BLEMISH, FindingType.SPOT


def box(x: float, y: float, w: float = 10, h: float = 10, kind: FindingType = BLEMISH) -> Feature:
    return Feature(x, y, w, h, kind)


features = st.lists(
    st.builds(
        Feature,
        st.integers(0, 30).map(float),
        st.integers(0, 30).map(float),
        st.integers(1, 20).map(float),
        st.integers(1, 20).map(float),
        st.sampled_from(list(FindingType)),
    ),
    max_size=7,
)


def types(first: list[Feature], second: list[Feature]) -> list[tuple[FindingType, FindingType]]:
    return sorted((first[i].type, second[j].type) for i, j in match(first, second).pairs)


def test_boxes_with_an_iou_of_three_tenths_are_the_same_feature() -> None:
    # 10 x 10 beside one moved by 5: 50 / 150 = 1/3; moved by 6: 40 / 160 = 1/4 and no centre within.
    assert match([box(0, 0)], [box(5, 0)]).pairs == ((0, 0),)
    assert match([box(0, 0)], [box(6, 0)]).pairs == ()


def test_a_box_drawn_wide_around_the_same_centre_is_the_same_feature() -> None:
    assert match([box(0, 0, 40, 40)], [box(15, 15)]).pairs == ((0, 0),)


def test_a_box_around_a_whole_cheek_is_not_the_feature_in_its_corner() -> None:
    assert match([box(0, 0, 100, 100)], [box(5, 5)]).pairs == ()


def test_one_box_answers_for_one_feature_only() -> None:
    found = match([box(0, 0)], [box(1, 0), box(2, 0)])
    assert (found.pairs, found.only_second) == (((0, 0),), (1,))


def test_as_many_are_paired_as_can_be_even_where_one_overlap_gets_smaller() -> None:
    # The nearer partner of the first would leave the second alone.
    first, second = [box(0, 0), box(4, 0)], [box(3, 0), box(-5, 0)]
    assert len(match(first, second).pairs) == 2


def test_of_two_features_at_one_place_the_one_of_the_same_type_is_chosen() -> None:
    assert match([box(0, 0, kind=SPOT)], [box(0, 0), box(0, 0, kind=SPOT)]).pairs == ((0, 1),)


def test_nothing_against_something_leaves_it_over() -> None:
    assert match([], [box(0, 0)]).only_second == (0,)
    assert match([], []).pairs == ()


@given(features)
def test_a_reading_agrees_with_itself_fully(reading: list[Feature]) -> None:
    found = match(reading, reading)
    assert len(found.pairs) == len(reading)
    assert all(reading[i] == reading[j] for i, j in found.pairs)


@given(features, features, st.randoms(use_true_random=False))
def test_no_order_changes_what_is_paired(first: list[Feature], second: list[Feature], rng: object) -> None:
    shuffled = list(first)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert types(shuffled, second) == types(first, second)
    assert sorted((b, a) for a, b in types(second, first)) == types(first, second)


@given(features, features)
def test_every_feature_is_paired_once_or_left_over(first: list[Feature], second: list[Feature]) -> None:
    found = match(first, second)
    assert sorted([*(i for i, _ in found.pairs), *found.only_first]) == list(range(len(first)))
    assert sorted([*(j for _, j in found.pairs), *found.only_second]) == list(range(len(second)))


@pytest.mark.parametrize("kind", list(FindingType))
def test_a_feature_is_the_same_whatever_it_is_called(kind: FindingType) -> None:
    assert match([box(0, 0)], [box(0, 0, kind=kind)]).pairs == ((0, 0),)
