"""Readers of outlined features: dermoscopy and phone close-ups with masks, and rendered lesions on faces."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.lesions import Split
from models.errors import DataCorruptError, DataMissingError
from models.synthesis.folder import RenderedPhoto, read_side
from shared.imaging.image import RgbImage

# A cut-out is this many times as wide as its lesion, so that any turned training crop lies within it.
CUTOUT_CONTEXT = 4.8
# Islands smaller than this share of the largest one are slips of the hand and do not widen the box.
_ISLAND_SHARE = 0.05


class MaskSource(StrEnum):
    """Where outlined features come from."""

    ISIC = "isic"
    PAD = "pad"
    RENDERED = "rendered"


FOLDERS = {
    MaskSource.ISIC: Path("images") / "isic2016_masks",
    MaskSource.PAD: Path("images") / "pad_ufes20_masks",
}


@dataclass(frozen=True, slots=True)
class OutlinedPhoto:
    """One feature and its outline.

    Attributes:
        name: file name in its data set.
        source: which data set.
        image: (H, W, 3) RGB photograph, or a generous cut-out of one.
        mask: (H, W) 1 on the feature, 0 elsewhere.
        box: x1, y1, x2, y2 around the feature, in pixels of `image`.
    """

    name: str
    source: MaskSource
    image: RgbImage
    mask: NDArray[np.uint8]
    box: tuple[float, float, float, float]


def read_outlined(root: Path, source: MaskSource, split: Split) -> list[OutlinedPhoto]:
    """Read all photographs of one side of a labelled data set, in the order of its `split.csv`.

    Raises:
        DataMissingError: the folder or a file in it is absent.
        DataCorruptError: a picture cannot be read, or a mask is empty or of another size than its photograph.
    """
    folder = root / FOLDERS[source]
    table = folder / "split.csv"
    if not table.is_file():
        message = f"no data set at {folder}: give its parent folder with --data-root"
        raise DataMissingError(message)
    with table.open(encoding="utf-8", newline="") as handle:
        names = [row["image"] for row in csv.DictReader(handle) if row["split"] == split]
    return [_read_pair(folder, name, source) for name in names]


def read_rendered_lesions(folder: Path, split: Split) -> list[OutlinedPhoto]:
    """Read the lesions of rendered photographs, each as a cut-out with its own outline only.

    Raises:
        DataMissingError: the folder was not rendered to the end.
        DataCorruptError: a picture and its label disagree.
        ValueError: `split` is test; there are no rendered test pictures.
    """
    if split is Split.TEST:
        raise ValueError("renderings are for training and choosing only")
    return [lesion for photo in read_side(folder, split) for lesion in _cut_out(photo)]


def mask_box(mask: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """Return the box around a mask's islands, leaving out tiny ones.

    Raises:
        ValueError: the mask is empty.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        raise ValueError("the mask is empty")
    islands = stats[1:]
    kept = islands[islands[:, cv2.CC_STAT_AREA] >= _ISLAND_SHARE * islands[:, cv2.CC_STAT_AREA].max()]
    left, top, width, height = (kept[:, column] for column in range(4))
    return float(left.min()), float(top.min()), float((left + width).max()), float((top + height).max())


def _read_pair(folder: Path, name: str, source: MaskSource) -> OutlinedPhoto:
    """Read one photograph and its mask."""
    image = _read(folder / "images" / name, cv2.IMREAD_COLOR_RGB)
    path = folder / "masks" / f"{Path(name).stem}.png"
    mask = (_read(path, cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    if mask.shape != image.shape[:2] or not mask.any():
        message = f"{path} is empty or of another size than its photograph: copy the data set again"
        raise DataCorruptError(message)
    return OutlinedPhoto(name, source, image, mask, mask_box(mask))


def _read(path: Path, mode: int) -> NDArray[np.uint8]:
    """Read one picture."""
    if not path.is_file():
        message = f"{path} is named by split.csv but absent: copy the data set again"
        raise DataMissingError(message)
    picture = cv2.imread(str(path), mode)
    if picture is None:
        message = f"{path} is not a readable image: copy the data set again"
        raise DataCorruptError(message)
    return np.ascontiguousarray(picture, dtype=np.uint8)


def _cut_out(photo: RenderedPhoto) -> Iterator[OutlinedPhoto]:
    """Yield each lesion with its surroundings, as far as the photograph reaches."""
    height, width = photo.image.shape[:2]
    for number, (box, lesion) in enumerate(zip(photo.boxes.astype(int), photo.masks, strict=True)):
        x1, y1, x2, y2 = (int(value) for value in box)
        half = round(CUTOUT_CONTEXT / 2 * max(x2 - x1, y2 - y1))
        left, top = max(0, (x1 + x2) // 2 - half), max(0, (y1 + y2) // 2 - half)
        right, bottom = min(width, (x1 + x2) // 2 + half), min(height, (y1 + y2) // 2 + half)
        mask = np.zeros((bottom - top, right - left), np.uint8)
        mask[y1 - top : y2 - top, x1 - left : x2 - left] = lesion
        image = np.ascontiguousarray(photo.image[top:bottom, left:right])
        within = (float(x1 - left), float(y1 - top), float(x2 - left), float(y2 - top))
        yield OutlinedPhoto(f"{photo.name}#{number}", MaskSource.RENDERED, image, mask, within)
