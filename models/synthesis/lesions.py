"""The optical recipe of each kind: how much melanin and blood, how raised, how glossy.

Amounts are natural-log densities (see `optics`). Deep skin answers inflammation with more pigment and shows
less of the blood beneath it, so recipes take the skin's `depth`: 0 for very light, 1 for deep.
"""

from dataclasses import dataclass

import numpy as np

from models.synthesis.kinds import LesionKind
from models.synthesis.optics import Plane
from models.synthesis.shape import Disc, dome, falloff

IRREGULAR: dict[LesionKind, float] = {
    LesionKind.PAPULE: 0.14,
    LesionKind.PUSTULE: 0.12,
    LesionKind.COMEDONE: 0.10,
    LesionKind.POST_INFLAMMATORY: 0.24,
    LesionKind.FRECKLE: 0.20,
    LesionKind.GROWTH: 0.09,
}
"""Relative irregularity of each kind's outline."""

# No edge in a photograph is sharper than its lens: about this many pixels from a tenth to nine tenths.
_LENS_PX = 2.2


@dataclass(frozen=True, slots=True)
class Paint:
    """What a lesion adds to the skin, as maps over its patch.

    `melanin` and `blood` are densities, `height` the rise in pixels; `gloss` scales its highlight and `grip`
    how tight that highlight is (the exponent of the reflection's lobe).
    """

    melanin: Plane
    blood: Plane
    height: Plane
    gloss: float
    grip: float


