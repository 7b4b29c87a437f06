"""Which pixels of a face crop are skin that can be measured, and how much each counts.

Every weight is soft: a region fades over a few millimetres at its outline, so that landmarks which lie a pixel
off between two captures, or a pixel that is a step brighter, hardly change a mean.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from shared.vision.colour import Plane, brightness, erythema_index
from shared.vision.face_crop import FACE_WIDTH, FaceCrop
from shared.vision.face_map import (
    BROW_OUTLINES,
    EYE_OUTLINES,
    LIPS_OUTLINE,
    NOSTRIL_OUTLINES,
    OVAL,
    REGION_OUTLINES,
    Points,
)
from shared.vision.planes import blurred, ramp
from shared.vocabulary import FaceRegion

CELL = 2
"""Crop pixels along the side of a cell: colour is measured on means of this many pixels squared."""

_SOFT_EDGE = 0.012 * FACE_WIDTH / CELL  # standard deviation of the fading, in cells
_AROUND_FEATURES = 0.02 * FACE_WIDTH / CELL  # lashes, lip line and brow hairs that reach beyond the mesh
_BURNT_OUT = (235.0, 250.0)  # codes of the brightest channel between which a pixel fades out
_BLACK = (12.0, 25.0)
_CODES = np.arange(256, dtype=np.float32)
_FIT_OF_CODE = (1 - ramp(_CODES, _BURNT_OUT)) * ramp(_CODES, _BLACK)
_LIKE_SKIN = (-0.9, -0.55)  # likeness to skin between which a cell fades in, in natural logarithms
_COLOUR_OVER_BRIGHTNESS = 1.5  # hair is less red than skin; a shadow is redder
_LEAST_RED_SKIN = 20.0  # per cent of the face less red: a flushed cheek must not make the rest look like hair
_MOST_BY_COLOUR = 0.6
_STRANDS = (0.15, 0.22)  # local contrast of fine detail between which skin fades out: hair, beards, spectacles
_ONE_STRAND = 0.3  # contrast beyond which one spot or highlight tells no more
_STRAND_SCALES = (0.005 * FACE_WIDTH / CELL, 0.015 * FACE_WIDTH / CELL)  # of the detail, in cells
_HAIR_SCALE = 0.02 * FACE_WIDTH / CELL
_FIT_STEP = 6
_FIT_ROUNDS = 8
_FIT_SCALE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """The skin of a face crop, in cells; every plane is (height, width).

    Attributes:
        light: float32 (height, width, 3), mean linear light of a cell.
        bright: natural logarithm of its luminance.
        erythema: its erythema index.
        regions: for each region how much a cell belongs to it, 0 to 1, features and hair taken off.
        areas: each region's area in cells, with what is hidden or left out.
        face: how much a cell belongs to any region, 0 to 1.
        exposed: how far a cell is neither burnt out nor black, 0 to 1.
        shading: natural logarithm of the brightness that smooth skin would have there.
    """

    light: Plane
    bright: Plane
    erythema: Plane
    regions: dict[FaceRegion, Plane]
    areas: dict[FaceRegion, float]
    face: Plane
    exposed: Plane
    shading: Plane


def find_skin(crop: FaceCrop, light: Plane) -> Skin:
    """Return the skin of a face crop, whose linear light (height, width, 3) is given too."""
    size = (crop.image.shape[1] // CELL, crop.image.shape[0] // CELL)
    light = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    points = ((crop.points - (CELL - 1) / 2) / CELL).astype(np.float32)  # middles of cells lie between pixels
    shape = light.shape[:2]
    inside = cv2.resize(crop.inside, size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    free = inside * (1 - _features(points, shape))
    bright, erythema = brightness(light), erythema_index(light)
    exposed = _exposed(crop, size)
    face = _filled(points, OVAL, shape) * free * exposed
    shading = _even_light(bright, face)
    smooth = 1 - ramp(_strands(bright, free), _STRANDS)
    free = free * smooth * ramp(_likeness(erythema, bright - shading, face), _LIKE_SKIN)
    regions, areas = _regions(points, free)
    whole: Plane = np.clip(sum(regions.values()), 0.0, 1.0)
    return Skin(light, bright, erythema, regions, areas, whole, exposed, shading)


def _filled(points: Points, outline: tuple[int, ...], shape: tuple[int, ...]) -> Plane:
    """Return the area of an outline; fractions of a cell count at its edge."""
    mask = np.zeros(shape, dtype=np.uint8)
    corners = np.rint((points[list(outline)]) * 256).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, lineType=cv2.LINE_AA, shift=8)
    return mask.astype(np.float32) / np.float32(255.0)


def _features(points: Points, shape: tuple[int, ...]) -> Plane:
    """Return how much a cell belongs to eyes, brows, lips or nostrils, 0 to 1, with what reaches beyond them."""
    covered = np.zeros(shape, dtype=np.float32)
    for outline in (*EYE_OUTLINES, *BROW_OUTLINES, LIPS_OUTLINE, *NOSTRIL_OUTLINES):
        covered = np.maximum(covered, _filled(points, outline, shape))
    reach = 2 * round(_AROUND_FEATURES) + 1
    grown = cv2.dilate(covered, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return blurred(grown, _SOFT_EDGE / 2)


def _exposed(crop: FaceCrop, size: tuple[int, int]) -> Plane:
    red, green, blue = cv2.split(crop.image)
    brightest = cv2.max(cv2.max(red, green), blue)
    fit = cv2.LUT(brightest, _FIT_OF_CODE)
    exposed: Plane = cv2.resize(fit, size, interpolation=cv2.INTER_AREA)
    return exposed


def _even_light(bright: Plane, weight: Plane) -> Plane:
    """Return the smooth quadratic surface that most of the face's log brightness follows.

    Iteratively reweighted least squares with Tukey's biweight: hair, shadows and highlights are left aside.
    """
    height, width = bright.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = rows / np.float32(height) - np.float32(0.5), columns / np.float32(width) - np.float32(0.5)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    sparse = (slice(None, None, _FIT_STEP), slice(None, None, _FIT_STEP))
    design, target, base = terms[sparse].reshape(-1, 6), bright[sparse].ravel(), weight[sparse].ravel()
    if base.sum() < 6:
        return np.full_like(bright, float(np.median(bright)))
    middle = float(np.median(target[base > 0.5])) if (base > 0.5).any() else float(np.median(target))
    residual = target - middle
    fitted = np.zeros(6, dtype=np.float32)
    for _ in range(_FIT_ROUNDS):
        trust = base * np.clip(1 - (residual / _FIT_SCALE) ** 2, 0, None) ** 2
        normal = (design * trust[:, None]).T @ design + np.eye(6, dtype=np.float32) * np.float32(1e-2)
        fitted = np.linalg.solve(normal, (design * trust[:, None]).T @ (target - middle))
        residual = target - middle - design @ fitted
    surface: Plane = (terms @ fitted + middle).astype(np.float32)
    return surface


def _likeness(erythema: Plane, darkness: Plane, face: Plane) -> Plane:
    """Return how little a place differs from skin towards hair: dark and not red; 0 and above for skin."""
    redness = erythema * np.float32(math.log(10) / 100)
    skin = redness[face > 0.5]
    paler = redness - np.float32(np.percentile(skin, _LEAST_RED_SKIN) if skin.size else 0.0)
    by_colour = np.clip(np.float32(_COLOUR_OVER_BRIGHTNESS) * paler, -_MOST_BY_COLOUR, _MOST_BY_COLOUR)
    return blurred(darkness + by_colour, _HAIR_SCALE)


def _strands(bright: Plane, free: Plane) -> Plane:
    """Return the local contrast of fine detail in log brightness; features already left out add none."""
    fine, coarse = (blurred(bright, scale) for scale in _STRAND_SCALES)
    detail = np.clip(fine - coarse, -_ONE_STRAND, _ONE_STRAND)
    wide = 1.5 * _HAIR_SCALE
    energy = np.maximum(blurred(free * detail**2, wide), 0) / np.maximum(blurred(free, wide), np.float32(0.05))
    contrast: Plane = np.sqrt(energy)
    return contrast


def _regions(points: Points, free: Plane) -> tuple[dict[FaceRegion, Plane], dict[FaceRegion, float]]:
    """Return each region's weights and its whole area in cells; where outlines touch, the first region wins."""
    left = np.ones_like(free)
    weights, areas = {}, {}
    for region, outline in REGION_OUTLINES.items():
        area = np.minimum(_filled(points, outline, free.shape), left)
        left = left - area
        weights[region], areas[region] = blurred(area, _SOFT_EDGE) * free, float(area.sum())
    return weights, areas
