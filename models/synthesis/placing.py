"""Choose how many lesions a face gets, how large, and where: plausible zones, clusters, never off the skin."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.synthesis.kinds import LesionKind
from models.synthesis.optics import Plane
from models.synthesis.settings import FACE_MM, Profile, RenderSettings, SizeRange
from models.synthesis.shape import Spot
from models.synthesis.skin import Skin

# Each kind's favoured places in the face's frame: (x, y, spread, weight); x is mirrored.
_Zone = tuple[float, float, float, float]
_FOREHEAD: _Zone = (0.25, -0.68, 0.22, 1.0)
_CHEEK: _Zone = (0.55, 0.25, 0.24, 1.0)
_JAW: _Zone = (0.50, 0.62, 0.18, 1.0)
_CHIN: _Zone = (0.10, 0.85, 0.16, 1.0)
_NOSE: _Zone = (0.06, 0.05, 0.14, 1.0)


def _weighted(zone: _Zone, weight: float) -> _Zone:
    return (*zone[:3], weight)


_ZONES: dict[LesionKind, tuple[_Zone, ...]] = {
    LesionKind.PAPULE: (_FOREHEAD, _CHEEK, _JAW, _weighted(_CHIN, 0.8), _weighted(_NOSE, 0.3)),
    LesionKind.PUSTULE: (_weighted(_FOREHEAD, 0.7), _CHEEK, _JAW, _CHIN, _weighted(_NOSE, 0.4)),
    LesionKind.COMEDONE: (_FOREHEAD, _weighted(_CHEEK, 0.4), _weighted(_CHIN, 0.8), _NOSE),
    LesionKind.POST_INFLAMMATORY: (_weighted(_FOREHEAD, 0.6), _weighted(_CHEEK, 1.5), _JAW, _weighted(_CHIN, 0.5)),
    LesionKind.FRECKLE: (_weighted(_FOREHEAD, 0.5), _weighted(_CHEEK, 1.6), _weighted(_NOSE, 0.9)),
    LesionKind.GROWTH: (),
}
_ANYWHERE = 0.12
_CANDIDATES = 3000


@dataclass(frozen=True, slots=True)
class Planned:
    """One lesion to draw; whether it is drawn depends on what stands there already."""

    kind: LesionKind
    spot: Spot


def plan(skin: Skin, settings: RenderSettings, rng: np.random.Generator) -> list[Planned]:
    """Return the lesions of one face, large ones first so that small ones fill the gaps."""
    field = _Field.over(skin, rng)
    profile = _choose(settings.profiles, rng)
    if field is None or not profile.means:
        return []
    planned: list[Planned] = []
    for kind, mean in profile.means.items():
        number = _number(mean, rng)
        centres = field.draw(kind, max(1, number // 5), rng)
        for _ in range(number):
            radius = _radius(settings.sizes[kind], skin.frame.width_px, rng)
            near = centres[rng.integers(len(centres))] if rng.random() < profile.clustered else None
            spot = field.place(kind, radius, near, rng)
            if spot is not None:
                planned.append(Planned(kind, spot))
    order = rng.permutation(len(planned))[: settings.most]
    return sorted((planned[i] for i in order), key=lambda item: -item.spot.radius)


def _choose(profiles: tuple[Profile, ...], rng: np.random.Generator) -> Profile:
    weights = np.array([profile.weight for profile in profiles])
    return profiles[int(rng.choice(len(profiles), p=weights / weights.sum()))]


def _number(mean: float, rng: np.random.Generator) -> int:
    """Return a number with more spread than a Poisson draw: faces differ more than chance alone."""
    return int(rng.poisson(mean * rng.gamma(2.0, 0.5)))


def _radius(size: SizeRange, face_px: float, rng: np.random.Generator) -> float:
    """Return a radius in pixels."""
    millimetres = float(np.clip(size.median_mm * np.exp(rng.normal(0, size.spread)), size.low_mm, size.high_mm))
    return millimetres * face_px / FACE_MM / 2


@dataclass(frozen=True, slots=True)
class _Field:
    """Candidate places on the skin: pixels, their frame coordinates, and the room around each in pixels."""

    pixels: Plane
    frame: Plane
    room: Plane
    unit: float

    @classmethod
    def over(cls, skin: Skin, rng: np.random.Generator) -> "_Field | None":
        """Return a random sample of the skin's pixels, or None when there is too little skin."""
        room = cv2.distanceTransform(skin.mask.astype(np.uint8), cv2.DIST_L2, 3)
        rows, columns = np.nonzero(room > 2)
        if rows.size < 200:
            return None
        chosen = rng.integers(0, rows.size, _CANDIDATES)
        y, x = rows[chosen].astype(np.float32), columns[chosen].astype(np.float32)
        frame = np.stack(skin.frame.to_frame(x, y), axis=1)
        return cls(np.stack([x, y], axis=1), frame, room[rows[chosen], columns[chosen]], skin.frame.half_width)

    def weights(self, kind: LesionKind) -> Plane:
        """Return how much a kind favours each candidate."""
        total = np.full(len(self.pixels), _ANYWHERE if _ZONES[kind] else 1.0, np.float32)
        for x, y, spread, weight in _ZONES[kind]:
            distance = (np.abs(self.frame[:, 0]) - np.float32(x)) ** 2 + (self.frame[:, 1] - np.float32(y)) ** 2
            total += np.float32(weight) * np.exp(-distance / np.float32(2 * spread**2))
        return total

    def draw(self, kind: LesionKind, count: int, rng: np.random.Generator) -> Plane:
        """Return `count` cluster centres (count, 2) in pixels."""
        weights = self.weights(kind)
        return np.asarray(self.pixels[_pick(weights, count, rng)])

    def place(self, kind: LesionKind, radius: float, near: Plane | None, rng: np.random.Generator) -> Spot | None:
        """Return a place whose disc lies on the skin, near a cluster's centre if one is given."""
        weights = self.weights(kind) * (self.room > 1.05 * radius)
        if near is not None:
            distance = ((self.pixels - near) ** 2).sum(axis=1)
            weights = weights * np.exp(-distance / np.float32(2 * (0.28 * self.unit) ** 2))
        if float(weights.sum()) < 1e-6:
            return None
        x, y = self.pixels[_pick(weights, 1, rng)[0]] + rng.uniform(-0.5, 0.5, 2)
        return Spot(float(x), float(y), radius)


def _pick(weights: Plane, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return random indices in proportion to the weights."""
    edges = np.cumsum(weights, dtype=np.float64)
    return np.searchsorted(edges, rng.uniform(0, edges[-1], count)).clip(0, len(weights) - 1)
