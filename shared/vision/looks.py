"""Several looks at one square, each enlarged differently, and what they say together.

How a feature lies on the detector's grid moves its score as much as the skin does. The mean over a few enlargements
averages that out and finds more (test-time augmentation, fused as in Solovyev et al. 2021, arXiv 1910.13302).
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.letterbox import PAD_VALUE
from shared.vision.repeats import REPEAT_IOU, group_repeats, mean_boxes, merge_repeats

Look: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Boxes (K, 4) x1, y1, x2, y2 and raw scores (K,) of one look, in any order; the pixels are the same for all."""


def enlarged(square: RgbImage, scale: float) -> RgbImage:
    """Return a square (S, S, 3) enlarged about its middle; what falls outside is cut, what comes in is grey."""
    side = square.shape[0]
    size = _size(side, scale)
    if size == side:
        return square
    resized = np.asarray(cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    beyond = abs(size - side) // 2
    if size > side:
        return resized[beyond : beyond + side, beyond : beyond + side]
    framed = np.full(square.shape, PAD_VALUE, np.uint8)
    framed[beyond : beyond + size, beyond : beyond + size] = resized
    return framed


def brought_back(boxes: NDArray[np.floating], scale: float, side: int) -> NDArray[np.float64]:
    """Return boxes (K, 4) found on an enlarged square in pixels of the square itself."""
    size = _size(side, scale)
    return np.asarray((boxes.astype(np.float64) - (side - size) / 2) * side / size, np.float64)


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
