"""The photographs that parameters are fitted and checked on, and who stands on which side."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.lesions import CLASSES, Split, read_split
from models.synthesis.folder import read_annotations, read_photo, rendered_side
from models.synthesis.kinds import CLASS_OF_KIND
from shared.imaging.image import RgbImage
from shared.vision.parameters import CROP_CLASSES, CropClass

FOLDS = 5


@dataclass(frozen=True, slots=True)
class CalibrationPhoto:
    """One validation photograph.

    `boxes` (M, 4) float32 x1, y1, x2, y2 in its pixels, `labels` (M,) indices into CROP_CLASSES, `tone` its group.
    """

    name: str
    image: RgbImage
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    tone: str

    @property
    def outlined(self) -> NDArray[np.float32]:
        """The boxes a detector should find: all but growths, which are never outlined."""
        return np.asarray(self.boxes[self.labels != CROP_CLASSES.index(CropClass.GROWTH)], np.float32)


def read_photographs(root: Path, split: Split = Split.VAL) -> list[CalibrationPhoto]:
    """Read one side of the boxed face photographs; fitting uses the validation side only.

    Raises:
        DataMissingError, DataCorruptError: the data set is not there or not as described.
    """
    index = np.array([CROP_CLASSES.index(CropClass(name.value)) for name in CLASSES])
    return [CalibrationPhoto(p.name, p.image, p.boxes, index[p.classes], p.tone.value) for p in read_split(root, split)]


def read_renderings(folder: Path) -> list[CalibrationPhoto]:
    """Read the renderings that no network was trained on.

    Raises:
        DataMissingError, DataCorruptError: the folder was not rendered to the end, or a picture is damaged.
    """
    photos = []
    for number, entry in enumerate(read_annotations(folder).photos):
        if rendered_side(number) is not Split.VAL:
            continue
        photo = read_photo(folder, entry)
        labels = [CROP_CLASSES.index(CropClass(CLASS_OF_KIND[kind])) for kind in photo.kinds]
        array = np.asarray(labels, np.int64)
        # A face is drawn on several times; all its pictures stand on one side.
        photos.append(CalibrationPhoto(entry.source, photo.image, photo.annotator_boxes, array, photo.tone.value))
    return photos


def is_for_fitting(name: str) -> bool:
    """Tell whether a photograph fits or checks, by the last bit of its name's SHA-256: half of them each."""
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def fold(name: str) -> int:
    """Return the fold, 0 to 4, of a photograph for fits that must not see their own cases."""
    return hashlib.sha256(name.encode()).digest()[0] % FOLDS


def halves(photos: Sequence[CalibrationPhoto]) -> tuple[list[CalibrationPhoto], list[CalibrationPhoto]]:
    """Return the photographs that fit and those that check, in their order."""
    fitting = [photo for photo in photos if is_for_fitting(photo.name)]
    checking = [photo for photo in photos if not is_for_fitting(photo.name)]
    return fitting, checking
