"""How far a crop lies from everything the classifier learnt from.

The distance is Mahalanobis's to the nearest class mean under one shared covariance, in a projection of the
classifier's features (Lee et al. 2018, arXiv 1807.03888).
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from shared.vision.errors import BundleCorrupt, BundleMissing

_ARRAYS = ("projection", "mean", "class_means", "precision")


@dataclass(frozen=True, slots=True)
class OodModel:
    """A Gaussian per class in a projected space.

    F features, D dimensions, C classes. A class of which no case was at hand has a row of NaN and attracts nothing.

    Attributes:
        projection: (F, D), its columns orthonormal.
        mean: (F,) of the features before projection.
        class_means: (C, D) in the projected space.
        precision: (D, D) inverse of the shared covariance.
    """

    projection: NDArray[np.float64]
    mean: NDArray[np.float64]
    class_means: NDArray[np.float64]
    precision: NDArray[np.float64]

    def distances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the distance (N,) of features (N, F) to the nearest class.

        Raises:
            ValueError: the features are not (N, F), or not finite.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise ValueError(f"features must be (N, {len(self.mean)}), not {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError("features must be finite")
        known = self.class_means[np.isfinite(self.class_means).all(axis=1)]
        projected = (features.astype(np.float64) - self.mean) @ self.projection
        apart = projected[:, None, :] - known[None, :, :]
        squared = np.einsum("ncd,de,nce->nc", apart, self.precision, apart)
        return np.asarray(np.sqrt(squared.clip(min=0)).min(axis=1), np.float64)


def read_ood(path: Path) -> OodModel:
    """Read `ood.npz`; no pickled object is ever loaded.

    Raises:
        BundleMissing: there is no such file.
        BundleCorrupt: an array is absent, of the wrong shape or not finite.
    """
    if not path.is_file():
        raise BundleMissing(f"{path} is not there: fit it with python -m models.calibration.fit")
    try:
        # NumPy leaves a file that it cannot read open; this one is closed here.
        with path.open("rb") as handle, NpzFile(handle, allow_pickle=False) as archive:
            arrays = [np.asarray(archive[name], np.float64) for name in _ARRAYS]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BundleCorrupt(f"{path} does not hold the arrays {', '.join(_ARRAYS)}: fit it again") from error
    model = OodModel(*arrays)
    if not _fits(model):
        raise BundleCorrupt(f"{path} holds arrays that do not fit together: fit it again")
    return model


def write_ood(path: Path, model: OodModel) -> None:
    """Write `ood.npz` in single precision."""
    np.savez(path, **{name: getattr(model, name).astype(np.float32) for name in _ARRAYS})


def _fits(model: OodModel) -> bool:
    """Do the shapes agree, is one class known, and is everything else finite?"""
    if model.projection.ndim != 2 or model.class_means.ndim != 2:
        return False
    features, dims = model.projection.shape
    shapes = model.mean.shape == (features,) and model.precision.shape == (dims, dims)
    if not shapes or model.class_means.shape[1] != dims:
        return False
    finite = all(np.isfinite(array).all() for array in (model.projection, model.mean, model.precision))
    return bool(finite and np.isfinite(model.class_means).all(axis=1).any())
