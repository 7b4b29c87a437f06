"""The steady count: what several looks at one face add up to."""

import numpy as np
import pytest

from shared.vision.steady_count import LEAST_SCORE, Candidates


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
