"""What lies on or before the skin: make-up, hair, shadow. Every function keeps all pixels in place.

No effect hides a lesion for good: foundation leaves part of every contrast, hairs are thin, shadows scale light.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.synthesis.noise import smooth_field
from models.synthesis.optics import BLOOD, MELANIN, Plane, absorb, to_image, to_linear
from models.synthesis.shape import falloff
from shared.imaging.image import RgbImage


@dataclass(frozen=True, slots=True)
class FoundationSettings:
    """Share of fine contrast covered, as a range; and the width in pixels of what counts as fine."""

    cover: tuple[float, float] = (0.15, 0.5)
    width_px: float = 6.0


@dataclass(frozen=True, slots=True)
class BlushSettings:
    """Patches of colour: most of them, range of radii as shares of the picture, density, edge in radii."""

    most: int = 2
    radius: tuple[float, float] = (0.2, 0.6)
    density: tuple[float, float] = (0.1, 0.45)
    edge: tuple[float, float] = (0.4, 1.6)


@dataclass(frozen=True, slots=True)
class HairSettings:
    """Strands: most of them, range of widths in pixels, and of how much light they keep from the skin."""

    most: int = 5
    width_px: tuple[float, float] = (0.5, 1.6)
    cover: tuple[float, float] = (0.35, 0.9)


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """Share of light taken, as a range, and the edge's width as a share of the picture."""

    depth: tuple[float, float] = (0.15, 0.55)
    edge: tuple[float, float] = (0.04, 0.35)


def foundation(image: RgbImage, rng: np.random.Generator, settings: FoundationSettings) -> RgbImage:
    """Even the skin out: cover part of the fine contrast and shift the tone towards the product's."""
    linear = to_linear(image)
    base = cv2.GaussianBlur(linear, (0, 0), settings.width_px)
    cover = np.float32(rng.uniform(*settings.cover))
    patchy = (
        cover
        * np.clip(1 + np.float32(0.2) * smooth_field(image.shape[0], image.shape[1], 24.0, rng), 0, 1.2)[..., None]
    )
    # Eyes, hair and outlines differ from their surroundings by far more than skin does, and stay as they are.
    gap = base - linear
    on_skin = np.exp(-((gap / (np.float32(0.3) * base + np.float32(1e-3))) ** 2).max(axis=2, keepdims=True))
    evened = linear + np.minimum(patchy, np.float32(settings.cover[1])) * on_skin * gap
    return to_image(absorb(evened, (np.float32(rng.uniform(-0.12, 0.12)) * MELANIN).reshape(1, 1, 3)))


def blush(image: RgbImage, rng: np.random.Generator, settings: BlushSettings) -> RgbImage:
    """Put on blusher, lip colour or bronzer: translucent patches with soft or, rarely, firm edges."""
    height, width = image.shape[:2]
    linear = to_linear(image)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(int(rng.integers(1, settings.most + 1))):
        radius = np.float32(rng.uniform(*settings.radius) * max(height, width))
        oval, angle = np.float32(rng.uniform(0.5, 1)), rng.uniform(0, np.pi)
        dx, dy = x - np.float32(rng.uniform(0, width)), y - np.float32(rng.uniform(0, height))
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        rho = np.hypot(dx * cos + dy * sin, (dy * cos - dx * sin) / oval) / radius
        rho += np.float32(0.12) * smooth_field(height, width, 0.3 * float(radius), rng)
        amount = falloff(rho, 0.8, rng.uniform(*settings.edge)) * np.float32(rng.uniform(*settings.density))
        linear = absorb(linear, amount[..., None] * _dye(rng))
    return to_image(linear)


def _dye(rng: np.random.Generator) -> Plane:
    """Return a cosmetic colour's density per channel: between blood's red, a mauve and a bronze."""
    mauve = np.array([0.3, 1.0, 0.35], np.float32)
    shares = rng.dirichlet((2.0, 1.0, 1.0)).astype(np.float32)
    return np.asarray(shares[0] * BLOOD + shares[1] * mauve + shares[2] * MELANIN, np.float32)


def hair_strands(image: RgbImage, rng: np.random.Generator, settings: HairSettings) -> RgbImage:
    """Lay a few bent hairs of one colour across the picture."""
    height, width = image.shape[:2]
    colour = np.asarray(_HAIR[int(rng.integers(len(_HAIR)))], np.float32) * np.float32(rng.uniform(0.6, 1.4))
    linear = to_linear(image)
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, settings.most + 1))):
        line = _strand(height, width, heading + rng.normal(0, 0.35), rng.uniform(*settings.width_px), rng)
        share = line[..., None] * np.float32(rng.uniform(*settings.cover))
        linear = linear + share * (colour - linear)
    return to_image(linear)


# Linear colours: black, dark brown, chestnut, blond, grey.
_HAIR = ((0.012, 0.01, 0.009), (0.03, 0.02, 0.014), (0.08, 0.04, 0.02), (0.35, 0.24, 0.12), (0.4, 0.39, 0.38))


def _strand(height: int, width: int, heading: float, thick: float, rng: np.random.Generator) -> Plane:
    """Return one hair's cover (H, W) in 0..1: a bent line from beyond one edge to beyond another."""
    side = float(max(height, width))
    ahead = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-ahead[1], ahead[0]])
    middle = rng.uniform(0, 1, 2) * (width, height)
    bend, t = rng.normal(0, 0.12) * side, np.linspace(-1, 1, 33)[:, None]
    path = middle + t * ahead * side * 0.9 + (1 - t**2) * across * bend
    # Drawn at four times the size, so that a hair may be thinner than a pixel.
    canvas = np.zeros((4 * height, 4 * width), np.uint8)
    cv2.polylines(canvas, [np.round(4 * path).astype(np.int32)], False, 255, max(1, round(4 * thick)), cv2.LINE_AA)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.5), np.float32) / np.float32(255)


def cast_shadow(image: RgbImage, rng: np.random.Generator, settings: ShadowSettings) -> RgbImage:
    """Let something outside the picture throw a soft shadow on part of it; red wanders into it a little."""
    height, width = image.shape[:2]
    side = float(max(height, width))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    line = (x - np.float32(width / 2)) * np.float32(np.cos(angle)) + (y - np.float32(height / 2)) * np.float32(
        np.sin(angle)
    )
    line = line / np.float32(side) + np.float32(0.06) * smooth_field(height, width, 0.4 * side, rng)
    dark = np.float32(rng.uniform(*settings.depth)) * falloff(line, rng.uniform(-0.3, 0.3), rng.uniform(*settings.edge))
    return to_image(to_linear(image) * (1 - dark[..., None] * np.array([0.93, 1.0, 1.0], np.float32)))
