"""Puts the vision parts together: face models, gates, the analysis. Used by the running box and by `medspa analyze`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from edge.analysis.bundle_pipeline import BundlePipeline
from edge.analysis.bundle_sessions import ServedBundle, Serving
from edge.analysis.domain import ModelVersion
from edge.analysis.engine_cache import EngineCache
from edge.analysis.sessions import OrtSessionFactory
from edge.analysis.settings import AnalysisSettings
from edge.assets.face_models import find_face_models
from edge.capture.gate import QualityGate
from edge.capture.limits import IMPORT_LIMITS, KIOSK_LIMITS
from edge.capture.mediapipe_onnx import LandmarkerSettings, MediapipeOnnxLandmarker
from edge.threads import ThreadBudget
from shared.vision.bundle import Bundle, read_bundle

# The bundle that comes with the product; files, not an import: the box needs no training code.
SHIPPED_BUNDLE: Final = Path(__file__).resolve().parents[1] / "models" / "bundles" / "evaluation"


@dataclass(frozen=True, slots=True)
class Vision:
    """Everything that looks at a photograph.

    Attributes:
        landmarker: finds faces on stills.
        preview_landmarker: finds the face in front of the kiosk.
        kiosk_gate: the kiosk's limits.
        import_gate: the limits for photographs from elsewhere.
        pipeline: says what is visible on a face.
        versions: the graphs it runs.
        served: the bundle they belong to and what it runs on.
    """

    landmarker: MediapipeOnnxLandmarker
    preview_landmarker: MediapipeOnnxLandmarker
    kiosk_gate: QualityGate
    import_gate: QualityGate
    pipeline: BundlePipeline
    versions: tuple[ModelVersion, ...]
    served: ServedBundle

    @property
    def bundle(self) -> Bundle:
        """The bundle in use."""
        return self.served.bundle


def load_vision(
    settings: AnalysisSettings, budget: ThreadBudget | None = None, engines: EngineCache | None = None
) -> Vision:
    """Load every model; needs no network.

    Args:
        settings: which models, and how they run.
        budget: the machine's threads; one of its own where nothing else computes.
        engines: where compiled engines are kept; None to go without.

    Raises:
        AssetsMissing, AssetsCorrupt: the face models are not as they were fetched.
        Rejected, Corrupt: a model is missing or is not the one that was released.
    """
    # OpenCV would start a thread a core beside the budget.
    cv2.setNumThreads(1)
    models = find_face_models(settings.face_models)
    served = open_bundle(settings.bundle or SHIPPED_BUNDLE, settings, engines)
    pipeline = BundlePipeline(served, budget or ThreadBudget(settings.threads), settings.threads)
    return Vision(
        MediapipeOnnxLandmarker(models),
        # At the kiosk the face fills the frame: no search for small ones, so that the preview keeps its pace.
        MediapipeOnnxLandmarker(models, LandmarkerSettings(tile_depth=0)),
        QualityGate(KIOSK_LIMITS),
        QualityGate(IMPORT_LIMITS),
        pipeline,
        served.models,
        served,
    )


def open_bundle(folder: Path, settings: AnalysisSettings, engines: EngineCache | None = None) -> ServedBundle:
    """Read a bundle and open its graphs; a candidate for shadow mode is opened the same way.

    Raises:
        BundleMissing, BundleCorrupt, ModelMissing, ModelCorrupt: it is not there or not as released.
    """
    factory = OrtSessionFactory(settings.threads)
    return ServedBundle(read_bundle(folder), Serving(factory, settings.accelerator, settings.threads, engines))
