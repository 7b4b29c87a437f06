"""Several looks at one square, each enlarged differently or mirrored, and what they say together.

How a feature lies on the detector's grid moves its score as much as the skin does. The mean over a few glances
averages that out and finds more (test-time augmentation, fused as in Solovyev et al. 2021, arXiv 1910.13302).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.letterbox import PAD_VALUE
from shared.vision.repeats import REPEAT_IOU, group_repeats, mean_boxes, merge_repeats

SCALES: Final = (0.5, 2.0)

Look: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Boxes (K, 4) x1, y1, x2, y2 and raw scores (K,) of one look, in any order; the pixels are the same for all."""


@dataclass(frozen=True, slots=True)
class Glance:
    """How a square is shown: enlarged about its middle, 0.5 to 2 times, then perhaps mirrored left to right."""

    scale: float = 1.0
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Check the scale.

        Raises:
            ValueError: it is out of range.
        """
        if not SCALES[0] <= self.scale <= SCALES[1]:
            raise ValueError(f"a glance enlarges {SCALES[0]} to {SCALES[1]} times")

    def of(self, square: RgbImage) -> RgbImage:
        """Return a square (S, S, 3) as this glance shows it; what falls outside is cut, what comes in is grey."""
        shown = _enlarged(square, _size(square.shape[0], self.scale))
        return shown[:, ::-1] if self.mirrored else shown

    def brought_back(self, boxes: NDArray[np.floating], side: int) -> NDArray[np.float64]:
        """Return boxes (K, 4) found on what is shown in pixels of the square itself."""
        found = boxes.astype(np.float64)
        if self.mirrored:
            found = np.stack([side - found[:, 2], found[:, 1], side - found[:, 0], found[:, 3]], axis=1)
        size = _size(side, self.scale)
        return np.asarray((found - (side - size) / 2) * side / size, np.float64)


def _enlarged(square: RgbImage, size: int) -> RgbImage:
    side = square.shape[0]
    if size == side:
        return square
    resized = np.asarray(cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    beyond = abs(size - side) // 2
    if size > side:
        return resized[beyond : beyond + side, beyond : beyond + side]
    framed = np.full(square.shape, PAD_VALUE, np.uint8)
    framed[beyond : beyond + size, beyond : beyond + size] = resized
    return framed


def _size(side: int, scale: float) -> int:
    """Return the side of an enlarged square, in whole pixels and so that both middles agree to the pixel."""
    return max(1, side + 2 * round(side * (scale - 1) / 2))


def fuse_looks(looks: Sequence[Look], least_overlap: float = REPEAT_IOU) -> Look:
    """Return one box for each feature, best first: its place is the looks' mean, its score their mean too.

    A look that does not see a feature counts as a score of 0. Repeats within a look are merged first.

    Raises:
        ValueError: there is no look.
    """
    if not looks:
        raise ValueError("nothing was looked at")
    merged = [_merged(boxes, scores, least_overlap) for boxes, scores in looks]
    if len(merged) == 1:
        return merged[0]
    boxes = np.concatenate([boxes for boxes, _ in merged])
    scores = np.concatenate([scores for _, scores in merged])
    look = np.repeat(np.arange(len(merged)), [len(scores) for _, scores in merged])
    order = np.argsort(-scores, kind="stable")
    boxes, scores, look = boxes[order], scores[order], look[order]
    group = group_repeats(boxes, least_overlap)
    seen = np.zeros((int(group.max(initial=-1)) + 1, len(merged)))
    np.maximum.at(seen, (group, look), scores)
    score = seen.mean(axis=1)
    best = np.argsort(-score, kind="stable")
    return mean_boxes(boxes, scores, group)[best], score[best]


def _merged(boxes: NDArray[np.float64], scores: NDArray[np.float64], least_overlap: float) -> Look:
    order = np.argsort(-scores, kind="stable")
    together, best = merge_repeats(boxes[order], scores[order], least_overlap)
    return together, scores[order][best]
