"""Figures of a classifier from probabilities and truth, in pure numpy; scikit-learn is the oracle of the tests.

Throughout, `probabilities` is (N, C) with rows that sum to 1 and `truth` is (N,) of class indices below C.
A figure that the data cannot tell, such as the AUC of a class that never occurs, is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
BINS = 15


def auc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: how often a positive scores above a negative, ties counting half."""
    positives = int(positive.sum())
    negatives = positive.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    # Mean rank, from 1, of each group of equal scores.
    ranks = (counts.cumsum() - (counts - 1) / 2)[place]
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_per_class(probabilities: Floats, truth: Indices) -> Floats:
    """Return each class's AUC against all others, (C,)."""
    return np.array([auc(probabilities[:, c], truth == c) for c in range(probabilities.shape[1])])


def confusion(truth: Indices, predicted: Indices, classes: int) -> Indices:
    """Return counts (C, C): rows are the truth, columns the prediction."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def recall_per_class(table: Indices) -> Floats:
    """Return the share of each class that was recognised, (C,)."""
    return _ratio(np.diag(table), table.sum(axis=1))


def f1_per_class(table: Indices) -> Floats:
    """Return the harmonic mean of precision and recall, (C,); NaN for a class neither true nor predicted."""
    return _ratio(2 * np.diag(table), table.sum(axis=0) + table.sum(axis=1))


def brier(probabilities: Floats, truth: Indices) -> float:
    """Return the mean squared distance to the one-hot truth, summed over classes: 0 is perfect, 2 is worst."""
    if truth.size == 0:
        return float("nan")
    hot = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - hot) ** 2).sum(axis=1).mean())


@dataclass(frozen=True, slots=True)
class Reliability:
    """Top-class confidence against accuracy in bins of equal width over 0..1, upper edge included.

    Attributes:
        edges: (B + 1,) bin edges.
        counts: (B,) cases per bin.
        confidence: (B,) mean confidence; NaN in an empty bin.
        accuracy: (B,) share that was right; NaN in an empty bin.
    """

    edges: Floats
    counts: Indices
    confidence: Floats
    accuracy: Floats

    @property
    def ece(self) -> float:
        """Expected calibration error: mean gap of confidence and accuracy, weighted by cases."""
        if self.counts.sum() == 0:
            return float("nan")
        gap = np.nan_to_num(np.abs(self.confidence - self.accuracy))
        return float((gap * self.counts).sum() / self.counts.sum())


def reliability(probabilities: Floats, truth: Indices, bins: int = BINS) -> Reliability:
    """Return the reliability curve of the predicted class."""
    confidence = probabilities.max(axis=1, initial=0.0)
    right = (probabilities.argmax(axis=1) == truth).astype(np.float64)
    place = (np.ceil(confidence * bins).astype(np.int64) - 1).clip(0, bins - 1)
    counts = np.bincount(place, minlength=bins).astype(np.int64)
    return Reliability(
        np.linspace(0.0, 1.0, bins + 1),
        counts,
        _ratio(np.bincount(place, confidence, bins), counts),
        _ratio(np.bincount(place, right, bins), counts),
    )


@dataclass(frozen=True, slots=True)
class ClassificationFigures:
    """All figures of one set of cases; per-class tuples follow `classes`, NaN is "cannot be told"."""

    classes: tuple[str, ...]
    cases: int
    per_class_cases: tuple[int, ...]
    accuracy: float
    balanced_accuracy: float
    auc_macro: float
    auc_per_class: tuple[float, ...]
    f1_per_class: tuple[float, ...]
    recall_per_class: tuple[float, ...]
    ece: float
    brier: float
    confusion: tuple[tuple[int, ...], ...]


def measure(probabilities: Floats, truth: Indices, classes: Sequence[str]) -> ClassificationFigures:
    """Return all figures; means over classes leave out those that never occur.

    Raises:
        ValueError: shapes do not fit together, or an index is out of range.
    """
    if probabilities.ndim != 2 or probabilities.shape != (truth.size, len(classes)):
        raise ValueError("probabilities must have one row per case and one column per class")
    if truth.size and not 0 <= truth.min() <= truth.max() < len(classes):
        raise ValueError("a true class is out of range")
    table = confusion(truth, probabilities.argmax(axis=1), len(classes))
    areas, recalls = auc_per_class(probabilities, truth), recall_per_class(table)
    return ClassificationFigures(
        classes=tuple(classes),
        cases=truth.size,
        per_class_cases=tuple(int(n) for n in table.sum(axis=1)),
        accuracy=float(_ratio(np.trace(table), truth.size)),
        balanced_accuracy=_mean(recalls),
        auc_macro=_mean(areas),
        auc_per_class=tuple(float(v) for v in areas),
        f1_per_class=tuple(float(v) for v in f1_per_class(table)),
        recall_per_class=tuple(float(v) for v in recalls),
        ece=reliability(probabilities, truth).ece,
        brier=brier(probabilities, truth),
        confusion=tuple(tuple(int(n) for n in row) for row in table),
    )


def _ratio(part: NDArray[np.generic] | float, whole: NDArray[np.generic] | float) -> Floats:
    """Divide, giving NaN where the whole is zero."""
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    quotient = np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
    return np.asarray(quotient, np.float64)


def _mean(values: Floats) -> float:
    """Return the mean of what is not NaN; NaN when nothing is left."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
