"""What a detector finds on held-out photographs: overall, by type and size, and by condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from fairlearn.metrics import MetricFrame
from numpy.typing import NDArray
from sklearn.metrics import recall_score

from models.evaluation.bootstrap import Interval, bootstrap
from models.evaluation.conditions import DIMENSIONS, SMALL, Conditions
from models.evaluation.metrics import (
    PhotoDetections,
    PhotoMatch,
    PhotoTruth,
    average_precision,
    box_iou,
    match_photo,
    operating_point,
    repeated_share,
)

FALSE_PER_PHOTO = 2.0
# Side of a square of the label's area, in pixels of the photograph.
SIZE_EDGES = (10.0, 16.0, 24.0)


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group. Precision is a lower and false positives an upper bound, for the labels are incomplete."""

    name: str
    photos: int
    labels: int
    small: bool
    map50: Interval
    recall: Interval
    false_per_photo: Interval


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference in recall between the best and the worst group of a dimension, and of those large enough."""

    dimension: str
    all_groups: float
    large_groups: float | None
    worst: str
    best: str


@dataclass(frozen=True, slots=True)
class DetectionStudy:
    """Everything measured of one detector; `threshold` was chosen on validation photographs."""

    threshold: float
    map50: Interval
    map50_95: Interval
    recall: Interval
    false_per_photo: Interval
    recall_at_two_false: Interval
    by_type: dict[str, Interval]
    by_size: dict[str, Interval]
    groups: dict[str, tuple[GroupFigures, ...]]
    gaps: tuple[Gap, ...]
    repeated_share: float
    precision_recall: tuple[tuple[float, float], ...]
    free_response: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class _Photo:
    """One photograph's matches and, for each of its labels, the best score that found it (NaN when none did)."""

    match: PhotoMatch
    found_at: NDArray[np.float64]
    truth: PhotoTruth


def study_detector(
    truths: Sequence[PhotoTruth],
    found: Sequence[PhotoDetections],
    conditions: Sequence[Conditions],
    types: Sequence[str],
    threshold: float,
    two_false: float | None = None,
) -> DetectionStudy:
    """Measure detections against labels, whatever they are called; `types` names the label classes by index.

    Gaps between groups are those at the score `two_false`, where validation photographs show two false positives
    each, or at `threshold` without it. The three sequences are of the same photographs in the same order.
    """
    photos = [_Photo(match_photo(t, f, None), label_scores(t, f), t) for t, f in zip(truths, found, strict=True)]
    matches = [photo.match for photo in photos]
    n, at = len(photos), threshold if two_false is None else two_false
    sizes = [_size_names(photo.truth.boxes) for photo in photos]
    kinds = [[types[i] for i in photo.truth.classes] for photo in photos]
    groups = {name: _groups(photos, [getattr(c, name) for c in conditions], threshold) for name in DIMENSIONS}
    return DetectionStudy(
        threshold=threshold,
        map50=bootstrap(n, lambda index: _ap(matches, index, only50=True)),
        map50_95=bootstrap(n, lambda index: _ap(matches, index, only50=False)),
        recall=bootstrap(n, lambda index: operating_point([matches[i] for i in index], threshold).recall),
        false_per_photo=_false(matches, threshold),
        recall_at_two_false=bootstrap(n, lambda index: recall_at([matches[i] for i in index], FALSE_PER_PHOTO)),
        by_type=_split_recall(photos, kinds, threshold),
        by_size=_split_recall(photos, sizes, threshold),
        groups=groups,
        gaps=tuple(_gap(photos, name, [getattr(c, name) for c in conditions], at) for name in DIMENSIONS),
        repeated_share=round(repeated_share(found, threshold), 4),
        precision_recall=_precision_recall(matches),
        free_response=_free_response(matches),
    )


def label_scores(truth: PhotoTruth, found: PhotoDetections) -> NDArray[np.float64]:
    """Return for each label (M,) the score of the detection that found it at IoU 0.5, NaN where none did."""
    scores = np.full(len(truth.boxes), np.nan)
    free = np.ones(len(truth.boxes), np.bool_)
    overlap = box_iou(found.boxes, truth.boxes) if len(truth.boxes) else np.zeros((len(found.boxes), 0))
    for row in range(len(found.boxes) if len(truth.boxes) else 0):
        candidate = np.where(free, overlap[row], -1.0)
        best = int(candidate.argmax())
        if candidate[best] >= 0.5:
            scores[best], free[best] = found.scores[row], False
    return scores


def recall_at(matches: Sequence[PhotoMatch], false_per_photo: float) -> float:
    """Return the recall at the lowest threshold with so many false positives a photograph; NaN without labels."""
    curve = _sorted(matches)
    labels = sum(match.labels for match in matches)
    if labels == 0:
        return float("nan")
    true, false = curve.cumsum(), (~curve).cumsum()
    inside = false <= false_per_photo * len(matches)
    return float(true[inside].max(initial=0)) / labels


