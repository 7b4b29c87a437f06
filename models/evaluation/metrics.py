"""Detection metrics from per-photograph matches: average precision, recall, false positives.

Definitions follow the COCO protocol (greedy matching by score, 101-point interpolated precision); the
tests hold them to the COCO tools' figures. Everything is pure numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IOU_THRESHOLDS: NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
_RECALL_GRID: NDArray[np.float64] = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True)
class PhotoTruth:
    """Labelled boxes (M, 4) and class indices (M,) of one photograph."""

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PhotoDetections:
    """Detected boxes (K, 4), scores (K,) and class indices (K,) of one photograph, sorted by score."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PhotoMatch:
    """One class of one photograph: scores (K,), hits (T, K) per IoU threshold, number of labels."""

    scores: NDArray[np.float32]
    hits: NDArray[np.bool_]
    labels: int


def box_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return IoU (A, B) of boxes (A, 4) with boxes (B, 4)."""
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    top_left = np.maximum(a64[:, None, :2], b64[None, :, :2])
    bottom_right = np.minimum(a64[:, None, 2:], b64[None, :, 2:])
    overlap = (bottom_right - top_left).clip(min=0).prod(axis=2)
    area_a = (a64[:, 2:] - a64[:, :2]).clip(min=0).prod(axis=1)
    area_b = (b64[:, 2:] - b64[:, :2]).clip(min=0).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - overlap
    return np.asarray(overlap / np.maximum(union, 1e-12), np.float64)


def match_photo(truth: PhotoTruth, found: PhotoDetections, class_index: int | None) -> PhotoMatch:
    """Match detections to labels greedily by score at every IoU threshold.

    `class_index` None ignores classes: any visible feature counts as found whatever it is called.
    """
    if class_index is None:
        boxes, detected, scores = truth.boxes, found.boxes, found.scores
    else:
        boxes = truth.boxes[truth.classes == class_index]
        chosen = found.classes == class_index
        detected, scores = found.boxes[chosen], found.scores[chosen]
    hits = np.zeros((len(IOU_THRESHOLDS), len(detected)), np.bool_)
    if len(boxes) and len(detected):
        iou = box_iou(detected, boxes)
        for row, threshold in enumerate(IOU_THRESHOLDS):
            hits[row] = _greedy(iou, float(threshold))
    return PhotoMatch(scores, hits, len(boxes))


def _greedy(iou: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Give each detection, best score first, the free label it overlaps most."""
    free = np.ones(iou.shape[1], np.bool_)
    hits = np.zeros(iou.shape[0], np.bool_)
    for k in range(iou.shape[0]):
        overlap = np.where(free, iou[k], -1.0)
        best = int(overlap.argmax())
        if overlap[best] >= threshold:
            hits[k], free[best] = True, False
    return hits


def average_precision(matches: Sequence[PhotoMatch]) -> NDArray[np.float64]:
    """Return AP (T,) per IoU threshold; NaN where nothing is labelled."""
    labels = sum(match.labels for match in matches)
    if labels == 0:
        return np.full(len(IOU_THRESHOLDS), np.nan)
    order = np.argsort(-np.concatenate([match.scores for match in matches]), kind="stable")
    hits = np.concatenate([match.hits for match in matches], axis=1)[:, order]
    if hits.shape[1] == 0:
        return np.zeros(len(IOU_THRESHOLDS))
    true = hits.cumsum(axis=1)
    precision = true / np.arange(1, hits.shape[1] + 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = true / labels
    result = np.zeros(len(IOU_THRESHOLDS))
    for row in range(len(IOU_THRESHOLDS)):
        at = np.searchsorted(recall[row], _RECALL_GRID, side="left")
        inside = at < hits.shape[1]
        result[row] = envelope[row, at[inside]].sum() / len(_RECALL_GRID)
    return result


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Counts at a score threshold and IoU 0.5."""

    photos: int
    labels: int
    found: int
    false_positives: int

    @property
    def recall(self) -> float:
        """Share of labels found; NaN without labels."""
        return self.found / self.labels if self.labels else float("nan")

    @property
    def precision(self) -> float:
        """Share of detections on a label: a lower bound while labels are incomplete; NaN without any."""
        detections = self.found + self.false_positives
        return self.found / detections if detections else float("nan")

    @property
    def false_positives_per_photo(self) -> float:
        """Detections off any label, per photograph: an upper bound while labels are incomplete."""
        return self.false_positives / self.photos if self.photos else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 when nothing was found."""
        return 2 * self.found / (self.labels + self.found + self.false_positives) if self.found else 0.0


def operating_point(matches: Sequence[PhotoMatch], threshold: float) -> OperatingPoint:
    """Count hits and false positives of detections scoring at least `threshold`."""
    found = false = 0
    for match in matches:
        kept = match.scores >= threshold
        found += int(match.hits[0, kept].sum())
        false += int((~match.hits[0, kept]).sum())
    return OperatingPoint(len(matches), sum(match.labels for match in matches), found, false)


def repeated_share(found: Sequence[PhotoDetections], threshold: float) -> float:
    """Return the share of detections at `threshold` that overlap a better-scored one by an IoU of 0.5 or more.

    What a network free of non-maximum suppression has not learnt to keep to itself; 0 when nothing is found.
    """
    total = repeated = 0
    for photo in found:
        boxes = photo.boxes[photo.scores >= threshold]
        total += len(boxes)
        repeated += int((np.tril(box_iou(boxes, boxes), k=-1) >= 0.5).any(axis=1).sum())
    return repeated / total if total else 0.0


def best_f1_threshold(matches: Sequence[PhotoMatch]) -> float:
    """Return the score threshold of the highest F1 at IoU 0.5, rounded down to a thousandth.

    Raises:
        ValueError: nothing was detected at all.
    """
    scores = np.concatenate([match.scores for match in matches])
    if scores.size == 0:
        message = "no detection to choose a threshold from: the network found nothing on these photographs"
        raise ValueError(message)
    grid = np.unique(np.floor(scores * 1000) / 1000)
    return float(max(grid, key=lambda t: operating_point(matches, float(t)).f1))
