"""How well two outlines agree: overlap, distance of their edges, and steadiness under repeated capture.

One definition of the edge holds everywhere: the pixels of a mask that touch, by a side, a pixel outside the mask
or the border of the picture. Distances are between pixel centres, in pixels of the masks given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

Mask = NDArray[np.bool_]
_SIDES = generate_binary_structure(2, 1)


def dice(found: Mask, truth: Mask) -> float:
    """Return 2 |A and B| / (|A| + |B|); two empty masks agree fully."""
    both, total = _overlap(found, truth)
    return 2 * both / total if total else 1.0


def iou(found: Mask, truth: Mask) -> float:
    """Return |A and B| / |A or B|; two empty masks agree fully."""
    both, total = _overlap(found, truth)
    return both / (total - both) if total else 1.0


def _overlap(found: Mask, truth: Mask) -> tuple[int, int]:
    """Return the common pixels and the sum of both areas.

    Raises:
        ValueError: the masks differ in shape.
    """
    if found.shape != truth.shape:
        raise ValueError("masks of different shape cannot be compared")
    return int(np.count_nonzero(found & truth)), int(np.count_nonzero(found)) + int(np.count_nonzero(truth))


def edge(mask: Mask) -> Mask:
    """Return the edge of a mask by this file's definition."""
    return np.asarray(mask & ~binary_erosion(mask, _SIDES, border_value=0), np.bool_)


@dataclass(frozen=True, slots=True)
class EdgeDistances:
    """Distance in pixels from each edge pixel of one mask to the nearest of the other, both ways.

    Attributes:
        from_found: one value for each edge pixel of the first mask; empty when that mask is.
        from_truth: likewise for the second.
        diagonal: the picture's diagonal, the distance that stands for "there is no edge to reach".
    """

    from_found: NDArray[np.float64]
    from_truth: NDArray[np.float64]
    diagonal: float

    @classmethod
    def between(cls, found: Mask, truth: Mask) -> "EdgeDistances":
        """Measure two masks; towards an empty mask every distance is the diagonal."""
        _overlap(found, truth)
        diagonal = float(np.hypot(*found.shape))
        ours, theirs = edge(found), edge(truth)
        return cls(_to_edge(ours, theirs, diagonal), _to_edge(theirs, ours, diagonal), diagonal)

    def surface_dice(self, tolerance_px: float) -> float:
        """Return the share of both edges that lies within `tolerance_px` of the other; 1 when both are empty."""
        both = np.concatenate([self.from_found, self.from_truth])
        return float((both <= tolerance_px).mean()) if both.size else 1.0

    def hd95(self) -> float:
        """Return the larger of the two directed 95th percentiles; 0 when both are empty, else the diagonal."""
        if self.from_found.size and self.from_truth.size:
            return float(max(np.percentile(self.from_found, 95), np.percentile(self.from_truth, 95)))
        return self.diagonal if self.from_found.size or self.from_truth.size else 0.0

    def mean(self) -> float:
        """Return the mean distance over both edges; 0 when both are empty."""
        both = np.concatenate([self.from_found, self.from_truth])
        return float(both.mean()) if both.size else 0.0


def _to_edge(start: Mask, goal: Mask, diagonal: float) -> NDArray[np.float64]:
    """Return the distance of each pixel of `start` to the nearest of `goal`."""
    if not goal.any():
        return np.full(int(start.sum()), diagonal)
    return np.asarray(distance_transform_edt(~goal)[start], np.float64)


@dataclass(frozen=True, slots=True)
class Stability:
    """How an outline holds still when the same feature is captured again.

    Attributes:
        dice: mean Dice of the repeats with the first capture.
        edge_px: mean distance of their edges from the first one's, in pixels.
        area_repeatability: 95 % repeatability coefficient of the area, relative to its mean: two captures of an
            unchanged feature differ by less than this in 95 of 100 cases, 1.96 * sqrt(2) within-feature SDs.
    """

    dice: float
    edge_px: float
    area_repeatability: float


def contour_stability(first: Mask, repeats: Sequence[Mask]) -> Stability:
    """Compare repeats, mapped onto the first capture's pixels, with the first.

    Raises:
        ValueError: there are no repeats.
    """
    if not repeats:
        raise ValueError("stability needs at least one repeat")
    areas = np.array([np.count_nonzero(mask) for mask in (first, *repeats)], np.float64)
    mean = areas.mean()
    return Stability(
        float(np.mean([dice(mask, first) for mask in repeats])),
        float(np.mean([EdgeDistances.between(mask, first).mean() for mask in repeats])),
        float(1.96 * np.sqrt(2) * areas.std(ddof=1) / mean) if mean else 0.0,
    )
