"""All disturbances of a training picture in the order light meets them: skin, air, lens, sensor, file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.synthesis import camera, cover
from shared.imaging.image import RgbImage

Effect = Callable[[RgbImage, np.random.Generator], RgbImage]


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each effect is applied, 0 to 1."""

    foundation: float = 0.12
    blush: float = 0.12
    hair: float = 0.10
    shadow: float = 0.20
    perspective: float = 0.25
    cast: float = 0.60
    blur: float = 0.20
    phone: float = 0.25
    jpeg: float = 0.35


@dataclass(frozen=True, slots=True)
class AugmentSettings:
    """How often and how strongly a picture is disturbed."""

    shares: Shares = field(default_factory=Shares)
    foundation: cover.FoundationSettings = field(default_factory=cover.FoundationSettings)
    blush: cover.BlushSettings = field(default_factory=cover.BlushSettings)
    hair: cover.HairSettings = field(default_factory=cover.HairSettings)
    shadow: cover.ShadowSettings = field(default_factory=cover.ShadowSettings)
    perspective: camera.PerspectiveSettings = field(default_factory=camera.PerspectiveSettings)
    cast: camera.CastSettings = field(default_factory=camera.CastSettings)
    blur: camera.BlurSettings = field(default_factory=camera.BlurSettings)
    phone: camera.PhoneSettings = field(default_factory=camera.PhoneSettings)
    jpeg: camera.JpegSettings = field(default_factory=camera.JpegSettings)


@dataclass(frozen=True, slots=True)
class Augmented:
    """A disturbed picture of the same size, and its boxes (M, 4) float32 in the same order."""

    image: RgbImage
    boxes: NDArray[np.float32]


def augment(
    image: RgbImage, boxes: NDArray[np.float32], rng: np.random.Generator, settings: AugmentSettings
) -> Augmented:
    """Apply each effect with its share; a box moved out of the picture is left with no area."""
    shares = settings.shares
    image = _sometimes(image, rng, shares.foundation, partial(cover.foundation, settings=settings.foundation))
    image = _sometimes(image, rng, shares.blush, partial(cover.blush, settings=settings.blush))
    image = _sometimes(image, rng, shares.hair, partial(cover.hair_strands, settings=settings.hair))
    image = _sometimes(image, rng, shares.shadow, partial(cover.cast_shadow, settings=settings.shadow))
    boxes = boxes.reshape(-1, 4).astype(np.float32)
    if rng.random() < shares.perspective:
        warped = camera.perspective(image, rng, settings.perspective)
        image, boxes = warped.image, camera.move_boxes(boxes, warped.matrix, image.shape[:2])
    image = _sometimes(image, rng, shares.cast, partial(camera.colour_cast, settings=settings.cast))
    image = _sometimes(image, rng, shares.blur, partial(camera.blur, settings=settings.blur))
    image = _sometimes(image, rng, shares.phone, partial(camera.phone_noise, settings=settings.phone))
    image = _sometimes(image, rng, shares.jpeg, partial(camera.jpeg, settings=settings.jpeg))
    return Augmented(image, boxes)


def _sometimes(image: RgbImage, rng: np.random.Generator, share: float, effect: Effect) -> RgbImage:
    return effect(image, rng) if rng.random() < share else image
