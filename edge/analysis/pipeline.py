"""The port to whatever says what is visible on a photograph; `bundle_pipeline` stands behind it."""

from typing import Protocol

from edge.analysis.domain import AnalysisResult, Scale
from edge.capture.landmarks import Face
from shared.imaging.image import RgbImage


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
