"""From findings on the fitting half to everything a bundle's parameters hold about detector and classifier.

Curve and temperature are fitted on all of the half. The bounds that rest on them, conformal quantiles and routing
thresholds, would flatter themselves on the very same findings; so they see each photograph with a curve and a
temperature fitted without its fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration.conformal_fit import fit_conformal
from models.calibration.curve import FITS, best_fit
from models.calibration.findings import NO_LABEL, Findings
from models.calibration.ood_fit import ood_threshold
from models.calibration.risk_control import Bound, Cases, control_risk
from models.calibration.temperature import fit_temperature
from shared.vision.assessment import Assessment, Assessor
from shared.vision.calibration import calibrated, softmax
from shared.vision.ood import OodModel
from shared.vision.parameters import (
    CROP_CLASSES,
    ClassifierParameters,
    ConformalTable,
    IsotonicCurve,
    RoutingParameters,
)
from shared.vision.risk import highest_route
from shared.vocabulary import Route

ACT_ALPHA, SUGGEST_ALPHA, DELTA = 0.05, 0.20, 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted: `assessor` holds curve, temperature, conformal table and distance; `ood_n` its cases."""

    curve_kind: str
    assessor: Assessor
    ood_n: int
    routing: RoutingParameters


@dataclass(frozen=True, slots=True)
class _Heads:
    """Curve and temperature of one fit."""

    curve: IsotonicCurve
    temperature: float


def fit(findings: Findings, score_threshold: float, ood: OodModel) -> Fitted:
    """Fit on the findings of the fitting half; those below the score threshold serve curve and temperature only.

    Raises:
        ValueError: there is no detection, none on a label, or all stand in one fold.
    """
    kind = best_fit(findings.score, findings.hit, findings.fold)
    heads = _fit_heads(findings, kind)
    shown = findings.chosen(findings.score >= score_threshold)
    by_fold = {int(f): _fit_heads(findings.chosen(findings.fold != f), kind) for f in np.unique(shown.fold)}
    table = _fit_table(shown, by_fold)
    typed = int((findings.truth != NO_LABEL).sum())
    known = ood.distances(shown.features[shown.hit])
    threshold = ood_threshold(known)
    assessor = Assessor(heads.curve, _classifier(heads, typed, table), ood, threshold)
    held_out = _assess_by_fold(shown, by_fold, assessor)
    return Fitted(kind, assessor, known.size, fit_routing(shown, held_out))


def _fit_heads(findings: Findings, kind: str) -> _Heads:
    typed = findings.truth != NO_LABEL
    return _Heads(
        FITS[kind](findings.score, findings.hit), fit_temperature(findings.logits[typed], findings.truth[typed])
    )


def _fit_table(shown: Findings, by_fold: dict[int, _Heads]) -> ConformalTable:
    """Fit quantiles on findings that lie on a label, each with the temperature of the other folds."""
    typed = shown.chosen(shown.truth != NO_LABEL)
    temperatures = np.array([by_fold[int(f)].temperature for f in typed.fold])
    return fit_conformal(softmax(typed.logits / temperatures[:, None]), typed.truth, typed.tone)


def _classifier(heads: _Heads, n: int, table: ConformalTable) -> ClassifierParameters:
    return ClassifierParameters(temperature=heads.temperature, temperature_n=n, conformal=table)


def _assess_by_fold(shown: Findings, by_fold: dict[int, _Heads], whole: Assessor) -> list[Assessment]:
    """Assess each finding with a curve and a temperature that have not seen its photograph."""
    result: dict[int, Assessment] = {}
    for number, heads in by_fold.items():
        inside = shown.fold == number
        classifier = _classifier(heads, whole.classifier.temperature_n, whole.classifier.conformal)
        assessor = Assessor(heads.curve, classifier, whole.ood, whole.ood_threshold)
        result.update(zip(np.flatnonzero(inside).tolist(), assess(shown.chosen(inside), assessor), strict=True))
    return [result[index] for index in range(len(shown.score))]


def assess(findings: Findings, assessor: Assessor) -> list[Assessment]:
    """Assess findings as the product does."""
    return assessor.assess(findings.score, findings.logits, findings.features, findings.tone)


def is_wrong(findings: Findings, assessments: Sequence[Assessment]) -> NDArray[np.bool_]:
    """Return which findings (N,) lie on no label, or on one of another class."""
    labels = np.array([CROP_CLASSES.index(a.label) for a in assessments], np.int64)
    return np.asarray(labels != findings.truth, np.bool_)


def fit_routing(shown: Findings, assessments: Sequence[Assessment]) -> RoutingParameters:
    """Find the thresholds, each on the findings that only their confidence keeps from that route."""
    wrong = is_wrong(shown, assessments)
    confidence = np.array([a.confidence for a in assessments], np.float64)
    best = [highest_route(a.types, a.ood, a.label)[0] for a in assessments]
    act = _bound(np.array([b is Route.ACT for b in best], np.bool_), confidence, wrong, shown.photo, ACT_ALPHA)
    may_suggest = np.array([b in (Route.ACT, Route.SUGGEST) for b in best], np.bool_)
    suggest = _bound(may_suggest, confidence, wrong, shown.photo, SUGGEST_ALPHA)
    return RoutingParameters(
        act_threshold=act.threshold,
        suggest_threshold=suggest.threshold,
        act_alpha=ACT_ALPHA,
        suggest_alpha=SUGGEST_ALPHA,
        confidence=1 - DELTA,
        act_upper_bound=act.upper,
        suggest_upper_bound=suggest.upper,
        act_n=act.n,
        suggest_n=suggest.n,
        n=len(assessments),
    )


def _bound(
    eligible: NDArray[np.bool_], confidence: Floats, wrong: NDArray[np.bool_], photo: NDArray[np.int64], alpha: float
) -> Bound:
    return control_risk(Cases(confidence[eligible], wrong[eligible], photo[eligible]), alpha, DELTA)


def feature_probability(findings: Findings, assessor: Assessor) -> Floats:
    """Return the calibrated probability (N,) that each finding lies on a label."""
    return calibrated(assessor.curve, findings.score)
