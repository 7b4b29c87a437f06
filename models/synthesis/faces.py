"""The permissive faces lesions are drawn on."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.lesions import Split, ToneGroup
from models.errors import DataCorruptError, DataMissingError
from models.synthesis.skin import Points, find_skin, frame_of
from shared.imaging.image import RgbImage

FOLDERS = ("sfhq_t2i_faces", "us_official_portraits")
DETECTOR = Path("weights") / "yunet" / "yunet_n_dynamic.onnx"

# Faces behind dark glasses, found by eye: skin mirrored in a lens passes for skin.
_DARK_GLASSES = frozenset(
    {"ethnicityxage2_r3c9.jpg", "ethnicityxage2_r3c2.jpg", "agexethnicityxsex2_r4c9.jpg", "agexethnicityxsex1_r5c9.jpg"}
)
_SMALLEST_FACE_PX = 95.0
_SURE = 0.75


@dataclass(frozen=True, slots=True)
class SourceFace:
    """One face of the source sets: its picture, box (x, y, w, h), five points and coarse tone."""

    name: str
    image: RgbImage
    box: NDArray[np.float32]
    points: Points
    tone: ToneGroup


def read_faces(root: Path) -> list[SourceFace]:
    """Read every usable face of the training sides: found surely, large enough, in colour, not in the dark.

    Raises:
        DataMissingError: a data set, a picture or the face detector is absent.
        DataCorruptError: a picture cannot be read.
    """
    weights = root / DETECTOR
    if not weights.is_file():
        message = f"no face detector at {weights}: give the data's parent folder with --data-root"
        raise DataMissingError(message)
    detector = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), _SURE, 0.3, 10)
    faces = [_read_face(root, folder, row, detector) for folder in FOLDERS for row in _train_rows(root, folder)]
    return [face for face in faces if face is not None]


def _train_rows(root: Path, folder: str) -> list[dict[str, str]]:
    """Return the usable rows of a set's training side."""
    table = root / "images" / folder / "split.csv"
    if not table.is_file():
        message = f"no data set at {table.parent}: give its parent folder with --data-root"
        raise DataMissingError(message)
    with table.open(encoding="utf-8", newline="") as handle:
        return [
            row for row in csv.DictReader(handle) if row["split"] == Split.TRAIN and row["image"] not in _DARK_GLASSES
        ]


def _read_face(root: Path, folder: str, row: dict[str, str], detector: cv2.FaceDetectorYN) -> SourceFace | None:
    """Return the picture's surest face, or None when it is of no use."""
    path = root / "images" / folder / "images" / row["image"]
    if not path.is_file():
        message = f"{path} is named by split.csv but absent: copy the data set again"
        raise DataMissingError(message)
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        message = f"{path} is not a readable image: copy the data set again"
        raise DataCorruptError(message)
    detector.setInputSize((stored.shape[1], stored.shape[0]))
    found = detector.detect(stored)[1]
    if found is None:
        return None
    best = found[int(np.argmax(found[:, 14]))].astype(np.float32)
    image = np.ascontiguousarray(stored[:, :, ::-1])
    face = SourceFace(f"{folder}/{row['image']}", image, best[:4], best[4:14].reshape(5, 2), _tone(row))
    return face if _usable(face) else None


def _tone(row: dict[str, str]) -> ToneGroup:
    """Return the row's coarse tone: what a viewer said, else what the picture was asked to show."""
    if "tone_visual" in row:
        return ToneGroup(row["tone_visual"])
    if "african" in row["query"]:
        return ToneGroup.DEEP
    return ToneGroup.BROWN if row["tone_bin"] in {"brown", "dark", "tan"} else ToneGroup.LIGHT_MEDIUM


def _usable(face: SourceFace) -> bool:
    """Whether the face is large, turned to the camera, lit, in natural colour, and shows enough skin."""
    left, right, nose = face.points[0], face.points[1], face.points[2]
    eyes = float(np.linalg.norm(right - left))
    centred = abs(float(nose[0] - (left[0] + right[0]) / 2)) < 0.38 * eyes
    if float(face.box[2]) < _SMALLEST_FACE_PX or not centred:
        return False
    frame = frame_of(face.box, face.points)
    skin = find_skin(face.image, frame).mask
    if skin.sum() < 0.12 * frame.width_px**2:
        return False
    colours = face.image[skin].astype(np.float32)
    warm = float((colours[:, 0] - colours[:, 2]).mean()) > 12
    return warm and float(colours.mean()) > 38
