"""Training crops of outlined features: turned, mirrored, moved and scaled, then lit and worn like photographs."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.augment import LightSettings, vary_light
from models.data.masks import OutlinedPhoto
from shared.imaging.crops import MIN_SIDE_PX
from shared.imaging.image import RgbImage
from shared.imaging.letterbox import PAD_VALUE
from shared.imaging.shrink import half

_COARSEST_SIDE = 96


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """How a training crop lies on its photograph.

    `size` px square; the crop's side is `context` times the box's longer side; its centre moves by up to
    `shift` of the box's longer side; width and height are stretched apart by up to `stretch`; with probability
    `whole` it is the whole picture instead, padded with grey.
    """

    size: int
    context: tuple[float, float]
    shift: float
    stretch: float
    whole: float


@dataclass(frozen=True, slots=True)
class WearSettings:
    """What the camera loses.

    `coarse` is the probability that a crop is first shrunk to between `coarsest` px and its size, as small
    features are enlarged in the product; `jpeg` the probability of compression at quality 40 to 95; `noise` the
    largest standard deviation of the sensor's noise, in code values.
    """

    coarse: float
    coarsest: int
    jpeg: float
    noise: float


@dataclass(frozen=True, slots=True)
class Layers:
    """A photograph and its mask, halved again and again, so that strong shrinking does not alias."""

    photo: OutlinedPhoto
    images: tuple[RgbImage, ...]
    masks: tuple[NDArray[np.uint8], ...]

    @classmethod
    def of(cls, photo: OutlinedPhoto) -> "Layers":
        """Return the layers of one photograph; masks hold 0 to 255, the share of the feature."""
        images, masks = [photo.image], [photo.mask * np.uint8(255)]
        while max(images[-1].shape[:2]) > _COARSEST_SIDE:
            # Pixels (2i, 2i + 1) become pixel i, whose centre is then known exactly.
            images.append(half(images[-1]))
            masks.append(half(masks[-1]))
        return cls(photo, tuple(images), tuple(masks))


def place(layers: Layers, settings: PlaceSettings, rng: np.random.Generator) -> tuple[RgbImage, NDArray[np.uint8]]:
    """Draw one crop: image (S, S, 3) and the feature's share of each pixel (S, S) in 0..255.

    Outside the photograph a crop around a feature repeats the edge, as the product does, and a whole picture is
    padded with grey; neither is the feature, even where a feature reaches the edge.
    """
    height, width = layers.photo.mask.shape
    x1, y1, x2, y2 = layers.photo.box
    whole = rng.random() < settings.whole
    longer = max(height, width) if whole else max(x2 - x1, y2 - y1)
    context = rng.uniform(0.95, 1.3) if whole else float(np.exp(rng.uniform(*np.log(settings.context))))
    side = max(MIN_SIDE_PX, context * longer)
    middle = np.array([width, height]) / 2 if whole else np.array([x1 + x2, y1 + y2]) / 2
    middle = middle + rng.uniform(-settings.shift, settings.shift, 2) * longer
    to_photo = _to_photo(side / settings.size, middle, settings, rng)
    level = min(int(np.log2(max(side / settings.size, 1.0)) + 0.5), len(layers.images) - 1)
    scaled = to_photo / 2**level
    # cv2 counts from pixel centres, this file from pixel corners.
    scaled[:, 2] += scaled[:, :2].sum(axis=1) / 2 - 0.5
    edge = cv2.BORDER_CONSTANT if whole else cv2.BORDER_REPLICATE
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    target = (settings.size, settings.size)
    image = cv2.warpAffine(
        layers.images[level], scaled, target, flags=flags, borderMode=edge, borderValue=(PAD_VALUE,) * 3
    )
    mask = cv2.warpAffine(layers.masks[level], scaled, target, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(image, np.uint8), np.asarray(mask, np.uint8)


def _to_photo(
    pixel: float, middle: NDArray[np.float64], settings: PlaceSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the 2x3 map from crop corners' coordinates to the photograph's, `pixel` photograph pixels each."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    apart = np.exp(rng.uniform(-settings.stretch, settings.stretch) / 2)
    mirror = 1 if rng.random() < 0.5 else -1
    linear = turn @ np.diag([pixel * apart * mirror, pixel / apart])
    centre = np.full(2, settings.size / 2)
    return np.column_stack([linear, middle - linear @ centre])


def wear(image: RgbImage, settings: WearSettings, rng: np.random.Generator) -> RgbImage:
    """Lose sharpness, add the sensor's noise, compress."""
    size = image.shape[0]
    if rng.random() < settings.coarse:
        fewer = round(float(np.exp(rng.uniform(np.log(settings.coarsest), np.log(size)))))
        small = cv2.resize(image, (fewer, fewer), interpolation=cv2.INTER_AREA)
        small = _noisy(np.asarray(small, np.uint8), settings, rng)
        image = np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
    else:
        image = _noisy(image, settings, rng)
    if rng.random() < settings.jpeg:
        quality = int(rng.integers(40, 96))
        _, packed = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), np.uint8)
    return image


def _noisy(image: RgbImage, settings: WearSettings, rng: np.random.Generator) -> RgbImage:
    deviation = rng.uniform(0, settings.noise)
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(deviation)
    return np.asarray((image + grain).clip(0, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How training crops are drawn: where, in what light, with what losses."""

    place: PlaceSettings
    light: LightSettings
    wear: WearSettings

    def draw(self, layers: Layers, rng: np.random.Generator) -> tuple[RgbImage, NDArray[np.uint8]]:
        """Return one augmented crop (S, S, 3) and the feature's share of each pixel (S, S) in 0..255."""
        image, mask = place(layers, self.place, rng)
        return wear(vary_light(image, self.light, rng), self.wear, rng), mask


@dataclass(frozen=True, slots=True)
class WeightedSources:
    """Groups of photographs, each drawn from with its share; the shares add up to 1."""

    groups: tuple[Sequence[Layers], ...]
    shares: tuple[float, ...]

    def pick(self, count: int, rng: np.random.Generator) -> list[Layers]:
        """Return `count` photographs, drawn with replacement."""
        chosen = rng.choice(len(self.groups), size=count, p=self.shares)
        return [self.groups[group][int(rng.integers(len(self.groups[group])))] for group in chosen]
