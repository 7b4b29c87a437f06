"""Sharpness of a face that neither noise nor exposure can fake.

The plain variance of the Laplacian grows with noise (each unit of noise variance adds 20) and with the
square of the exposure. Here the face is first cut out and brought to one width, so the figure does not depend
on the camera's resolution; it is divided by its mean, so not on the exposure; and what the noise adds is
estimated from the flattest half of the pixels (the robust form of Immerkaer, "Fast Noise Variance
Estimation", CVIU 1996) and taken off.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.landmarks import FaceBox
from shared.imaging.image import RgbImage

_LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=np.float32)
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_LAPLACIAN_GAIN = float((_LAPLACIAN**2).sum())
_NOISE_GAIN = float(np.sqrt((_NOISE**2).sum()))
_MEDIAN_TO_SIGMA = 1.4826
_REFERENCE_MEAN = 128.0


def face_sharpness(image: RgbImage, box: FaceBox, width_pixels: int) -> float:
    """Return the noise-free Laplacian variance of the face at this width and a mean of 128; 0 is no detail."""
    patch = _patch(image, box, width_pixels)
    if patch is None:
        return 0.0
    detail = cv2.filter2D(patch, cv2.CV_32F, _LAPLACIAN)[1:-1, 1:-1]
    response = cv2.filter2D(patch, cv2.CV_32F, _NOISE)[1:-1, 1:-1]
    sigma = _MEDIAN_TO_SIGMA * float(np.median(np.abs(response))) / _NOISE_GAIN
    return max(0.0, float(detail.var()) - _LAPLACIAN_GAIN * sigma**2)


def _patch(image: RgbImage, box: FaceBox, width_pixels: int) -> NDArray[np.float32] | None:
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(image.shape[1], int(box.x + box.w)), min(image.shape[0], int(box.y + box.h))
    if right - left < 8 or bottom - top < 8:
        return None
    luma = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    scale = width_pixels / box.w
    size = (max(8, round(luma.shape[1] * scale)), max(8, round(luma.shape[0] * scale)))
    resized = cv2.resize(luma, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    mean = float(resized.mean())
    if mean < 1.0:
        return None
    normalised: NDArray[np.float32] = resized * (_REFERENCE_MEAN / mean)
    return normalised
