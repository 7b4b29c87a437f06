"""Figures of a segmenter, with segmenters whose figures are known beforehand."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.data.mask_crops import OutlinedCrop, box_crop
from models.data.masks import MaskSource, OutlinedPhoto, mask_box
from models.evaluation.bootstrap import mean_interval
from models.evaluation.segmenter_report import (
    best_threshold,
    carried,
    found_masks,
    measure,
    measure_stability,
)
from shared.imaging.crops import CropPlacement
from shared.vision.repeat_capture import read_limits

Floats = NDArray[np.float32]


def photo(seed: int, size: int = 200) -> OutlinedPhoto:
    """Return a dark disc on skin."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size), np.uint8)
    x, y, radius = (int(v) for v in (*rng.integers(70, 130, 2), rng.integers(15, 40)))
    cv2.circle(mask, (x, y), radius, 1, -1)
    image = np.where(mask[..., None] > 0, np.uint8((120, 50, 45)), np.uint8((205, 165, 145)))
    return OutlinedPhoto(f"{seed}", MaskSource.PAD, image, mask, mask_box(mask))


def by_darkness(crops: Floats) -> Floats:
    """Segment by how dark the red plane is: exact on these pictures."""
    return np.asarray(1 - crops[:, 0] / (205 / 255) * 0.63, np.float32).clip(0, 1)


def everything(crops: Floats) -> Floats:
    return np.ones((len(crops), *crops.shape[2:]), np.float32)


@pytest.fixture(scope="module")
def crops() -> list[OutlinedCrop]:
    return [box_crop(photo(seed)) for seed in range(8)]


def test_an_exact_segmenter_scores_almost_fully(crops: list[OutlinedCrop]) -> None:
    figures = measure(found_masks(by_darkness, crops, 0.5), crops)
    assert figures.crops == 8
    assert figures.dice.value is not None
    assert figures.dice.value > 0.98
    assert figures.surface_dice.value == 1.0


def test_calling_everything_the_feature_scores_what_its_area_says(crops: list[OutlinedCrop]) -> None:
    figures = measure(found_masks(everything, crops, 0.5), crops)
    shares = [crop.mask.sum() / crop.inside.sum() for crop in crops]
    assert figures.iou.value == pytest.approx(np.mean(shares), abs=1e-3)


def test_the_threshold_divides_where_skin_and_feature_part(crops: list[OutlinedCrop]) -> None:
    def shy(batch: Floats) -> Floats:
        return np.asarray(by_darkness(batch) * 0.45, np.float32)

    threshold = best_threshold(shy, [crops[:4], crops[4:]])
    assert threshold < 0.3
    masks = found_masks(shy, crops, threshold)
    assert measure(masks, crops).dice.value == pytest.approx(
        measure(found_masks(by_darkness, crops, 0.5), crops).dice.value, abs=0.02
    )


def test_an_interval_holds_its_mean_and_narrows_with_more_values() -> None:
    rng = np.random.default_rng(1)
    few, many = (mean_interval(list(rng.normal(0.8, 0.1, count))) for count in (10, 1000))
    for interval in (few, many):
        assert interval.low < interval.value < interval.high  # type: ignore[operator]
    assert (many.high - many.low) < (few.high - few.low) / 3  # type: ignore[operator]
    assert mean_interval([]).value is None


def test_a_steady_segmenter_is_steady_and_one_that_follows_the_box_is_not() -> None:
    photos, limits = [photo(seed) for seed in range(4)], read_limits()
    steady = measure_stability(by_darkness, photos, 0.5, limits)

    def box_follower(batch: Floats) -> Floats:
        mask = np.zeros((len(batch), 128, 128), np.float32)
        mask[:, 32:96, 32:96] = 1
        return mask

    loose = measure_stability(box_follower, photos, 0.5, limits)
    assert steady.dice.value is not None
    assert steady.dice.value > 0.97
    assert loose.dice.value < steady.dice.value - 0.02  # type: ignore[operator]
    assert loose.area_repeatability.value > 0.1 > steady.area_repeatability.value  # type: ignore[operator]


def test_a_map_carried_to_its_own_crop_is_unchanged_and_to_another_it_moves() -> None:
    picture = np.random.default_rng(0).random((128, 128)).astype(np.float32)
    start = CropPlacement(2.0, 10, 20)
    np.testing.assert_allclose(carried(picture, start, start), picture, atol=1e-6)
    moved = carried(picture, start, CropPlacement(2.0, 13, 20))
    np.testing.assert_allclose(moved[:, :-6], picture[:, 6:], atol=1e-6)
