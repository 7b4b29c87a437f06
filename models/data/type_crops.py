"""Crops of 64 px with the class of what they show, drawn as a detector would hand them over.

At run time boxes come from a detector, so training moves and resizes them; what a detector takes for something,
such as a nostril, is taught as clear, and so is plain skin. On real photographs plain skin is taught with doubt,
because their labels are incomplete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.augment import LightSettings, vary_light
from models.data.face_places import FacePlaces
from models.data.lesions import ToneGroup
from shared.imaging.crops import CONTEXT, square_crop
from shared.imaging.image import RgbImage
from shared.vision.parameters import CROP_CLASSES, CropClass

SIZE = 64
LABEL: Mapping[CropClass, int] = {name: index for index, name in enumerate(CROP_CLASSES)}
CLEAR = LABEL[CropClass.CLEAR]
# Longer side of a box as a share of the face's width: the labelled boxes' median and spread of the logarithm.
_BOX_SHARE, _BOX_SPREAD = 0.055, 0.4
_SMALLEST_BOX_PX = 6.0
_TRIES = 20

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TypePhoto:
    """One picture to cut from.

    Attributes:
        image: (H, W, 3) RGB.
        boxes: (M, 4) x1, y1, x2, y2 of what it shows, in its pixels.
        labels: (M,) indices into CROP_CLASSES.
        face: where nothing lies, None when it shows no whole face.
        tone: group for audits; None when unknown.
    """

    image: RgbImage
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    face: FacePlaces | None
    tone: ToneGroup | None


@dataclass(frozen=True, slots=True)
class JitterSettings:
    """How boxes are off: half-widths of the centre in box lengths and of the logarithm of the size.

    `misleading` is the share of clear crops from places a detector takes for something.
    """

    centre: float
    size: float
    misleading: float


@dataclass(frozen=True, slots=True)
class RoughSettings:
    """How a camera spoils a crop: largest noise SD in grey levels, share and lowest quality of JPEG."""

    noise: float
    jpeg: float
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class TypeSample:
    """A crop (64, 64, 3), its class, and whether that class is in doubt: clear where labels are incomplete."""

    image: RgbImage
    label: int
    doubtful: bool


@dataclass(frozen=True, slots=True)
class TypeSource:
    """Pictures of one origin, indexed by what they show.

    With `labels_incomplete`, plain skin may hold something that nobody labelled.
    """

    photos: Sequence[TypePhoto]
    labels_incomplete: bool = False
    _places: dict[int, NDArray[np.int64]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index every box, (photo, box) pairs by label; faces stand under clear."""
        pairs: dict[int, list[tuple[int, int]]] = {}
        for number, photo in enumerate(self.photos):
            for row, label in enumerate(photo.labels):
                pairs.setdefault(int(label), []).append((number, row))
            if photo.face is not None:
                pairs.setdefault(CLEAR, []).append((number, -1))
        self._places.update({label: np.array(found, np.int64) for label, found in pairs.items()})

    def count(self, label: int) -> int:
        """Return how many places of a class there are; for clear, how many faces."""
        return len(self._places.get(label, ()))

    def draw(self, label: int, jitter: JitterSettings, rng: np.random.Generator) -> TypeSample:
        """Return one crop of a class, its box off by as much as a detector's, turned and mirrored at random.

        Raises:
            KeyError: the source shows no such class.
        """
        places = self._places[label]
        number, row = places[int(rng.integers(len(places)))]
        photo = self.photos[int(number)]
        doubtful = False
        if label == CLEAR:
            misleading = bool(rng.random() < jitter.misleading)
            box = clear_box(photo, misleading=misleading, rng=rng)
            doubtful = self.labels_incomplete and not misleading
        else:
            box = jittered(photo.boxes[int(row)], jitter, rng)
        image = square_crop(photo.image, box, CONTEXT, SIZE).image
        return TypeSample(turned(image, rng), label, doubtful)


def jittered(box: NDArray[np.float64], settings: JitterSettings, rng: np.random.Generator) -> Box:
    """Move and resize a box within the settings."""
    x1, y1, x2, y2 = (float(v) for v in box)
    side = max(x2 - x1, y2 - y1)
    cx, cy = (x1 + x2) / 2 + side * rng.uniform(-1, 1) * settings.centre, (y1 + y2) / 2
    cy += side * rng.uniform(-1, 1) * settings.centre
    scale = float(np.exp(rng.uniform(-settings.size, settings.size)))
    half_w, half_h = (x2 - x1) / 2 * scale, (y2 - y1) / 2 * scale
    return cx - half_w, cy - half_h, cx + half_w, cy + half_h


