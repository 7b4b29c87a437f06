"""From a whole photograph to the detector's input, by the same letterbox the product uses."""

import numpy as np
from numpy.typing import NDArray

from shared.imaging.letterbox import Letterbox


def to_input(image: NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], Letterbox]:
    """Return the network input (3, side, side), RGB in 0..1, and where the photograph lies in it."""
    placed = Letterbox.fit(image.shape[1], image.shape[0], side)
    return as_input(placed.apply(image)), placed


def as_input(square: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a square (side, side, 3) as the network takes it, (3, side, side) in 0..1."""
    return np.ascontiguousarray(square.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
