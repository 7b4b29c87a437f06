"""A candidate bundle as the shadow runs it: like the live one, on one thread that nobody else needs."""

from pathlib import Path

from edge.analysis.bundle_pipeline import BundlePipeline
from edge.analysis.bundle_sessions import ServedBundle
from edge.analysis.detector import Sight
from edge.analysis.domain import AnalysisResult
from edge.analysis.settings import AnalysisSettings
from edge.capture.landmarks import FaceLandmarker
from edge.review.domain import BundleRef
from edge.review.reading import models_digest
from edge.threads import ThreadBudget
from edge.vision import open_bundle
from shared.imaging.image import RgbImage


class BundleCandidate:
    """`BackgroundAnalyser` of a bundle; the caller holds the thread it runs on."""

    def __init__(self, served: ServedBundle, landmarker: FaceLandmarker, budget: ThreadBudget) -> None:
        self._pipeline = BundlePipeline(served, budget)
        self._landmarker = landmarker
        digest = models_digest((item.name, item.version, item.sha256) for item in served.models)
        self._bundle = BundleRef(served.used.name, served.used.version, digest)

    @property
    def bundle(self) -> BundleRef:
        """Which models these are, named as an analysis by them would be."""
        return self._bundle

    def analyse(self, image: RgbImage) -> AnalysisResult:
        """Return what the candidate outlines on one photograph.

        Raises:
            ModelCorrupt, ProviderFailed: a graph does not answer as it should.
        """
        face = next(iter(self._landmarker.detect(image)), None)
        return self._pipeline.analyse_on_held_threads([Sight(image, face)])[0]


def open_candidate(
    folder: Path, settings: AnalysisSettings, landmarker: FaceLandmarker, budget: ThreadBudget
) -> BundleCandidate:
    """Open a candidate bundle.

    Raises:
        BundleMissing, BundleCorrupt, ModelMissing, ModelCorrupt: it is not there or not as released.
    """
    alone = settings.model_copy(update={"threads": 1})
    return BundleCandidate(open_bundle(folder, alone), landmarker, budget)
