"""Pictures of what is on skin but no feature of it: face paint and tattoos, to test that a model says so."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.noise import smooth_field
from models.synthesis.optics import Plane, absorb, luminance, to_image, to_linear
from models.synthesis.skin import Mask, Skin
from shared.imaging.image import RgbImage


class DistractorKind(StrEnum):
    """What is drawn."""

    MAKE_UP = "make_up"
    TATTOO = "tattoo"


@dataclass(frozen=True, slots=True)
class Distracted:
    """A face with drawn distractors: boxes (M, 4) float32 tight around each."""

    image: RgbImage
    boxes: NDArray[np.float32]
    kinds: tuple[DistractorKind, ...]


@dataclass(frozen=True, slots=True)
class DistractorSettings:
    """Most distractors of a kind on one face, and the range of their sizes as shares of the face's width."""

    most: int = 4
    size: tuple[float, float] = (0.05, 0.22)


# Linear colours of face paint and of glitter.
_PAINTS = (
    (0.75, 0.05, 0.10),
    (0.05, 0.12, 0.60),
    (0.02, 0.45, 0.12),
    (0.80, 0.60, 0.03),
    (0.35, 0.05, 0.45),
    (0.85, 0.84, 0.80),
    (0.02, 0.02, 0.02),
)
# Ink lies within the skin, so it is seen through it: black ink turns bluish, old ink greenish.
_INKS = ((2.2, 1.9, 1.6), (1.9, 1.3, 1.0), (1.6, 1.0, 1.2), (0.3, 1.6, 1.4))
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_SIGNS = "AXOSRKM83&@%"


def distract(
    face: RgbImage, skin: Skin, kind: DistractorKind, rng: np.random.Generator, settings: DistractorSettings
) -> Distracted:
    """Draw one to `most` distractors on the skin; none where there is no room."""
    linear, boxes = to_linear(face), []
    changed = np.zeros(skin.mask.shape, bool)
    for _ in range(int(rng.integers(1, settings.most + 1))):
        side = int(max(10, rng.uniform(*settings.size) * skin.frame.width_px))
        place = _place(skin.mask, changed, side, rng)
        if place is None:
            continue
        x, y = place
        window = np.s_[y : y + side, x : x + side]
        shape = _SHAPES[kind](side, rng) * skin.mask[window]
        if shape.max() < 0.5:
            continue
        draw = _paint if kind is DistractorKind.MAKE_UP else _ink
        linear[window] = draw(linear[window], shape, rng)
        changed[window] |= shape > 0
        boxes.append(_box_around(shape > 0.25, x, y))
    image = np.where(changed[..., None], to_image(linear), face)
    return Distracted(image, np.asarray(boxes, np.float32).reshape(-1, 4), (kind,) * len(boxes))


def _place(mask: Mask, taken: Mask, side: int, rng: np.random.Generator) -> tuple[int, int] | None:
    """Return the corner of a free square that is mostly skin, or None after a few tries."""
    rows, columns = np.nonzero(mask)
    for _ in range(20 if rows.size else 0):
        pick = int(rng.integers(rows.size))
        x, y = int(columns[pick]) - side // 2, int(rows[pick]) - side // 2
        inside = x >= 0 and y >= 0 and x + side <= mask.shape[1] and y + side <= mask.shape[0]
        square = np.s_[max(y, 0) : y + side, max(x, 0) : x + side]
        if inside and mask[square].mean() > 0.85 and not taken[square].any():
            return x, y
    return None


def _box_around(shape: Mask, x: int, y: int) -> tuple[int, int, int, int]:
    columns, rows = np.flatnonzero(shape.any(axis=0)), np.flatnonzero(shape.any(axis=1))
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


def _smear(side: int, rng: np.random.Generator) -> Plane:
    """Return the cover of a stroke of paint: an oval with a torn edge and bristle marks along it."""
    y, x = (np.mgrid[:side, :side].astype(np.float32) + np.float32(0.5)) / np.float32(side) * 2 - 1
    angle = np.float32(rng.uniform(0, np.pi))
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    rho = np.hypot(along, across / np.float32(rng.uniform(0.35, 0.9)))
    rho += np.float32(0.12) * smooth_field(side, side, side / 5, rng)
    bristles = np.float32(0.15) * np.sin(across * np.float32(rng.uniform(12, 30)) + np.float32(rng.uniform(0, 6)))
    cover = np.clip((np.float32(0.8) - rho) * np.float32(side / 5), 0, 1) * np.clip(0.85 + bristles, 0, 1)
    return np.asarray(cover, np.float32)


