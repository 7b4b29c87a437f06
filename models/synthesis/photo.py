"""From a source face to a square photograph framed as training photographs are."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.lesions import ToneGroup
from models.synthesis.faces import SourceFace
from models.synthesis.noise import pores, sensor_grain
from models.synthesis.optics import MELANIN, luminance, to_code, to_linear
from models.synthesis.settings import PhotoSettings
from models.synthesis.skin import FaceFrame, Skin, find_skin, frame_of
from shared.imaging.image import RgbImage

# Faces are drawn by tone first, so that the few deep ones are seen as often as the many light ones.
TONE_SHARES: dict[ToneGroup, float] = {ToneGroup.LIGHT_MEDIUM: 0.34, ToneGroup.BROWN: 0.34, ToneGroup.DEEP: 0.32}
_DARKEST = 0.055
"""Least median luminance of the skin, in linear light."""


def choose_face(faces: Sequence[SourceFace], rng: np.random.Generator) -> SourceFace:
    """Draw a tone by `TONE_SHARES`, then a face of that tone."""
    shares = np.array([TONE_SHARES[face.tone] for face in faces])
    members = np.array([sum(other.tone == face.tone for other in faces) for face in faces])
    weights = shares / members
    return faces[int(rng.choice(len(faces), p=weights / weights.sum()))]


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