def clear_box(photo: TypePhoto, *, misleading: bool, rng: np.random.Generator) -> Box:
    """Return a box where nothing is labelled, as large as labelled ones are.

    Its surroundings touch no labelled box where a few tries find such a place.

    Raises:
        ValueError: the picture has no face to look on.
    """
    if photo.face is None:
        raise ValueError("clear places are drawn on faces only")
    height, width = photo.image.shape[:2]
    box: Box = (0.0, 0.0, 0.0, 0.0)
    for _ in range(_TRIES):
        side = max(_SMALLEST_BOX_PX, photo.face.width_px * _BOX_SHARE * float(np.exp(rng.normal(0, _BOX_SPREAD))))
        x, y = photo.face.misleading(rng) if misleading else photo.face.plain(rng)
        x, y = float(np.clip(x, side / 2, width - side / 2)), float(np.clip(y, side / 2, height - side / 2))
        box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        if not _meets(photo.boxes, box, margin=side / 2):
            break
    return box


def _meets(boxes: NDArray[np.float64], box: Box, margin: float) -> bool:
    """Whether a box, wider by a margin on all sides, overlaps any other."""
    x1, y1, x2, y2 = box
    across = (boxes[:, 0] < x2 + margin) & (boxes[:, 2] > x1 - margin)
    return bool((across & (boxes[:, 1] < y2 + margin) & (boxes[:, 3] > y1 - margin)).any())


def turned(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Return one of the eight quarter turns and mirrorings; skin has no upright."""
    result = np.rot90(image, int(rng.integers(4)))
    return np.ascontiguousarray(result[:, ::-1] if rng.random() < 0.5 else result)


def roughened(image: RgbImage, settings: RoughSettings, rng: np.random.Generator) -> RgbImage:
    """Add a sensor's noise and sometimes a JPEG's blocks."""
    noise = rng.normal(0, rng.uniform(0, settings.noise), image.shape)
    result = np.asarray((image + noise).round().clip(0, 255), np.uint8)
    if rng.random() < settings.jpeg:
        quality = int(rng.integers(settings.jpeg_quality, 96))
        _, data = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, quality])
        result = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
    return result


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a step's crops are: shares of the classes, and shares of the sources by name."""

    classes: NDArray[np.float64]
    sources: Mapping[str, float]


def draw_batch(
    sources: Mapping[str, TypeSource],
    mixture: Mixture,
    settings: tuple[JitterSettings, LightSettings, RoughSettings],
    count: int,
    rng: np.random.Generator,
) -> list[TypeSample]:
    """Return `count` augmented crops: a class by its share, then a source that shows it by its share."""
    jitter, light, rough = settings
    samples = []
    for label in rng.choice(len(mixture.classes), count, p=mixture.classes / mixture.classes.sum()):
        names = [name for name, share in mixture.sources.items() if share > 0 and sources[name].count(int(label))]
        shares = np.array([mixture.sources[name] for name in names])
        source = sources[names[int(rng.choice(len(names), p=shares / shares.sum()))]]
        sample = source.draw(int(label), jitter, rng)
        image = roughened(vary_light(sample.image, light, rng), rough, rng)
        samples.append(TypeSample(image, sample.label, sample.doubtful))
    return samples


def soft_targets(samples: Sequence[TypeSample], smoothing: float, doubt: float) -> NDArray[np.float32]:
    """Return (N, 5) target probabilities: evenly smoothed; of doubtful ones a share goes to blemish and spot."""
    classes = len(CROP_CLASSES)
    hot = np.eye(classes, dtype=np.float32)[[sample.label for sample in samples]]
    share = doubt * np.array([sample.doubtful for sample in samples], np.float32)[:, None]
    instead = np.zeros((1, classes), np.float32)
    instead[0, [LABEL[CropClass.BLEMISH], LABEL[CropClass.SPOT]]] = 0.5
    target = (1 - share) * hot + share * instead
    return np.asarray((1 - smoothing) * target + smoothing / classes, np.float32)
