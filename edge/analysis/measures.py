"""Colour of each facial region in CIELAB (D65, from sRGB).

The individual typology angle is ITA = arctan((L* - 50) / b*) in degrees, redness is a*, both of the region's
median colour. From a photograph they move with the light at least as much as with the skin, so they are used
only for change within one person under the same light: never to label or compare skin tones.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.analysis.domain import RegionMeasure
from edge.capture.face_map import EYE_OUTLINES, REGION_OUTLINES, Points, outline_mask
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage
from shared.vocabulary import FaceRegion

_WIDEST_PIXELS = 512
_OVER, _UNDER = 247, 25
_LEAST_PIXELS = 50


def measure_regions(image: RgbImage, face: Face) -> tuple[RegionMeasure, ...]:
    """Return the colour of every region that shows enough well-exposed skin.

    Faces wider than 512 pixels are averaged down first. Burnt-out and black pixels and the eyes are left out;
    a region with fewer than 50 pixels left is not reported.
    """
    crop = _crop(image, face)
    if crop is None:
        return ()
    patch, points = crop
    lab = cv2.cvtColor(patch.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    luma = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    free = (luma < _OVER) & (luma > _UNDER)
    for outline in EYE_OUTLINES:
        free &= ~outline_mask(points, outline, patch.shape)
    measured = []
    for region, outline in REGION_OUTLINES.items():
        mask = outline_mask(points, outline, patch.shape) & free
        free &= ~mask
        pixels = lab[mask]
        if len(pixels) >= _LEAST_PIXELS:
            measured.append(_measure(region, pixels))
    return tuple(measured)


def ita_degrees(lightness: float, yellowness: float) -> float:
    """Return the individual typology angle of a CIELAB L* and b*, in degrees from -90 to 90."""
    if yellowness == 0.0:
        return math.copysign(90.0, lightness - 50.0)
    return math.degrees(math.atan((lightness - 50.0) / yellowness))


def _crop(image: RgbImage, face: Face) -> tuple[RgbImage, Points] | None:
    height, width = image.shape[:2]
    left, top = max(0, math.floor(face.box.x)), max(0, math.floor(face.box.y))
    right = min(width, math.ceil(face.box.x + face.box.w) + 1)
    bottom = min(height, math.ceil(face.box.y + face.box.h) + 1)
    if right <= left or bottom <= top:
        return None
    patch = image[top:bottom, left:right]
    points = face.points - np.array([left, top], dtype=np.float32)
    if patch.shape[1] > _WIDEST_PIXELS:
        scale = _WIDEST_PIXELS / patch.shape[1]
        size = (_WIDEST_PIXELS, max(1, round(patch.shape[0] * scale)))
        patch = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
        points = points * np.float32(scale)
    return patch, points


def _measure(region: FaceRegion, pixels: NDArray[np.float32]) -> RegionMeasure:
    lightness, redness, yellowness = (float(value) for value in np.median(pixels, axis=0))
    return RegionMeasure(region, ita_degrees(lightness, yellowness), redness, lightness, len(pixels))
