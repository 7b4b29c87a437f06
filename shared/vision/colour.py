"""From pixels to linear light, CIELAB and skin indices; arrays keep their shape.

sRGB after IEC 61966-2-1, CIELAB for D65. White balance is the camera's. An estimate from the face itself was
tried and left out: the whites of the two eyes of one face disagree by 26 % in brightness and 8 % in red to
green (medians of 147 photographs), ten times what a fixed camera is off by; and a balance taken from the skin
(shades of grey, grey world) removes a flush of the whole face together with the light's colour.
"""

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.imaging.image import RgbImage

Plane: TypeAlias = NDArray[np.float32]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # ITU-R BT.709
_SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_XYZ_OVER_WHITE = (_SRGB_TO_XYZ / _SRGB_TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_DARKEST = np.float32(1e-3)  # a third of the darkest step of 255; logarithms start here


def to_linear(codes: Plane) -> Plane:
    """Return linear light, 0 to 1, of sRGB codes 0 to 255."""
    shares = np.clip(codes / np.float32(255.0), 0.0, 1.0)
    high = ((shares + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    light: Plane = np.where(shares <= 0.04045, shares / np.float32(12.92), high)
    return light


_LINEAR_OF_CODE = to_linear(np.arange(256, dtype=np.float32))


def light_of(image: RgbImage) -> Plane:
    """Return the linear light (height, width, 3), 0 to 1, of a picture; the same as `to_linear`, but looked up."""
    light: Plane = cv2.LUT(image, _LINEAR_OF_CODE)
    return light


def to_codes(light: Plane) -> Plane:
    """Return sRGB codes, 0 to 255 and not rounded, of linear light; light beyond 0 to 1 is clipped."""
    clipped = np.clip(light, 0.0, 1.0)
    high = np.float32(1.055) * clipped ** np.float32(1 / 2.4) - np.float32(0.055)
    codes: Plane = np.float32(255.0) * np.where(clipped <= 0.0031308, clipped * np.float32(12.92), high)
    return codes


def luminance(light: Plane) -> Plane:
    """Return the luminance (…) of linear light (…, 3)."""
    return light @ _LUMINANCE


def brightness(light: Plane) -> Plane:
    """Return the natural logarithm of the luminance (…) of linear light (…, 3)."""
    logarithm: Plane = np.log(_visible(luminance(light)))
    return logarithm


def lab(light: Plane) -> Plane:
    """Return CIELAB L*, a*, b* (height, width, 3) of linear light of that shape, which may exceed 1.

    OpenCV's own conversion builds tables for a seventh of a second when it is first used; a start waits for that.
    """
    x, y, z = cv2.split(cv2.transform(light, _XYZ_OVER_WHITE))
    x, y, z = (_compressed(channel) for channel in (x, y, z))
    converted: Plane = cv2.merge((116 * y - 16, 500 * (x - y), 200 * (y - z)))
    return converted


def _compressed(share: Plane) -> Plane:
    """Return CIELAB's cube root of a share of the white, straight near black (CIE 015:2018)."""
    root: Plane = np.where(share > 216 / 24389, cv2.pow(share, 1 / 3), (24389 / 27 * share + 16) / 116)
    return root


def ita_degrees(lightness: float, yellowness: float) -> float:
    """Return the individual typology angle of a CIELAB L* and b*, in degrees from -90 to 90.

    ITA = arctan((L* - 50) / b*) (Chardon et al., Int J Cosmet Sci 1991). From a photograph it moves with the
    light at least as much as with the skin: never a label of a person's skin tone.
    """
    if yellowness == 0.0:
        return math.copysign(90.0, lightness - 50.0)
    return math.degrees(math.atan((lightness - 50.0) / yellowness))


def erythema_index(light: Plane) -> Plane:
    """Return 100 · log10(red / green) (…) of linear light (…, 3): blood takes green light and leaves red.

    Dawson et al., "A theoretical and experimental study of light absorption and scattering by in vivo skin"
    (Phys Med Biol 1980), in the two-band form of Takiwaki, "Measurement of skin color" (J Med Invest 1998).
    The brightness of the light, shading among it, cancels; its colour does not.
    """
    ratio: Plane = np.log10(_visible(light[..., 0]) / _visible(light[..., 1]))
    return np.float32(100.0) * ratio


def melanin_index(light: Plane) -> Plane:
    """Return 100 · log10(1 / red) (…) of linear light (…, 3): blood hardly takes red light, melanin does.

    Takiwaki, "Measurement of skin color" (J Med Invest 1998).
    """
    density: Plane = np.log10(_visible(light[..., 0]))
    return np.float32(-100.0) * density


def _visible(channel: Plane) -> Plane:
    return np.maximum(channel, _DARKEST)
