"""Fit a picture into a network's square input and map boxes back."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.shrink import shrink

PAD_VALUE = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a width by height picture lies, centred and evenly scaled, in a side by side square.

    Attributes:
        side: edge of the square in pixels.
        scale: square pixels per picture pixel.
        pad_x: pixels left of the picture in the square.
        pad_y: pixels above the picture in the square.
        resized_width: width of the scaled picture in the square.
        resized_height: height of the scaled picture in the square.
    """

    side: int
    scale: float
    pad_x: int
    pad_y: int
    resized_width: int
    resized_height: int

    @classmethod
    def fit(cls, width: int, height: int, side: int) -> "Letterbox":
        """Return the placement of a picture of this size.

        Raises:
            ValueError: a length is not positive.
        """
        if min(width, height, side) < 1:
            raise ValueError("width, height and side must be positive")
        scale = side / max(width, height)
        resized_width = max(1, round(width * scale))
        resized_height = max(1, round(height * scale))
        pad_x = (side - resized_width) // 2
        pad_y = (side - resized_height) // 2
        return cls(side, scale, pad_x, pad_y, resized_width, resized_height)

    def apply(self, image: RgbImage) -> RgbImage:
        """Return the side by side square holding the picture, padded with grey."""
        size = self.resized_width, self.resized_height
        resized = shrink(image, *size) if self.scale < 1 else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        square = np.full((self.side, self.side, 3), PAD_VALUE, dtype=np.uint8)
        bottom, right = self.pad_y + self.resized_height, self.pad_x + self.resized_width
        square[self.pad_y : bottom, self.pad_x : right] = resized
        return square

    def forward(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (N, 4) corner boxes x1, y1, x2, y2 from picture pixels to square pixels."""
        return boxes * self.scale + self._offset()

    def backward(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (N, 4) corner boxes x1, y1, x2, y2 from square pixels to picture pixels."""
        return (boxes - self._offset()) / self.scale

    def _offset(self) -> NDArray[np.float64]:
        return np.array([self.pad_x, self.pad_y, self.pad_x, self.pad_y], dtype=np.float64)
