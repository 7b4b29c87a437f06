"""Boxes of one feature become one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vision.repeats import merge_repeats

BOX = st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(1, 30), st.floats(1, 30))


def corners(rows: list[tuple[float, float, float, float]]) -> np.ndarray:
    return np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float64).reshape(-1, 4)


def test_two_opinions_on_one_feature_meet_between_them_nearer_to_the_surer_one() -> None:
    boxes, best = merge_repeats(corners([(10, 10, 10, 10), (12, 10, 10, 10)]), np.array([0.9, 0.3]))
    assert best.tolist() == [0]
    assert boxes[0].tolist() == pytest.approx([10.5, 10, 20.5, 20])


def test_neighbours_stay_apart() -> None:
    boxes, best = merge_repeats(corners([(10, 10, 10, 10), (19, 10, 10, 10)]), np.array([0.9, 0.8]))
    assert best.tolist() == [0, 1]
    np.testing.assert_allclose(boxes, corners([(10, 10, 10, 10), (19, 10, 10, 10)]))


def test_nothing_merges_to_nothing() -> None:
    boxes, best = merge_repeats(np.zeros((0, 4)), np.zeros(0))
    assert boxes.shape == (0, 4)
    assert best.shape == (0,)


def test_flat_boxes_are_left_as_they_are() -> None:
    boxes, best = merge_repeats(np.array([[5.0, 5, 5, 9], [5, 5, 5, 9]]), np.array([0.5, 0.4]))
    assert best.tolist() == [0, 1]
    np.testing.assert_allclose(boxes, [[5, 5, 5, 9], [5, 5, 5, 9]])


@given(st.lists(BOX, min_size=1, max_size=25), st.integers(0, 1000))
def test_every_kept_row_is_the_best_of_its_feature_and_lies_among_its_members(
    rows: list[tuple[float, float, float, float]], seed: int
) -> None:
    given_boxes = corners(rows)
    scores = np.sort(np.random.default_rng(seed).uniform(0.01, 1, len(rows)))[::-1]
    boxes, best = merge_repeats(given_boxes, scores)
    assert best[0] == 0
    assert (np.diff(best) > 0).all()
    assert len(boxes) <= len(rows)
    assert (boxes >= given_boxes.min(axis=0) - 1e-9).all()
    assert (boxes <= given_boxes.max(axis=0) + 1e-9).all()
