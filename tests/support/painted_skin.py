"""Painted skin under a real mesh: every change to it is of a known size."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from shared.imaging.image import RgbImage
from shared.vision.colour import Plane, luminance, to_codes, to_linear
from shared.vision.face_map import REGION_OUTLINES, Points, face_width_pixels, outline_mask
from shared.vision.measures import RegionAppearance, measure_face
from shared.vocabulary import FaceRegion
from tests.support.faces import portrait_face

SKINS: dict[str, tuple[int, int, int]] = {"light": (214, 170, 150), "brown": (158, 112, 88), "deep": (92, 62, 50)}
SIDE = 640

Lit = Callable[[Plane], Plane]


@cache
def mesh(width: float = 400.0) -> Points:
    """The mesh of a real frontal face, this many pixels wide and in the middle of a painting."""
    points = portrait_face().points
    scale = width / face_width_pixels(points)
    grown = (points - (points.max(axis=0) + points.min(axis=0)) / 2) * scale
    return np.asarray(grown + SIDE / 2 * width / 400.0, dtype=np.float32)


def painting(skin: str, change: Lit = lambda light: light, seed: int = 0) -> RgbImage:
    """Even skin with a little grain; `change` works on its linear light."""
    rng = np.random.default_rng(seed)
    light = to_linear(np.full((SIDE, SIDE, 3), SKINS[skin], dtype=np.float32))
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), 1.5)
    light = change(light * np.exp(0.02 * grain / grain.std())[..., None])
    dithered = to_codes(light) + rng.uniform(-0.5, 0.5, light.shape)
    return np.clip(np.rint(dithered), 0, 255).astype(np.uint8)


def inside(region: FaceRegion) -> np.ndarray:
    """Which pixels of a painting belong to a region's outline."""
    return outline_mask(mesh(), REGION_OUTLINES[region], (SIDE, SIDE))


def discs(region: FaceRegion, radius: float, count: int, seed: int = 1) -> Plane:
    """Discs well inside a region, apart from each other, 0 to 1 (SIDE, SIDE)."""
    room = cv2.distanceTransform(inside(region).astype(np.uint8), cv2.DIST_L2, 5) - radius - 12
    rng, plane = np.random.default_rng(seed), np.zeros((SIDE, SIDE), dtype=np.float32)
    for _ in range(count):
        places = np.argwhere(room > 0)
        if not len(places):
            raise ValueError("the region has no room for so many discs")
        y, x = places[rng.integers(len(places))]
        cv2.circle(plane, (int(x), int(y)), round(radius), 1.0, -1, cv2.LINE_AA)
        yy, xx = np.ogrid[:SIDE, :SIDE]
        room = np.where((yy - y) ** 2 + (xx - x) ** 2 < (4 * radius) ** 2, -1, room)
    return plane


def denser(light: Plane, where: Plane, density: tuple[float, float, float]) -> Plane:
    """The light that is left where a pigment takes this much of it, in hundredths of optical density."""
    kept = 10 ** (-where[..., None] * np.array(density, dtype=np.float32) / 100)
    return np.asarray(light * kept, dtype=np.float32)


def measured(image: RgbImage, points: Points | None = None) -> dict[FaceRegion, RegionAppearance]:
    """The production measures by region."""
    seen = measure_face(image, mesh() if points is None else points)
    return {item.region: item for item in seen}


def mean_luminance(image: RgbImage) -> float:
    return float(luminance(to_linear(image.astype(np.float32))).mean())
