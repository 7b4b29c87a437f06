"""The classifier's figures are the ones scikit-learn computes."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as oracle

from models.evaluation.classification_metrics import (
    auc,
    brier,
    confusion,
    f1_per_class,
    measure,
    recall_per_class,
    reliability,
)

CLASSES = ("blemish", "pustule", "spot", "clear", "growth")


def cases(seed: int, count: int, decimals: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Random probabilities with ties (few decimals), and truth that follows them loosely."""
    rng = np.random.default_rng(seed)
    raw = np.round(rng.dirichlet(np.ones(5) * 0.7, count), decimals) + 1e-3
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    truth = np.where(rng.random(count) < 0.6, probabilities.argmax(axis=1), rng.integers(0, 5, count))
    return probabilities, truth.astype(np.int64)


SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=30)
@given(SEEDS, st.integers(2, 80), st.integers(1, 6))
def test_figures_are_those_of_the_oracle(seed: int, count: int, decimals: int) -> None:
    probabilities, truth = cases(seed, count, decimals)
    figures = measure(probabilities, truth, CLASSES)
    predicted = probabilities.argmax(axis=1)
    labels = list(range(5))
    present = np.unique(truth)
    assert figures.accuracy == pytest.approx(oracle.accuracy_score(truth, predicted))
    with warnings.catch_warnings():
        # The oracle warns of predicted classes that never occur; balanced accuracy leaves them out as ours does.
        warnings.simplefilter("ignore")
        assert figures.balanced_accuracy == pytest.approx(oracle.balanced_accuracy_score(truth, predicted))
    assert np.array_equal(figures.confusion, oracle.confusion_matrix(truth, predicted, labels=labels))
    for c in labels:
        if c in present and present.size > 1:
            assert figures.auc_per_class[c] == pytest.approx(oracle.roc_auc_score(truth == c, probabilities[:, c]))
        else:
            assert np.isnan(figures.auc_per_class[c])
    expected = oracle.f1_score(truth, predicted, labels=labels, average=None, zero_division=np.nan)
    assert np.allclose(figures.f1_per_class, expected, equal_nan=True)
    full = oracle.brier_score_loss(truth, probabilities, labels=labels, scale_by_half=False)
    assert figures.brier == pytest.approx(full)


def test_macro_auc_is_the_oracles_when_every_class_occurs() -> None:
    probabilities, truth = cases(4, 300, 3)
    ours = measure(probabilities, truth, CLASSES).auc_macro
    assert ours == pytest.approx(oracle.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro"))


@given(SEEDS, st.integers(1, 200))
def test_auc_counts_pairs_and_half_of_the_ties(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, 6, count) / 5, rng.random(count) < 0.5
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    if pairs.size:
        assert auc(scores, positive) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    else:
        assert np.isnan(auc(scores, positive))


@given(SEEDS, st.integers(0, 100))
def test_reliability_bins_hold_every_case_once(seed: int, count: int) -> None:
    probabilities, truth = cases(seed, count, 3)
    curve = reliability(probabilities, truth)
    assert curve.counts.sum() == count
    filled = curve.counts > 0
    assert (curve.edges[:-1][filled] <= curve.confidence[filled] + 1e-12).all()
    assert (curve.confidence[filled] <= curve.edges[1:][filled] + 1e-12).all()


def test_calibration_error_of_a_hand_counted_case() -> None:
    # Three cases at 0.9, two right; one at 0.6, wrong.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    truth = np.array([0, 0, 1, 0])
    assert reliability(probabilities, truth, bins=10).ece == pytest.approx((3 * (0.9 - 2 / 3) + 0.6) / 4)


def test_a_certain_and_right_classifier_is_perfect() -> None:
    truth = np.arange(20) % 5
    figures = measure(np.eye(5)[truth], truth, CLASSES)
    assert (figures.accuracy, figures.balanced_accuracy, figures.auc_macro) == (1, 1, 1)
    assert (figures.ece, figures.brier) == (0, 0)


def test_a_certain_and_wrong_classifier_has_the_worst_brier_score() -> None:
    truth = np.arange(20) % 5
    assert brier(np.eye(5)[(truth + 1) % 5], truth) == 2


def test_what_never_occurs_is_left_out_of_the_means() -> None:
    truth = np.array([0, 0, 2, 2])
    probabilities = np.eye(5)[[0, 1, 2, 2]]
    figures = measure(probabilities, truth, CLASSES)
    assert figures.balanced_accuracy == pytest.approx((0.5 + 1) / 2)
    assert figures.per_class_cases == (2, 0, 2, 0, 0)
    assert np.isnan(figures.recall_per_class[1])
    assert np.isnan(figures.f1_per_class[4])


def test_nothing_measured_is_nothing_known() -> None:
    figures = measure(np.zeros((0, 5)), np.zeros(0, np.int64), CLASSES)
    assert figures.cases == 0
    for value in (figures.accuracy, figures.balanced_accuracy, figures.auc_macro, figures.ece, figures.brier):
        assert np.isnan(value)


def test_rows_of_the_confusion_are_the_truth() -> None:
    table = confusion(np.array([0, 0, 1]), np.array([1, 1, 1]), 2)
    assert table.tolist() == [[0, 2], [0, 1]]
    assert recall_per_class(table).tolist() == [0, 1]
    assert f1_per_class(table).tolist() == [0, 0.5]


@pytest.mark.parametrize(
    ("probabilities", "truth"),
    [(np.zeros((2, 4)), [0, 1]), (np.zeros((3, 5)), [0, 1]), (np.zeros((2, 5)), [0, 5]), (np.zeros((2, 5)), [-1, 0])],
)
def test_what_does_not_fit_together_is_refused(probabilities: NDArray[np.float64], truth: list[int]) -> None:
    with pytest.raises(ValueError, match=r"row|range"):
        measure(probabilities, np.array(truth), CLASSES)
