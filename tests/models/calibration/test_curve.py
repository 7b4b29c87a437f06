"""Curves from score to probability, held to scikit-learn's."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models.calibration.curve import FITS, best_fit, fit_isotonic, fit_platt, log_loss, out_of_fold
from models.calibration.error import calibration_error
from shared.vision.calibration import calibrated

CASES = st.lists(st.tuples(st.sampled_from(np.linspace(0, 1, 23).tolist()), st.booleans()), min_size=2, max_size=80)


def drawn(seed: int, n: int, power: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true probability is the score to a power."""
    rng = np.random.default_rng(seed)
    scores = rng.random(n)
    return scores, rng.random(n) < scores**power


@settings(deadline=None)
@given(CASES)
def test_isotonic_regression_is_scikit_learns(cases: list[tuple[float, bool]]) -> None:
    scores, hits = np.array([c[0] for c in cases]), np.array([c[1] for c in cases])
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, hits.astype(float))
    asked = np.linspace(-0.1, 1.1, 101)
    np.testing.assert_allclose(calibrated(fit_isotonic(scores, hits), asked), oracle.predict(asked), atol=1e-9)


@settings(deadline=None)
@given(CASES)
def test_isotonic_regression_never_moves_the_overall_rate(cases: list[tuple[float, bool]]) -> None:
    scores, hits = np.array([c[0] for c in cases]), np.array([c[1] for c in cases])
    assert calibrated(fit_isotonic(scores, hits), scores).mean() == pytest.approx(hits.mean())


def test_platts_curve_is_a_logistic_regression_of_the_logit() -> None:
    scores, hits = drawn(0, 4000)
    scores = scores.clip(0.02, 0.98)
    logits = np.log(scores / (1 - scores))[:, None]
    oracle = LogisticRegression(C=np.inf, tol=1e-8).fit(logits, hits)
    expected = oracle.predict_proba(logits)[:, 1]
    np.testing.assert_allclose(calibrated(fit_platt(scores, hits), scores), expected, atol=0.01)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_calibration_brings_stated_and_observed_frequency_together(fit) -> None:
    scores, hits = drawn(1, 3000)
    fresh, outcomes = drawn(2, 3000)
    before = calibration_error(fresh, outcomes)
    after = calibration_error(calibrated(fit(scores, hits), fresh), outcomes)
    assert before > 0.12
    assert after < 0.04


def test_scores_that_say_the_opposite_are_never_trusted() -> None:
    scores = np.linspace(0.01, 0.99, 200)
    hits = scores < 0.5
    for fit in FITS.values():
        values = calibrated(fit(scores, hits), scores)
        assert np.ptp(values) < 1e-6
        assert values.mean() == pytest.approx(0.5, abs=0.02)


def test_separable_cases_stay_short_of_certainty() -> None:
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    curve = fit_platt(scores, scores > 0.5)
    assert min(curve.y) > 0
    assert calibrated(curve, [0.9])[0] < 0.95


def test_nothing_to_fit_on_is_said() -> None:
    for fit in FITS.values():
        with pytest.raises(ValueError, match="no detection"):
            fit(np.zeros(0), np.zeros(0, bool))


def test_held_out_probabilities_never_come_from_their_own_fold() -> None:
    scores, folds = np.array([0.5, 0.5, 0.5, 0.5]), np.array([0, 0, 1, 1])
    hits = np.array([True, True, False, False])
    assert out_of_fold(fit_isotonic, scores, hits, folds).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_few_cases_choose_the_stiff_curve_and_many_of_odd_shape_the_free_one() -> None:
    scores, hits = drawn(3, 40, power=1.0)
    assert best_fit(scores, hits, np.arange(40) % 5) == "platt"
    rng = np.random.default_rng(4)
    scores = rng.random(6000)
    hits = rng.random(6000) < np.where(scores < 0.5, 0.1, 0.5)
    assert best_fit(scores, hits, np.arange(6000) % 5) == "isotonic"


def test_the_log_loss_is_finite_for_certain_and_wrong() -> None:
    assert log_loss(np.array([1.0, 0.0]), np.array([False, True])) == pytest.approx(-np.log(1e-6), rel=1e-3)


def test_the_calibration_error_of_a_hand_made_case() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.3, 0.3])
    right = np.array([True, True, True, False, False, False])
    assert calibration_error(confidence, right, bins=10) == pytest.approx((4 * 0.15 + 2 * 0.3) / 6)
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))
