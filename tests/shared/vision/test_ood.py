"""Distance from what was learnt."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from shared.vision.errors import BundleCorrupt, BundleMissing
from shared.vision.ood import OodModel, read_ood, write_ood


def drawn(seed: int = 0, features: int = 12, dims: int = 4) -> OodModel:
    rng = np.random.default_rng(seed)
    projection, _ = np.linalg.qr(rng.normal(size=(features, dims)))
    spread = rng.normal(size=(dims, dims))
    return OodModel(
        projection,
        rng.normal(size=features),
        rng.normal(size=(3, dims)),
        np.linalg.inv(spread @ spread.T + np.eye(dims)),
    )


def test_the_distance_is_mahalanobis_to_the_nearest_class() -> None:
    model = drawn()
    features = np.random.default_rng(1).normal(size=(6, 12))
    for row, distance in zip(features, model.distances(features), strict=True):
        point = (row - model.mean) @ model.projection
        expected = min(mahalanobis(point, centre, model.precision) for centre in model.class_means)
        assert distance == pytest.approx(expected)


def test_a_class_without_cases_attracts_nothing() -> None:
    model = drawn()
    known = model.class_means.copy()
    known[1] = np.nan
    reduced = OodModel(model.projection, model.mean, known, model.precision)
    without = OodModel(model.projection, model.mean, known[[0, 2]], model.precision)
    features = np.random.default_rng(1).normal(size=(6, 12))
    assert reduced.distances(features).tolist() == without.distances(features).tolist()


@pytest.mark.parametrize("features", [np.zeros(12), np.zeros((2, 11)), np.full((1, 12), np.nan)])
def test_features_of_another_network_are_refused(features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="features must be"):
        drawn().distances(features)


def test_a_model_reads_back_to_single_precision(tmp_path: Path) -> None:
    write_ood(tmp_path / "ood.npz", drawn())
    features = np.random.default_rng(1).normal(size=(6, 12))
    np.testing.assert_allclose(
        read_ood(tmp_path / "ood.npz").distances(features), drawn().distances(features), rtol=1e-4
    )


def test_an_absent_file_is_missing_and_a_foreign_one_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "ood.npz"
    with pytest.raises(BundleMissing):
        read_ood(path)
    for data in (b"", b"PK\x03\x04 cut short", b"\x93NUMPY", b"not an archive"):
        path.write_bytes(data)
        with pytest.raises(BundleCorrupt):
            read_ood(path)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    model = drawn()
    objects = np.array([{"harm": 1}], dtype=object)
    np.savez(
        tmp_path / "ood.npz",
        projection=objects,
        mean=model.mean,
        class_means=model.class_means,
        precision=model.precision,
    )
    with pytest.raises(BundleCorrupt):
        read_ood(tmp_path / "ood.npz")


@pytest.mark.parametrize("name", ["projection", "mean", "class_means", "precision"])
def test_arrays_that_do_not_fit_together_are_corrupt(tmp_path: Path, name: str) -> None:
    model = drawn()
    arrays = {key: getattr(model, key) for key in ("projection", "mean", "class_means", "precision")}
    np.savez(tmp_path / "short.npz", **(arrays | {name: arrays[name][..., :-1]}))
    np.savez(tmp_path / "nan.npz", **(arrays | {name: np.full_like(arrays[name], np.nan)}))
    for file in ("short.npz", "nan.npz"):
        with pytest.raises(BundleCorrupt):
            read_ood(tmp_path / file)
