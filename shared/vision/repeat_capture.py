"""A second capture of an unchanged face, simulated: what a measure may not mistake for a change of the skin.

The limits stand in `repeat_capture.toml` and are part of every repeatability figure that is quoted. They are
those of a fixed camera and fixed lamps; another lamp, make-up or a smile differ by more and are not in it.
"""

import math
import tomllib
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from shared.imaging.image import RgbImage
from shared.vision.colour import to_codes, to_linear


class CaptureLimits(BaseModel):
    """How far one capture may lie from the photograph, to both sides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift_pixels: float = Field(ge=0, le=50, description="Along each axis, in pixels.")
    rotation_degrees: float = Field(ge=0, le=10, description="About the picture's middle, in degrees.")
    scale_share: float = Field(ge=0, le=0.2, description="Of the face's size.")
    gain_share: float = Field(ge=0, le=0.5, description="Of the exposure, in linear light.")
    white_balance_share: float = Field(ge=0, le=0.5, description="Of red and blue against green, in linear light.")
    noise_sd: float = Field(ge=0, le=50, description="Standard deviation per pixel and channel, in steps of 255.")
    jpeg_quality: tuple[int, int] = Field(description="Lowest and highest quality the picture is stored at, 1 to 100.")


def read_limits() -> CaptureLimits:
    """Return the limits every published repeatability figure is measured with."""
    text = (files("shared.vision") / "repeat_capture.toml").read_text(encoding="utf-8")
    return CaptureLimits.model_validate(tomllib.loads(text))


def apply(image: RgbImage, rng: np.random.Generator, limits: CaptureLimits) -> RgbImage:
    """Return another capture of the same scene: moved, lit, noisy and compressed anew, of the same size.

    Pixels that come into view repeat the picture's edge.
    """
    moved = _moved(image, rng, limits).astype(np.float32)
    lit = to_codes(to_linear(moved) * _light(rng, limits))
    noisy = lit + rng.normal(0.0, limits.noise_sd, lit.shape).astype(np.float32)
    stored: RgbImage = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return _compressed(stored, int(rng.integers(limits.jpeg_quality[0], limits.jpeg_quality[1] + 1)))


def _moved(image: RgbImage, rng: np.random.Generator, limits: CaptureLimits) -> RgbImage:
    height, width = image.shape[:2]
    angle = math.radians(rng.uniform(-limits.rotation_degrees, limits.rotation_degrees))
    scale = 1.0 + rng.uniform(-limits.scale_share, limits.scale_share)
    shift = rng.uniform(-limits.shift_pixels, limits.shift_pixels, 2)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([turn, middle + shift - turn @ middle])
    moved: RgbImage = cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return moved


def _light(rng: np.random.Generator, limits: CaptureLimits) -> NDArray[np.float32]:
    gain = 1.0 + rng.uniform(-limits.gain_share, limits.gain_share)
    red, blue = 1.0 + rng.uniform(-limits.white_balance_share, limits.white_balance_share, 2)
    return np.array([gain * red, gain, gain * blue], dtype=np.float32)


def _compressed(image: RgbImage, quality: int) -> RgbImage:
    _, stored = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read: RgbImage = cv2.cvtColor(np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)
    return read
