"""Evaluation crops of outlined features: as the product cuts them, and the whole picture letterboxed."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.masks import OutlinedPhoto
from shared.imaging.crops import CONTEXT, CropPlacement, square_crop
from shared.imaging.image import RgbImage
from shared.imaging.letterbox import Letterbox

SIZE = 128


@dataclass(frozen=True, slots=True)
class OutlinedCrop:
    """A network's input with its truth.

    Attributes:
        image: (S, S, 3) RGB.
        mask: (S, S) True on the feature.
        inside: (S, S) True where the crop shows the photograph; what lies outside is not scored.
    """

    image: RgbImage
    mask: NDArray[np.bool_]
    inside: NDArray[np.bool_]


def box_crop(photo: OutlinedPhoto, size: int = SIZE, context: float = CONTEXT) -> OutlinedCrop:
    """Return the square around the feature's box, cut as the product cuts it."""
    crop = square_crop(photo.image, photo.box, context, size)
    mask = square_crop(_as_picture(photo.mask), photo.box, context, size).image[..., 0] > 127
    inside = _inside(photo, crop.placement, size)
    return OutlinedCrop(crop.image, mask & inside, inside)


def whole_crop(photo: OutlinedPhoto, size: int = SIZE) -> OutlinedCrop:
    """Return the whole picture letterboxed, as benchmarks score it."""
    height, width = photo.mask.shape
    placed = Letterbox.fit(width, height, size)
    rows = slice(placed.pad_y, placed.pad_y + placed.resized_height)
    columns = slice(placed.pad_x, placed.pad_x + placed.resized_width)
    inside = np.zeros((size, size), np.bool_)
    inside[rows, columns] = True
    mask = placed.apply(_as_picture(photo.mask))[..., 0] > 127
    return OutlinedCrop(placed.apply(photo.image), mask & inside, inside)


def as_input(crops: Sequence[OutlinedCrop]) -> NDArray[np.float32]:
    """Return (N, 3, S, S) RGB in 0..1."""
    stacked = np.stack([crop.image for crop in crops])
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def _as_picture(mask: NDArray[np.uint8]) -> RgbImage:
    """Return a mask as a black and white picture, so that it is cut by the very code that cuts photographs."""
    return np.asarray(cv2.merge([mask * np.uint8(255)] * 3), np.uint8)


def _inside(photo: OutlinedPhoto, placement: CropPlacement, size: int) -> NDArray[np.bool_]:
    """Return which pixels of a crop have their centre on the photograph."""
    centres = np.arange(size) + 0.5
    points = placement.backward(np.stack([centres, centres], axis=1))
    height, width = photo.mask.shape
    columns = (points[:, 0] >= 0) & (points[:, 0] < width)
    rows = (points[:, 1] >= 0) & (points[:, 1] < height)
    return np.asarray(rows[:, None] & columns[None, :], np.bool_)
