"""Skin in linear light: what melanin and blood take from it, and what its surface gives back.

A pixel is `surface + body`. The surface's own reflection does not depend on the skin's colour; the body is
light that went in and came out again, and every pigment added takes a share of it per channel. So a pigment
darkens light and deep skin by the same ratio, and redness on deep skin is paler beside the surface's share.
"""

import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage

Plane = NDArray[np.float32]
"""One float32 value per pixel: (H, W), or (H, W, 3) for linear colour."""

# Natural-log density per unit of pigment in the red, green and blue channel of a camera. Melanin follows
# its power law (wavelength to the -3.3), flattened as light of long paths is lost first and as a camera's
# channels overlap. Blood follows oxyhaemoglobin: nearly clear in red, its main peaks in green.
MELANIN: Plane = np.array([0.60, 0.80, 1.0], np.float32)
BLOOD: Plane = np.array([0.12, 1.0, 0.72], np.float32)
LUMA: Plane = np.array([0.2126, 0.7152, 0.0722], np.float32)

SURFACE = 0.01
"""Diffuse reflection of the skin's surface in linear light, where 1 is the camera's white."""

_STEPS = 4096


def _decode(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sRGB transfer curve, from code values in 0..1 to linear light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _encode(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `_decode`."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)


_TO_LINEAR: Plane = _decode(np.arange(256) / 255).astype(np.float32)
# Indexed by the square root of linear light, so that dark values are not crowded into a few steps.
_TO_CODE: Plane = (255 * _encode((np.arange(_STEPS + 1) / _STEPS) ** 2)).astype(np.float32)


def to_linear(image: RgbImage) -> Plane:
    """Return linear light in 0..1, float32, of the same shape."""
    return np.asarray(_TO_LINEAR[image])


def to_code(linear: Plane) -> Plane:
    """Return code values in 0..255 as float32, unrounded; light outside 0..1 is clipped."""
    index = np.sqrt(np.clip(linear, 0, 1)) * np.float32(_STEPS)
    return np.asarray(_TO_CODE[(index + np.float32(0.5)).astype(np.int32)])


def to_image(linear: Plane) -> RgbImage:
    """Return the photograph a camera would store."""
    return np.asarray((to_code(linear) + np.float32(0.5)).astype(np.uint8))


def luminance(linear: Plane) -> Plane:
    """Return relative luminance (H, W) of linear colour (H, W, 3)."""
    return np.asarray(linear @ LUMA)


def absorb(linear: Plane, density: Plane) -> Plane:
    """Put pigment into the skin's body; negative density takes pigment away.

    Args:
        linear: (H, W, 3) linear light.
        density: (H, W, 3) natural-log density per channel.
    """
    surface = np.minimum(np.float32(SURFACE), linear * np.float32(0.5))
    return np.asarray(surface + (linear - surface) * np.exp(-density))


def density(melanin: Plane, blood: Plane) -> Plane:
    """Return (H, W, 3) density of two pigment maps (H, W)."""
    return np.asarray(melanin[..., None] * MELANIN + blood[..., None] * BLOOD)
