import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.progress.transforms import Similarity, fit_field, fit_similarity, robust_weights

SEEDS = st.integers(0, 10_000)


def cloud(rng: np.random.Generator, count: int = 60) -> np.ndarray:
    return rng.uniform(0, 400, (count, 2))


def similarity(rng: np.random.Generator) -> Similarity:
    angle, scale = rng.uniform(-0.5, 0.5), rng.uniform(0.4, 2.5)
    matrix = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Similarity(matrix, rng.uniform(-100, 100, 2))


@given(SEEDS)
def test_a_similarity_is_found_although_a_fifth_of_the_points_went_astray(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, points = similarity(rng), cloud(rng)
    targets = truth(points)
    targets[: len(points) // 5] += rng.uniform(-200, 200, (len(points) // 5, 2))
    found = fit_similarity(points, targets)
    assert np.abs(found(points) - truth(points)).max() < 0.1 * truth.scale


@given(SEEDS)
def test_swapping_the_two_sides_gives_exactly_the_way_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = cloud(rng)
    targets = similarity(rng)(points) + rng.normal(0, 3, points.shape)
    there, back = fit_similarity(points, targets), fit_similarity(targets, points)
    assert np.allclose(there.inverse()(targets), back(targets), atol=1e-6)
    assert there.scale * back.scale == pytest.approx(1)
    assert there.degrees == pytest.approx(-back.degrees, abs=1e-6)


@given(SEEDS)
def test_a_similarity_and_its_inverse_undo_each_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, points = similarity(rng), cloud(rng)
    assert np.allclose(found.inverse()(found(points)), points, atol=1e-7)


def test_a_field_follows_a_smooth_bend_and_ignores_points_that_lie() -> None:
    rng = np.random.default_rng(1)
    points = cloud(rng, 300)

    def bend(at: np.ndarray) -> np.ndarray:
        return at + 4 * np.sin(at[:, ::-1] / 90)

    targets = bend(points) + rng.normal(0, 0.2, points.shape)
    targets[:30] += rng.uniform(-20, 20, (30, 2))
    field = fit_field(points, targets, 100.0, 1.0)
    inside = rng.uniform(40, 360, (500, 2))
    assert np.sqrt(np.mean(np.sum((field(inside) - bend(inside)) ** 2, axis=1))) < 0.6


def test_a_stiff_field_is_an_affine_map() -> None:
    rng = np.random.default_rng(2)
    points = cloud(rng)
    affine = np.array([[1.02, 0.03], [-0.01, 0.98]])
    field = fit_field(points, points @ affine.T + 3, 100.0, 1e6)
    far = np.array([[-500.0, 900.0]])
    assert np.allclose(field(far), far @ affine.T + 3, atol=1e-2)


def test_weights_fall_with_the_distance_and_never_reach_nothing() -> None:
    weights = robust_weights(np.array([0.0, 1.0, 1.0, 2.0, 100.0]))
    assert weights[0] == 1
    assert weights[0] > weights[1] > weights[3] > weights[4] > 0
    assert np.all(robust_weights(np.zeros(5)) == 1)
