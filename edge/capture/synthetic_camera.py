"""A camera without hardware: a still that sways as a person does, under sensor noise."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge.capture.camera import CameraSettings, Frame
from edge.capture.errors import CameraUnavailable
from shared.clock import Clock
from shared.imaging.image import RgbImage


@dataclass(frozen=True, slots=True)
class Sway:
    """How the picture moves and how noisy it is.

    Attributes:
        pixels: largest shift from the middle.
        degrees: largest lean.
        period_frames: frames of one sway.
        noise: standard deviation of the sensor noise, in grey levels.
    """

    pixels: float = 4.0
    degrees: float = 0.5
    period_frames: float = 90.0
    noise: float = 2.0


class SyntheticCamera:
    """`Camera` on a supplied still; the same seed shows the same frames."""

    def __init__(self, still: RgbImage, clock: Clock, seed: int = 0, sway: Sway | None = None) -> None:
        self._still = still
        self._clock = clock
        self._seed = seed
        self._sway = sway or Sway()
        self._next: int | None = None

    def open(self) -> None:
        """Start from the first frame; harmless when it is already open."""
        if self._next is None:
            self._next = 0

    def read(self) -> Frame:
        """Return the next frame.

        Raises:
            CameraUnavailable: the camera is closed.
        """
        if self._next is None:
            raise CameraUnavailable("camera_closed", "The camera is not open. Open it first.")
        image = self._render(self._next)
        self._next += 1
        return Frame(image, self._clock.monotonic(), CameraSettings("synthetic"))

    def close(self) -> None:
        """Stop; harmless when it is already closed."""
        self._next = None

    def _render(self, index: int) -> RgbImage:
        sway, (height, width) = self._sway, self._still.shape[:2]
        phase = 2 * math.pi * index / sway.period_frames
        move = cv2.getRotationMatrix2D((width / 2, height / 2), sway.degrees * math.sin(1.7 * phase), 1.0)
        move[:, 2] += [sway.pixels * math.sin(phase), sway.pixels * math.sin(1.3 * phase)]
        moved = cv2.warpAffine(self._still, move, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        noise = np.random.default_rng([self._seed, index]).standard_normal(moved.shape, dtype=np.float32)
        noisy: RgbImage = np.clip(moved + noise * sway.noise, 0, 255).astype(np.uint8)
        return noisy
