"""Which of the mesh's points keep their place on the skull, and which parts of a face move on their own."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.vision.face_map import BROW_OUTLINES, EYE_OUTLINES, LIPS_OUTLINE, OVAL, Points, outline_mask

# Forehead, glabella, bridge of the nose, corners of the eyes, upper cheeks: nothing that mouth or brows pull along.
ANCHORS: Final[tuple[int, ...]] = (
    *(9, 8, 151, 69, 108, 337, 299, 104, 333),
    *(168, 6, 197, 195, 5, 122, 351, 196, 419, 3, 248, 236, 456, 198, 420, 131, 360),
    *(33, 133, 263, 362),
    *(116, 117, 118, 119, 100, 101, 50, 36, 123, 142, 126, 47),
    *(345, 346, 347, 348, 329, 330, 280, 266, 352, 371, 355, 277),
)
_MOVING: Final[tuple[tuple[int, ...], ...]] = (*EYE_OUTLINES, LIPS_OUTLINE, *BROW_OUTLINES)


def face_mask(points: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a picture (height, width, …) lie within the face's outline."""
    return outline_mask(points, OVAL, shape)


def moving_mask(points: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a picture (height, width, …) show eyes, brows or lips."""
    mask = np.zeros(shape[:2], dtype=np.bool_)
    for outline in _MOVING:
        mask |= outline_mask(points, outline, shape)
    return mask
