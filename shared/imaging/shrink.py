"""Average pictures down, fast for large photographs."""

import math

import cv2
import numpy as np

from shared.imaging.image import RgbImage


def half(image: RgbImage) -> RgbImage:
    """Return the mean of each block of 2 x 2 pixels; the last line of an odd length is left out.

    Raises:
        ValueError: a side is shorter than two pixels.
    """
    height, width = image.shape[0] // 2, image.shape[1] // 2
    if min(height, width) < 1:
        raise ValueError("a picture one pixel wide has no half")
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def halvings_within(scale: float) -> int:
    """Return how often a picture may be halved before it is made smaller by a scale, at most 1 and positive."""
    return max(0, math.floor(-math.log2(scale)))


def whole_blocks(length: int, scale: float) -> int:
    """Return the largest length, at most this one, that `shrink` can halve as often as a scale allows.

    Args:
        length: in pixels, at least 1.
        scale: at most 1 and positive.
    """
    block = 2 ** halvings_within(scale)
    return length - length % block if length >= block else length


def shrink(image: RgbImage, width: int, height: int) -> RgbImage:
    """Return the picture averaged down to width by height pixels, neither larger than the picture.

    It is halved first while it stays at least as large and its sides are even: that is many times faster than
    averaging in any other ratio, and the mean of means is the mean. See `whole_blocks` for sides that stay even.
    """
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height and not (image.shape[0] | image.shape[1]) & 1:
        image = half(image)
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


class Halvings:
    """A picture and its halves, each made once and when it is first asked for; for one thread."""

    def __init__(self, image: RgbImage) -> None:
        """Keep the picture."""
        self._levels = [image]

    def level_within(self, scale: float) -> int:
        """Return the level to begin at when the picture is made smaller by a scale, at most 1 and positive."""
        shorter = int(min(self._levels[0].shape[:2]))
        return min(halvings_within(scale), shorter.bit_length() - 1)

    def at(self, level: int) -> RgbImage:
        """Return the picture halved so many times, 0 or more.

        Raises:
            ValueError: a side would vanish.
        """
        while len(self._levels) <= level:
            self._levels.append(half(self._levels[-1]))
        return self._levels[level]
