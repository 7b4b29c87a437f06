"""The permissive faces lesions are drawn on, framed as training photographs are."""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.lesions import Split, ToneGroup
from models.errors import DataCorruptError, DataMissingError
from models.synthesis.noise import pores, sensor_grain
from models.synthesis.optics import MELANIN, luminance, to_code, to_linear
from models.synthesis.settings import PhotoSettings
from models.synthesis.skin import FaceFrame, Points, Skin, find_skin, frame_of
from shared.imaging.image import RgbImage

FOLDERS = ("sfhq_t2i_faces", "us_official_portraits")
DETECTOR = Path("weights") / "yunet" / "yunet_n_dynamic.onnx"

# Faces are drawn by tone first, so that the few deep ones are seen as often as the many light ones.
TONE_SHARES: dict[ToneGroup, float] = {ToneGroup.LIGHT_MEDIUM: 0.4, ToneGroup.BROWN: 0.28, ToneGroup.DEEP: 0.32}
_SMALLEST_FACE_PX = 95.0
_SURE = 0.75
_DARKEST = 0.055


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
    """Return the rows of a set's training side."""
    table = root / "images" / folder / "split.csv"
    if not table.is_file():
        message = f"no data set at {table.parent}: give its parent folder with --data-root"
        raise DataMissingError(message)
    with table.open(encoding="utf-8", newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["split"] == Split.TRAIN]


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


def make_photo(face: SourceFace, settings: PhotoSettings, rng: np.random.Generator) -> tuple[RgbImage, Skin]:
    """Frame the face as a square photograph, give it pores and grain, and find its skin.

    The enlarged pictures are smoother than photographs; without fine texture, lesions would be the only
    sharp thing in them and a network would learn to look for sharpness.
    """
    matrix, mirrored = _framing(face, settings, rng)
    side = settings.side
    source = face.image[:, ::-1] if mirrored else face.image
    flags = cv2.INTER_CUBIC if matrix[0, 0] > 1 else cv2.INTER_AREA
    image = cv2.warpAffine(
        np.ascontiguousarray(source), matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101
    )
    frame = _moved(face, matrix, mirrored)
    skin = find_skin(np.asarray(image, np.uint8), frame)
    return _textured(np.asarray(image, np.uint8), skin, settings, rng), skin


def _framing(face: SourceFace, settings: PhotoSettings, rng: np.random.Generator) -> tuple[NDArray[np.float64], bool]:
    """Return the similarity that puts the face where aligned portrait sets have it, and whether to mirror."""
    points = face.points.astype(np.float64)
    mirrored = bool(rng.random() < 0.5)
    if mirrored:
        points = _mirror(points, face.image.shape[1])
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across, down = points[1] - points[0], mouth - eyes
    crop = 2 * max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down)) * rng.uniform(*settings.scale)
    centre = eyes + 0.1 * down + crop * rng.uniform(-0.03, 0.03, 2)
    # The crop stays inside the picture, so that only a corner turned out of it needs to be mirrored.
    extent = np.array(face.image.shape[1::-1], np.float64)
    crop = min(crop, extent.min())
    centre = np.clip(centre, crop / 2, extent - crop / 2)
    angle = np.arctan2(across[1], across[0]) + np.radians(rng.uniform(-settings.roll, settings.roll))
    zoom = settings.side / crop
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    shift = settings.side / 2 - turn @ centre
    return np.hstack([turn, shift[:, None]]), mirrored


def _mirror(points: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Mirror five points; left and right change places."""
    flipped = points[[1, 0, 2, 4, 3]].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def _moved(face: SourceFace, matrix: NDArray[np.float64], mirrored: bool) -> FaceFrame:
    """Return the face's frame after framing."""
    points, box = face.points.astype(np.float64), face.box.astype(np.float64)
    centre = box[:2] + box[2:] / 2
    if mirrored:
        points = _mirror(points, face.image.shape[1])
        centre = np.array([face.image.shape[1] - 1 - centre[0], centre[1]])
    zoom = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    centre = matrix[:, :2] @ centre + matrix[:, 2]
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    size = box[2:] * zoom
    return frame_of(np.concatenate([centre - size / 2, size]).astype(np.float32), placed.astype(np.float32))


def _textured(image: RgbImage, skin: Skin, settings: PhotoSettings, rng: np.random.Generator) -> RgbImage:
    """Vary the tone a little, then add pores on the skin and the sensor's noise everywhere."""
    height, width = image.shape[:2]
    where = cv2.GaussianBlur(skin.mask.astype(np.float32), (0, 0), 6.0)
    relief = rng.uniform(*settings.texture) * pores(height, width, rng.uniform(0.7, 1.1), rng)
    tone = np.float32(rng.uniform(-settings.tone, settings.tone)) * MELANIN
    linear = to_linear(image)
    level = float(np.median(luminance(linear[skin.mask]))) if skin.mask.any() else 1.0
    # A face in the dark is exposed as a camera would, or no lesion could be told from the noise.
    linear *= np.float32(np.clip(_DARKEST / max(level, 1e-3), 1.0, 3.0))
    linear *= np.exp(where * relief.astype(np.float32))[..., None] * np.exp(-where[..., None] * tone)
    code = to_code(linear) + np.float32(rng.uniform(*settings.grain)) * sensor_grain(height, width, rng)
    return np.asarray(np.clip(code + 0.5, 0, 255), np.uint8)
