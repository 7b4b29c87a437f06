"""A second photograph of the same person, simulated: moved, bent as by a small turn, and lit differently.

Nobody's real second visit is at hand, so the warp is known exactly instead: an alignment can be held against it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage

Coordinates = NDArray[np.float64]


@dataclass(frozen=True)
class Warp:
    """How the second photograph was taken.

    Attributes:
        centre: what it turns about, in pixels of the first photograph.
        unit: the inter-eye distance there.
        degrees: turn in the picture's plane.
        scale: how much larger the face is.
        shift: how far it moved, in units.
        bend: amplitude of a smooth displacement, in units; 0.05 moves skin as a turn of about five degrees does.
        seed: which bend.
    """

    centre: tuple[float, float]
    unit: float
    degrees: float = 0.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    bend: float = 0.0
    seed: int = 0

    def to_first(self, points: Coordinates) -> Coordinates:
        """Return where points (N, 2) of the second photograph are on the first: exact by definition."""
        angle = np.radians(self.degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / self.scale
        centre, shift = np.array(self.centre), np.array(self.shift) * self.unit
        first = (points - centre - shift) @ turn.T + centre
        rng = np.random.default_rng(self.seed)
        moved = np.zeros_like(first)
        for _ in range(3):
            phase, push = rng.uniform(0, 2 * np.pi), rng.normal(0, 1, 2)
            along = (first - centre) @ np.array([np.cos(phase), np.sin(phase)])
            moved += np.sin(along / (self.unit * 1.2) + 2 * phase)[:, None] * push
        bent: Coordinates = first + self.bend * self.unit * moved / 2
        return bent

    def photograph(self, first: RgbImage) -> RgbImage:
        """Return the second photograph, of the first one's size."""
        height, width = first.shape[:2]
        across, down = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
        source = self.to_first(np.column_stack([across.ravel(), down.ravel()])).astype(np.float32)
        columns, rows = source[:, 0].reshape(height, width), source[:, 1].reshape(height, width)
        warped: RgbImage = cv2.remap(first, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return warped


def relit(image: RgbImage, seed: int = 0, noise: float = 2.5) -> RgbImage:
    """Return a photograph under another gain, colour and slant of light, with sensor noise and JPEG's loss."""
    rng = np.random.default_rng(seed)
    lit = image.astype(np.float32) * rng.uniform(0.9, 1.1, 3).astype(np.float32) * rng.uniform(0.88, 1.1)
    slant = np.linspace(rng.uniform(0.88, 1.0), rng.uniform(1.0, 1.12), image.shape[1], dtype=np.float32)
    lit = np.clip(lit * slant[None, :, None] + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
