"""Find the skin of one face: an ellipse without eyes and mouth, held against the cheeks' own colour."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.optics import Plane
from shared.imaging.image import RgbImage

Mask = NDArray[np.bool_]
Points = NDArray[np.float32]
"""(5, 2) pixel positions: the eye at the image's left, the other eye, nose tip, the two mouth corners."""

# Allowed departure from the cheeks in CIELAB: lightness is wide because a face is never evenly lit.
_LIGHTNESS_BELOW, _LIGHTNESS_ABOVE = 75.0, 75.0
_CHROMA_FLOOR, _CHROMA_CEILING, _CHROMA_SPREADS = 9.0, 15.0, 4.0


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """Where the face lies: centre and half axes of its ellipse in pixels, roll in radians, and its points.

    In the frame's own coordinates x runs to the image's right along the eyes, y towards the chin, and the
    ellipse is the unit circle.
    """

    centre: tuple[float, float]
    half_width: float
    half_height: float
    roll: float
    points: Points

    @property
    def width_px(self) -> float:
        """Width of the face from side to side in pixels; stands for 140 mm."""
        return 2 * self.half_width

    def to_frame(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """Turn pixel positions into the frame's coordinates."""
        cos, sin = np.float32(np.cos(self.roll)), np.float32(np.sin(self.roll))
        dx, dy = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        along = (dx * cos + dy * sin) / np.float32(self.half_width)
        down = (dy * cos - dx * sin) / np.float32(self.half_height)
        return np.asarray(along, np.float32), np.asarray(down, np.float32)

    def normals(self, x: Plane, y: Plane) -> Plane:
        """Return unit normals (..., 3) of the ellipsoid the face is taken for; z points at the camera."""
        u, v = self.to_frame(x, y)
        z = np.sqrt(np.maximum(1 - u**2 - v**2, np.float32(0.12)))
        cos, sin = np.float32(np.cos(self.roll)), np.float32(np.sin(self.roll))
        # A face is flatter than a ball from cheek to cheek, so the sideways lean is damped.
        lean_x, lean_y = np.float32(0.8) * u, np.float32(0.7) * v
        normal = np.stack([lean_x * cos - lean_y * sin, lean_x * sin + lean_y * cos, z], axis=-1)
        return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class Skin:
    """The usable skin of a picture: `mask` (H, W) bool and the face it lies on."""

    mask: Mask
    frame: FaceFrame


def frame_of(box: NDArray[np.float32], points: Points) -> FaceFrame:
    """Return the frame of a face detector's box (x, y, w, h) and five points."""
    (left, right) = points[0], points[1]
    roll = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
    centre = (float(box[0] + box[2] / 2), float(box[1] + box[3] / 2))
    return FaceFrame(centre, 0.48 * float(box[2]), 0.52 * float(box[3]), roll, points)


def find_skin(image: RgbImage, frame: FaceFrame) -> Skin:
    """Return where lesions may lie: no eyes, brows, mouth, nostrils, hair, frames or background."""
    height, width = image.shape[:2]
    reach = max(frame.half_width, frame.half_height)
    left, right = (int(np.clip(frame.centre[0] + side * reach, 0, width)) for side in (-1, 1))
    top, bottom = (int(np.clip(frame.centre[1] + side * reach, 0, height)) for side in (-1, 1))
    mask = np.zeros((height, width), bool)
    if right - left > 8 and bottom - top > 8:
        near = replace(
            frame,
            centre=(frame.centre[0] - left, frame.centre[1] - top),
            points=frame.points - np.array([left, top], np.float32),
        )
        mask[top:bottom, left:right] = _find_near(np.ascontiguousarray(image[top:bottom, left:right]), near)
    return Skin(mask, frame)


def _find_near(image: RgbImage, frame: FaceFrame) -> Mask:
    """Return the skin of a picture cut to its face."""
    allowed = np.zeros(image.shape[:2], np.uint8)
    _fill(allowed, frame.centre, (0.92 * frame.half_width, 0.94 * frame.half_height), frame.roll, 1)
    for centre, half in _forbidden(frame):
        _fill(allowed, centre, half, frame.roll, 0)
    mask = allowed.astype(bool)
    return _tidy(mask & _skin_coloured(image, frame, mask), frame.width_px / 300)


def _fill(
    canvas: NDArray[np.uint8], centre: tuple[float, float], axes: tuple[float, float], roll: float, value: int
) -> None:
    """Fill an ellipse in place."""
    shape = (round(centre[0]), round(centre[1])), (max(1, round(axes[0])), max(1, round(axes[1])))
    cv2.ellipse(canvas, *shape, float(np.degrees(roll)), 0, 360, value, -1)


def _forbidden(frame: FaceFrame) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return centres and half axes of the zones around eyes with brows, nostrils and mouth."""
    left, right, nose, mouth_left, mouth_right = frame.points
    across = right - left
    mouth = (mouth_left + mouth_right) / 2
    down = mouth - (left + right) / 2
    eyes = max(float(np.linalg.norm(across)), 0.75 * float(np.linalg.norm(down)))
    down = down / max(float(np.linalg.norm(down)), 1.0)
    half_mouth = max(float(np.linalg.norm(mouth_right - mouth_left)) / 2, 0.3 * eyes)

    def moved(point: Points, by: float) -> tuple[float, float]:
        shifted = point + down * np.float32(by * eyes)
        return float(shifted[0]), float(shifted[1])

    return [
        (moved(left, -0.12), (0.40 * eyes, 0.32 * eyes)),
        (moved(right, -0.12), (0.40 * eyes, 0.32 * eyes)),
        (moved(nose, 0.13), (0.32 * eyes, 0.14 * eyes)),
        (moved(mouth, 0.04), (1.3 * half_mouth, 0.30 * eyes)),
    ]


def _skin_coloured(image: RgbImage, frame: FaceFrame, allowed: Mask) -> Mask:
    """Return pixels near the cheeks' colour and as calm as they are."""
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    sample = _cheeks(frame, allowed)
    if not sample.any():
        return np.zeros(allowed.shape, bool)
    colours = lab[sample]
    centre = np.median(colours, axis=0)
    spread = _CHROMA_SPREADS * 1.48 * np.median(np.abs(colours - centre), axis=0)
    away = (lab[..., 1:] - centre[1:]) / np.clip(spread[1:], _CHROMA_FLOOR, _CHROMA_CEILING)
    chroma = (away**2).sum(axis=2) < 1
    # Grey hair lies within the spread of pale skin, but has hardly any colour of its own.
    chroma &= np.hypot(*np.moveaxis(lab[..., 1:] - 128, 2, 0)) > 0.6 * float(np.hypot(*(centre[1:] - 128)))
    low, high = np.percentile(colours[:, 0], (10, 90))
    below = min(_LIGHTNESS_BELOW, 0.4 * float(low))
    lit = (lab[..., 0] > low - below) & (lab[..., 0] < high + _LIGHTNESS_ABOVE) & (lab[..., 0] < 242)
    rough = _roughness(image, frame.width_px / 300)
    calm = rough < np.clip(2.6 * float(np.median(rough[sample])), 4.0, 11.0)
    return np.asarray(chroma & lit & calm)


def _cheeks(frame: FaceFrame, allowed: Mask) -> Mask:
    """Return two discs between eye and mouth corner, where skin is surest."""
    canvas = np.zeros(allowed.shape, np.uint8)
    left, right, nose, mouth_left, mouth_right = frame.points
    radius = 0.16 * float(np.linalg.norm(right - left))
    for eye, corner in ((left, mouth_left), (right, mouth_right)):
        middle = 0.45 * eye + 0.55 * corner
        middle = middle + np.float32(0.12) * (middle - nose)
        _fill(canvas, (float(middle[0]), float(middle[1])), (radius, radius), 0.0, 1)
    return np.asarray(canvas.astype(bool) & allowed)


def _roughness(image: RgbImage, unit: float) -> Plane:
    """Return local contrast at the scale of hairs, in code values."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.GaussianBlur(grey, (0, 0), max(0.6, unit)) - cv2.GaussianBlur(grey, (0, 0), 4 * max(0.6, unit))
    return np.asarray(np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 4 * max(0.6, unit))), np.float32)


def _tidy(mask: Mask, unit: float) -> Mask:
    """Drop crumbs, close pinholes and step back from every border."""
    plane = mask.astype(np.uint8)
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(2 * unit)) + 1,) * 2)
    plane = cv2.morphologyEx(plane, cv2.MORPH_CLOSE, ball)
    plane = cv2.morphologyEx(plane, cv2.MORPH_OPEN, ball, iterations=2)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(plane)
    large = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 400 * unit**2]
    kept = np.isin(labels, large).astype(np.uint8)
    return np.asarray(cv2.erode(kept, ball).astype(bool))
