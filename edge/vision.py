"""Puts the vision parts together: face models, gates, detector. Used by the running box and by `medspa analyze`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.analysis.model import Detector, SessionSettings
from edge.analysis.pipeline import OnnxPipeline
from edge.assets.face_models import find_face_models
from edge.capture.gate import QualityGate
from edge.capture.limits import IMPORT_LIMITS, KIOSK_LIMITS
from edge.capture.mediapipe_onnx import LandmarkerSettings, MediapipeOnnxLandmarker
from edge.config import AnalysisSettings

# The graph that comes with the product; a file, not an import: the box needs no training code.
_DETECTOR: Final = Path(__file__).resolve().parents[1] / "models" / "artifacts" / "lesion_yolov10n.onnx"


@dataclass(frozen=True, slots=True)
class Vision:
    """Everything that looks at a photograph."""

    landmarker: MediapipeOnnxLandmarker
    preview_landmarker: MediapipeOnnxLandmarker
    kiosk_gate: QualityGate
    import_gate: QualityGate
    pipeline: OnnxPipeline


def load_vision(settings: AnalysisSettings) -> Vision:
    """Load every model; needs no network.

    Raises:
        AssetsMissing, AssetsCorrupt: the face models are not as they were fetched.
        Rejected, Corrupt: the detector is missing or is not the one its sidecar describes.
    """
    models = find_face_models(settings.face_models)
    return Vision(
        MediapipeOnnxLandmarker(models),
        # At the kiosk the face fills the frame: no search for small ones, so that the preview keeps its pace.
        MediapipeOnnxLandmarker(models, LandmarkerSettings(tile_depth=0)),
        QualityGate(KIOSK_LIMITS),
        QualityGate(IMPORT_LIMITS),
        OnnxPipeline(Detector(settings.detector or _DETECTOR, SessionSettings(threads=settings.threads))),
    )
