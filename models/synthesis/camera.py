"""What cameras and their files do to a picture; each effect is a function of picture, generator and settings.

Effects that keep every pixel in place return a picture; `perspective` also returns how points moved.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.noise import smooth_field
from models.synthesis.optics import Plane, to_image, to_linear
from shared.imaging.image import RgbImage


@dataclass(frozen=True, slots=True)
class CastSettings:
    """Half-widths in stops: `warmth` trades red against blue, `tint` green against the two, `gain` is exposure."""

    warmth: float = 0.35
    tint: float = 0.12
    gain: float = 0.4


@dataclass(frozen=True, slots=True)
class BlurSettings:
    """Range of a defocus's SD in pixels, longest path of a shaking hand in pixels, and the shake's share."""

    defocus_px: tuple[float, float] = (0.4, 1.3)
    shake_px: float = 4.0
    shake_share: float = 0.35


@dataclass(frozen=True, slots=True)
class JpegSettings:
    """Range of the quality, and the share of pictures stored twice, as those sent by a messenger are."""

    quality: tuple[int, int] = (45, 92)
    twice: float = 0.3


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """A small sensor and its firmware.

    `shot` is the variance of photon noise per unit of linear light, `read` the SD in the dark; `denoise` the
    largest strength of the firmware's smoothing and `sharpen` of its sharpening, both 0 to 1.
    """

    shot: tuple[float, float] = (0.0001, 0.0012)
    read: tuple[float, float] = (0.0005, 0.0025)
    denoise: float = 0.6
    sharpen: float = 0.8


@dataclass(frozen=True, slots=True)
class PerspectiveSettings:
    """Half-width of the camera's tilt in degrees about both axes, and its distance in picture widths."""

    degrees: float = 6.0
    distance: float = 2.0


@dataclass(frozen=True, slots=True)
class Warped:
    """A picture seen from elsewhere, and the (3, 3) matrix that takes old points to new ones."""

    image: RgbImage
    matrix: NDArray[np.float64]


def colour_cast(image: RgbImage, rng: np.random.Generator, settings: CastSettings) -> RgbImage:
    """Take the picture under another lamp and exposure."""
    warmth, tint = rng.uniform(-settings.warmth, settings.warmth), rng.uniform(-settings.tint, settings.tint)
    stops = np.array([warmth - tint / 2, tint, -warmth - tint / 2]) + rng.uniform(-settings.gain, settings.gain)
    return to_image(to_linear(image) * np.exp2(stops).astype(np.float32))


def blur(image: RgbImage, rng: np.random.Generator, settings: BlurSettings) -> RgbImage:
    """Put the lens out of focus, or shake the camera along a short straight path."""
    if rng.random() >= settings.shake_share:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(*settings.defocus_px))), np.uint8)
    length, angle = rng.uniform(1.5, max(1.5, settings.shake_px)), rng.uniform(0, np.pi)
    side = 2 * int(np.ceil(length / 2)) + 3
    y, x = np.mgrid[:side, :side] - side // 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.clip(1 - np.abs(across), 0, 1) * np.clip(length / 2 + 0.5 - np.abs(along), 0, 1)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101), np.uint8)


def jpeg(image: RgbImage, rng: np.random.Generator, settings: JpegSettings) -> RgbImage:
    """Store the picture as JPEG and read it back, once or twice."""
    for _ in range(2 if rng.random() < settings.twice else 1):
        quality = int(rng.integers(settings.quality[0], settings.quality[1] + 1))
        stored = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB), np.uint8)
    return image


def phone_noise(image: RgbImage, rng: np.random.Generator, settings: PhoneSettings) -> RgbImage:
    """Add photon and read noise in linear light, then smooth and sharpen as a telephone's firmware does."""
    linear = to_linear(image)
    variance = np.float32(rng.uniform(*settings.shot)) * linear + np.float32(rng.uniform(*settings.read) ** 2)
    noisy = to_image(linear + np.sqrt(variance) * rng.standard_normal(linear.shape, np.float32)).astype(np.float32)
    strength = np.float32(rng.uniform(0, settings.denoise))
    calm = cv2.bilateralFilter(noisy, 5, 22.0, 1.4)
    smoothed = noisy + strength * (calm - noisy)
    detail = smoothed - cv2.GaussianBlur(smoothed, (0, 0), 1.2)
    sharp = smoothed + np.float32(rng.uniform(0, settings.sharpen)) * detail
    return np.asarray(np.clip(sharp + np.float32(0.5), 0, 255), np.uint8)


def perspective(image: RgbImage, rng: np.random.Generator, settings: PerspectiveSettings) -> Warped:
    """Tilt the camera a little about both axes; what lay outside the picture is mirrored."""
    height, width = image.shape[:2]
    focal = settings.distance * width
    turn_y, turn_x = np.radians(rng.uniform(-settings.degrees, settings.degrees, 2))
    about_y = np.array([[np.cos(turn_y), 0, np.sin(turn_y)], [0, 1, 0], [-np.sin(turn_y), 0, np.cos(turn_y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(turn_x), -np.sin(turn_x)], [0, np.sin(turn_x), np.cos(turn_x)]])
    # The picture is a card at the focal distance, turned about its own middle.
    turned = about_x @ about_y @ np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 0.0]])
    turned[2, 2] += focal
    lens = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    matrix = lens @ turned
    warped = cv2.warpPerspective(
        image, _by_centres(matrix), (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return Warped(np.asarray(warped, np.uint8), matrix / matrix[2, 2])


def _by_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a matrix on points, where pixel 0 spans 0..1, into one on pixel numbers, as OpenCV warps by."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.asarray(np.linalg.inv(half) @ matrix @ half)


def move_boxes(boxes: NDArray[np.float32], matrix: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Return upright boxes (M, 4) around the moved ones, cut to a picture of (height, width)."""
    if not len(boxes):
        return boxes.reshape(-1, 4).astype(np.float32)
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2).astype(np.float64)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    moved = moved[..., :2] / moved[..., 2:]
    limit = np.array([size[1], size[0]], np.float64)
    low, high = (np.clip(edge, 0, limit) for edge in (moved.min(axis=1), moved.max(axis=1)))
    return np.hstack([low, high]).astype(np.float32)


def uneven_light(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Return a smooth field from 0 to 1 that changes once or twice across the picture."""
    field = smooth_field(height, width, 0.6 * max(height, width), rng)
    return np.asarray((field - field.min()) / np.float32(np.ptp(field) + 1e-6), np.float32)
