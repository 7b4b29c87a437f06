"""What a detection is shown as, and what may be done with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.analysis.crop_networks import Described
from shared.vision.assessment import Assessment, Assessor
from shared.vision.bundle import Bundle
from shared.vision.calibration import calibrated
from shared.vision.parameters import CropClass
from shared.vision.risk import route
from shared.vocabulary import FindingType, Route


@dataclass(frozen=True, slots=True)
class Judgement:
    """One detection, judged.

    Attributes:
        type: the type it is shown as; None for growths, for what looks clear, and for what is like nothing learnt.
        confidence: probability that such a feature is there; for a crop that looks clear, that any is.
        type_set: types that cannot be ruled out, most probable first.
        route: what may be done with it.
        reasons: why not more.
        ood: distance from what was learnt, relative to the threshold.
    """

    type: FindingType | None
    confidence: float
    type_set: tuple[FindingType, ...]
    route: Route
    reasons: tuple[str, ...]
    ood: float


class Judge:
    """Applies a bundle's fitted parameters; pure."""

    def __init__(self, bundle: Bundle) -> None:
        self._assessor = Assessor.of(bundle.parameters, bundle.ood)
        self._routing = bundle.parameters.routing

    def judge(self, scores: NDArray[np.float64], described: Described) -> list[Judgement]:
        """Return a judgement for each of N detections, from raw scores (N,) and the classifier's answers.

        The skin-tone group is not asked: sets follow the overall quantile.
        """
        present = calibrated(self._assessor.curve, scores)
        assessed = self._assessor.assess(scores, described.logits, described.features, [None] * len(scores))
        return [self._one(float(there), item) for there, item in zip(present, assessed, strict=True)]

    def _one(self, present: float, assessed: Assessment) -> Judgement:
        chosen, reasons = route(assessed.confidence, assessed.types, assessed.ood, assessed.label, self._routing)
        confidence = assessed.confidence
        if assessed.label is CropClass.CLEAR:
            confidence = max(0.0, present - confidence)
        return Judgement(
            type=None if chosen is Route.NOT_ASSESSED else assessed.label.finding,
            confidence=min(1.0, confidence),
            type_set=tuple(kind for item in assessed.types if (kind := item.finding) is not None),
            route=chosen,
            reasons=tuple(reasons),
            ood=assessed.ood,
        )
