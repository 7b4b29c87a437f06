"""The same spots of skin on two photographs, found by the skin's own texture.

Mesh points of one face differ between two photographs by about a hundredth of the inter-eye distance although
nothing moved; pores, freckles and creases tell its place ten times better. Both photographs are brought to
equal local contrast, so that brightness and colour of the light do not matter, and corners of one are followed
into the other by pyramidal Lucas-Kanade (Bouguet, "Pyramidal implementation of the Lucas Kanade feature
tracker", 2001). Only those count whose way back ends where it began.
"""

import math
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.progress.anchors import face_mask, moving_mask
from edge.progress.transforms import Coordinates, Similarity
from shared.imaging.image import RgbImage
from shared.vision.face_map import Points

_WORKING_INTER_EYE: Final = 220.0
_MOST_POINTS: Final = 400
# Lengths below are shares of the inter-eye distance.
_CONTRAST_RADIUS: Final = 0.06
_SPACING: Final = 0.06
_WINDOW: Final = 0.12
_MOVING_MARGIN: Final = 0.04
_RIM: Final = 0.05
_FARTHEST: Final = 0.08
_WAY_BACK: Final = 0.002
_LEAST_WAY_BACK_PIXELS: Final = 0.3


def same_skin(
    reference: RgbImage, points: Points, moving: RgbImage, to_reference: Similarity, inter_eye: float
) -> tuple[Coordinates, Coordinates]:
    """Return where skin is on the reference, and where the similarity alone would put the same skin.

    Args:
        reference: the photograph everything is told in.
        points: its mesh points.
        moving: the other photograph.
        to_reference: takes its pixels roughly onto the reference.
        inter_eye: distance between the eyes on the reference, in pixels.

    Returns:
        Two arrays (N, 2) in pixels of the reference; N may be 0.
    """
    height, width = reference.shape[:2]
    left, top = (max(0, math.floor(float(value))) for value in points.min(axis=0))
    right, bottom = min(width, math.ceil(float(points[:, 0].max()))), min(height, math.ceil(float(points[:, 1].max())))
    scale = min(1.0, _WORKING_INTER_EYE / inter_eye)
    size = (round((right - left) * scale), round((bottom - top) * scale))
    if min(size) < 16:
        return np.empty((0, 2)), np.empty((0, 2))
    to_patch = Similarity(np.eye(2) * scale, -np.array([left, top]) * scale)
    here = cv2.resize(reference[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    there = _onto(moving, to_reference, to_patch, size)
    unit = inter_eye * scale
    skin = _skin_mask(to_patch(points.astype(np.float64)).astype(np.float32), here.shape, unit)
    found, followed = _follow(_even_contrast(here, unit), _even_contrast(there, unit), skin, unit)
    back = to_patch.inverse()
    return back(found), back(followed)


def _onto(moving: RgbImage, to_reference: Similarity, to_patch: Similarity, size: tuple[int, int]) -> RgbImage:
    affine = np.column_stack([to_patch.matrix @ to_reference.matrix, to_patch(to_reference.shift[None])[0]])
    shrink = to_patch.scale * to_reference.scale
    # Sampling a larger photograph sparsely would turn its fine structure into false texture.
    source = moving if shrink > 0.7 else cv2.GaussianBlur(moving, (0, 0), 0.4 / shrink)
    warped: RgbImage = cv2.warpAffine(source, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return warped


def _skin_mask(points: Points, shape: tuple[int, ...], unit: float) -> NDArray[np.uint8]:
    """Return where texture may be followed: skin that keeps its place, a little inside the face's outline."""
    grown = cv2.dilate(moving_mask(points, shape).astype(np.uint8), _disc(unit * _MOVING_MARGIN))
    inside: NDArray[np.uint8] = cv2.erode(face_mask(points, shape).astype(np.uint8), _disc(unit * _RIM))
    inside[grown > 0] = 0
    return inside


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    disc: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc


def _even_contrast(patch: RgbImage, unit: float) -> NDArray[np.uint8]:
    """Return luma with its local mean taken away and its local spread made equal, 8 bits around 128."""
    luma = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float32)
    radius = unit * _CONTRAST_RADIUS
    detail = luma - cv2.GaussianBlur(luma, (0, 0), radius)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), radius)) + 2.0
    even: NDArray[np.uint8] = np.clip(detail / spread * 40.0 + 128.0, 0, 255).astype(np.uint8)
    return even


def _follow(
    here: NDArray[np.uint8], there: NDArray[np.uint8], skin: NDArray[np.uint8], unit: float
) -> tuple[Coordinates, Coordinates]:
    corners = cv2.goodFeaturesToTrack(here, _MOST_POINTS, 0.005, max(3.0, unit * _SPACING), mask=skin, blockSize=5)
    if corners is None:
        return np.empty((0, 2)), np.empty((0, 2))
    side = max(9, round(unit * _WINDOW)) | 1
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01)
    track = partial(cv2.calcOpticalFlowPyrLK, winSize=(side, side), maxLevel=1, criteria=stop)
    ahead, seen, _ = track(here, there, corners, None)
    back, seen_again, _ = track(there, here, ahead, None)
    start, end = corners[:, 0].astype(np.float64), ahead[:, 0].astype(np.float64)
    missed_by = np.linalg.norm(back[:, 0] - start, axis=1)
    kept = (seen[:, 0] > 0) & (seen_again[:, 0] > 0)
    kept &= missed_by < max(_LEAST_WAY_BACK_PIXELS, unit * _WAY_BACK)
    kept &= np.linalg.norm(end - start, axis=1) < unit * _FARTHEST
    return start[kept], end[kept]