def _sorted(matches: Sequence[PhotoMatch]) -> NDArray[np.bool_]:
    """Return the hits at IoU 0.5 of all photographs, best score first."""
    order = np.argsort(-np.concatenate([m.scores for m in matches]), kind="stable")
    return np.asarray(np.concatenate([m.hits[0] for m in matches])[order], np.bool_)


def _ap(matches: Sequence[PhotoMatch], index: NDArray[np.int64], *, only50: bool) -> float:
    values = average_precision([matches[i] for i in index])
    return float(values[0] if only50 else values.mean())


def _false(matches: Sequence[PhotoMatch], threshold: float) -> Interval:
    return bootstrap(
        len(matches), lambda index: operating_point([matches[i] for i in index], threshold).false_positives_per_photo
    )


def _split_recall(photos: Sequence[_Photo], names: Sequence[Sequence[str]], threshold: float) -> dict[str, Interval]:
    """Return the recall of the labels of each name, resampled by photograph."""
    result = {}
    for name in sorted({word for words in names for word in words}):
        counts = np.array(
            [_hits(photo, [w == name for w in words], threshold) for photo, words in zip(photos, names, strict=True)]
        )
        held = counts[counts[:, 1] > 0]
        result[name] = bootstrap(len(held), partial(_share_found, held))
    return result


def _share_found(counts: NDArray[np.int64], index: NDArray[np.int64]) -> float:
    """Return the recall over resampled photographs, from (N, 2) found and labelled."""
    return float(counts[index, 0].sum() / counts[index, 1].sum())


def _hits(photo: _Photo, which: Sequence[bool], threshold: float) -> tuple[int, int]:
    chosen = photo.found_at[np.asarray(which, np.bool_)]
    return int((chosen >= threshold).sum()), len(chosen)


def _size_names(boxes: NDArray[np.float32]) -> list[str]:
    """Return in words how large each label is."""
    edges = (0.0, *SIZE_EDGES)
    names = [f"{low:.0f} to {high:.0f} px" for low, high in pairwise(edges)] + [f"over {edges[-1]:.0f} px"]
    side = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1)) if len(boxes) else np.zeros(0)
    return [names[int(np.searchsorted(SIZE_EDGES, value))] for value in side]


def _groups(photos: Sequence[_Photo], names: Sequence[str], threshold: float) -> tuple[GroupFigures, ...]:
    members = {name: [p.match for p, word in zip(photos, names, strict=True) if word == name] for name in set(names)}
    return tuple(_group(name, members[name], threshold) for name in sorted(members))


def _group(name: str, matches: Sequence[PhotoMatch], threshold: float) -> GroupFigures:
    n = len(matches)
    return GroupFigures(
        name=name,
        photos=n,
        labels=sum(match.labels for match in matches),
        small=n < SMALL,
        map50=bootstrap(n, lambda index: _ap(matches, index, only50=True)),
        recall=bootstrap(n, lambda index: operating_point([matches[i] for i in index], threshold).recall),
        false_per_photo=_false(matches, threshold),
    )


def _gap(photos: Sequence[_Photo], dimension: str, names: Sequence[str], threshold: float) -> Gap:
    """Return the worst-group gap in recall over labels."""
    labels = [(name, value >= threshold) for photo, name in zip(photos, names, strict=True) for value in photo.found_at]
    group = np.array([name for name, _ in labels])
    hit = np.array([found for _, found in labels], np.int64)
    frame = MetricFrame(
        metrics=lambda y_true, y_pred: recall_score(y_true, y_pred, zero_division=0.0),
        y_true=np.ones_like(hit),
        y_pred=hit,
        sensitive_features=group,
    )
    by_group = frame.by_group
    large = [name for name in by_group.index if names.count(name) >= SMALL]
    spread = float(by_group[large].max() - by_group[large].min()) if len(large) > 1 else None
    return Gap(
        dimension,
        round(float(frame.difference()), 4),
        None if spread is None else round(spread, 4),
        str(by_group.idxmin()),
        str(by_group.idxmax()),
    )


def _precision_recall(matches: Sequence[PhotoMatch], points: int = 60) -> tuple[tuple[float, float], ...]:
    """Return (recall, precision) along the score, thinned for drawing."""
    hits = _sorted(matches)
    labels = max(sum(m.labels for m in matches), 1)
    true = hits.cumsum()
    at = np.unique(np.linspace(0, len(hits) - 1, points).astype(int))
    return tuple((round(float(true[i] / labels), 4), round(float(true[i] / (i + 1)), 4)) for i in at)


def _free_response(matches: Sequence[PhotoMatch], points: int = 60) -> tuple[tuple[float, float], ...]:
    """Return (false positives a photograph, recall) along the score, up to ten false positives a photograph."""
    hits = _sorted(matches)
    labels = max(sum(m.labels for m in matches), 1)
    true, false = hits.cumsum(), (~hits).cumsum() / len(matches)
    inside = np.flatnonzero(false <= 10)
    at = inside[np.unique(np.linspace(0, len(inside) - 1, points).astype(int))] if len(inside) else []
    return tuple((round(float(false[i]), 4), round(float(true[i] / labels), 4)) for i in at)
