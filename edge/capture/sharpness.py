"""Sharpness of a face that neither noise nor exposure can fake.

The plain variance of the Laplacian grows with noise (each unit of noise variance adds 20) and with the
square of the exposure. Here the face is first cut out and brought to one width, so the figure does not depend
on the camera's resolution; it is divided by its mean, so not on the exposure; and what the noise adds is
taken off. Noise is estimated before the resizing, while it is still uncorrelated, from the flattest half of
the pixels (the robust form of Immerkaer, "Fast Noise Variance Estimation", CVIU 1996); what resizing leaves
of it is read off a field of unit noise that goes the same way.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.landmarks import FaceBox
from shared.imaging.image import RgbImage

_LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=np.float32)
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_NOISE_GAIN = float(np.sqrt((_NOISE**2).sum()))
_MEDIAN_TO_SIGMA = 1.4826
_REFERENCE_MEAN = 128.0
_LARGEST_FIELD = 512

_Plane = NDArray[np.float32]


def face_sharpness(image: RgbImage, box: FaceBox, width_pixels: int) -> float:
    """Return the noise-free Laplacian variance of the face at this width and a mean of 128; 0 is no detail."""
    luma = _cut(image, box)
    if luma is None or float(luma.mean()) < 1.0:
        return 0.0
    scale = width_pixels / box.w
    response = cv2.filter2D(luma, cv2.CV_32F, _NOISE)[1:-1, 1:-1]
    sigma = _MEDIAN_TO_SIGMA * float(np.median(np.abs(response))) / _NOISE_GAIN
    noise = sigma**2 * _detail(_resize(_unit_noise(luma.shape), scale))
    detail = _detail(_resize(luma, scale)) - noise
    return max(0.0, detail * (_REFERENCE_MEAN / float(luma.mean())) ** 2)


def _cut(image: RgbImage, box: FaceBox) -> _Plane | None:
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(image.shape[1], int(box.x + box.w)), min(image.shape[0], int(box.y + box.h))
    if right - left < 8 or bottom - top < 8:
        return None
    luma: _Plane = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    return luma


def _resize(plane: _Plane, scale: float) -> _Plane:
    size = (max(8, round(plane.shape[1] * scale)), max(8, round(plane.shape[0] * scale)))
    resized: _Plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return resized


def _detail(plane: _Plane) -> float:
    return float(cv2.filter2D(plane, cv2.CV_32F, _LAPLACIAN)[1:-1, 1:-1].var())


def _unit_noise(shape: tuple[int, ...]) -> _Plane:
    # As large as the face, since near a scale of 1 the gain depends on how the grids fall together.
    size = (min(shape[0], _LARGEST_FIELD), min(shape[1], _LARGEST_FIELD))
    return np.random.default_rng(0).standard_normal(size, dtype=np.float32)
