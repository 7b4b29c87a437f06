"""From exported graphs and pictures to a bundle's parameters and what is usual, with the check of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from models.calibration.check import check
from models.calibration.count_fit import fit_count, labelled_counts, score_sum
from models.calibration.findings import collect, match, two_false_threshold, within
from models.calibration.fitting import Fitted, fit
from models.calibration.graph import Graph
from models.calibration.mask_threshold import GRID, best_threshold, mean_dice_by_threshold
from models.calibration.ood_fit import fit_ood
from models.calibration.photographs import CalibrationPhoto, halves, is_for_fitting
from models.calibration.sources import Sources
from models.evaluation.classifier_runner import OnnxClassifier
from models.evaluation.metrics import PhotoDetections, best_f1_threshold
from models.evaluation.runner import OnnxDetector, fused
from shared.vision.bundle import GraphRole
from shared.vision.looks import Glance
from shared.vision.ood import OodModel
from shared.vision.parameters import (
    CROP_CLASSES,
    Checked,
    DetectorParameters,
    FittedOn,
    OodParameters,
    Parameters,
    SegmenterParameters,
)

RULE = (
    "Validation photographs are divided into halves by the SHA-256 of their name. What one half fits was checked on "
    "the other: the figures under 'checked'. Then all of them fitted the numbers here in the same way. Conformal "
    "quantiles and routing thresholds saw each photograph with a curve and a temperature fitted without its fifth. "
    "The detector's curve is {curve}, the likelier of isotonic and Platt's on held-out fifths. What is usual was "
    "learnt from {crops} crops of features of the training side. The test side was never opened."
)
# Chosen by mAP50 and by how steady counts are, on validation photographs.
LOOKS = (Glance(0.88, mirrored=True), Glance(1.0), Glance(1.13, mirrored=True), Glance(1.25))
FEATURES = [index for index, kind in enumerate(CROP_CLASSES) if kind.finding is not None]


@dataclass(frozen=True, slots=True)
class Graphs:
    """The exported graphs to fit for."""

    detector: OnnxDetector
    classifier: OnnxClassifier
    segmenter: Graph

    @classmethod
    def of(cls, folder: Path, looks: Sequence[Glance] = LOOKS) -> "Graphs":
        """Load them from a folder that holds them under their roles' names.

        Raises:
            DataMissingError, ArtifactCorruptError: one is not there or cannot be loaded.
        """
        paths = {role: folder / f"{role}.onnx" for role in GraphRole}
        # Loading through Graph first checks each file's shape of input.
        graphs = {role: Graph(path) for role, path in paths.items()}
        return cls(
            OnnxDetector(paths[GraphRole.DETECTOR], looks),
            OnnxClassifier(paths[GraphRole.CLASSIFIER]),
            graphs[GraphRole.SEGMENTER],
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Raw scores: of the best F1, and the lowest with two false positives a photograph."""

    best_f1: float
    two_false: float | None

    @property
    def least(self) -> float:
        """The lower of both: what the curve must cover."""
        return self.best_f1 if self.two_false is None else min(self.best_f1, self.two_false)


def choose_thresholds(photos: Sequence[CalibrationPhoto], found: Sequence[PhotoDetections]) -> Thresholds:
    """Choose the thresholds on the fitting half.

    Raises:
        ValueError: nothing was detected at all.
    """
    matches = [match(photo, detections) for photo, detections in zip(photos, found, strict=True)]
    return Thresholds(best_f1_threshold(matches), two_false_threshold(matches))


