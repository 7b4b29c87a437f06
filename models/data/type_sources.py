"""Readers of the pictures that classifier crops are cut from, and of the exact crops they are measured on."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.face_places import FaceFinder
from models.data.lesions import CLASSES, Split, ToneGroup, read_split
from models.data.type_crops import CLEAR, LABEL, SIZE, TypePhoto, clear_box
from models.errors import DataCorruptError, DataMissingError
from models.synthesis.folder import RenderedPhoto, read_annotations, read_photo, rendered_side
from models.synthesis.kinds import CLASS_OF_KIND
from shared.imaging.crops import CONTEXT, square_crop
from shared.vision.parameters import CropClass

PAD_FOLDER = Path("images") / "pad_ufes20_masks"
# A growth's longer side in the scaled photograph, as moles lie in photographs of faces.
PAD_SIDE_PX = (10.0, 60.0)
PAD_COPIES = 4
# Where a crop would reach farther out than this, repeated edges would give the class away.
_MOST_OUTSIDE = 1.3


def read_photographs(root: Path, split: Split) -> list[TypePhoto]:
    """Read the boxed face photographs of one side (non-commercial).

    Raises:
        DataMissingError, DataCorruptError: the data set or the face detector is not as described.
    """
    finder = FaceFinder(root)
    label = np.array([LABEL[CropClass(name.value)] for name in CLASSES])
    return [
        TypePhoto(p.image, p.boxes.astype(np.float64), label[p.classes], finder.find(p.image), p.tone)
        for p in read_split(root, split)
    ]


def read_renderings(root: Path, folder: Path, split: Split, most: int) -> list[TypePhoto]:
    """Read up to `most` renderings; one in twenty is the validation side, none is the test side.

    Raises:
        DataMissingError, DataCorruptError: the folder or the face detector is not as described.
    """
    finder = FaceFinder(root)
    entries = read_annotations(folder).photos[:most]
    chosen = [entry for index, entry in enumerate(entries) if rendered_side(index) is split]
    return [_rendering(read_photo(folder, entry), finder) for entry in chosen]


def _rendering(photo: RenderedPhoto, finder: FaceFinder) -> TypePhoto:
    labels = np.array([LABEL[CropClass(CLASS_OF_KIND[kind])] for kind in photo.kinds], np.int64)
    return TypePhoto(
        photo.image, photo.annotator_boxes.astype(np.float64), labels, finder.find(photo.image), photo.tone
    )


def read_growths(root: Path, split: Split) -> list[TypePhoto]:
    """Read close-ups of growths, each in several scales at which a face's photograph would show it.

    Raises:
        DataMissingError: the data set is not there.
        DataCorruptError: a picture or mask cannot be read.
    """
    folder = root / PAD_FOLDER
    if not (folder / "split.csv").is_file():
        raise DataMissingError(f"no data set at {folder}: give its parent folder with --data-root")
    with (folder / "split.csv").open(encoding="utf-8", newline="") as handle:
        names = [row["image"] for row in csv.DictReader(handle) if row["split"] == split]
    found = []
    for number, name in enumerate(names):
        image = _read(folder / "images" / name, cv2.IMREAD_COLOR_RGB)
        mask = _read(folder / "masks" / f"{Path(name).stem}.png", cv2.IMREAD_GRAYSCALE)
        found.extend(growth_copies(image, mask > 127, np.random.default_rng((7, number))))
    return found


def growth_copies(image: NDArray[np.uint8], mask: NDArray[np.bool_], rng: np.random.Generator) -> list[TypePhoto]:
    """Return scaled-down copies of a close-up with the box of its mask; none when the growth fills it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return []
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
    side = float((box[2:] - box[:2]).max())
    if CONTEXT * side > _MOST_OUTSIDE * min(mask.shape):
        return []
    copies = []
    for _ in range(PAD_COPIES):
        scale = min(1.0, float(np.exp(rng.uniform(*np.log(PAD_SIDE_PX)))) / side)
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        label = np.array([LABEL[CropClass.GROWTH]], np.int64)
        copies.append(TypePhoto(small, box[None] * scale, label, None, None))
    return copies


def _read(path: Path, mode: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise DataMissingError(f"{path} is named by split.csv but absent: copy the data set again")
    image = cv2.imread(str(path), mode)
    if image is None:
        raise DataCorruptError(f"{path} is not a readable image: copy the data set again")
    return np.ascontiguousarray(image, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class TypeCrops:
    """Crops to measure on: images (N, 64, 64, 3) uint8 RGB, labels (N,), and each one's tone group."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    tones: tuple[ToneGroup | None, ...]

    def network_input(self) -> NDArray[np.float32]:
        """Return (N, 3, 64, 64) in 0..1."""
        return np.ascontiguousarray(self.images.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def exact_crops(photos: list[TypePhoto], clear_per_face: int = 2, seed: int = 0) -> TypeCrops:
    """Cut every labelled box as it stands, and as many clear places of both kinds from each face.

    `clear_per_face` places are drawn from the seed, plain and misleading in turn.
    """
    images, labels, tones = [], [], []
    for number, photo in enumerate(photos):
        rng = np.random.default_rng((seed, number))
        places = [(tuple(box), int(label)) for box, label in zip(photo.boxes, photo.labels, strict=True)]
        if photo.face is not None:
            clear = (clear_box(photo, misleading=bool(turn % 2), rng=rng) for turn in range(clear_per_face))
            places.extend((box, CLEAR) for box in clear)
        for box, label in places:
            images.append(square_crop(photo.image, box, CONTEXT, SIZE).image)
            labels.append(label)
            tones.append(photo.tone)
    stacked = np.stack(images) if images else np.zeros((0, SIZE, SIZE, 3), np.uint8)
    return TypeCrops(stacked, np.array(labels, np.int64), tuple(tones))


def read_real_crops(root: Path, split: Split) -> TypeCrops:
    """Return the exact crops of one side's real photographs: boxed faces and close-ups of growths.

    Raises:
        DataMissingError, DataCorruptError: a data set is not as described.
    """
    return exact_crops([*read_photographs(root, split), *read_growths(root, split)])
