"""Reader of the boxed face photographs, by the data set's own split and in this project's words."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import DataCorruptError, DataMissingError
from shared.vocabulary import FindingType

FOLDER = Path("images") / "ffhq_acne_spots"
DEFAULT_ROOT = Path("..") / "shared" / "data"

# The data set's words name causes; the product names what is visible.
SOURCE_CLASSES: dict[str, FindingType] = {
    "acne": FindingType.BLEMISH,
    "pimple": FindingType.PUSTULE,
    "spot": FindingType.SPOT,
}
CLASSES: tuple[FindingType, ...] = (FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT)


class Split(StrEnum):
    """The three sides of the data; near-duplicates never stand on two of them."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class ToneGroup(StrEnum):
    """One viewer's coarse reading of a photograph's skin tone; for audits, never for an individual."""

    LIGHT_MEDIUM = "light_medium"
    BROWN = "brown"
    DEEP = "deep"


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photograph: boxes (M, 4) float32 as x1, y1, x2, y2 in its pixels; classes (M,) index CLASSES."""

    name: str
    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    tone: ToneGroup


def read_split(root: Path, split: Split) -> list[LabelledPhoto]:
    """Read all photographs of one side, in the order of `split.csv`, as RGB.

    Raises:
        DataMissingError: the folder or a file in it is absent.
        DataCorruptError: a label line or an image cannot be read.
    """
    folder = root / FOLDER
    table = folder / "split.csv"
    if not table.is_file():
        message = f"no data set at {folder}: give its parent folder with --data-root"
        raise DataMissingError(message)
    order = (folder / "classes.txt").read_text(encoding="utf-8").split()
    with table.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == split]
    return [_read_photo(folder, row["image"], ToneGroup(row["tone_visual"]), order) for row in rows]


def _read_photo(folder: Path, name: str, tone: ToneGroup, order: list[str]) -> LabelledPhoto:
    """Read one image and its boxes."""
    path = folder / "images" / name
    if not path.is_file():
        message = f"{path} is named by split.csv but absent: copy the data set again"
        raise DataMissingError(message)
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        message = f"{path} is not a readable image: copy the data set again"
        raise DataCorruptError(message)
    height, width = image.shape[:2]
    label = folder / "labels" / f"{path.stem}.txt"
    boxes, classes = parse_labels(label.read_text(encoding="utf-8"), order, width, height)
    return LabelledPhoto(name, np.ascontiguousarray(image, dtype=np.uint8), boxes, classes, tone)


def parse_labels(text: str, order: list[str], width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Parse lines of `class cx cy w h` (fractions of the image) into pixel corners and class indices.

    Raises:
        DataCorruptError: a line has other than five numbers, or an unknown class.
    """
    boxes: list[tuple[float, float, float, float]] = []
    classes: list[int] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            index, cx, cy, w, h = (float(part) for part in line.split())
            classes.append(CLASSES.index(SOURCE_CLASSES[order[int(index)]]))
        except (ValueError, IndexError, KeyError) as error:
            message = f"label line {line!r} is not 'class cx cy w h' of a known class"
            raise DataCorruptError(message) from error
        boxes.append(((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height))
    return np.asarray(boxes, np.float32).reshape(-1, 4), np.asarray(classes, np.int64)
