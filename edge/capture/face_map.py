"""The face map, which the measures share: see `shared.vision.face_map`."""

from shared.vision.face_map import (
    EYE_OUTLINES,
    LEFT_EYE_CORNERS,
    OVAL,
    REGION_OUTLINES,
    RIGHT_EYE_CORNERS,
    Points,
    inter_eye_pixels,
    outline_mask,
)

__all__ = [
    "EYE_OUTLINES",
    "LEFT_EYE_CORNERS",
    "OVAL",
    "REGION_OUTLINES",
    "RIGHT_EYE_CORNERS",
    "Points",
    "inter_eye_pixels",
    "outline_mask",
]
