"""Does the detector say the same of the same face captured again? Perturbations are fixed in a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bootstrap import Interval, mean_interval
from models.evaluation.metrics import PhotoDetections, box_iou
from shared.imaging.image import RgbImage
from shared.vision.repeat_capture import CaptureLimits, apply

_SEED = 19
# Small boxes moved by up to two pixels still overlap by this much.
_SAME_IOU = 0.3


@dataclass(frozen=True, slots=True)
class Consistency:
    """Two simulated captures of each face, compared.

    Attributes:
        photos: faces captured.
        count_difference: |a - b| over the mean of both counts, averaged over faces with any finding.
        total_difference: difference of the two totals over all faces, relative to their mean: the bias of a capture.
        agreement: share of findings that the other capture has at the same place (Dice of the two sets).
    """

    photos: int
    count_difference: Interval
    total_difference: float
    agreement: Interval


def study_consistency(
    detect: Callable[[RgbImage], PhotoDetections],
    images: Sequence[RgbImage],
    threshold: float,
    limits: CaptureLimits,
    progress: Callable[[], None] = lambda: None,
) -> Consistency:
    """Capture every picture twice under fixed seeds and compare what is found at `threshold`."""
    counts: list[tuple[int, int]] = []
    agreement: list[float] = []
    for number, image in enumerate(images):
        pair = [
            _boxes(detect(apply(image, np.random.default_rng((_SEED, number, turn)), limits)), threshold)
            for turn in range(2)
        ]
        counts.append((len(pair[0]), len(pair[1])))
        if sum(counts[-1]):
            agreement.append(2 * matched(pair[0], pair[1]) / sum(counts[-1]))
        progress()
    both = np.array(counts, np.float64).reshape(-1, 2)
    some = both[both.sum(axis=1) > 0]
    totals = both.sum(axis=0)
    return Consistency(
        len(images),
        mean_interval(np.abs(some[:, 0] - some[:, 1]) / some.mean(axis=1)),
        round(float(abs(totals[0] - totals[1]) / max(totals.mean(), 1e-9)), 4),
        mean_interval(agreement),
    )


def matched(first: NDArray[np.float32], second: NDArray[np.float32]) -> int:
    """Return how many boxes of `first` (N, 4) have a partner of their own in `second` (M, 4)."""
    if not len(first) or not len(second):
        return 0
    overlap = box_iou(first, second)
    pairs = 0
    while overlap.max(initial=0.0) >= _SAME_IOU:
        row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
        overlap[row, :] = 0.0
        overlap[:, column] = 0.0
        pairs += 1
    return pairs


def _boxes(found: PhotoDetections, threshold: float) -> NDArray[np.float32]:
    return np.asarray(found.boxes[found.scores >= threshold], np.float32)
