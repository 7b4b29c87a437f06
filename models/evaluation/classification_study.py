"""How well features are typed on held-out photographs, how honest the probabilities are, and what the sets cover."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.bootstrap import Interval, mean_interval
from models.evaluation.classification_metrics import ClassificationFigures, Reliability, measure, reliability
from shared.vision.calibration import softmax
from shared.vision.conformal import type_set
from shared.vision.parameters import ClassifierParameters

_UNKNOWN_TONE = "tone not stated"


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Conformal sets of one group: share that holds the true type, mean number of types, share with exactly one."""

    name: str
    cases: int
    coverage: Interval
    mean_size: float
    single: float


@dataclass(frozen=True, slots=True)
class ClassificationStudy:
    """Figures of calibrated probabilities; `raw_ece` is the calibration error before calibration."""

    figures: ClassificationFigures
    raw_ece: float
    reliability: Reliability
    accuracy_by_tone: dict[str, Interval]
    sets: tuple[SetFigures, ...]


def study_classifier(
    logits: NDArray[np.floating],
    truth: NDArray[np.int64],
    tones: Sequence[str | None],
    parameters: ClassifierParameters,
) -> ClassificationStudy:
    """Measure logits (N, C) of crops against their classes (N,), indices into `parameters.classes`."""
    words = [kind.value for kind in parameters.classes]
    raw, calibrated = softmax(logits), softmax(logits, parameters.temperature)
    right = calibrated.argmax(axis=1) == truth
    names = np.array([tone or _UNKNOWN_TONE for tone in tones])
    table = parameters.conformal
    sets = [
        [parameters.classes.index(kind) for kind in type_set(row, parameters.classes, table, tone)]
        for row, tone in zip(calibrated, tones, strict=True)
    ]
    covered = np.array([int(label) in members for label, members in zip(truth, sets, strict=True)])
    sizes = np.array([len(members) for members in sets])
    every = np.ones(len(truth), np.bool_)
    return ClassificationStudy(
        figures=measure(calibrated, truth, words),
        raw_ece=measure(raw, truth, words).ece,
        reliability=reliability(calibrated, truth),
        accuracy_by_tone={
            name: mean_interval(right[names == name].astype(np.float64)) for name in sorted(set(names.tolist()))
        },
        sets=(
            _sets("all", every, covered, sizes),
            *(_sets(name, names == name, covered, sizes) for name in sorted(set(names.tolist()))),
        ),
    )


def _sets(name: str, which: NDArray[np.bool_], covered: NDArray[np.bool_], sizes: NDArray[np.int64]) -> SetFigures:
    return SetFigures(
        name,
        int(which.sum()),
        mean_interval(covered[which].astype(np.float64)),
        round(float(sizes[which].mean()), 3) if which.any() else 0.0,
        round(float((sizes[which] == 1).mean()), 3) if which.any() else 0.0,
    )
