"""A drawn face for machines without photographs; it is labelled as a drawing wherever it is shown."""

import cv2
import numpy as np

from shared.imaging.image import RgbImage

_SKIN, _SHADE, _HAIR, _LIPS = (205, 160, 135), (180, 132, 108), (70, 48, 38), (170, 80, 80)
_WALL = (168, 172, 176)


def render_face(width: int, height: int, seed: int = 0) -> RgbImage:
    """Return a frontal face, drawn in the middle of a width by height picture, with seeded skin texture.

    Raises:
        ValueError: a side is shorter than 64 pixels.
    """
    if min(width, height) < 64:
        raise ValueError("a rendered face needs at least 64 pixels a side")
    canvas = np.full((height, width, 3), _WALL, dtype=np.uint8)
    unit = min(width, height) / 84.0
    middle = (width / 2, height / 2)
    _ellipse(canvas, middle, unit, (0, -6), (33, 44), _HAIR)
    _ellipse(canvas, middle, unit, (0, 40), (14, 20), _SHADE)
    _ellipse(canvas, middle, unit, (0, 0), (28, 38), _SKIN)
    for side in (-1, 1):
        _ellipse(canvas, middle, unit, (12 * side, -7), (6, 2.8), (222, 222, 222))
        _ellipse(canvas, middle, unit, (12 * side, -7), (2.6, 2.6), (60, 45, 35))
        _ellipse(canvas, middle, unit, (12 * side, -14), (8, 1.3), _HAIR)
        _ellipse(canvas, middle, unit, (2.5 * side, 9), (1.4, 0.9), _SHADE)
    _ellipse(canvas, middle, unit, (0, 3), (2.2, 8), (216, 172, 148))
    _ellipse(canvas, middle, unit, (0, 20), (9, 2.6), _LIPS)
    _ellipse(canvas, middle, unit, (0, 20), (8.5, 0.5), (110, 50, 50))
    texture = np.random.default_rng(seed).normal(0, 6, (height, width, 1))
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.6).astype(np.float32)
    textured: RgbImage = np.clip(soft + texture, 0, 255).astype(np.uint8)
    return textured


def _ellipse(
    canvas: RgbImage,
    middle: tuple[float, float],
    unit: float,
    offset: tuple[float, float],
    radii: tuple[float, float],
    colour: tuple[int, int, int],
) -> None:
    centre = (round(middle[0] + offset[0] * unit), round(middle[1] + offset[1] * unit))
    axes = (max(1, round(radii[0] * unit)), max(1, round(radii[1] * unit)))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, colour, thickness=-1, lineType=cv2.LINE_AA)