def learn_usual(classifier: OnnxClassifier, crops: NDArray[np.float32], labels: NDArray[np.int64]) -> OodModel:
    """Fit what is usual on those crops (N, 3, 64, 64) whose class (N,) is a feature's.

    Clear skin is so varied that, taken for usual, it would make nearly everything usual; and neither it nor a
    growth is ever given a type.

    Raises:
        ValueError: too few crops of features.
    """
    known = np.isin(labels, FEATURES)
    return fit_ood(classifier.run(crops[known])[1], labels[known], len(CROP_CLASSES))


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a fit gives."""

    parameters: Parameters
    ood: OodModel


def fit_all(graphs: Graphs, sources: Sources) -> Outcome:
    """Check what one half of the photographs fits on the other, then fit on all of them.

    Raises:
        ValueError: a half holds no photograph, or the networks find nothing to fit on.
    """
    fitting, checking = halves(sources.photos)
    if not fitting or not checking:
        raise ValueError("too few validation photographs: both halves need some")
    looks = [graphs.detector.look(photo.image) for photo in track(sources.photos, "detecting", transient=True)]
    found = {id(p): within(p, fused(seen)) for p, seen in zip(sources.photos, looks, strict=True)}
    ood = learn_usual(graphs.classifier, sources.reference_crops, sources.reference_labels)
    thresholds, half = _fit_on(fitting, found, graphs.classifier, ood)
    shown = collect(graphs.classifier, checking, [found[id(p)] for p in checking], thresholds.best_f1)
    checked = check(shown, half.assessor, half.routing)
    thresholds, fitted = _fit_on(sources.photos, found, graphs.classifier, ood)
    count, counted = _fit_counts(sources.photos, np.array([score_sum(seen) for seen in looks]))
    segmenter, dice = _fit_segmenter(graphs.segmenter, sources)
    fitted_on = FittedOn(
        data=sources.data,
        licence=sources.licence,
        rule=RULE.format(curve=fitted.curve_kind, crops=len(sources.reference_labels)),
        fit_photos=len(sources.photos),
        check_photos=len(checking),
    )
    checked = checked | dice | counted
    glances = graphs.detector.looks
    return Outcome(_parameters(glances, thresholds, fitted, count, segmenter, fitted_on, checked), ood)


def _fit_on(
    photos: Sequence[CalibrationPhoto], found: Mapping[int, PhotoDetections], classifier: OnnxClassifier, ood: OodModel
) -> tuple[Thresholds, Fitted]:
    """Choose thresholds on photographs and fit on what is detected there; `found` is by the photograph's identity."""
    detections = [found[id(photo)] for photo in photos]
    thresholds = choose_thresholds(photos, detections)
    return thresholds, fit(collect(classifier, photos, detections, thresholds.least), thresholds.best_f1, ood)


@dataclass(frozen=True, slots=True)
class _Count:
    """Features per unit of summed score, and the photographs it was fitted on."""

    per_score: float | None
    n: int


def _fit_counts(photos: Sequence[CalibrationPhoto], sums: NDArray[np.float64]) -> tuple[_Count, dict[str, Checked]]:
    """Fit the scale of the steady count on all photographs (N,); what one half fits is checked on the other."""
    labels = labelled_counts(photos)
    first = np.array([is_for_fitting(photo.name) for photo in photos], np.bool_)
    half = fit_count(sums[first], labels[first])
    checked = {}
    if half is not None:
        apart = np.abs(half * sums[~first] - labels[~first])
        checked["count_error"] = Checked(value=round(float(apart.mean()), 3), n=int(apart.size))
    return _Count(fit_count(sums, labels), len(photos)), checked


def _fit_segmenter(segmenter: Graph, sources: Sources) -> tuple[SegmenterParameters, dict[str, Checked]]:
    """Choose the mask's threshold on one half of the outlined features and measure Dice on the other."""
    fitting = [photo for photo in sources.outlined if is_for_fitting(photo.name)]
    checking = [photo for photo in sources.outlined if not is_for_fitting(photo.name)]
    if not fitting or not checking:
        raise ValueError("too few outlined features: both halves need some")
    scores = mean_dice_by_threshold(segmenter, list(track(fitting, "outlining", transient=True)))
    threshold = best_threshold(scores)
    held_out = mean_dice_by_threshold(segmenter, checking)[GRID.index(threshold)]
    return (
        SegmenterParameters(threshold=threshold, n=len(fitting)),
        {"dice": Checked(value=round(float(held_out), 4), n=len(checking))},
    )


def _parameters(
    looks: tuple[Glance, ...],
    thresholds: Thresholds,
    fitted: Fitted,
    count: _Count,
    segmenter: SegmenterParameters,
    fitted_on: FittedOn,
    checked: dict[str, Checked],
) -> Parameters:
    return Parameters(
        detector=DetectorParameters(
            score_threshold=thresholds.best_f1,
            two_false_threshold=thresholds.two_false,
            calibration=fitted.assessor.curve,
            looks=looks,
            count_per_score=count.per_score,
            count_n=count.n,
        ),
        classifier=fitted.assessor.classifier,
        ood=OodParameters(threshold=fitted.assessor.ood_threshold, n=fitted.ood_n),
        routing=fitted.routing,
        segmenter=segmenter,
        fitted_on=fitted_on,
        checked=checked,
    )
