"""Which of the mesh's 468 points outline which part of the face; left and right are the client's."""

import math
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.vocabulary import FaceRegion

Points: TypeAlias = NDArray[np.float32]

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
RIGHT_EYE_CORNERS = (33, 133)
LEFT_EYE_CORNERS = (362, 263)
EYE_OUTLINES: tuple[tuple[int, ...], ...] = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)

BROW_OUTLINES: tuple[tuple[int, ...], ...] = (
    (46, 53, 52, 65, 55, 107, 66, 105, 63, 70),
    (276, 283, 282, 295, 285, 336, 296, 334, 293, 300),
)
LIPS_OUTLINE = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
NOSTRIL_OUTLINES: tuple[tuple[int, ...], ...] = (
    (235, 59, 166, 79, 239, 238, 241, 242, 97, 99, 98, 240),
    (455, 289, 392, 309, 459, 458, 461, 462, 326, 328, 327, 460),
)
_SHARES_WIDTH_PIXELS = 200
# From the hairline to the chin; runs down the middle of every face.
_MIDLINE = (10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 2, 0, 17, 18, 200, 199, 175, 152)

# Regions in the order they are asked: where outlines touch, the first one wins.
REGION_OUTLINES = MappingProxyType(
    {
        FaceRegion.NOSE: (168, 417, 465, 429, 358, 327, 326, 2, 97, 98, 129, 209, 245, 193),
        FaceRegion.RIGHT_PERIORBITAL: (46, 53, 52, 65, 55, 193, 245, 128, 121, 120, 119, 118, 117, 111, 35, 124),
        FaceRegion.LEFT_PERIORBITAL: (276, 283, 282, 295, 285, 417, 465, 357, 350, 349, 348, 347, 346, 340, 265, 353),
        FaceRegion.FOREHEAD: (
            *(10, 338, 297, 332, 284, 251, 383, 276, 283, 282, 295, 285, 417, 168, 193),
            *(55, 65, 52, 53, 46, 156, 21, 54, 103, 67, 109),
        ),
        FaceRegion.RIGHT_CHEEK: (
            *(234, 227, 116, 117, 118, 119, 120, 121, 128, 209, 129, 203, 206, 216, 212, 202, 204),
            *(194, 169, 136, 172, 58, 132, 93),
        ),
        FaceRegion.LEFT_CHEEK: (
            *(454, 447, 345, 346, 347, 348, 349, 350, 357, 429, 358, 423, 426, 436, 432, 422, 424),
            *(418, 394, 365, 397, 288, 361, 323),
        ),
        FaceRegion.CHIN: (
            *(204, 106, 182, 83, 18, 313, 406, 335, 424, 418, 394, 365, 379, 378, 400, 377, 152),
            *(148, 176, 149, 150, 136, 169, 194),
        ),
    }
)


def inter_eye_pixels(points: Points) -> float:
    """Return the distance between the two eyes' middles, in pixels."""
    right = points[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    left = points[list(LEFT_EYE_CORNERS)].mean(axis=0)
    return float(np.linalg.norm(left - right))


def face_width_pixels(points: Points) -> float:
    """Return the width of the face, in pixels, as the square root of the area within its oval.

    The area of thirty-six points moves far less between two captures than the distance of any two; for a
    frontal face its root lies within a few per cent of the distance from cheek to cheek.
    """
    return math.sqrt(float(cv2.contourArea(points[list(OVAL)].astype(np.float32))))


def on_right_half(points: Points, x: float, y: float) -> bool:
    """Tell whether a point lies on the client's right half of the face, which is the picture's left.

    The halves meet at the straight line fitted to the mesh's middle points.
    """
    down_x, down_y, middle_x, middle_y = cv2.fitLine(points[list(_MIDLINE)], cv2.DIST_L2, 0, 0.01, 0.01).ravel()
    # The fitted direction has no sign, so the client's right eye tells which side is theirs.
    eye_x, eye_y = points[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    side = down_x * (y - middle_y) - down_y * (x - middle_x)
    eye_side = down_x * (eye_y - middle_y) - down_y * (eye_x - middle_x)
    return bool(side * eye_side > 0)


def outline_mask(points: Points, outline: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return which pixels of a picture (height, width, …) lie inside an outline of mesh points."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(points[list(outline)]).astype(np.int32)], 1)
    return mask.astype(bool)


def region_shares(points: Points) -> dict[FaceRegion, float]:
    """Return each region's visible area over the area within the face's oval, above 0; hidden ones are left out.

    Where outlines touch, the first region has the area.
    """
    low, width = points.min(axis=0), face_width_pixels(points)
    if not width > 0:
        return {}
    drawn = (points - low) * np.float32(_SHARES_WIDTH_PIXELS / width)
    shape = tuple(int(side) + 1 for side in drawn.max(axis=0)[::-1])
    taken = np.zeros(shape, dtype=bool)
    areas: dict[FaceRegion, int] = {}
    for region, outline in REGION_OUTLINES.items():
        mask = outline_mask(drawn, outline, shape) & ~taken
        taken |= mask
        areas[region] = int(mask.sum())
    oval = int(outline_mask(drawn, OVAL, shape).sum())
    return {region: min(1.0, area / oval) for region, area in areas.items() if area > 0}