def _motif(side: int, rng: np.random.Generator) -> Plane:
    """Return the cover of a drawn sign: a star, a spiral, a ring of strokes or a letter."""
    scale = 4
    canvas = np.zeros((scale * side, scale * side), np.uint8)
    centre, radius, thick = scale * side / 2, scale * side * 0.4, max(2, round(scale * side * rng.uniform(0.03, 0.09)))
    choice = int(rng.integers(4))
    if choice == 0:
        points = int(rng.integers(4, 8))
        angles = np.arange(2 * points) * np.pi / points + rng.uniform(0, np.pi)
        reach = np.where(np.arange(2 * points) % 2, radius * rng.uniform(0.3, 0.6), radius)
        _stroke(canvas, angles, reach, centre, thick, closed=True, filled=bool(rng.random() < 0.5))
    elif choice == 1:
        turns = np.linspace(0.3, rng.uniform(1.5, 3), 90)
        _stroke(canvas, 2 * np.pi * turns, radius * turns / turns[-1], centre, thick, closed=False, filled=False)
    elif choice == 2:
        angles = np.linspace(0, 2 * np.pi, 120)
        reach = radius * (0.75 + 0.25 * np.cos(angles * rng.integers(3, 9)))
        _stroke(canvas, angles, reach, centre, thick, closed=True, filled=False)
    else:
        sign, font = _SIGNS[int(rng.integers(len(_SIGNS)))], _FONTS[int(rng.integers(len(_FONTS)))]
        size = scale * side / 32
        (wide, high), _ = cv2.getTextSize(sign, font, size, thick)
        corner = (round(centre - wide / 2), round(centre + high / 2))
        cv2.putText(canvas, sign, corner, font, size, 255, thick, cv2.LINE_AA)
    small = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7), np.float32) / np.float32(255)


def _stroke(
    canvas: NDArray[np.uint8],
    angles: NDArray[np.float64],
    reach: NDArray[np.float64],
    centre: float,
    thick: int,
    *,
    closed: bool,
    filled: bool,
) -> None:
    """Draw a line given in polar coordinates, in place."""
    path = np.stack([centre + reach * np.cos(angles), centre + reach * np.sin(angles)], axis=1)
    points = [np.round(path).astype(np.int32)]
    if filled:
        cv2.fillPoly(canvas, points, 255, cv2.LINE_AA)
    else:
        cv2.polylines(canvas, points, closed, 255, thick, cv2.LINE_AA)


_SHAPES = {DistractorKind.MAKE_UP: _smear, DistractorKind.TATTOO: _motif}


def _paint(patch: Plane, cover: Plane, rng: np.random.Generator) -> Plane:
    """Cover the skin with opaque colour in the skin's own light, sometimes with glitter."""
    colour = np.asarray(_PAINTS[int(rng.integers(len(_PAINTS)))], np.float32)
    light = luminance(patch)[..., None] / np.float32(max(float(np.median(luminance(patch))), 1e-3))
    painted = patch + cover[..., None] * np.float32(rng.uniform(0.6, 0.95)) * (colour * light - patch)
    if rng.random() < 0.3:
        specks = (rng.random(cover.shape) < 0.06) & (cover > 0.3)
        painted[specks] = np.maximum(painted[specks], np.float32(rng.uniform(0.6, 1.0)))
    return np.asarray(np.clip(painted, 0, 1), np.float32)


def _ink(patch: Plane, cover: Plane, rng: np.random.Generator) -> Plane:
    """Put ink into the skin."""
    density = np.asarray(_INKS[int(rng.integers(len(_INKS)))], np.float32) * np.float32(rng.uniform(0.5, 1.1))
    return absorb(patch, cover[..., None] * density)
