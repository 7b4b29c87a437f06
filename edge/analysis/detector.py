"""Where visible features are: the detector of a bundle on the part of a photograph that shows the face."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.analysis.bundle_sessions import ServedBundle
from edge.analysis.domain import Scale
from edge.analysis.errors import ModelCorrupt
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage
from shared.imaging.letterbox import Letterbox
from shared.imaging.shrink import whole_blocks
from shared.vision.bundle import GraphRole
from shared.vision.looks import Look, fuse_looks
from shared.vision.steady_count import Candidates

# With this much around it on each side a face fills about six tenths of what the detector sees.
FACE_MARGIN: Final = 0.35
_OUTPUT: Final = "detections"


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A photograph.

    Attributes:
        image: its pixels.
        face: the face on it, if one was found.
        scale: the size of a pixel where it is known, from a colour card; else the eyes tell it.
    """

    image: RgbImage
    face: Face | None
    scale: Scale | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What the detector outlined on one photograph.

    Attributes:
        corners: (K, 4) x1, y1, x2, y2 in pixels of the photograph and within it, none empty.
        scores: (K,) raw scores, 0 to 1, highest first.
        candidates: everything considered, to estimate the count from.
    """

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]
    candidates: Candidates

    def within(self, holds: Callable[[float, float], bool]) -> "Detections":
        """Return those, candidates too, whose middle a rule holds for, given x and y in pixels."""
        middles = (self.corners[:, :2] + self.corners[:, 2:]) / 2
        found, considered = _held(holds, middles), _held(holds, self.candidates.centres)
        return Detections(self.corners[found], self.scores[found], self.candidates.chosen(considered))


class FeatureDetector:
    """Runs the detector's graph.

    Visible features are a few pixels wide, so of a large photograph only the face with a margin is shown to it, in
    each of the bundle's enlargements; boxes are mapped back to the photograph.
    """

    def __init__(self, served: ServedBundle, most_at_once: int = 1) -> None:
        """Make one that gives the graph at most so many photographs at a time; each takes tens of megabytes."""
        self._served = served
        self._most = most_at_once
        self._side = served.bundle.manifest.graphs[GraphRole.DETECTOR].input_size
        parameters = served.bundle.parameters.detector
        self._threshold, self._looks = parameters.score_threshold, parameters.looks

    def detect(self, sights: Sequence[Sight]) -> list[Detections]:
        """Return the detections on each photograph whose raw score reaches the bundle's threshold.

        Raises:
            ModelCorrupt: the graph answers outside its contract.
            ProviderFailed: it cannot be run.
        """
        found: list[Detections] = []
        for start in range(0, len(sights), self._most):
            found += self._chunk(sights[start : start + self._most])
        return found

    def _chunk(self, sights: Sequence[Sight]) -> list[Detections]:
        views = [_View.of(sight, self._side) for sight in sights]
        looks: list[list[Look]] = [[] for _ in views]
        batch = np.empty((len(views), 3, self._side, self._side), dtype=np.float32)
        for glance in self._looks:
            for row, view in zip(batch, views, strict=True):
                seen = glance.of(view.square)
                # Into the batch directly: a photograph is never held as floating point at its own size.
                np.multiply(seen.transpose(2, 0, 1), np.float32(1 / 255), out=row, casting="unsafe")
            for view, seen_by, rows in zip(views, looks, self._rows(batch), strict=True):
                boxes = glance.brought_back(rows[:, :4], self._side)
                seen_by.append((view.letterbox.backward(boxes) + view.offset, rows[:, 4].clip(0.0, 1.0)))
        return [self._read(view, each) for view, each in zip(views, looks, strict=True)]

    def _rows(self, batch: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what the graph answers, (N, K, 6): corners, score and class."""
        rows = self._served.run(GraphRole.DETECTOR, batch).get(_OUTPUT)
        if rows is None or rows.ndim != 3 or rows.shape[0] != len(batch) or rows.shape[2] != 6:
            raise _outside_contract()
        if not np.isfinite(rows).all():
            raise _outside_contract()
        return rows.astype(np.float64)

    def _read(self, view: "_View", looks: Sequence[Look]) -> Detections:
        # Fused before the threshold: what lies below it still tells where the feature is.
        corners, scores = fuse_looks(looks)
        likely = scores >= self._threshold
        corners, scores = np.clip(corners[likely], 0, view.limits), scores[likely]
        whole = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        return Detections(corners[whole], scores[whole], Candidates.of(looks))


def _held(holds: Callable[[float, float], bool], middles: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.array([holds(float(x), float(y)) for x, y in middles], dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The square that the detector sees of a photograph, and the way back."""

    square: RgbImage
    letterbox: Letterbox
    offset: NDArray[np.float64]
    limits: NDArray[np.float64]

    @classmethod
    def of(cls, sight: Sight, side: int) -> "_View":
        height, width = sight.image.shape[:2]
        left, top, right, bottom = face_area(width, height, sight.face)
        smaller = min(1.0, side / max(right - left, bottom - top))
        right, bottom = left + whole_blocks(right - left, smaller), top + whole_blocks(bottom - top, smaller)
        part = sight.image[top:bottom, left:right]
        letterbox = Letterbox.fit(part.shape[1], part.shape[0], side)
        offset = np.array([left, top, left, top], dtype=np.float64)
        return cls(letterbox.apply(part), letterbox, offset, np.array([width, height, width, height], np.float64))


def face_area(width: int, height: int, face: Face | None) -> tuple[int, int, int, int]:
    """Return the part of a photograph to look at: left, top, right, bottom; all of it without a face."""
    if face is None:
        return 0, 0, width, height
    box = face.box
    pad = FACE_MARGIN * max(box.w, box.h)
    left, top = max(0, math.floor(box.x - pad)), max(0, math.floor(box.y - pad))
    right, bottom = min(width, math.ceil(box.x + box.w + pad)), min(height, math.ceil(box.y + box.h + pad))
    if right <= left or bottom <= top:
        return 0, 0, width, height
    return left, top, right, bottom


def _outside_contract() -> ModelCorrupt:
    return ModelCorrupt(
        "model_breaks_contract",
        "The detector does not answer as its bundle says. Install the bundle again, or an earlier one.",
    )
