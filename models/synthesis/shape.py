"""Where a lesion lies on the picture: an irregular disc on the leaning skin."""

from dataclasses import dataclass

import numpy as np

from models.synthesis.noise import smooth_field
from models.synthesis.optics import Plane
from models.synthesis.skin import FaceFrame

REACH = 1.5
"""How far beyond its outline a lesion may change the skin, in radii."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a lesion: centre in pixels and radius across the visible part."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Disc:
    """A lesion's patch: its corner in the picture, and maps of the patch's size.

    `rho` is the distance from the centre in units of the outline: 1 on it, less inside. `mottle` is smooth
    noise of about unit variance. `normal` is the skin's own unit normal (3,).
    """

    left: int
    top: int
    radius: float
    rho: Plane
    mottle: Plane
    normal: Plane


def make_disc(spot: Spot, frame: FaceFrame, irregular: float, size: tuple[int, int], rng: np.random.Generator) -> Disc:
    """Draw an outline of relative irregularity `irregular` on the face, cut to a picture of (height, width)."""
    reach = spot.radius * REACH * (1 + irregular) + 2
    left, top = max(0, int(spot.x - reach)), max(0, int(spot.y - reach))
    right, bottom = min(size[1], int(spot.x + reach) + 2), min(size[0], int(spot.y + reach) + 2)
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    normal = frame.normals(*np.array([[spot.x], [spot.y]], np.float32))[0]
    u, v = _on_skin(x - np.float32(spot.x), y - np.float32(spot.y), normal)
    u, v = _stretch(u, v, rng)
    angle = np.arctan2(v, u)
    edge = np.ones_like(angle)
    for order in range(2, 7):
        swing = irregular * rng.standard_normal() / order**1.4 * 2.2
        edge += np.float32(swing) * np.cos(order * angle + np.float32(rng.uniform(0, 2 * np.pi)))
    rho = np.hypot(u, v) / (np.float32(spot.radius) * np.maximum(edge, np.float32(0.5)))
    mottle = smooth_field(rho.shape[0], rho.shape[1], max(2.5, 0.7 * spot.radius), rng)
    # The warp fades towards the centre, where a shift of the distance would make a hole.
    rho = rho + np.float32(0.35 * irregular) * mottle * np.minimum(rho, 1)
    return Disc(left, top, spot.radius, rho.astype(np.float32), mottle, normal)


def _on_skin(dx: Plane, dy: Plane, normal: Plane) -> tuple[Plane, Plane]:
    """Undo the foreshortening: stretch distances along the direction in which the skin leans away."""
    lean = float(np.hypot(normal[0], normal[1]))
    if lean < 0.05:
        return dx, dy
    ux, uy = normal[0] / lean, normal[1] / lean
    along, across = dx * ux + dy * uy, dy * ux - dx * uy
    along = along / max(float(normal[2]), 0.6)
    return along * ux - across * uy, along * uy + across * ux


def _stretch(u: Plane, v: Plane, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Make the disc slightly oval in a random direction, keeping its area."""
    angle, oval = rng.uniform(0, np.pi), np.float32(np.exp(abs(rng.normal(0, 0.13))))
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along, across = (u * cos + v * sin) / np.sqrt(oval), (v * cos - u * sin) * np.sqrt(oval)
    return along, across


def falloff(rho: Plane, centre: float, width: float) -> Plane:
    """Return 1 inside and 0 outside, crossing a half at `centre` over `width`, both in units of `rho`."""
    t = np.clip((rho - np.float32(centre - width / 2)) / np.float32(width), 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), np.float32)


def dome(rho: Plane, extent: float) -> Plane:
    """Return a smooth dome of height 1 that meets the skin flat at `extent`."""
    inside = np.clip(1 - (rho / np.float32(extent)) ** 2, 0, 1)
    return np.asarray(inside * np.sqrt(inside), np.float32)
