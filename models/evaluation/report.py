"""Figures of a detector with bootstrap intervals, overall, by class and by tone group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.data.lesions import CLASSES, ToneGroup
from models.evaluation.bootstrap import Interval
from models.evaluation.metrics import (
    OperatingPoint,
    PhotoDetections,
    PhotoMatch,
    PhotoTruth,
    average_precision,
    match_photo,
    operating_point,
    repeated_share,
)

RESAMPLES = 1000
COVERAGE = 0.95
_SEED = 7


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured on one group of photographs.

    Averages over classes count only classes that the group has labels of. `precision` is a lower bound and
    `false_positives_per_photo` an upper bound, because not every blemish is labelled.
    """

    photos: int
    labels: int
    map50: Interval
    map50_95: Interval
    recall: Interval
    precision: Interval
    false_positives_per_photo: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one evaluation; `any_class` counts a feature as found whatever it is called.

    `repeated_share` is the share of boxes above the threshold that repeat a better-scored box.
    """

    overall: Figures
    any_class: Figures
    by_class: dict[str, Figures]
    by_tone: dict[str, Figures]
    by_tone_any_class: dict[str, Figures]
    repeated_share: float


_Values = tuple[float, float, float, float, float]


def _values(per_class: Sequence[Sequence[PhotoMatch]], threshold: float) -> _Values:
    """Return map50, map50_95, recall, precision and false positives per photo."""
    tables = [average_precision(matches) for matches in per_class]
    labelled = [table for table in tables if not np.isnan(table).any()]
    points = [operating_point(matches, threshold) for matches in per_class]
    total = OperatingPoint(
        points[0].photos,
        sum(point.labels for point in points),
        sum(point.found for point in points),
        sum(point.false_positives for point in points),
    )
    map50 = float(np.mean([table[0] for table in labelled])) if labelled else float("nan")
    mean = float(np.mean(labelled)) if labelled else float("nan")
    return map50, mean, total.recall, total.precision, total.false_positives_per_photo


def _interval(value: float, drawn: Sequence[float]) -> Interval:
    """Return the figure with the percentile interval of its resamples."""
    finite = [x for x in drawn if not np.isnan(x)]
    if np.isnan(value) or not finite:
        return Interval(None, None, None)
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Interval(round(value, 4), round(float(low), 4), round(float(high), 4))


def measure(per_class: Sequence[Sequence[PhotoMatch]], threshold: float, resamples: int = RESAMPLES) -> Figures:
    """Measure matches given as one list over the same photographs per class.

    Photographs are resampled with replacement under a fixed seed, so the same input gives the same figures.
    """
    rng = np.random.default_rng(_SEED)
    photos = len(per_class[0])
    drawn: list[_Values] = []
    for _ in range(resamples if photos else 0):
        picks = rng.integers(photos, size=photos)
        drawn.append(_values([[matches[int(i)] for i in picks] for matches in per_class], threshold))
    values = _values(per_class, threshold)
    intervals = [_interval(value, [row[i] for row in drawn]) for i, value in enumerate(values)]
    labels = sum(match.labels for matches in per_class for match in matches)
    return Figures(photos, labels, *intervals)


def build_report(
    truths: Sequence[PhotoTruth],
    tones: Sequence[ToneGroup],
    found: Sequence[PhotoDetections],
    threshold: float,
    resamples: int = RESAMPLES,
) -> Report:
    """Return the figures of `found` against `truths`, which are in the same order."""
    pairs = list(zip(truths, found, strict=True))
    per_class = [[match_photo(t, f, index) for t, f in pairs] for index in range(len(CLASSES))]
    anything = [match_photo(t, f, None) for t, f in pairs]
    rows = {tone: [i for i, each in enumerate(tones) if each is tone] for tone in ToneGroup}
    return Report(
        overall=measure(per_class, threshold, resamples),
        any_class=measure([anything], threshold, resamples),
        by_class={
            name.value: measure([matches], threshold, resamples)
            for name, matches in zip(CLASSES, per_class, strict=True)
        },
        by_tone={
            tone.value: measure([[m[i] for i in rows[tone]] for m in per_class], threshold, resamples)
            for tone in ToneGroup
        },
        by_tone_any_class={
            tone.value: measure([[anything[i] for i in rows[tone]]], threshold, resamples) for tone in ToneGroup
        },
        repeated_share=round(repeated_share(found, threshold), 4),
    )


def named_rows(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return (label, figures) of a report as read from JSON, in the order tables show them."""
    rows = [("all classes, mean", report["overall"]), ("any visible feature", report["any_class"])]
    rows += [(f"class {name}", figures) for name, figures in report["by_class"].items()]
    rows += [(f"tone {name}, mean", figures) for name, figures in report["by_tone"].items()]
    rows += [(f"tone {name}, any feature", f) for name, f in report["by_tone_any_class"].items()]
    return rows
