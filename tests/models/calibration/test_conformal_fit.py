"""Conformal quantiles: MAPIE's sets, promised coverage, small groups."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from models.calibration.conformal_fit import conformal_quantile, coverage, fewest_cases, fit_conformal
from shared.vision.calibration import softmax
from shared.vision.conformal import lac_members


def drawn(seed: int, n: int, noise: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a classifier that is right about two times in three, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, n)
    return softmax(np.eye(5)[truth] * 3 + rng.normal(0, noise, (n, 5))), truth


def test_the_sets_are_those_of_mapie() -> None:
    mapie = pytest.importorskip("mapie.classification")
    base = pytest.importorskip("sklearn.base")

    class Given(base.ClassifierMixin, base.BaseEstimator):
        """Its input already holds the probabilities."""

        classes_ = np.arange(5)

        def fit(self, x, y):
            return self

        def predict(self, x):
            return x.argmax(axis=1)

        def predict_proba(self, x):
            return x

    for seed, n in ((0, 60), (1, 200), (2, 19)):
        probabilities, truth = drawn(seed, n)
        fresh, _ = drawn(seed + 10, 300)
        oracle = mapie.SplitConformalClassifier(Given(), confidence_level=0.9, conformity_score="lac", prefit=True)
        _, sets = oracle.conformalize(probabilities, truth).predict_set(fresh)
        ours = lac_members(fresh, fit_conformal(probabilities, truth, ["all"] * n).overall)
        assert (sets[:, :, 0] == ours).all()


def test_sets_of_new_cases_hold_the_truth_as_often_as_promised() -> None:
    shares = []
    for seed in range(40):
        probabilities, truth = drawn(seed, 150)
        table = fit_conformal(probabilities, truth, ["all"] * 150)
        fresh, answers = drawn(1000 + seed, 400)
        shares.append(coverage(fresh, answers, ["all"] * 400, table)[0])
    assert 0.89 <= np.mean(shares) <= 0.92


def test_a_group_that_the_classifier_knows_less_well_is_covered_by_its_own_quantile() -> None:
    easy, easy_truth = drawn(0, 900, noise=1.0)
    hard, hard_truth = drawn(1, 300, noise=3.0)
    table = fit_conformal(
        np.vstack([easy, hard]), np.concatenate([easy_truth, hard_truth]), ["easy"] * 900 + ["hard"] * 300
    )
    fresh, answers = drawn(2, 2000, noise=3.0)
    own, size = coverage(fresh, answers, ["hard"] * 2000, table)
    unknown, smaller = coverage(fresh, answers, ["unknown"] * 2000, table)
    assert 0.87 <= own <= 0.93
    assert unknown < 0.87
    assert size > smaller
    assert table.n_by_group == {"easy": 900, "hard": 300}


def test_a_group_of_fewer_than_nine_is_never_cut_tighter_than_all_or_than_it_showed() -> None:
    probabilities, truth = drawn(0, 200)
    confident = np.tile([0.96, 0.01, 0.01, 0.01, 0.01], (8, 1))
    wrong = np.tile([0.96, 0.01, 0.01, 0.01, 0.01], (8, 1))
    table = fit_conformal(
        np.vstack([probabilities, confident, wrong]),
        np.concatenate([truth, np.zeros(8, int), np.ones(8, int)]),
        ["many"] * 200 + ["few_easy"] * 8 + ["few_hard"] * 8,
    )
    assert table.by_group["few_easy"] == table.overall
    assert table.by_group["few_hard"] == pytest.approx(0.99)
    assert table.by_group["few_hard"] > table.overall


def test_a_handful_of_easy_cases_does_not_make_a_group_s_sets_smaller_than_everybody_s() -> None:
    probabilities, truth = drawn(0, 200)
    sure = np.tile([0.96, 0.01, 0.01, 0.01, 0.01], (30, 1))
    for count, tighter in ((29, False), (30, True)):
        table = fit_conformal(
            np.vstack([probabilities, sure[:count]]),
            np.concatenate([truth, np.zeros(count, int)]),
            ["many"] * 200 + ["sure"] * count,
        )
        assert (table.by_group["sure"] < table.overall) is tighter


@pytest.mark.parametrize(("level", "cases"), [(0.9, 9), (0.99, 99), (0.5, 1)])
def test_below_so_many_cases_only_every_class_keeps_the_promise(level: float, cases: int) -> None:
    assert fewest_cases(level) == cases
    scores = np.linspace(0.1, 0.2, cases)
    assert conformal_quantile(scores, level) == pytest.approx(0.2 if cases > 1 else 0.1)
    assert conformal_quantile(scores[1:], level) == 1.0


def test_coverage_of_nothing_is_unknown() -> None:
    table = fit_conformal(*drawn(0, 20), ["a"] * 20)
    assert np.isnan(coverage(np.zeros((0, 5)), np.zeros(0, np.int64), [], table)).all()
