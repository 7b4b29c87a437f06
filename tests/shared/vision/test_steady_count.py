"""The steady count's looks: where an enlargement's boxes lie, and what all of them add up to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vision.steady_count import LEAST_SCORE, Candidates, rescaled, scaled_back

SIDE = 96


@given(st.floats(0.8, 1.25), st.floats(24, 72), st.floats(24, 72))
def test_a_box_found_on_an_enlarged_square_is_told_where_it_lies_on_the_square(
    scale: float, x: float, y: float
) -> None:
    box = np.array([[x - 5, y - 5, x + 5, y + 5]])
    seen = (box - SIDE / 2) * scale + SIDE / 2
    np.testing.assert_allclose(scaled_back(seen, scale, SIDE), box, atol=1e-9)


@pytest.mark.parametrize("scale", [0.88, 1.13])
def test_what_is_drawn_lies_where_its_box_is_told_to_be(scale: float) -> None:
    square = np.full((SIDE, SIDE, 3), 200, np.uint8)
    square[30:40, 60:72] = 0
    rows, columns = np.nonzero(rescaled(square, scale)[..., 0] < 100)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float64)
    np.testing.assert_allclose(scaled_back(seen, scale, SIDE), [[60, 30, 72, 40]], atol=1.0)


def test_a_smaller_picture_is_set_in_grey() -> None:
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert (rescaled(square, 0.8)[0, 0] == 114).all()
    assert (rescaled(square, 1.2)[0, 0] == 0).all()


def test_looks_add_up_to_the_mean_of_their_sums() -> None:
    one = (np.array([[0.0, 0, 10, 20], [5, 5, 7, 9]]), np.array([0.5, 0.25]))
    other = (np.array([[0.0, 0, 10, 20], [5, 5, 7, 9]]), np.array([0.7, LEAST_SCORE / 2]))
    found = Candidates.of([one, other])
    assert found.weights.sum() == pytest.approx((0.75 + 0.7) / 2)
    np.testing.assert_allclose(found.centres, [[5, 10], [6, 7], [5, 10]])
    assert found.chosen(np.array([True, False, False])).weights.tolist() == [0.25]


def test_a_count_needs_a_look() -> None:
    with pytest.raises(ValueError, match="at least one look"):
        Candidates.of([])
