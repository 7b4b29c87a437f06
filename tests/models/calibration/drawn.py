"""Photographs for the drawn graphs of `tests.support.test_bundle`: patches of pure colour, some of them labelled."""

from collections.abc import Mapping

import numpy as np

from models.calibration.photographs import CalibrationPhoto
from models.calibration.sources import Sources
from models.data.masks import MaskSource, OutlinedPhoto
from shared.imaging.crops import crop_batch, network_input
from shared.vision.parameters import CROP_CLASSES, CropClass
from tests.support.test_bundle import COLOURS, ODD

SIDE = 192
# How often a patch of each colour is labelled, as the class of its colour.
LABELLED: Mapping[CropClass, float] = {CropClass.BLEMISH: 1.0, CropClass.PUSTULE: 0.7, CropClass.SPOT: 0.4}
DRAWN_COLOURS = (*(COLOURS[name] for name in LABELLED), ODD)
TONES = ("light_medium", "brown", "deep")


def grainy(colour: tuple[int, int, int], size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A colour with its own slight cast and grain."""
    cast, grain = rng.integers(-5, 6, 3), rng.integers(-4, 5, (*size, 3))
    return (np.array(colour) + cast + grain).clip(0, 255).astype(np.uint8)


def skin(rng: np.random.Generator) -> np.ndarray:
    return grainy((205, 165, 145), (SIDE, SIDE), rng)


def draw_photo(number: int, odd: bool = False) -> CalibrationPhoto:
    """A patch of each labelled colour, each in its own column at a random height; also an odd one if asked."""
    rng = np.random.default_rng(number)
    image, boxes, labels = skin(rng), [], []
    for column, name in enumerate(LABELLED):
        top = int(rng.integers(4, SIDE - 30))
        left = 10 + 46 * column
        image[top : top + 20, left : left + 20] = grainy(COLOURS[name], (20, 20), rng)
        if rng.random() < LABELLED[name]:
            boxes.append((left, top, left + 20, top + 20))
            labels.append(CROP_CLASSES.index(name))
    if odd:
        image[80:100, 160:180] = grainy(ODD, (20, 20), rng)
    array = np.asarray(boxes, np.float32).reshape(-1, 4)
    return CalibrationPhoto(f"drawn_{number}.png", image, array, np.asarray(labels, np.int64), TONES[number % 3])


def draw_outlined(number: int) -> OutlinedPhoto:
    """A red disc, outlined exactly."""
    image = skin(np.random.default_rng(number))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    mask = ((y - 90) ** 2 + (x - 100) ** 2 <= (20 + number) ** 2).astype(np.uint8)
    image[mask > 0] = COLOURS[CropClass.BLEMISH]
    reach = 20 + number
    box = (100.0 - reach, 90.0 - reach, 101.0 + reach, 91.0 + reach)
    return OutlinedPhoto(f"outlined_{number}.png", MaskSource.PAD, image, mask, box)


def drawn_sources(photos: int = 84) -> Sources:
    """Validation photographs, reference crops of every colour, and outlined discs."""
    crops, labels = [], []
    for number in range(40):
        photo = draw_photo(10_000 + number)
        found = crop_batch(photo.image, photo.boxes.tolist(), 64)
        crops.append(network_input(found, 64))
        labels.append(photo.labels)
    return Sources(
        [draw_photo(number, odd=number % 10 == 0) for number in range(photos)],
        np.concatenate(crops),
        np.concatenate(labels),
        [draw_outlined(number) for number in range(12)],
        "drawn patches",
        "none",
    )
