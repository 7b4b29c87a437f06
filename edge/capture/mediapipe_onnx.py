"""The face landmarker in use: MediaPipe's two face models run by ONNX Runtime, one thread, no network.

BlazeFace proposes faces; FaceMesh (arXiv 1907.06724) places 468 points in a crop turned upright by the eyes,
twice: the second crop is centred on the first pass's own points, which steadies them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge.assets.face_models import FaceModels
from edge.capture.blazeface import Candidate, cut, decode, merge, same_face, windows
from edge.capture.landmarks import POINT_COUNT, Face, FaceBox
from edge.capture.pose import pose_from_mesh
from shared.imaging.image import RgbImage
from shared.imaging.shrink import Halvings

_MESH_SIDE = 192
_CROP_MARGIN = 1.5
_EYE_CORNERS = (33, 263)
# Longer side of a photograph that has been averaged down, at least.
_LEAST_REDUCED_SIDE = 1000
# A face as wide as this is averaged down again for the mesh, whose crop of 192 px shows it with a margin.
_LEAST_REDUCED_FACE = 192


@dataclass(frozen=True, slots=True)
class LandmarkerSettings:
    """How hard to look.

    Attributes:
        least_detection: detector score, 0 to 1, from which a candidate is looked at.
        least_face: landmark model's score, 0 to 1, from which it counts as a face.
        tile_depth: levels of tiles searched for small faces, 0 to 2; level 2 only while nothing was found.
        most_faces: candidates looked at, best first.
    """

    least_detection: float = 0.5
    least_face: float = 0.7
    tile_depth: int = 2
    most_faces: int = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """A turned square around a face: centre, half side in pixels, angle in radians."""

    centre: NDArray[np.float64]
    half: float
    angle: float

    def halved(self, level: int) -> "_Crop":
        """Return the same square in pixels of the picture halved so many times; centres of pixels are whole numbers."""
        factor = 2**level
        return _Crop((self.centre - (factor - 1) / 2) / factor, self.half / factor, self.angle)


@dataclass(frozen=True, slots=True, eq=False)
class _Mesh:
    points: NDArray[np.float64]
    score: float


class MediapipeOnnxLandmarker:
    """`FaceLandmarker` on the converted MediaPipe graphs."""

    def __init__(self, models: FaceModels, settings: LandmarkerSettings | None = None) -> None:
        """Load both graphs; the files were checked when they were found."""
        self._settings = settings or LandmarkerSettings()
        self._detector = _session(models.detector.read_bytes())
        self._mesher = _session(models.landmarks.read_bytes())
        self._detector_input = self._detector.get_inputs()[0].name
        self._mesher_input = self._mesher.get_inputs()[0].name

    def detect(self, image: RgbImage) -> tuple[Face, ...]:
        """Return the faces, largest first; empty when there is none.

        Both networks see a few hundred pixels, so a large photograph is averaged down before it is searched; it is
        searched as it is when no face in it would still be larger than what they see.
        """
        picture = Halvings(image)
        level = picture.level_within(min(1.0, _LEAST_REDUCED_SIDE / max(image.shape[:2])))
        if level > 0:
            found = self._search(Halvings(picture.at(level)), 2**level)
            if any(face.box.w >= _LEAST_REDUCED_FACE * 2**level for face in found):
                return found
        return self._search(picture, 1)

    def _search(self, picture: Halvings, factor: int) -> tuple[Face, ...]:
        """Return the faces of a picture averaged down by a factor, in pixels of what it was."""
        kept: list[Face] = []
        for candidate in self._candidates(picture)[: self._settings.most_faces]:
            first = self._mesh(picture, _crop_from_detection(candidate))
            mesh = self._mesh(picture, _crop_from_points(first.points[:, :2]))
            if mesh.score < self._settings.least_face:
                continue
            face = _face(_enlarged(mesh, factor))
            if all(same_face(_corners(face.box), _corners(other.box)) < 0.5 for other in kept):
                kept.append(face)
        return tuple(sorted(kept, key=lambda face: face.box.w * face.box.h, reverse=True))

    def _candidates(self, picture: Halvings) -> list[Candidate]:
        found: list[Candidate] = []
        height, width = picture.at(0).shape[:2]
        for level in range(self._settings.tile_depth + 1):
            if level > 1 and found:
                break
            for window in windows(width, height, level):
                outputs = self._detector.run(None, {self._detector_input: cut(picture, window)})
                regressors, logits = sorted(outputs, key=lambda output: -output.size)
                found += decode(regressors[0], logits.reshape(-1), window, self._settings.least_detection)
        return merge(found)

    def _mesh(self, picture: Halvings, crop: _Crop) -> _Mesh:
        forward = _to_crop(crop)
        level = picture.level_within(min(1.0, _MESH_SIDE / (2 * crop.half)))
        patch = _warp(picture.at(level), crop.halved(level))
        batch = np.ascontiguousarray(patch.astype(np.float32).transpose(2, 0, 1)[None] / 255.0)
        outputs = self._mesher.run(None, {self._mesher_input: batch})
        mesh, flag = sorted(outputs, key=lambda output: -output.size)
        points = mesh.reshape(POINT_COUNT, 3).astype(np.float64)
        backward = cv2.invertAffineTransform(forward)
        points[:, :2] = points[:, :2] @ backward[:, :2].T + backward[:, 2]
        points[:, 2] *= 2 * crop.half / _MESH_SIDE
        return _Mesh(points, 1.0 / (1.0 + math.exp(-float(np.clip(flag.reshape(-1)[0], -80, 80)))))


def _enlarged(mesh: _Mesh, factor: int) -> _Mesh:
    """Return a mesh in pixels of the picture before it was averaged down; pixel centres are whole numbers on both."""
    shift = (factor - 1) / 2
    return _Mesh(mesh.points * factor + np.array([shift, shift, 0.0]), mesh.score)


def _session(graph: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _crop_from_detection(candidate: Candidate) -> _Crop:
    low, high = candidate.box[:2], candidate.box[2:]
    across = candidate.eyes[1] - candidate.eyes[0]
    return _Crop((low + high) / 2, float((high - low).max()) / 2 * _CROP_MARGIN, math.atan2(across[1], across[0]))


def _crop_from_points(points: NDArray[np.float64]) -> _Crop:
    across = points[_EYE_CORNERS[1]] - points[_EYE_CORNERS[0]]
    angle = math.atan2(across[1], across[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    turned = points @ turn.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return _Crop((low + high) / 2 @ turn, float((high - low).max()) / 2 * _CROP_MARGIN, angle)


def _to_crop(crop: _Crop) -> NDArray[np.float64]:
    scale = _MESH_SIDE / (2 * crop.half)
    cosine, sine = math.cos(crop.angle) * scale, math.sin(crop.angle) * scale
    turn = np.array([[cosine, sine], [-sine, cosine]])
    shift = _MESH_SIDE / 2 - turn @ crop.centre
    return np.concatenate([turn, shift[:, None]], axis=1)


def _warp(image: RgbImage, crop: _Crop) -> RgbImage:
    """Return the crop at the network's size; a large face is averaged down first, or noise moves its points."""
    reach = crop.half * math.sqrt(2) + 1
    low = np.clip(np.floor(crop.centre - reach), 0, [image.shape[1] - 1, image.shape[0] - 1]).astype(int)
    high = np.clip(np.ceil(crop.centre + reach), low + 1, [image.shape[1], image.shape[0]]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    shrink = min(1.0, _MESH_SIDE / (2 * crop.half))
    size = (max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink)))
    if shrink < 1.0:
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    else:
        size = (part.shape[1], part.shape[0])
    ratio = np.array(size) / (high - low)
    forward = _to_crop(crop)
    # Pixel centres lie half a pixel in, on both grids.
    matrix = forward[:, :2] / ratio
    offset = forward[:, 2] + forward[:, :2] @ (low + (0.5 / ratio - 0.5))
    whole = np.concatenate([matrix, offset[:, None]], axis=1)
    patch: RgbImage = cv2.warpAffine(part, whole, (_MESH_SIDE, _MESH_SIDE), flags=cv2.INTER_LINEAR)
    return patch


def _face(mesh: _Mesh) -> Face:
    low, high = mesh.points[:, :2].min(axis=0), mesh.points[:, :2].max(axis=0)
    box = FaceBox(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    # The crop was turned upright, so z and its axis are unaffected by the turn back to the image.
    return Face(box, mesh.score, mesh.points[:, :2].astype(np.float32), pose_from_mesh(mesh.points))


def _corners(box: Sequence[float]) -> NDArray[np.float64]:
    x, y, w, h = box
    return np.array([x, y, x + w, y + h])
