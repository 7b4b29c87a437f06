"""What the networks say about photographs, beside what is labelled there: the cases everything is fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration.photographs import CalibrationPhoto, fold
from models.data.type_crops import SIZE
from models.evaluation.classifier_runner import OnnxClassifier
from models.evaluation.metrics import PhotoDetections, PhotoMatch, PhotoTruth, box_iou, match_photo
from models.evaluation.runner import OnnxDetector
from shared.imaging.crops import crop_batch, network_input
from shared.vision.parameters import CROP_CLASSES, CropClass

NO_LABEL = -1
MATCH_IOU = 0.5
GROWTH = CROP_CLASSES.index(CropClass.GROWTH)


@dataclass(frozen=True, slots=True)
class Findings:
    """N detections on several photographs.

    Attributes:
        photo: (N,) index of the photograph.
        fold: (N,) its fold.
        tone: (N,) its tone group.
        score: (N,) raw scores.
        truth: (N,) index into CROP_CLASSES of the label it lies on, or NO_LABEL.
        logits: (N, 5).
        features: (N, F).
    """

    photo: NDArray[np.int64]
    fold: NDArray[np.int64]
    tone: tuple[str, ...]
    score: NDArray[np.float64]
    truth: NDArray[np.int64]
    logits: NDArray[np.float64]
    features: NDArray[np.float64]

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Which lie on a label that a detector should find; growths are none."""
        return np.asarray((self.truth != NO_LABEL) & (self.truth != GROWTH), np.bool_)

    def chosen(self, which: NDArray[np.bool_]) -> "Findings":
        """Return some of them, by a mask (N,)."""
        tone = tuple(name for name, keep in zip(self.tone, which, strict=True) if keep)
        return Findings(
            self.photo[which],
            self.fold[which],
            tone,
            self.score[which],
            self.truth[which],
            self.logits[which],
            self.features[which],
        )


def matched_labels(
    boxes: NDArray[np.float32], labelled: NDArray[np.float32], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return, for boxes (K, 4) best first, the class of the free label each overlaps most at IoU 0.5, or NO_LABEL."""
    result = np.full(len(boxes), NO_LABEL, np.int64)
    overlap = box_iou(boxes, labelled)
    for row in range(len(boxes) if len(labelled) else 0):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= MATCH_IOU:
            result[row] = labels[best]
            overlap[:, best] = -1.0
    return result


def detect(detector: OnnxDetector, photo: CalibrationPhoto) -> PhotoDetections:
    """Return the detections on one photograph, best first, cut at its edge as the product cuts them."""
    return within(photo, detector.detect(photo.image))


def within(photo: CalibrationPhoto, found: PhotoDetections) -> PhotoDetections:
    """Return detections, best first, cut at the photograph's edge as the product cuts them."""
    height, width = photo.image.shape[:2]
    boxes = found.boxes.clip(0, np.array([width, height, width, height], np.float32))
    whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    order = np.argsort(-found.scores[whole], kind="stable")
    scores = found.scores[whole][order].clip(0, 1)
    return PhotoDetections(boxes[whole][order], scores, np.zeros(len(order), np.int64))


def match(photo: CalibrationPhoto, found: PhotoDetections) -> PhotoMatch:
    """Match detections with what a detector should find, whatever it is called."""
    outlined = photo.outlined
    return match_photo(PhotoTruth(outlined, np.zeros(len(outlined), np.int64)), found, None)


def two_false_threshold(matches: Sequence[PhotoMatch], allowed: float = 2.0) -> float | None:
    """Return the lowest score, in thousandths, with at most `allowed` false positives a photograph; None if none."""
    false = np.sort(np.concatenate([m.scores[~m.hits[0]] for m in matches]))
    spare = int(allowed * len(matches) + 1e-9)
    if false.size <= spare:
        return 0.0
    # The best false positive that is one too many must stay below, also when compared in single precision.
    too_many = false[-spare - 1]
    threshold = (np.floor(float(too_many) * 1000) + 1) / 1000
    if np.float32(threshold) <= too_many:
        threshold += 0.001
    return round(float(threshold), 3) if threshold <= 1 else None


def collect(
    classifier: OnnxClassifier,
    photos: Sequence[CalibrationPhoto],
    found: Sequence[PhotoDetections],
    least_score: float,
    progress: Callable[[], None] = lambda: None,
) -> Findings:
    """Classify every detection scoring at least `least_score`, cut out as the product does."""
    parts: list[Findings] = []
    for index, (photo, detections) in enumerate(zip(photos, found, strict=True)):
        truth = matched_labels(detections.boxes, photo.boxes, photo.labels)
        kept = detections.scores >= least_score
        crops = crop_batch(photo.image, detections.boxes[kept].tolist(), SIZE)
        logits, features = classifier.run(network_input(crops, SIZE))
        count = int(kept.sum())
        parts.append(
            Findings(
                np.full(count, index, np.int64),
                np.full(count, fold(photo.name), np.int64),
                (photo.tone,) * count,
                detections.scores[kept].astype(np.float64),
                truth[kept],
                logits.astype(np.float64),
                features.astype(np.float64),
            )
        )
        progress()
    return _joined(parts)


def _joined(parts: Sequence[Findings]) -> Findings:
    """Put the findings of several photographs after each other."""
    return Findings(
        np.concatenate([part.photo for part in parts]),
        np.concatenate([part.fold for part in parts]),
        tuple(name for part in parts for name in part.tone),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.features for part in parts]),
    )
