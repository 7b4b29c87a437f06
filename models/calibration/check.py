"""What the fitted numbers do on photographs that fitted none of them."""

from collections.abc import Sequence

import numpy as np

from models.calibration.conformal_fit import coverage
from models.calibration.error import calibration_error
from models.calibration.findings import NO_LABEL, Findings
from models.calibration.fitting import assess, feature_probability, is_wrong
from shared.vision.assessment import Assessment, Assessor
from shared.vision.calibration import softmax
from shared.vision.parameters import Checked, RoutingParameters
from shared.vision.risk import route
from shared.vocabulary import Route


def check(shown: Findings, assessor: Assessor, routing: RoutingParameters) -> dict[str, Checked]:
    """Return figures of the findings at or above the score threshold; what no finding can tell is left out."""
    assessments = assess(shown, assessor)
    figures = _detector(shown, assessor) | _classifier(shown, assessor) | _distance(shown, assessments)
    figures |= _routes(shown, assessments, routing)
    return {name: Checked(value=round(value, 4), n=n) for name, (value, n) in figures.items() if np.isfinite(value)}


def _detector(shown: Findings, assessor: Assessor) -> dict[str, tuple[float, int]]:
    n = len(shown.score)
    stated = feature_probability(shown, assessor)
    return {
        "d_ece_raw": (calibration_error(shown.score, shown.hit), n),
        "d_ece": (calibration_error(stated, shown.hit), n),
    }


def _classifier(shown: Findings, assessor: Assessor) -> dict[str, tuple[float, int]]:
    """Return accuracy, calibration and conformal figures of the findings that lie on a label."""
    typed = shown.chosen(shown.truth != NO_LABEL)
    n, truth = len(typed.truth), typed.truth
    classifier = assessor.classifier
    raw, stated = softmax(typed.logits), softmax(typed.logits, classifier.temperature)
    right = raw.argmax(axis=1) == truth
    held, size = coverage(stated, truth, typed.tone, classifier.conformal)
    figures = {
        "type_accuracy": (float(right.mean()) if n else float("nan"), n),
        "ece_raw": (calibration_error(raw.max(axis=1), right), n),
        "ece": (calibration_error(stated.max(axis=1), right), n),
        "conformal_coverage": (held, n),
        "conformal_set_size": (size, n),
    }
    for tone in sorted(set(typed.tone)):
        group = typed.chosen(np.array([name == tone for name in typed.tone]))
        stated = softmax(group.logits, classifier.temperature)
        figures[f"conformal_coverage_{tone}"] = (
            coverage(stated, group.truth, group.tone, classifier.conformal)[0],
            len(group.truth),
        )
    return figures


def _distance(shown: Findings, assessments: Sequence[Assessment]) -> dict[str, tuple[float, int]]:
    """Return how many findings on a label are taken for strange, which one in a hundred should be."""
    strange = np.array([a.ood > 1 for a in assessments], np.bool_)[shown.hit]
    return {"known_taken_for_strange": (float(strange.mean()) if strange.size else float("nan"), strange.size)}


def _routes(
    shown: Findings, assessments: Sequence[Assessment], routing: RoutingParameters
) -> dict[str, tuple[float, int]]:
    """Return the share of findings on each route, and of wrong ones among those acted on or suggested."""
    wrong = is_wrong(shown, assessments)
    chosen = [route(a.confidence, a.types, a.ood, a.label, routing)[0] for a in assessments]
    confidence = np.array([a.confidence for a in assessments], np.float64)
    typable = np.array([a.label.finding is not None for a in assessments], np.bool_)
    n = len(assessments)
    figures = {"joint_ece": (calibration_error(confidence[typable], ~wrong[typable]), int(typable.sum()))}
    for name in Route:
        there = np.array([each is name for each in chosen], np.bool_)
        figures[f"routed_{name.value}"] = (float(there.mean()) if n else float("nan"), n)
        if name in (Route.ACT, Route.SUGGEST) and there.any():
            figures[f"wrong_of_{name.value}"] = (float(wrong[there].mean()), int(there.sum()))
    return figures
