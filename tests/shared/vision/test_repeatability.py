from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vision.repeatability import (
    RepeatUnit,
    exceeds,
    intraclass_correlation,
    relative_differences,
    repeatability_coefficient,
)

values = st.floats(-1e6, 1e6, allow_subnormal=False)


def repeated(spread_between: float, spread_within: float, faces: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    true = rng.normal(100, spread_between, faces)
    first, second = true + rng.normal(0, spread_within, (2, faces))
    return first, second


def test_95_of_100_repeats_of_an_unchanged_face_stay_within_the_coefficient() -> None:
    first, second = repeated(10, 2)
    coefficient = repeatability_coefficient(first, second)
    assert coefficient == pytest.approx(1.96 * np.sqrt(2) * 2, rel=0.03)
    beyond = [exceeds(a, b, coefficient, "absolute") for a, b in zip(first, second, strict=True)]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.01)


def test_a_relative_coefficient_is_a_share_of_the_value() -> None:
    first, second = repeated(0, 2)
    relative = repeatability_coefficient(first, second, "relative")
    assert relative == pytest.approx(repeatability_coefficient(first, second) / 100, rel=0.01)


def test_correlation_of_repeats_is_the_share_of_variance_between_faces() -> None:
    assert intraclass_correlation(*repeated(10, 5)) == pytest.approx(100 / 125, abs=0.02)
    assert intraclass_correlation(*repeated(0, 5)) == pytest.approx(0, abs=0.05)
    assert intraclass_correlation([3, 5, 8], [3, 5, 8]) == 1.0
    assert intraclass_correlation([4, 4], [4, 4]) == 0.0


def test_a_relative_change_is_measured_against_the_mean_of_both() -> None:
    assert relative_differences([100, 0, -2], [104, 0, -2]) == pytest.approx([4 / 102, 0, 0])
    assert exceeds(100, 105, 0.04)
    assert not exceeds(100, 103, 0.04)


def test_something_where_nothing_was_is_a_change() -> None:
    assert exceeds(0, 1, 0.3)
    assert not exceeds(0, 0, 0.0)


@given(values, values, st.floats(0, 10))
def test_order_of_the_visits_does_not_matter(one: float, two: float, coefficient: float) -> None:
    for unit in get_args(RepeatUnit):
        assert exceeds(one, two, coefficient, unit) == exceeds(two, one, coefficient, unit)
    assert not exceeds(one, one, coefficient)


@given(values, values, st.floats(0, 2), st.floats(0, 2))
def test_a_better_measure_sees_every_change_that_a_worse_one_sees(
    one: float, two: float, better: float, more: float
) -> None:
    if exceeds(one, two, better + more):
        assert exceeds(one, two, better)


@pytest.mark.parametrize("bad", [(float("nan"), 1, 0.1), (1, float("inf"), 0.1), (1, 1, -0.1)])
def test_what_is_not_a_number_is_refused(bad: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        exceeds(*bad)


@pytest.mark.parametrize("bad", [([], []), ([1], [1, 2]), ([[1]], [[1]]), ([np.nan], [1])])
def test_what_is_not_pairs_is_refused(bad: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="measurement"):
        repeatability_coefficient(*bad)
    with pytest.raises(ValueError, match="two pairs"):
        intraclass_correlation([1], [1])
