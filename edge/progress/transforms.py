"""The two transforms an alignment is made of: a robust similarity and a smooth field of displacements.

Similarity: closed form in two dimensions with the symmetric scale of Horn ("Closed-form solution of absolute
orientation using unit quaternions", J Opt Soc Am A 1987, section 2.E), so that swapping the two sides gives
exactly the inverse; made robust by iteratively reweighted least squares with Tukey's biweight.
Field: a regularised thin-plate spline (Bookstein, IEEE TPAMI 1989; Wahba, "Spline models for observational
data", 1990), reweighted in the same way.
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Coordinates: TypeAlias = NDArray[np.float64]
"""Points (N, 2) in pixels: x, y."""

_BIWEIGHT: Final = 4.685
# Median of a Rayleigh distribution of unit scale: turns a median distance into a standard deviation per axis.
_RAYLEIGH_MEDIAN: Final = 1.1774
_ROUNDS: Final = 8
_LEAST_WEIGHT: Final = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Turn, scale and shift: q = matrix · p + shift."""

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    def __call__(self, points: Coordinates) -> Coordinates:
        """Return where points (N, 2) go."""
        moved: Coordinates = points @ self.matrix.T + self.shift
        return moved

    def inverse(self) -> "Similarity":
        """Return the way back."""
        back: NDArray[np.float64] = np.linalg.inv(self.matrix).astype(np.float64)
        return Similarity(back, -back @ self.shift)

    @property
    def scale(self) -> float:
        """Pixels there per pixel here."""
        return math.sqrt(abs(float(np.linalg.det(self.matrix))))

    @property
    def degrees(self) -> float:
        """The turn, positive from x towards y."""
        return math.degrees(math.atan2(self.matrix[1, 0], self.matrix[0, 0]))


@dataclass(frozen=True, slots=True, eq=False)
class SmoothField:
    """A thin-plate spline that adds a small displacement to each point.

    Attributes:
        knots: (K, 2), in units.
        weights: (K + 3, 2): one for each knot, then constant, x and y.
        unit: pixels in a unit; everything inside is in units, so that smoothness means the same at any size.
    """

    knots: NDArray[np.float64]
    weights: NDArray[np.float64]
    unit: float

    def __call__(self, points: Coordinates) -> Coordinates:
        """Return where points (N, 2) go."""
        at = points / self.unit
        moved = _kernel(at, self.knots) @ self.weights[:-3] + _affine(at) @ self.weights[-3:]
        displaced: Coordinates = points + moved * self.unit
        return displaced


def fit_similarity(source: Coordinates, target: Coordinates) -> Similarity:
    """Return the similarity that takes most of the source points to their targets; a fifth may be anywhere.

    Args:
        source: (N, 2), N at least 2 and not all one point.
        target: (N, 2).
    """
    weights = np.ones(len(source))
    fitted = _weighted_similarity(source, target, weights)
    for _ in range(_ROUNDS):
        # In the geometric middle of both sides' pixels, so that neither side counts as the true one.
        distances = np.linalg.norm(fitted(source) - target, axis=1) / math.sqrt(fitted.scale)
        weights = robust_weights(distances)
        fitted = _weighted_similarity(source, target, weights)
    return fitted


def fit_field(source: Coordinates, target: Coordinates, unit: float, stiffness: float) -> SmoothField:
    """Return the smooth field that takes most of the source points near their targets.

    Args:
        source: (N, 2), at least 3 points not on one line.
        target: (N, 2).
        unit: pixels in a unit, such as the distance between the eyes.
        stiffness: how much bending costs; towards infinity the field becomes an affine map.
    """
    knots, moves = source / unit, (target - source) / unit
    kernel, affine = _kernel(knots, knots), _affine(knots)
    weights, count = np.ones(len(knots)), len(knots)
    solution = np.zeros((count + 3, 2))
    for _ in range(_ROUNDS // 2):
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = kernel + np.diag(stiffness / np.maximum(weights, _LEAST_WEIGHT))
        system[:count, count:], system[count:, :count] = affine, affine.T
        solution = np.linalg.solve(system, np.vstack([moves, np.zeros((3, 2))])).astype(np.float64)
        left = np.linalg.norm(kernel @ solution[:count] + affine @ solution[count:] - moves, axis=1)
        weights = robust_weights(left)
    return SmoothField(knots, solution, unit)


def robust_weights(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Tukey's biweight of distances, 0 to 1, on a scale taken from their median."""
    spread = float(np.median(distances)) / _RAYLEIGH_MEDIAN
    if spread <= 0:
        return np.where(distances <= 0, 1.0, _LEAST_WEIGHT)
    relative = np.minimum(distances / (_BIWEIGHT * spread), 1.0)
    weights: NDArray[np.float64] = np.maximum((1 - relative**2) ** 2, _LEAST_WEIGHT)
    return weights


def _weighted_similarity(source: Coordinates, target: Coordinates, weights: NDArray[np.float64]) -> Similarity:
    share = (weights / weights.sum())[:, None]
    middle, goal = (share * source).sum(axis=0), (share * target).sum(axis=0)
    here, there = source - middle, target - goal
    along = float((share[:, 0] * (here * there).sum(axis=1)).sum())
    across = float((share[:, 0] * (here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0])).sum())
    angle = math.atan2(across, along)
    scale = math.sqrt(float((share * there**2).sum()) / float((share * here**2).sum()))
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    matrix = np.array([[cosine, -sine], [sine, cosine]])
    return Similarity(matrix, goal - matrix @ middle)


def _kernel(points: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return r² · ln r between every point and every knot."""
    squared = ((points[:, None, :] - knots[None, :, :]) ** 2).sum(axis=2)
    kernel: NDArray[np.float64] = 0.5 * squared * np.log(np.where(squared > 0, squared, 1.0))
    return kernel


def _affine(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(points)), points])
