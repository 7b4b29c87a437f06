"""Where visible features are: the detector of a bundle on the part of a photograph that shows the face."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.analysis.bundle_sessions import ServedBundle
from edge.analysis.errors import ModelCorrupt
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage
from shared.imaging.letterbox import Letterbox
from shared.vision.bundle import GraphRole
from shared.vision.repeats import merge_repeats

# With this much around it on each side a face fills about six tenths of what the detector sees.
FACE_MARGIN: Final = 0.35
_OUTPUT: Final = "detections"


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A photograph and the face on it, if one was found."""

    image: RgbImage
    face: Face | None


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What the detector outlined on one photograph.

    Attributes:
        corners: (K, 4) x1, y1, x2, y2 in pixels of the photograph and within it, none empty.
        scores: (K,) raw scores, 0 to 1, highest first.
    """

    corners: NDArray[np.float64]
    scores: NDArray[np.float64]

    def chosen(self, which: NDArray[np.bool_]) -> "Detections":
        """Return some of them, by a mask (K,)."""
        return Detections(self.corners[which], self.scores[which])


class FeatureDetector:
    """Runs the detector's graph.

    Visible features are a few pixels wide, so of a large photograph only the face with a margin is shown to it;
    boxes are mapped back to the photograph.
    """

    def __init__(self, served: ServedBundle, most_at_once: int = 1) -> None:
        """Make one that gives the graph at most so many photographs at a time; each takes tens of megabytes."""
        self._served = served
        self._most = most_at_once
        self._side = served.bundle.manifest.graphs[GraphRole.DETECTOR].input_size
        self._threshold = served.bundle.parameters.detector.score_threshold

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
        batch = np.empty((len(views), 3, self._side, self._side), dtype=np.float32)
        for row, view in zip(batch, views, strict=True):
            # Into the batch directly: a photograph is never held as floating point at its own size.
            np.multiply(view.square.transpose(2, 0, 1), np.float32(1 / 255), out=row, casting="unsafe")
        rows = self._served.run(GraphRole.DETECTOR, batch).get(_OUTPUT)
        if rows is None or rows.ndim != 3 or rows.shape[0] != len(views) or rows.shape[2] != 6:
            raise _outside_contract()
        if not np.isfinite(rows).all():
            raise _outside_contract()
        return [self._read(view, row.astype(np.float64)) for view, row in zip(views, rows, strict=True)]

    def _read(self, view: "_View", rows: NDArray[np.float64]) -> Detections:
        rows = rows[np.argsort(-rows[:, 4], kind="stable")]
        # Before the threshold: a repeat below it still tells where the feature lies.
        merged, best = merge_repeats(rows[:, :4], rows[:, 4])
        likely = rows[best, 4] >= self._threshold
        merged, rows = merged[likely], rows[best[likely]]
        corners = view.letterbox.backward(merged) + view.offset
        corners = np.clip(corners, 0, view.limits)
        whole = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        return Detections(corners[whole], np.clip(rows[whole, 4], 0.0, 1.0))


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
