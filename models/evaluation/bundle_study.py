"""Everything that is measured of one bundle on the held-out side, which chose none of its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.calibration.check import check
from models.calibration.findings import collect, detect
from models.calibration.fitting import assess, is_wrong
from models.calibration.photographs import CalibrationPhoto, read_photographs
from models.data.lesions import Split
from models.data.type_sources import read_real_crops
from models.evaluation.abstention import AbstentionCurve, abstention_curve
from models.evaluation.classification_study import ClassificationStudy, study_classifier
from models.evaluation.classifier_runner import OnnxClassifier
from models.evaluation.conditions import Conditions, read_conditions
from models.evaluation.consistency import Consistency, study_consistency
from models.evaluation.detection_study import DetectionStudy, study_detector
from models.evaluation.metrics import PhotoDetections, PhotoTruth
from models.evaluation.runner import OnnxDetector
from models.evaluation.segmenter import HeldOut, SegmenterReport, evaluate, read_held_out
from models.evaluation.segmenter_runner import OnnxSegmenter
from models.evaluation.strangers import StrangerFigures, study_strangers
from shared.vision.assessment import Assessor
from shared.vision.bundle import Bundle, GraphRole
from shared.vision.parameters import CROP_CLASSES, Checked, DetectorParameters
from shared.vision.repeat_capture import read_limits

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HeldOutSide:
    """The held-out photographs, read once for all bundles."""

    photos: tuple[CalibrationPhoto, ...]
    conditions: tuple[Conditions, ...]
    outlined: HeldOut

    @property
    def truths(self) -> list[PhotoTruth]:
        """What a detector should find on each photograph."""
        return [PhotoTruth(photo.outlined, photo.labels) for photo in self.photos]


@dataclass(frozen=True, slots=True)
class BundleStudy:
    """One bundle's figures; `routing` are the checks of `models.calibration` on the held-out side."""

    name: str
    version: str
    licence: str
    allowed_use: str
    detection: DetectionStudy
    consistency: Consistency
    classification: ClassificationStudy
    routing: dict[str, Checked]
    abstention: AbstentionCurve
    segmentation: SegmenterReport
    strangers: tuple[StrangerFigures, ...]


@dataclass(frozen=True, slots=True)
class Studied:
    """A study with the detections it rests on, for drawing."""

    study: BundleStudy
    found: tuple[PhotoDetections, ...]


def read_side(root: Path, split: Split) -> HeldOutSide:
    """Read one side of every labelled data set.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    photos = tuple(read_photographs(root, split))
    conditions = read_conditions(root, split)
    return HeldOutSide(photos, tuple(conditions[photo.name] for photo in photos), read_held_out(root, split))


def detect_all(graph: Path, side: HeldOutSide) -> tuple[PhotoDetections, ...]:
    """Return what a detector's graph finds on every photograph."""
    detector = OnnxDetector(graph)
    return tuple(detect(detector, photo) for photo in side.photos)


def study_detections(
    side: HeldOutSide, found: tuple[PhotoDetections, ...], parameters: DetectorParameters
) -> DetectionStudy:
    """Measure detections on a side."""
    types = [kind.value for kind in CROP_CLASSES]
    at, two_false = parameters.score_threshold, parameters.two_false_threshold
    return study_detector(side.truths, found, side.conditions, types, at, two_false)


def study_bundle(bundle: Bundle, side: HeldOutSide, root: Path, split: Split, progress: Progress) -> Studied:
    """Measure a bundle's graphs and parameters on a side.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    parameters = bundle.parameters
    threshold = parameters.detector.score_threshold
    progress("detecting")
    detector = OnnxDetector(bundle.graph(GraphRole.DETECTOR), parameters.detector.looks)
    found = tuple(detect(detector, photo) for photo in side.photos)
    progress("measuring detections")
    detection = study_detections(side, found, parameters.detector)
    progress("capturing every face twice")
    images = [photo.image for photo in side.photos]
    consistency = study_consistency(detector.detect, images, threshold, read_limits())
    progress("typing")
    classifier = OnnxClassifier(bundle.graph(GraphRole.CLASSIFIER))
    crops = read_real_crops(root, split)
    logits = classifier.run(crops.network_input())[0]
    classification = study_classifier(logits, crops.labels, crops.tones, parameters.classifier)
    progress("routing")
    assessor = Assessor.of(parameters, bundle.ood)
    shown = collect(classifier, side.photos, found, threshold)
    assessments = assess(shown, assessor)
    typable = np.array([a.label.finding is not None for a in assessments], np.bool_)
    confidence = np.array([a.confidence for a in assessments], np.float64)
    wrong = is_wrong(shown, assessments)
    progress("outlining")
    segmenter = OnnxSegmenter(bundle.graph(GraphRole.SEGMENTER))
    segmentation = evaluate(segmenter.probabilities, side.outlined, parameters.segmenter.threshold)
    progress("showing it what it does not know")
    strangers = study_strangers(classifier, assessor, parameters.routing, root)
    manifest = bundle.manifest
    study = BundleStudy(
        name=manifest.name,
        version=manifest.version,
        licence=manifest.licence,
        allowed_use=manifest.allowed_use,
        detection=detection,
        consistency=consistency,
        classification=classification,
        routing=check(shown, assessor, parameters.routing),
        abstention=abstention_curve(confidence[typable], wrong[typable]),
        segmentation=segmentation,
        strangers=strangers,
    )
    return Studied(study, found)
