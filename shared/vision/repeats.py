"""One box for one feature: boxes that repeat each other become one, better placed than each of them.

The one-to-one head is meant to speak once for each object (arXiv 2405.14458), but learns that last and not fully in
short trainings. Its repeats are several opinions on where the feature lies; their mean, weighted by score, is nearer
to the labels than the best of them (weighted boxes fusion, Solovyev et al. 2021, arXiv 1910.13302).
"""

import numpy as np
from numpy.typing import NDArray

# Chosen by mAP50 on validation photographs.
REPEAT_IOU = 0.5


def merge_repeats(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], least_overlap: float = REPEAT_IOU
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Merge every box with those that overlap it by `least_overlap` IoU or more and are no other's yet.

    Args:
        boxes: (N, 4) x1, y1, x2, y2, best score first.
        scores: (N,) positive.
        least_overlap: intersection over union from which two boxes are one feature's.

    Returns:
        The merged boxes (M, 4), and the rows (M,) of the best box of each, rising: score and class are that row's.
    """
    corners, weight = boxes.astype(np.float64), scores.astype(np.float64)
    area = (corners[:, 2:] - corners[:, :2]).clip(min=0).prod(axis=1)
    free = np.ones(len(corners), np.bool_)
    merged: list[NDArray[np.float64]] = []
    best: list[int] = []
    for row in range(len(corners)):
        if not free[row]:
            continue
        low, high = np.maximum(corners[row, :2], corners[:, :2]), np.minimum(corners[row, 2:], corners[:, 2:])
        overlap = (high - low).clip(min=0).prod(axis=1)
        same = free & (overlap >= least_overlap * (area[row] + area - overlap)) & (overlap > 0)
        same[row] = True
        free &= ~same
        merged.append(np.average(corners[same], axis=0, weights=np.maximum(weight[same], 1e-9)))
        best.append(row)
    return np.array(merged, np.float64).reshape(-1, 4), np.array(best, np.int64)
