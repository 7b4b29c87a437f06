"""Draw lesions on one face, and say exactly where."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.kinds import LesionKind
from models.synthesis.lesions import IRREGULAR, Paint, paint
from models.synthesis.light import Light, read_light
from models.synthesis.optics import Plane, absorb, density, to_code, to_image, to_linear
from models.synthesis.placing import plan
from models.synthesis.settings import RenderSettings
from models.synthesis.shape import REACH, Disc, make_disc
from models.synthesis.skin import Mask, Skin
from shared.imaging.image import RgbImage

_Box: TypeAlias = tuple[int, int, int, int]

# Median luminance of the lightest and deepest skins in well-exposed portraits.
_LIGHT_SKIN, _DEEP_SKIN = 0.40, 0.06
# Least mean change of the strongest channel, in code values.
_LEAST_CONTRAST = 7.0
_BOOSTS = (1.0, 1.5, 2.2)
# Light from all around, which throws no shade, beside a lamp of 1.
_AMBIENT = 0.45


@dataclass(frozen=True, slots=True)
class Rendered:
    """A face with lesions.

    Attributes:
        image: the picture, RGB.
        boxes: (M, 4) float32 x1, y1, x2, y2, tight around each mask.
        kinds: what each is.
        masks: each lesion's pixels within its box, bool.
    """

    image: RgbImage
    boxes: NDArray[np.float32]
    kinds: tuple[LesionKind, ...]
    masks: tuple[Mask, ...]


def render(face: RgbImage, skin: Skin, rng: np.random.Generator, settings: RenderSettings) -> Rendered:
    """Draw a random set of lesions that never overlap; pixels away from them stay as they were."""
    linear, image = to_linear(face), face.copy()
    light = read_light(linear, skin)
    taken = np.zeros(skin.mask.shape, bool)
    boxes: list[_Box] = []
    kinds: list[LesionKind] = []
    masks: list[Mask] = []
    for item in plan(skin, settings, rng):
        disc = make_disc(item.spot, skin.frame, IRREGULAR[item.kind], face.shape[:2], rng)
        box, mask = _outline(disc)
        window = np.s_[disc.top : disc.top + disc.rho.shape[0], disc.left : disc.left + disc.rho.shape[1]]
        if not mask.any() or (disc.rho < 1.2)[taken[window]].any() or not _on_skin(disc, skin, window):
            continue
        drawn = _draw(linear[window], paint(item.kind, disc, depth_of(light), rng), disc, light, settings.strength)
        if drawn is None:
            continue
        linear[window] = drawn
        image[window] = np.where((disc.rho < REACH)[..., None], to_image(drawn), image[window])
        taken[window] |= disc.rho < 1.0
        boxes.append(box)
        kinds.append(item.kind)
        masks.append(mask)
    return Rendered(image, np.asarray(boxes, np.float32).reshape(-1, 4), tuple(kinds), tuple(masks))


def depth_of(light: Light) -> float:
    """Return how deep the skin looks: 0 very light, 1 deep. It steers recipes and is no measure of a person."""
    span = np.log(_LIGHT_SKIN / _DEEP_SKIN)
    return float(np.clip(np.log(_LIGHT_SKIN / max(light.level, 1e-3)) / span, 0, 1))


def _outline(disc: Disc) -> tuple[_Box, Mask]:
    """Return the box in the picture and the mask within it: the largest piece inside the outline."""
    inside = (disc.rho <= 1).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside)
    if count < 2:
        return (0, 0, 0, 0), np.zeros((0, 0), bool)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, w, h = (int(v) for v in stats[best, :4])
    box = (disc.left + x, disc.top + y, disc.left + x + w, disc.top + y + h)
    return box, np.asarray(labels[y : y + h, x : x + w] == best)


def _on_skin(disc: Disc, skin: Skin, window: tuple[slice, slice]) -> bool:
    """Whether all but a sliver of the lesion lies on usable skin."""
    inside = disc.rho <= 1
    return bool(skin.mask[window][inside].mean() >= 0.98)


def _draw(patch: Plane, work: Paint, disc: Disc, light: Light, strength: float) -> Plane | None:
    """Return the patch with the lesion, made stronger until it can be seen; None when it never can be.

    The same pigment changes fewer code values on deep or shaded skin. Leaving out what is faint there would
    teach that such skin has no lesions.
    """
    for boost in _BOOSTS:
        drawn = _apply(patch, work, disc, light, strength * boost)
        if _visible(patch, drawn, disc):
            return drawn
    return None


def _visible(before: Plane, after: Plane, disc: Disc) -> bool:
    """Whether the lesion stands out from the skin's own unevenness, so that its label can be learned."""
    inside = disc.rho <= 0.8
    old = to_code(before)
    contrast = float(np.abs(to_code(after) - old).max(axis=2)[inside].mean())
    green = np.ascontiguousarray(old[..., 1])
    busy = float((green - cv2.GaussianBlur(green, (0, 0), disc.radius)).std())
    return contrast > max(_LEAST_CONTRAST, busy)


def _apply(patch: Plane, work: Paint, disc: Disc, light: Light, strength: float) -> Plane:
    """Return the patch with the lesion's pigment, shade and highlight."""
    scale = np.float32(strength)
    pigmented = absorb(patch, density(scale * work.melanin, scale * work.blood))
    shade, shine = _relief(replace(work, height=np.float32(min(strength, 1.5)) * work.height), disc, light)
    # Light wanders further in red, so red shades are softer; the highlight has the lamp's colour.
    softness = np.array([0.7, 0.9, 1.0], np.float32)
    lit = pigmented * shade[..., None] ** softness + np.float32(work.gloss * light.shine) * shine[..., None]
    return np.asarray(np.clip(lit, 0, 1), np.float32)


def _relief(work: Paint, disc: Disc, light: Light) -> tuple[Plane, Plane]:
    """Return the factor of shading (1 on flat skin) and the highlight that flat skin does not have, 0 to 1."""
    slope_y, slope_x = np.gradient(work.height)
    tilted = np.stack([disc.normal[0] - slope_x, disc.normal[1] - slope_y, np.full_like(slope_x, disc.normal[2])], -1)
    tilted /= np.linalg.norm(tilted, axis=-1, keepdims=True)
    lamp = np.asarray(light.direction, np.float32)
    flat = max(float(disc.normal @ lamp), 0.0)
    shade = np.clip((_AMBIENT + np.maximum(tilted @ lamp, 0)) / np.float32(_AMBIENT + flat), 0.45, 1.5)
    half = lamp + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    lobe = np.maximum(tilted @ half, 0) ** work.grip - max(float(disc.normal @ half), 0.0) ** work.grip
    raised = np.maximum(lobe, 0) * (work.height > 0.02 * disc.radius)
    return np.asarray(shade, np.float32), np.asarray(cv2.GaussianBlur(raised.astype(np.float32), (0, 0), 0.8))