def paint(kind: LesionKind, disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """Return one random lesion of a kind, fitted to its outline."""
    recipes = {
        LesionKind.PAPULE: _papule,
        LesionKind.PUSTULE: _pustule,
        LesionKind.COMEDONE: _comedone,
        LesionKind.POST_INFLAMMATORY: _post_inflammatory,
        LesionKind.FRECKLE: _freckle,
        LesionKind.GROWTH: _growth,
    }
    return recipes[kind](disc, depth, rng)


def _edge(disc: Disc, softness: float) -> Plane:
    """Return a cover that has fallen to a quarter on the outline, at least as soft as the lens."""
    width = float(np.clip(max(softness, _LENS_PX / disc.radius), 0.1, 1.45))
    return falloff(disc.rho, 1 - 0.17 * width, width)


def _mottled(cover: Plane, disc: Disc, share: float) -> Plane:
    """Vary an amount over its extent."""
    return np.asarray(cover * np.clip(1 + np.float32(share) * disc.mottle, 0.3, 1.8), np.float32)


def _rise(disc: Disc, share: tuple[float, float], extent: float, rng: np.random.Generator) -> Plane:
    """Return a dome as high as a random share of the radius."""
    return np.float32(rng.uniform(*share) * disc.radius) * dome(disc.rho, extent)


def _papule(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """A raised red bump; its redness fades into the skin around. On deep skin the relief says more than the red."""
    redness = rng.uniform(0.12, 0.46) * (1 - 0.45 * depth)
    core = _edge(disc, rng.uniform(0.55, 0.8))
    blood = np.float32(redness) * (np.float32(0.65) * _mottled(core, disc, 0.2) + np.float32(0.35) * _edge(disc, 1.4))
    brown = rng.uniform(0.0, 0.05) + depth * rng.uniform(-0.08, 0.22)
    height = _rise(disc, (0.12, 0.34 + 0.1 * depth), rng.uniform(0.7, 0.95), rng)
    return Paint(brown * core, blood, height, rng.uniform(0.1, 0.55), rng.uniform(10, 24))


def _pustule(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """A strongly red bump with a small pale yellow cap: pus scatters light back before blood can take it."""
    core = _edge(disc, rng.uniform(0.6, 0.9))
    redness = rng.uniform(0.32, 0.72) * (1 - 0.4 * depth)
    size = rng.uniform(0.16, 0.44)
    cap = falloff(disc.rho, size, max(0.35, _LENS_PX / disc.radius))
    pale = (rng.uniform(0.05, 0.3) + 0.35 * depth) * cap
    blood = redness * (0.75 * core + 0.25 * _edge(disc, 1.4)) * (1 - np.float32(rng.uniform(0.3, 1.0)) * cap)
    brown = depth * rng.uniform(0.0, 0.25) * core * (1 - cap)
    # Blue is lost to the pus itself, which is what makes it yellow.
    melanin = brown - rng.uniform(0.2, 0.6) * pale
    height = _rise(disc, (0.14, 0.34), rng.uniform(0.75, 0.95), rng) + _rise(disc, (0.04, 0.14), 1.4 * size, rng)
    return Paint(melanin, blood - 0.7 * pale, height, rng.uniform(0.1, 0.5), rng.uniform(12, 30))


def _comedone(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """Open: a dark plug in a faint rim. Closed: a small pale bump."""
    if rng.random() < 0.5:
        plug = falloff(disc.rho, rng.uniform(0.6, 0.8), max(0.5, _LENS_PX / disc.radius))
        melanin = rng.uniform(0.4, 1.0) * plug + rng.uniform(0.0, 0.1) * _edge(disc, 0.6)
        rim = dome(disc.rho, 0.95) - np.float32(1.4) * dome(disc.rho, 0.6)
        height = np.float32(rng.uniform(0.05, 0.16) * disc.radius) * rim
        return Paint(melanin, rng.uniform(0.0, 0.15) * _edge(disc, 1.0), height, 0.2, 20.0)
    cover = _edge(disc, 0.6)
    pale = rng.uniform(0.06, 0.18) + 0.12 * depth
    height = _rise(disc, (0.18, 0.4), 0.95, rng)
    return Paint(-0.5 * pale * cover, -pale * cover, height, rng.uniform(0.1, 0.45), rng.uniform(10, 24))


def _post_inflammatory(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """A flat mark with a soft, irregular edge: red on light skin at first, brown later and on deep skin."""
    cover = _mottled(_edge(disc, rng.uniform(0.8, 1.35)), disc, 0.22)
    brownness = float(np.clip(rng.beta(1.5, 1.2) + 0.7 * depth - 0.1, 0, 1))
    melanin = (rng.uniform(0.2, 0.55) + 0.15 * depth) * brownness
    blood = rng.uniform(0.2, 0.5) * (1 - brownness) + 0.04 * (1 - depth)
    return Paint(melanin * cover, blood * cover, np.zeros_like(cover), 0.0, 20.0)


def _freckle(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """A small flat tan spot."""
    cover = _mottled(_edge(disc, rng.uniform(0.6, 0.9)), disc, 0.15)
    melanin = rng.uniform(0.22, 0.5) + 0.2 * depth
    return Paint(melanin * cover, rng.uniform(0.0, 0.06) * cover, np.zeros_like(cover), 0.0, 20.0)


def _growth(disc: Disc, depth: float, rng: np.random.Generator) -> Paint:
    """A mole: dark and flat or raised with a fairly sharp edge, or a pale dome of nearly the skin's colour."""
    cover = _edge(disc, rng.uniform(0.25, 0.5))
    flat = np.zeros_like(cover)
    if rng.random() < 0.2:
        height = _rise(disc, (0.22, 0.45), 1.0, rng)
        return Paint(rng.uniform(0.0, 0.25) * cover, rng.uniform(0.0, 0.15) * cover, height, 0.35, 20.0)
    centred = np.float32(0.75) + np.float32(0.35) * dome(disc.rho, 1.2)
    melanin = (rng.uniform(0.55, 1.5) + 0.3 * depth) * _mottled(cover, disc, 0.12) * centred
    blood = rng.uniform(0.0, 0.2) * cover
    if rng.random() < 0.5:
        return Paint(melanin, blood, flat, 0.0, 20.0)
    return Paint(melanin, blood, _rise(disc, (0.1, 0.3), 1.0, rng), rng.uniform(0.1, 0.5), rng.uniform(12, 30))
