"""What is usual: shrunk covariance, projection, and the share of known features beyond the threshold."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from models.calibration.ood_fit import fit_ood, ood_threshold, shrunk_covariance


def known(seed: int, n: int, features: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Three classes apart along few of many directions."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, n)
    centres = np.random.default_rng(99).normal(0, 3, (3, features))
    return centres[classes] + rng.normal(0, np.linspace(0.2, 1.5, features), (n, features)), classes


@pytest.mark.parametrize("n", [10, 60, 800])
def test_the_covariance_is_ledoit_and_wolfs(n: int) -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    rows = np.random.default_rng(n).normal(size=(n, 20)) * np.linspace(0.1, 2, 20)
    oracle = covariance.LedoitWolf(assume_centered=True).fit(rows).covariance_
    np.testing.assert_allclose(shrunk_covariance(rows), oracle, rtol=1e-8, atol=1e-10)


def test_one_in_a_hundred_known_features_lies_beyond_the_threshold_and_strange_ones_do() -> None:
    model = fit_ood(*known(0, 1500), 5)
    threshold = ood_threshold(model.distances(known(1, 800)[0]))
    fresh = model.distances(known(2, 2000)[0])
    assert 0.001 <= (fresh > threshold).mean() <= 0.025
    strange = known(3, 200)[0] + np.random.default_rng(5).normal(0, 3, 80)
    assert (model.distances(strange) > threshold).mean() > 0.95


def test_the_projection_is_orthonormal_and_keeps_the_strongest_directions() -> None:
    features, classes = known(0, 500)
    model = fit_ood(features, classes, 5)
    np.testing.assert_allclose(model.projection.T @ model.projection, np.eye(64), atol=1e-9)
    kept = ((features - model.mean) @ model.projection).var(axis=0).sum()
    best = np.sort(np.linalg.eigvalsh(np.cov(features.T, bias=True)))[::-1][:64].sum()
    assert kept == pytest.approx(best)
    assert np.isnan(model.class_means[3:]).all()
    assert np.isfinite(model.class_means[:3]).all()


def test_fewer_rows_than_directions_still_give_a_usable_model() -> None:
    features, classes = known(0, 12)
    model = fit_ood(features, classes, 5)
    assert model.projection.shape == (80, 11)
    assert np.isfinite(model.distances(known(1, 20)[0])).all()


@pytest.mark.parametrize("rows", [np.zeros((0, 8)), np.ones((9, 8)), np.eye(8)[:2]])
def test_rows_that_say_nothing_are_refused(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least"):
        fit_ood(rows, np.zeros(len(rows), np.int64), 5)
    with pytest.raises(ValueError, match="at least"):
        fit_ood(np.eye(3), np.array([0, 1, 2]), 5)


def test_with_too_few_to_promise_the_largest_distance_is_taken() -> None:
    assert ood_threshold(np.arange(98.0)) == 97.0
    assert ood_threshold(np.arange(199.0)) == 197.0
    with pytest.raises(ValueError, match="nothing is known"):
        ood_threshold(np.zeros(0))
