"""From which probability on a pixel belongs to a feature."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration.graph import Graph
from models.data.mask_crops import as_input, box_crop
from models.data.masks import OutlinedPhoto
from models.evaluation.segmentation_metrics import dice
from shared.vision.calibration import sigmoid

GRID: tuple[float, ...] = tuple(round(step / 100, 2) for step in range(20, 81, 5))
# Thresholds this close in mean Dice are as good as each other; the one nearest a half is then the least surprising.
_AS_GOOD = 0.001


def mean_dice_by_threshold(
    segmenter: Graph, photos: Sequence[OutlinedPhoto], progress: Callable[[], None] = lambda: None
) -> NDArray[np.float64]:
    """Return the mean Dice (T,) over photographs at each threshold of GRID; zeros without photographs."""
    total = np.zeros(len(GRID))
    for photo in photos:
        crop = box_crop(photo, segmenter.side)
        probability = sigmoid(segmenter.run(as_input([crop]))["mask_logits"][0, 0])
        total += [dice((probability >= threshold) & crop.inside, crop.mask) for threshold in GRID]
        progress()
    return total / max(len(photos), 1)


def best_threshold(scores: NDArray[np.float64]) -> float:
    """Return the threshold of the highest mean Dice, the nearest to a half of those as good."""
    good = [t for t, score in zip(GRID, scores, strict=True) if score >= scores.max() - _AS_GOOD]
    return min(good, key=lambda t: abs(t - 0.5))
