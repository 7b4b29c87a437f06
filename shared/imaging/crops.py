"""Cut the square around a box out of a photograph, as the networks that look at one feature expect it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.shrink import shrink

CONTEXT = 2.0
MIN_SIDE_PX = 12


@dataclass(frozen=True, slots=True)
class CropPlacement:
    """Where a crop lies in its photograph.

    Attributes:
        scale: crop pixels per photograph pixel.
        left: photograph x of the crop's left edge; negative when the crop begins outside.
        top: photograph y of the crop's upper edge; negative when the crop begins outside.
    """

    scale: float
    left: int
    top: int

    def forward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (..., 2) points x, y from photograph pixels to crop pixels."""
        return (points - self._corner()) * self.scale

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (..., 2) points x, y from crop pixels to photograph pixels."""
        return points / self.scale + self._corner()

    def _corner(self) -> NDArray[np.float64]:
        return np.array([self.left, self.top], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop: image (size, size, 3) and where it was cut."""

    image: RgbImage
    placement: CropPlacement


def square_crop(image: RgbImage, box: Sequence[float], context: float, size: int) -> Crop:
    """Return the square centred on a box, to half a pixel, scaled to size by size.

    The square's side is `context` times the box's longer side, in whole photograph pixels, at least
    `MIN_SIDE_PX` and at most `context` times the photograph's longer side. Outside the photograph its edge
    pixels are repeated.

    Args:
        image: the whole photograph, (height, width, 3).
        box: x1, y1, x2, y2 in photograph pixels; it may reach outside the photograph.
        context: side of the square per longer side of the box, positive.
        size: side of the result in pixels, positive.

    Raises:
        ValueError: the photograph is empty, a number of the box is not finite, its corners are swapped, or
            `context` or `size` is not positive.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    height, width = image.shape[:2]
    if min(height, width, size) < 1 or context <= 0:
        raise ValueError("photograph, context and size must not be empty")
    if not np.isfinite((x1, y1, x2, y2)).all() or x2 < x1 or y2 < y1:
        raise ValueError("a box is four finite numbers x1 <= x2, y1 <= y2")
    wanted = min(context * max(x2 - x1, y2 - y1), context * max(height, width))
    side = max(MIN_SIDE_PX, round(wanted))
    left = _near((x1 + x2 - side) / 2, side, width)
    top = _near((y1 + y2 - side) / 2, side, height)
    window = _window(image, left, top, side)
    if size < side:
        resized = shrink(window, size, size)
    else:
        resized = np.asarray(cv2.resize(window, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    return Crop(resized, CropPlacement(size / side, left, top))


def crop_batch(image: RgbImage, boxes: Sequence[Sequence[float]], size: int, context: float = CONTEXT) -> list[Crop]:
    """Return the square crop of each box, in their order."""
    return [square_crop(image, box, context, size) for box in boxes]


def network_input(crops: Sequence[Crop], size: int) -> NDArray[np.float32]:
    """Return the crops as (N, 3, size, size) RGB in 0..1; N may be zero."""
    stacked = np.stack([crop.image for crop in crops]) if crops else np.zeros((0, size, size, 3), np.uint8)
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def _near(start: float, side: int, length: int) -> int:
    """Round an edge; a square wholly outside only repeats edge pixels, so farther away changes nothing."""
    return round(min(max(start, -2.0 * side), length + 2.0 * side))


def _window(image: RgbImage, left: int, top: int, side: int) -> RgbImage:
    """Cut a square that may reach outside, repeating edge pixels."""
    height, width = image.shape[:2]
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        return image[top : top + side, left : left + side]
    rows = np.arange(top, top + side).clip(0, height - 1)
    columns = np.arange(left, left + side).clip(0, width - 1)
    return np.asarray(image[rows[:, None], columns], np.uint8)
