"""How many features a face shows, estimated so that two captures of unchanged skin agree.

A count of findings jumps whenever a score crosses the threshold. Raw scores move little, so their sum, scaled to
people's counts on validation photographs, is steadier; and the mean over several enlargements averages out how a
feature happens to lie on the detector's grid (test-time augmentation). There is one box for one object
(one-to-one head, arXiv 2405.14458), so nothing is suppressed before the sum: suppression is a threshold too.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.letterbox import PAD_VALUE

RECOUNT_SCALES: tuple[float, ...] = (0.88, 1.13)
"""Enlargements of the detector's square that are looked at beside the square itself."""
LEAST_SCORE = 0.003
"""Raw score below which a box adds nothing worth finding its place for."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Everything the detector considers, not only what it is sure enough of.

    Attributes:
        centres: (M, 2) x, y of the boxes in pixels of the photograph.
        weights: (M,) raw score over the number of looks, so that they add up to a mean of sums.
    """

    centres: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, looks: "list[tuple[NDArray[np.float64], NDArray[np.float64]]]") -> "Candidates":
        """Join the looks at one photograph, each boxes (K, 4) in its pixels and raw scores (K,).

        Raises:
            ValueError: there is no look.
        """
        if not looks:
            raise ValueError("a count needs at least one look")
        boxes = np.concatenate([boxes for boxes, _ in looks])
        scores = np.concatenate([scores for _, scores in looks])
        kept = scores >= LEAST_SCORE
        return cls((boxes[kept, :2] + boxes[kept, 2:]) / 2, scores[kept] / len(looks))

    def chosen(self, which: NDArray[np.bool_]) -> "Candidates":
        """Return some of them, by a mask (M,)."""
        return Candidates(self.centres[which], self.weights[which])


def rescaled(square: RgbImage, scale: float) -> RgbImage:
    """Return a square (S, S, 3) enlarged about its middle; what falls outside is cut, what comes in is grey."""
    side = square.shape[0]
    rest = (side - 1) / 2 * (1 - scale)
    matrix = np.array([[scale, 0, rest], [0, scale, rest]], np.float64)
    border = (PAD_VALUE, PAD_VALUE, PAD_VALUE)
    return np.asarray(
        cv2.warpAffine(square, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=border), np.uint8
    )


def scaled_back(boxes: NDArray[np.float64], scale: float, side: int) -> NDArray[np.float64]:
    """Return boxes (K, 4) found on an enlarged square in pixels of the square itself."""
    return np.asarray((boxes - side / 2 * (1 - scale)) / scale, np.float64)
