"""One box for one feature: boxes that repeat each other become one, better placed than each of them.

The one-to-one head is meant to speak once for each object (arXiv 2405.14458), but learns that last and not fully in
short trainings. Its repeats are several opinions on where the feature lies; their mean, weighted by score, is nearer
to the labels than the best of them (weighted boxes fusion, Solovyev et al. 2021, arXiv 1910.13302).
"""

import numpy as np
from numpy.typing import NDArray

# Chosen by mAP50 of fused looks on validation photographs.
REPEAT_IOU = 0.6


def group_repeats(boxes: NDArray[np.floating], least_overlap: float = REPEAT_IOU) -> NDArray[np.int64]:
    """Return which feature each box speaks of, (N,) from 0, numbered by the best box of each.

    Args:
        boxes: (N, 4) x1, y1, x2, y2, best score first; each takes those that overlap it and are no better one's.
        least_overlap: intersection over union from which two boxes are one feature's.
    """
    corners = boxes.astype(np.float64)
    left, top, right, bottom = corners.T
    # Side by side and in place: for the boxes of several looks these are the largest arrays of an analysis.
    overlap = np.minimum.outer(right, right)
    overlap -= np.maximum.outer(left, left)
    height = np.minimum.outer(bottom, bottom)
    height -= np.maximum.outer(top, top)
    overlap = np.multiply(overlap.clip(0, out=overlap), height.clip(0, out=height), out=overlap)
    area = (corners[:, 2:] - corners[:, :2]).clip(min=0).prod(axis=1)
    same = (overlap >= least_overlap * (area[:, None] + area[None, :] - overlap)) & (overlap > 0)
    group = np.full(len(corners), -1, np.int64)
    count = 0
    for row in range(len(corners)):
        if group[row] < 0:
            group[(group < 0) & same[row]] = count
            group[row] = count  # an empty box overlaps nothing, not even itself
            count += 1
    return group


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
    group = group_repeats(boxes, least_overlap)
    return mean_boxes(boxes, scores, group), np.unique(group, return_index=True)[1].astype(np.int64)


def mean_boxes(
    boxes: NDArray[np.floating], scores: NDArray[np.floating], group: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the mean box (M, 4) of each of M groups, weighted by score, for boxes (N, 4), scores and groups (N,)."""
    weight = np.maximum(scores.astype(np.float64), 1e-9)
    total = np.bincount(group, weight)
    columns = [np.bincount(group, weight * column) / total for column in boxes.astype(np.float64).T]
    return np.stack(columns, axis=1) if columns else np.zeros((0, 4))
