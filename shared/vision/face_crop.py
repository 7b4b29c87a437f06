"""The face upright and at one width, so that no measure depends on the camera's resolution or on its tilt."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage
from shared.imaging.shrink import shrink, whole_blocks
from shared.vision.face_map import OVAL, Points, face_width_pixels

FACE_WIDTH = 400
"""Width of the face in a crop, in pixels: about a third of a millimetre each."""

_MARGIN = 0.04  # of the face's width, around the oval
_LONGEST = 3 * FACE_WIDTH
# Left minus right of points that mirror each other: their sum tells the tilt better than two eyes alone.
_RIGHT_POINTS = (33, 133, 61, 234, 127, 93)
_LEFT_POINTS = (263, 362, 291, 454, 356, 323)


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A face cut out of a photograph.

    Attributes:
        image: uint8 (height, width, 3), the face 400 pixels wide and upright.
        points: float32 (468, 2), the mesh in pixels of the crop.
        inside: uint8 (height, width), 1 where the crop shows the photograph and 0 beyond its edge.
        zoom: crop pixels per photograph pixel; above 1 the crop shows no more than the photograph did.
        backward: float64 (2, 3), from crop pixels to photograph pixels.
    """

    image: RgbImage
    points: Points
    inside: NDArray[np.uint8]
    zoom: float
    backward: NDArray[np.float64]


def crop_face(image: RgbImage, points: Points) -> FaceCrop | None:
    """Cut out the face whose mesh points (468, 2) are given in pixels of the photograph.

    None when the points span no face or lie wholly outside the photograph. A larger face is averaged down.
    """
    width = face_width_pixels(points)
    if not math.isfinite(width) or width < 1.0:
        return None
    zoom = FACE_WIDTH / width
    forward, size = _placement(points, zoom)
    corners = points[list(OVAL)]
    height_px, width_px = image.shape[:2]
    if (corners.max(axis=0) < 0).any() or (corners.min(axis=0) > (width_px, height_px)).any():
        return None
    backward = cv2.invertAffineTransform(forward)
    return FaceCrop(
        image=_warp(image, corners, forward, zoom, size),
        points=_moved(points.astype(np.float64), forward).astype(np.float32),
        inside=_inside(size, backward, image.shape),
        zoom=zoom,
        backward=backward,
    )


def _placement(points: Points, zoom: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the way from photograph to crop (2, 3), and the crop's width and height, both even."""
    across = (points[list(_LEFT_POINTS)] - points[list(_RIGHT_POINTS)]).sum(axis=0).astype(np.float64)
    angle = math.atan2(across[1], across[0])
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    oval = points[list(OVAL)].astype(np.float64) @ turn.T
    margin = _MARGIN * FACE_WIDTH
    low = oval.min(axis=0) - margin
    width, height = np.minimum(np.ceil((oval.max(axis=0) + margin - low) / 2), _LONGEST // 2).astype(int)
    return np.column_stack([turn, -low]), (2 * int(width), 2 * int(height))


def _moved(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _inside(size: tuple[int, int], backward: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return which crop pixels come from within the photograph."""
    across = np.arange(size[0], dtype=np.float32)[None, :]
    down = np.arange(size[1], dtype=np.float32)[:, None]
    inside = np.ones(size[::-1], dtype=bool)
    for (per_x, per_y, start), length in zip(backward.astype(np.float32), shape[1::-1], strict=True):
        place = per_x * across + (per_y * down + start)
        inside &= (place > np.float32(-0.5)) & (place < np.float32(length - 0.5))
    return inside.view(np.uint8)


def _warp(
    image: RgbImage, corners: Points, forward: NDArray[np.float64], zoom: float, size: tuple[int, int]
) -> RgbImage:
    """Return the crop; what lies around the face is not touched, and a larger face is averaged down first."""
    reach = 0.25 * FACE_WIDTH / zoom
    limit = np.array(image.shape[1::-1])
    low = np.clip(np.floor(corners.min(axis=0) - reach), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0) + reach), low + 1, limit).astype(int)
    if zoom < 1.0:
        high = low + [whole_blocks(int(length), zoom) for length in high - low]
    part = image[low[1] : high[1], low[0] : high[0]]
    if zoom < 1.0:
        shrunk = np.maximum(np.rint((high - low) * zoom), 1).astype(int)
        part = shrink(part, int(shrunk[0]), int(shrunk[1]))
    ratio = np.array(part.shape[1::-1]) / (high - low)
    # Pixel centres lie half a pixel in, on both grids.
    matrix = forward[:, :2] / ratio
    offset = forward[:, 2] + forward[:, :2] @ (low + (0.5 / ratio - 0.5))
    crop: RgbImage = cv2.warpAffine(
        part, np.column_stack([matrix, offset]), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return crop
