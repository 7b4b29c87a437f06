"""Figures of a segmenter with bootstrap intervals, by data set and by how the crop was cut."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.mask_crops import OutlinedCrop, as_input, box_crop
from models.data.masks import OutlinedPhoto
from models.evaluation.bootstrap import Interval, mean_interval
from models.evaluation.segmentation_metrics import EdgeDistances, Stability, contour_stability, dice, iou
from shared.imaging.crops import CONTEXT, CropPlacement, square_crop
from shared.vision.repeat_capture import CaptureLimits, apply

TOLERANCE_PX = 2.0
_SEED = 7
# A detector's box of the same feature, from one capture to the next: shares of the box's longer side.
_BOX_SHIFT, _BOX_SCALE = 0.05, 0.08
_REPEATS = 6

Probabilities = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class MaskFigures:
    """Means over the crops of a group with 95 % bootstrap intervals.

    Distances and the tolerance of `surface_dice` (2) are in pixels of the 128 px crop; in a crop around a feature
    that is 1/64 of its longer side each. Only pixels that show the photograph count.
    """

    crops: int
    dice: Interval
    iou: Interval
    surface_dice: Interval
    hd95: Interval


def found_masks(segment: Probabilities, crops: Sequence[OutlinedCrop], threshold: float) -> list[NDArray[np.bool_]]:
    """Return each crop's mask, on the photograph only."""
    likely = segment(as_input(crops))
    return [(mask >= threshold) & crop.inside for mask, crop in zip(likely, crops, strict=True)]


def dices(masks: Sequence[NDArray[np.bool_]], crops: Sequence[OutlinedCrop]) -> list[float]:
    """Return the Dice of each mask with its crop's truth."""
    return [dice(mask, crop.mask) for mask, crop in zip(masks, crops, strict=True)]


def measure(masks: Sequence[NDArray[np.bool_]], crops: Sequence[OutlinedCrop]) -> MaskFigures:
    """Measure a group of masks."""
    distances = [EdgeDistances.between(mask, crop.mask) for mask, crop in zip(masks, crops, strict=True)]
    return MaskFigures(
        crops=len(crops),
        dice=mean_interval(dices(masks, crops)),
        iou=mean_interval([iou(mask, crop.mask) for mask, crop in zip(masks, crops, strict=True)]),
        surface_dice=mean_interval([d.surface_dice(TOLERANCE_PX) for d in distances]),
        hd95=mean_interval([d.hd95() for d in distances]),
    )


def best_threshold(segment: Probabilities, groups: Sequence[Sequence[OutlinedCrop]]) -> float:
    """Return the probability of the best Dice, the mean over groups of their means, in steps of 0.05."""
    likely = [segment(as_input(crops)) for crops in groups]

    def score(threshold: float) -> float:
        means = []
        for crops, found in zip(groups, likely, strict=True):
            masks = [(mask >= threshold) & crop.inside for mask, crop in zip(found, crops, strict=True)]
            means.append(np.mean(dices(masks, crops)))
        return float(np.mean(means))

    return max((round(0.05 * step, 2) for step in range(4, 17)), key=score)


@dataclass(frozen=True, slots=True)
class StabilityFigures:
    """How outlines hold still, means over photographs with 95 % bootstrap intervals.

    Each photograph is captured again six times: another exposure, white balance, noise and compression within
    `shared/vision/repeat_capture.toml`, and a box that moves by up to 5 % and grows or shrinks by up to 8 % of its
    longer side, as a detector's does. Outlines are compared in the first crop's pixels.
    """

    photos: int
    dice: Interval
    edge_px: Interval
    area_repeatability: Interval


def measure_stability(
    segment: Probabilities, photos: Sequence[OutlinedPhoto], threshold: float, limits: CaptureLimits
) -> StabilityFigures:
    """Measure how a segmenter's outlines hold still."""
    # The box moves instead of the face: the crop then differs in the same way, and both can be laid over each other.
    still = limits.model_copy(update={"shift_pixels": 0.0, "rotation_degrees": 0.0, "scale_share": 0.0})
    rng = np.random.default_rng(_SEED)
    every = [_stability(segment, photo, threshold, still, rng) for photo in photos]
    rows = [asdict(one) for one in every]
    return StabilityFigures(len(photos), **{name: mean_interval([row[name] for row in rows]) for name in rows[0]})


def _stability(
    segment: Probabilities,
    photo: OutlinedPhoto,
    threshold: float,
    limits: CaptureLimits,
    rng: np.random.Generator,
) -> Stability:
    """Capture one feature again and again."""
    size = box_crop(photo).image.shape[0]
    boxes = [photo.box, *(_moved(photo.box, rng) for _ in range(_REPEATS))]
    pictures = [photo.image, *(apply(photo.image, rng, limits) for _ in range(_REPEATS))]
    cut = [square_crop(picture, box, CONTEXT, size) for picture, box in zip(pictures, boxes, strict=True)]
    images = np.stack([crop.image for crop in cut]).transpose(0, 3, 1, 2)
    likely = segment(np.ascontiguousarray(images).astype(np.float32) / np.float32(255))
    goal = cut[0].placement
    masks = [carried(mask, crop.placement, goal) >= threshold for mask, crop in zip(likely, cut, strict=True)]
    inside = box_crop(photo).inside
    return contour_stability(masks[0] & inside, [mask & inside for mask in masks[1:]])


def _moved(box: tuple[float, float, float, float], rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Return the box as another capture's detector might draw it."""
    x1, y1, x2, y2 = box
    longer = max(x2 - x1, y2 - y1)
    dx, dy = rng.uniform(-_BOX_SHIFT, _BOX_SHIFT, 2) * longer
    grown = rng.uniform(-_BOX_SCALE, _BOX_SCALE) * longer / 2
    return x1 + dx - grown, y1 + dy - grown, x2 + dx + grown, y2 + dy + grown


def carried(picture: NDArray[np.float32], start: CropPlacement, goal: CropPlacement) -> NDArray[np.float32]:
    """Return a crop's map (S, S) resampled onto the pixels of another crop of the same photograph."""
    size = picture.shape[0]
    centres = np.arange(size) + 0.5
    points = start.forward(goal.backward(np.stack([centres, centres], axis=1))) - 0.5
    columns, rows = points[:, 0].clip(0, size - 1), points[:, 1].clip(0, size - 1)
    return _bilinear(picture, rows, columns)


def _bilinear(
    picture: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample a picture at every (row, column) of a grid, all coordinates within it."""
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    bottom = np.minimum(top + 1, picture.shape[0] - 1)
    right = np.minimum(left + 1, picture.shape[1] - 1)
    down, across = (rows - top)[:, None], (columns - left)[None, :]
    above = picture[np.ix_(top, left)] * (1 - across) + picture[np.ix_(top, right)] * across
    below = picture[np.ix_(bottom, left)] * (1 - across) + picture[np.ix_(bottom, right)] * across
    return np.asarray(above * (1 - down) + below * down, np.float32)
