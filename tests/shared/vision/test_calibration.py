"""Applying fitted curves and temperatures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from shared.vision.calibration import calibrated, sigmoid, softmax
from shared.vision.parameters import IsotonicCurve

CURVE = IsotonicCurve(x=(0.1, 0.5, 0.9), y=(0.05, 0.4, 0.95), n=10)


def test_scores_between_two_points_lie_on_the_line_and_outside_stay_flat() -> None:
    assert calibrated(CURVE, [0.0, 0.1, 0.3, 0.5, 0.9, 1.0]) == pytest.approx([0.05, 0.05, 0.225, 0.4, 0.95, 0.95])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_a_better_score_is_never_worth_less(scores: list[float]) -> None:
    values = calibrated(CURVE, sorted(scores))
    assert (np.diff(values) >= 0).all()


@settings(deadline=None)
@given(hnp.arrays(np.float64, (4, 5), elements=st.floats(-800, 800)), st.floats(0.05, 20))
def test_probabilities_are_those_of_the_divided_logits(logits: np.ndarray, temperature: float) -> None:
    probabilities = softmax(logits, temperature)
    np.testing.assert_allclose(probabilities, scipy_softmax(logits / temperature, axis=1), atol=1e-12)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_high_temperature_makes_less_sure_without_changing_the_order() -> None:
    logits = [[3.0, 1.0, 0.0]]
    warm, cold = softmax(logits, 4.0)[0], softmax(logits, 1.0)[0]
    assert warm.max() < cold.max()
    assert warm.argsort().tolist() == cold.argsort().tolist()


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        softmax([[1.0, 2.0]], 0.0)


def test_the_probability_of_a_pixel_is_the_logistic_of_its_logit() -> None:
    logits = np.array([-1e5, -800.0, -2.0, 0.0, 3.0, 800.0, 1e5])
    np.testing.assert_allclose(sigmoid(logits), expit(logits), atol=1e-12)
