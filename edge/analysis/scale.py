"""How large a pixel is on the skin.

Without anything of known size in the picture the distance between the pupils serves: 63.4 mm on average in
adults, with a standard deviation of 3.8 mm (Dodgson, "Variation and extrema of human interpupillary distance",
SPIE 5291, 2004, from 3,976 people). It is approximate by 12 %, areas by twice as much; within one person it is
repeatable.
"""

import math
from typing import Final

from edge.analysis.domain import Scale, ScaleSource
from edge.capture.landmarks import Face
from shared.vision.face_map import inter_eye_pixels

_PUPILS_MM: Final = 63.4
_PUPILS_SD_MM: Final = 3.8
_TWO_SIDED_95: Final = 1.96
# Half width of the 95 % interval of a head's turn as estimated from mesh points, in degrees.
_YAW_ERROR_DEGREES: Final = 6.0
_WIDEST_YAW_DEGREES: Final = 50.0
_LANDMARK_ERROR_PIXELS: Final = 2.0


def scale_from_eyes(face: Face) -> Scale | None:
    """Return the approximate scale of an adult's face; None for a face turned too far, or with no width."""
    pixels, yaw = inter_eye_pixels(face.points), abs(face.pose.yaw)
    if yaw > _WIDEST_YAW_DEGREES or not pixels > 0:
        return None
    turned = math.radians(yaw)
    error = math.hypot(
        _TWO_SIDED_95 * _PUPILS_SD_MM / _PUPILS_MM,
        math.tan(turned) * math.radians(_YAW_ERROR_DEGREES),
        _LANDMARK_ERROR_PIXELS / pixels,
    )
    return Scale(_PUPILS_MM * math.cos(turned) / pixels, error, ScaleSource.INTER_EYE)


def scale_from_card(length_mm: float, length_pixels: float, error_pixels: float = _LANDMARK_ERROR_PIXELS) -> Scale:
    """Return the scale from a colour card held beside the face.

    Args:
        length_mm: length of the card, in millimetres.
        length_pixels: the same length on the photograph, in pixels.
        error_pixels: how far off the second may be.

    Raises:
        ValueError: a length is not positive and finite.
    """
    if not all(math.isfinite(value) and value > 0 for value in (length_mm, length_pixels, error_pixels)):
        raise ValueError("lengths of a card must be positive")
    return Scale(length_mm / length_pixels, error_pixels / length_pixels, ScaleSource.COLOUR_CARD)
