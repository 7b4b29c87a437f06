"""Which features of two readings are the same one: those that lie at the same place, whatever they are called.

Two boxes lie at the same place when their IoU is at least 0.3, or when the centre of each lies within the other:
people outline small features loosely, and one may draw tight what another draws wide. The centre has to lie within
both ways, or one box around a whole cheek would be "the same" as any feature on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.evaluation.metrics import box_iou
from models.evaluation.readers.readings import Feature

MINIMUM_IOU = 0.3
_TIE = 1e-6  # decides between places that fit equally well, and never against a better one


@dataclass(frozen=True, slots=True)
class Matching:
    """Two readings laid over each other; all numbers are places in the sequences that were given.

    Attributes:
        pairs: features found in both, as (first, second), rising in the first.
        only_first: features without a partner in the second reading, rising.
        only_second: features without a partner in the first, rising.
    """

    pairs: tuple[tuple[int, int], ...]
    only_first: tuple[int, ...]
    only_second: tuple[int, ...]


def match(first: Sequence[Feature], second: Sequence[Feature]) -> Matching:
    """Pair features one to one: as many as possible, then with the largest sum of IoU.

    Which features are paired does not depend on their order nor on which reading is named first: equally good
    places are told apart by type, then by the features' own order.
    """
    ours, theirs = (sorted(range(len(each)), key=each.__getitem__) for each in (first, second))
    a, b = [first[i] for i in ours], [second[j] for j in theirs]
    found = _assign(a, b) if a <= b else [(i, j) for j, i in _assign(b, a)]
    pairs = sorted((ours[i], theirs[j]) for i, j in found)
    return Matching(
        tuple(pairs),
        tuple(sorted(set(ours) - {i for i, _ in pairs})),
        tuple(sorted(set(theirs) - {j for _, j in pairs})),
    )


def _assign(ours: Sequence[Feature], theirs: Sequence[Feature]) -> list[tuple[int, int]]:
    """Return the indices of the paired features."""
    if not ours or not theirs:
        return []
    a, b = _corners(ours), _corners(theirs)
    iou = box_iou(a, b)
    same_place = (iou >= MINIMUM_IOU) | (_centre_within(a, b) & _centre_within(b, a).T)
    same_type = np.array([[one.type is other.type for other in theirs] for one in ours], np.float64)
    # One more pair outweighs any sum of overlaps, as each overlap is at most 1.
    gain = same_place * (1.0 + (iou + _TIE * same_type) / (min(len(ours), len(theirs)) + 1))
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if same_place[i, j]]


def _corners(features: Sequence[Feature]) -> NDArray[np.float32]:
    """Return boxes (N, 4) as x1, y1, x2, y2 in pixels."""
    return np.array([(f.x, f.y, f.x + f.w, f.y + f.h) for f in features], np.float32)


def _centre_within(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (A, B): whether the centre of each box of `a` lies within each of `b`."""
    centre = (a[:, None, :2] + a[:, None, 2:]) / 2
    return np.asarray(((centre >= b[None, :, :2]) & (centre <= b[None, :, 2:])).all(axis=2), np.bool_)
