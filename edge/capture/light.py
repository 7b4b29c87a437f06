"""How a face is lit: brightness, clipping and balance between the cheeks.

Measures of the ISO/IEC 29794-5 family, on luma (ITU-R BT.601) inside the face's outline.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.face_map import OVAL, REGION_OUTLINES, Points, outline_mask
from shared.imaging.image import RgbImage
from shared.vocabulary import FaceRegion

_OVER, _UNDER = 247, 25
_BINS = 64
_LEAST_PIXELS = 20


@dataclass(frozen=True, slots=True)
class Light:
    """Light on a face.

    Attributes:
        luminance: mean luma, 0 to 1.
        over_exposed_share: share of pixels at 247 or more, 0 to 1.
        under_exposed_share: share of pixels at 25 or less, 0 to 1.
        cheek_overlap: shared area of the two cheeks' luma histograms, 0 (one-sided) to 1 (even); None when
            a cheek shows too few pixels.
    """

    luminance: float
    over_exposed_share: float
    under_exposed_share: float
    cheek_overlap: float | None


def measure_light(image: RgbImage, points: Points) -> Light:
    """Measure the light on the face whose mesh points are given, in pixels of this image."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    face = luma[outline_mask(points, OVAL, luma.shape)]
    if face.size == 0:
        return Light(0.0, 0.0, 1.0, None)
    cheeks = [
        luma[outline_mask(points, REGION_OUTLINES[region], luma.shape)]
        for region in (FaceRegion.LEFT_CHEEK, FaceRegion.RIGHT_CHEEK)
    ]
    return Light(
        luminance=float(face.mean()) / 255.0,
        over_exposed_share=float((face >= _OVER).mean()),
        under_exposed_share=float((face <= _UNDER).mean()),
        cheek_overlap=_overlap(*cheeks),
    )


def _overlap(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float | None:
    if min(first.size, second.size) < _LEAST_PIXELS:
        return None
    shares = [np.histogram(part, bins=_BINS, range=(0, 256))[0] / part.size for part in (first, second)]
    return float(np.minimum(*shares).sum())
