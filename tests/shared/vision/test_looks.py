"""Several looks at one square: where an enlargement's boxes lie, and what all of them say together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vision.looks import Glance, fuse_looks

SIDE = 96


@given(st.floats(0.8, 1.25), st.booleans(), st.floats(24, 72), st.floats(24, 72))
def test_a_box_found_at_a_glance_is_told_where_it_lies_on_the_square(
    scale: float, mirrored: bool, x: float, y: float
) -> None:
    box = np.array([[x - 5, y - 5, x + 5, y + 5]])
    seen = (box - SIDE / 2) * scale + SIDE / 2
    if mirrored:
        seen = np.stack([SIDE - seen[:, 2], seen[:, 1], SIDE - seen[:, 0], seen[:, 3]], axis=1)
    # An enlargement is rounded to whole pixels, about the middle: half a pixel at most at the edge.
    np.testing.assert_allclose(Glance(scale, mirrored).brought_back(seen, SIDE), box, atol=0.75)


@given(st.floats(0.5, 2.0), st.booleans())
def test_the_middle_stays_the_middle(scale: float, mirrored: bool) -> None:
    box = np.array([[SIDE / 2 - 3, SIDE / 2 - 3, SIDE / 2 + 3, SIDE / 2 + 3]])
    found = Glance(scale, mirrored).brought_back(box, SIDE)
    np.testing.assert_allclose((found[:, :2] + found[:, 2:]) / 2, SIDE / 2, atol=1e-9)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [0.88, 1.0, 1.13])
def test_what_is_drawn_lies_where_its_box_is_told_to_be(scale: float, mirrored: bool) -> None:
    square = np.full((SIDE, SIDE, 3), 200, np.uint8)
    square[30:40, 60:72] = 0
    glance = Glance(scale, mirrored)
    rows, columns = np.nonzero(glance.of(square)[..., 0] < 100)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float64)
    np.testing.assert_allclose(glance.brought_back(seen, SIDE), [[60, 30, 72, 40]], atol=1.0)


@pytest.mark.parametrize("scale", [0.4, 2.1, float("nan")])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="enlarges"):
        Glance(scale)


def test_a_smaller_picture_is_set_in_grey() -> None:
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert (Glance(0.8).of(square)[0, 0] == 114).all()
    assert (Glance(1.2).of(square)[0, 0] == 0).all()


BOXES = st.lists(
    st.tuples(st.floats(0, 80), st.floats(0, 80), st.floats(2, 16), st.floats(2, 16), st.floats(0.01, 1)), max_size=12
)


def look(rows: list[tuple[float, float, float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, np.float64).reshape(-1, 5)
    return np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]]), table[:, 4]


def test_what_all_looks_see_keeps_its_score_and_what_one_sees_loses_it() -> None:
    both, once = (10.0, 10, 10, 10, 0.9), (50.0, 50, 8, 8, 0.8)
    boxes, scores = fuse_looks([look([both, once]), look([both])])
    np.testing.assert_allclose(scores, [0.9, 0.4])
    np.testing.assert_allclose(boxes, [[10, 10, 20, 20], [50, 50, 58, 58]])


def test_the_place_is_the_looks_mean_by_score() -> None:
    boxes, scores = fuse_looks([look([(10, 10, 10, 10, 0.9)]), look([(12, 10, 10, 10, 0.3)])])
    np.testing.assert_allclose(boxes, [[10.5, 10, 20.5, 20]])
    assert scores.tolist() == pytest.approx([0.6])


@given(BOXES)
def test_looking_twice_at_the_same_changes_nothing(rows: list[tuple[float, float, float, float, float]]) -> None:
    one, twice = fuse_looks([look(rows)]), fuse_looks([look(rows), look(rows)])
    assert len(twice[1]) <= len(one[1])
    assert twice[1].max(initial=0) == pytest.approx(one[1].max(initial=0))


@given(st.lists(BOXES, min_size=1, max_size=3))
def test_scores_fall_and_none_exceeds_the_best_that_was_seen(
    seen: list[list[tuple[float, float, float, float, float]]],
) -> None:
    boxes, scores = fuse_looks([look(rows) for rows in seen])
    assert boxes.shape == (len(scores), 4)
    assert (np.diff(scores) <= 0).all()
    assert scores.max(initial=0) <= max((row[4] for rows in seen for row in rows), default=0) + 1e-12


def test_nothing_looked_at_is_said() -> None:
    with pytest.raises(ValueError, match="nothing was looked at"):
        fuse_looks([])
