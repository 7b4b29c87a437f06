"""Coefficients against published tables, other libraries and hand calculations."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from models.evaluation.readers.agreement import icc_2_1, kappa, mean_kappa, positive_agreement

# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], np.float64
)


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    assert icc_2_1(SHROUT_FLEISS) == pytest.approx(0.29, abs=0.005)


def test_icc_is_that_of_the_mean_squares_they_print() -> None:
    msr, msc, mse = 11.24, 32.49, 1.02
    assert icc_2_1(SHROUT_FLEISS) == pytest.approx((msr - mse) / (msr + 3 * mse + 4 * (msc - mse) / 6), abs=1e-3)


def test_a_reader_who_always_counts_more_lowers_absolute_agreement() -> None:
    counts = np.array([1.0, 4.0, 9.0, 2.0])
    assert icc_2_1(np.stack([counts, counts + 3], axis=1)) < icc_2_1(np.stack([counts, counts], axis=1)) == 1


@pytest.mark.parametrize("scores", [np.ones((5, 3)), np.ones((1, 3)), np.ones((4, 1)), np.zeros((0, 2))])
def test_where_nothing_varies_there_is_no_icc(scores: np.ndarray) -> None:
    assert np.isnan(icc_2_1(scores))


@given(
    st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=12), st.permutations(range(3))
)
def test_icc_does_not_know_the_readers_order(rows: list[list[int]], order: list[int]) -> None:
    scores = np.array(rows, np.float64)
    assert icc_2_1(scores[:, order]) == pytest.approx(icc_2_1(scores), nan_ok=True)
    assert not icc_2_1(scores) > 1 + 1e-9


def test_kappa_of_a_table_worked_by_hand() -> None:
    # 35 of 50 alike, expected by chance 25 of 50: (0.7 - 0.5) / (1 - 0.5).
    assert kappa(np.array([[[20.0, 5.0], [10.0, 15.0]]])).tolist() == pytest.approx([0.4])


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40),
    st.booleans(),
)
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]], quadratic: bool) -> None:
    counts = np.zeros((1, 5, 5))
    for one, other in pairs:
        counts[0, one, other] += 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where kappa is undefined, and answers NaN as we do
        oracle = cohen_kappa_score(
            [a for a, _ in pairs], [b for _, b in pairs], labels=range(5), weights="quadratic" if quadratic else None
        )
    assert kappa(counts, quadratic=quadratic)[0] == pytest.approx(oracle, nan_ok=True)


def test_quadratic_kappa_forgives_a_near_miss() -> None:
    near = np.array([[[5.0, 2.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]]])
    far = np.array([[[5.0, 0.0, 2.0], [0.0, 5.0, 0.0], [0.0, 0.0, 5.0]]])
    assert kappa(near, quadratic=True)[0] > kappa(far, quadratic=True)[0]


def test_a_pair_without_kappa_does_not_pull_the_mean_down() -> None:
    defined, one_word = np.array([[20.0, 5.0], [10.0, 15.0]]), np.array([[9.0, 0.0], [0.0, 0.0]])
    assert mean_kappa(np.stack([defined, one_word])) == pytest.approx(0.4)
    assert np.isnan(mean_kappa(one_word[None]))
    assert np.isnan(mean_kappa(np.zeros((0, 2, 2))))


def test_positive_agreement_is_the_f1_of_either_reader() -> None:
    # One names 4, the other 6, 3 of them the same: precision 3/4, recall 3/6.
    assert positive_agreement(3, 10) == pytest.approx(2 * 0.75 * 0.5 / (0.75 + 0.5))
    assert np.isnan(positive_agreement(0, 0))
