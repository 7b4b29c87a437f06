"""From a photograph to findings and measures."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.analysis.domain import AnalysisResult, Box, Finding, Reason, Scale
from edge.analysis.measures import measure_regions
from edge.analysis.model import Detector
from edge.analysis.regions import on_face, region_at
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage
from shared.imaging.letterbox import Letterbox

# With this much around it on each side a face fills about six tenths of the crop.
CROP_MARGIN = 0.35


class AnalysisPipeline(Protocol):
    """Describes what is visible on a photograph's skin."""

    def analyse(self, image: RgbImage, face: Face | None, scale: Scale | None = None) -> AnalysisResult:
        """Return findings, best first, measures and grades; without a face neither regions nor the last two.

        Args:
            image: the photograph.
            face: the face on it.
            scale: the size of a pixel where it is known; else it is worked out from the face.
        """
        ...


class OnnxPipeline:
    """`AnalysisPipeline` on ONNX Runtime.

    Visible spots are a few pixels wide, so of a large photograph only the face with a margin is shown to the
    detector; boxes are mapped back to the photograph.
    """

    def __init__(self, detector: Detector) -> None:
        self.detector = detector

    def analyse(self, image: RgbImage, face: Face | None, scale: Scale | None = None) -> AnalysisResult:
        """Return findings, best first, and colour measures; without a face no regions and no measures.

        With a face, what the detector sees beside it (clothes, background) is left out.

        Raises:
            ModelCorrupt: the detector answers outside its contract.
        """
        height, width = image.shape[:2]
        left, top, right, bottom = _area(width, height, face)
        part = image[top:bottom, left:right]
        letterbox = Letterbox.fit(part.shape[1], part.shape[0], self.detector.sidecar.input_size)
        square = letterbox.apply(part).astype(np.float32).transpose(2, 0, 1)[None] / np.float32(255.0)
        detections = self.detector.run(np.ascontiguousarray(square))[0].astype(np.float64)
        detections = detections[detections[:, 4] >= self.detector.sidecar.score_threshold]
        corners = letterbox.backward(detections[:, :4]) + np.array([left, top, left, top])
        corners = np.clip(corners, 0, [width, height, width, height])
        return AnalysisResult(
            findings=self._findings(corners, detections, face),
            measures=() if face is None else measure_regions(image, face),
            models=(self.detector.version,),
            width=width,
            height=height,
            scale=scale,
            reasons=(Reason.UNCALIBRATED,) if face is not None else (Reason.NO_FACE, Reason.UNCALIBRATED),
        )

    def _findings(
        self, corners: NDArray[np.float64], detections: NDArray[np.float64], face: Face | None
    ) -> tuple[Finding, ...]:
        found = []
        for (x1, y1, x2, y2), score, kind in zip(corners, detections[:, 4], detections[:, 5], strict=True):
            if x2 <= x1 or y2 <= y1:
                continue
            box = Box(float(x1), float(y1), float(x2 - x1), float(y2 - y1))
            centre = float(x1 + x2) / 2, float(y1 + y2) / 2
            if face is not None and not on_face(face, *centre):
                continue
            region = None if face is None else region_at(face, *centre)
            kind_name = self.detector.sidecar.classes[int(kind)]
            sure = min(1.0, max(0.0, float(score)))
            found.append(Finding(kind_name, sure, box, region, sure, (kind_name,), reasons=(Reason.UNCALIBRATED,)))
        return tuple(sorted(found, key=lambda finding: finding.confidence, reverse=True))


def _area(width: int, height: int, face: Face | None) -> tuple[int, int, int, int]:
    """Return the part of the photograph to analyse: left, top, right, bottom."""
    if face is None:
        return 0, 0, width, height
    box = face.box
    pad = CROP_MARGIN * max(box.w, box.h)
    left, top = max(0, math.floor(box.x - pad)), max(0, math.floor(box.y - pad))
    right, bottom = min(width, math.ceil(box.x + box.w + pad)), min(height, math.ceil(box.y + box.h + pad))
    if right <= left or bottom <= top:
        return 0, 0, width, height
    return left, top, right, bottom
