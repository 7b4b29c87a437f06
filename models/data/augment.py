"""Training crops: zoom onto a small window at native sharpness, flip, and vary light and colour.

Lesions are about 14 px of a 512 px photograph. A crop of the enlarged face costs a fraction of the whole
face and holds most of its labelled pixels, and the fully convolutional detector is then run on whole faces.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.detection import BoxedPhoto


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How a training crop is drawn.

    `size` px square; enlargement is log-uniform in `zoom`; with `on_object` probability the crop holds a
    randomly chosen box; a box stays labelled when at least `min_visible` of its area is inside.
    """

    size: int
    zoom: tuple[float, float]
    on_object: float
    min_visible: float


@dataclass(frozen=True, slots=True)
class LightSettings:
    """How light and colour vary.

    Half-widths: `gain` and `cast` (per channel) in stops, `gamma` as log2, `saturation` relative. `blur` is
    the probability of a light blur.
    """

    gain: float
    cast: float
    gamma: float
    saturation: float
    blur: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One training crop: image (size, size, 3) uint8 RGB, boxes (M, 4) in its pixels."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]


def random_crop(photo: BoxedPhoto, settings: CropSettings, rng: np.random.Generator) -> Sample:
    """Draw one crop; parts outside the photograph are grey 114, as letterboxing pads."""
    zoom = float(np.exp(rng.uniform(*np.log(settings.zoom))))
    window = settings.size / zoom
    height, width = photo.image.shape[:2]
    if len(photo.boxes) and rng.random() < settings.on_object:
        x1, y1, x2, y2 = photo.boxes[rng.integers(len(photo.boxes))]
        left = (x1 + x2) / 2 - window * rng.uniform(0.1, 0.9)
        top = (y1 + y2) / 2 - window * rng.uniform(0.1, 0.9)
    else:
        left = rng.uniform(-0.1, 1.1) * max(width - window, 1.0)
        top = rng.uniform(-0.1, 1.1) * max(height - window, 1.0)
    # Pixel centres sit at half coordinates; the shift keeps boxes and image aligned to the sub-pixel.
    shift_x, shift_y = (0.5 - left) * zoom - 0.5, (0.5 - top) * zoom - 0.5
    matrix = np.array([[zoom, 0, shift_x], [0, zoom, shift_y]], np.float64)
    image = cv2.warpAffine(
        photo.image,
        matrix,
        (settings.size, settings.size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(114, 114, 114),
    )
    boxes = (photo.boxes - np.array([left, top, left, top], np.float32)) * np.float32(zoom)
    return Sample(np.asarray(image, np.uint8), _visible(boxes, settings))


def _visible(boxes: NDArray[np.float32], settings: CropSettings) -> NDArray[np.float32]:
    """Clip boxes to the crop and keep those of which enough is left."""
    clipped = boxes.clip(0, settings.size)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    seen = (clipped[:, 2:] - clipped[:, :2]).prod(axis=1)
    keep = seen >= settings.min_visible * np.maximum(area, 1e-6)
    kept: NDArray[np.float32] = clipped[keep].astype(np.float32)
    return kept


def flip(sample: Sample) -> Sample:
    """Mirror left and right."""
    size = sample.image.shape[1]
    boxes = sample.boxes.copy()
    boxes[:, [0, 2]] = size - sample.boxes[:, [2, 0]]
    return Sample(np.ascontiguousarray(sample.image[:, ::-1]), boxes)


def vary_light(image: NDArray[np.uint8], settings: LightSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change exposure, white balance, gamma and saturation, and sometimes blur, within the settings."""
    x = image.astype(np.float32) / 255
    gain = rng.uniform(-settings.gain, settings.gain) + rng.uniform(-settings.cast, settings.cast, 3)
    x = (x * np.exp2(gain).astype(np.float32)).clip(0, 1)
    x = np.power(x, np.float32(2 ** rng.uniform(-settings.gamma, settings.gamma)))
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * np.float32(1 + rng.uniform(-settings.saturation, settings.saturation))
    if rng.random() < settings.blur:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.4, 1.2))), np.float32)
    return np.asarray((x * 255).clip(0, 255), np.uint8)


def draw(photo: BoxedPhoto, crop: CropSettings, light: LightSettings, rng: np.random.Generator) -> Sample:
    """Return one augmented training sample."""
    sample = random_crop(photo, crop, rng)
    if rng.random() < 0.5:
        sample = flip(sample)
    return Sample(vary_light(sample.image, light, rng), sample.boxes)
