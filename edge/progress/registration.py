"""Lays two photographs of one person, taken from the same side, over each other.

Mesh points that keep their place on the skull give a robust similarity; where enough of the skin's own texture
is found again, a smooth field pulls the rest into place. The residual is measured on points that took no part
in the fit. Lengths are pixels of the *reference*, or shares of its inter-eye distance, which mean the same on
every photograph.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.landmarks import Face
from edge.progress.anchors import ANCHORS
from edge.progress.skin import same_skin
from edge.progress.transforms import Coordinates, Similarity, SmoothField, fit_field, fit_similarity
from shared.imaging.image import RgbImage
from shared.vision.face_map import OVAL, inter_eye_pixels

_STIFFNESS: Final = 1.0
_LEAST_SKIN_POINTS: Final = 40
_REACH: Final = 0.35
_LEAST_COVERAGE: Final = 0.75
# The share of held-out points that counts; the rest may lie on skin that has really changed.
_TRUSTED: Final = 0.9
# On known warps of real faces the true error was up to 2.7 times the residual of mesh points, whose errors hang
# together, and below the residual of skin points, which do not.
_HIDDEN_ERROR: Final = 2.5
_OVERLAP_SIDE: Final = 128


class Method(StrEnum):
    """What the alignment rests on."""

    SKIN = "skin"
    LANDMARKS = "landmarks"


@dataclass(frozen=True, slots=True)
class Turn:
    """How differently the two heads point, in degrees; moving minus reference."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A photograph and the face on it."""

    image: RgbImage
    face: Face


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """How the moving photograph lies on the reference.

    Attributes:
        similarity: from moving to reference, rough.
        field: what it leaves, in the reference's pixels; None where only mesh points could be used.
        method: what it rests on.
        residual_pixels: RMS distance of points that took no part in the fit, in pixels of the reference.
        residual_share: the same over the inter-eye distance.
        points: how many points it was fitted to.
        overlap: shared area of both faces' outlines over their joint area, 0 to 1.
        turn: how differently the heads point.
        inter_eye: distance between the eyes on the reference, in pixels.
        moving_inter_eye: the same on the moving photograph, in its pixels.
        outline: the face's outline on the reference, (36, 2).
        moving_outline: the same on the moving photograph, in its pixels.
    """

    similarity: Similarity
    field: SmoothField | None
    method: Method
    residual_pixels: float
    residual_share: float
    points: int
    overlap: float
    turn: Turn
    inter_eye: float
    moving_inter_eye: float
    outline: Coordinates
    moving_outline: Coordinates

    @property
    def scale(self) -> float:
        """Pixels of the reference per pixel of the moving photograph."""
        return self.similarity.scale

    @property
    def uncertainty_share(self) -> float:
        """How far off the alignment may be at a point (RMS), over the inter-eye distance."""
        return self.residual_share * (1.0 if self.method is Method.SKIN else _HIDDEN_ERROR)

    def to_reference(self, points: Coordinates) -> Coordinates:
        """Return points (N, 2) of the moving photograph in pixels of the reference."""
        rough = self.similarity(points)
        return rough if self.field is None else self.field(rough)

    def to_moving(self, points: Coordinates) -> Coordinates:
        """Return points (N, 2) of the reference in pixels of the moving photograph."""
        rough = points if self.field is None else _undo(self.field, points)
        return self.similarity.inverse()(rough)


def register(reference: Sight, moving: Sight) -> Registration:
    """Return how `moving` lies on `reference`; `verdict.py` says whether that is good enough."""
    here, there = (sight.face.points.astype(np.float64) for sight in (reference, moving))
    anchors = list(ANCHORS)
    similarity = fit_similarity(there[anchors], here[anchors])
    inter_eye = inter_eye_pixels(reference.face.points)
    target, source = same_skin(reference.image, reference.face.points, moving.image, similarity, inter_eye)
    field = None
    if len(target) >= _LEAST_SKIN_POINTS and _coverage(target, here[list(OVAL)], inter_eye) >= _LEAST_COVERAGE:
        field = fit_field(source, target, inter_eye, _STIFFNESS)
        residual, method, count = _held_out_residual(source, target, inter_eye), Method.SKIN, len(target)
    else:
        left = np.linalg.norm(similarity(there[anchors]) - here[anchors], axis=1)
        residual, method, count = _rms_of_most(left), Method.LANDMARKS, len(anchors)
    return Registration(
        similarity=similarity,
        field=field,
        method=method,
        residual_pixels=residual,
        residual_share=residual / inter_eye,
        points=count,
        overlap=_overlap(here[list(OVAL)], similarity(there[list(OVAL)])),
        turn=_turn(reference.face, moving.face),
        inter_eye=inter_eye,
        moving_inter_eye=inter_eye_pixels(moving.face.points),
        outline=here[list(OVAL)],
        moving_outline=there[list(OVAL)],
    )


def _undo(field: SmoothField, goals: Coordinates) -> Coordinates:
    """Return the points that the field takes to `goals`; displacements are small, so a few steps suffice."""
    at = goals
    for _ in range(12):
        missed = field(at) - goals
        at = at - missed
        if np.abs(missed).max(initial=0.0) < 1e-3:
            break
    return at


def _held_out_residual(source: Coordinates, target: Coordinates, unit: float) -> float:
    """Return the RMS distance at each half of the points, of the field fitted to the other half."""
    order = np.lexsort((target[:, 1], target[:, 0]))
    halves = order[::2], order[1::2]
    left = []
    for fitted, kept_out in (halves, halves[::-1]):
        field = fit_field(source[fitted], target[fitted], unit, _STIFFNESS)
        left.append(np.linalg.norm(field(source[kept_out]) - target[kept_out], axis=1))
    return _rms_of_most(np.concatenate(left))


def _rms_of_most(distances: NDArray[np.float64]) -> float:
    count = max(1, round(len(distances) * _TRUSTED))
    return float(np.sqrt(np.mean(np.sort(distances)[:count] ** 2)))


def _coverage(points: Coordinates, outline: Coordinates, inter_eye: float) -> float:
    """Return the share of the face's outline that has a point within reach."""
    corner = outline.min(axis=0)
    scale = _OVERLAP_SIDE / float(np.ptp(outline, axis=0).max())
    face = _filled((outline - corner) * scale)
    near = np.zeros_like(face)
    for x, y in np.rint((points - corner) * scale).astype(int):
        cv2.circle(near, (int(x), int(y)), max(1, round(_REACH * inter_eye * scale)), 1, thickness=-1)
    return float((near & face).sum()) / max(1, int(face.sum()))


def _overlap(first: Coordinates, second: Coordinates) -> float:
    corner = np.minimum(first.min(axis=0), second.min(axis=0))
    extent = np.maximum(first.max(axis=0), second.max(axis=0)) - corner
    scale = _OVERLAP_SIDE / float(extent.max())
    here, there = _filled((first - corner) * scale), _filled((second - corner) * scale)
    return float((here & there).sum()) / max(1, int((here | there).sum()))


def _filled(outline: Coordinates) -> NDArray[np.uint8]:
    canvas = np.zeros((_OVERLAP_SIDE + 2, _OVERLAP_SIDE + 2), dtype=np.uint8)
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], 1)
    return canvas


def _turn(reference: Face, moving: Face) -> Turn:
    here, there = reference.pose, moving.pose
    return Turn(there.yaw - here.yaw, there.pitch - here.pitch, there.roll - here.roll)
