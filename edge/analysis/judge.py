"""What the networks' numbers are worth: calibrated confidence, possible types, and what may be done with each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.analysis.crop_networks import Described
from shared.vision.bundle import Bundle
from shared.vision.calibration import calibrated, softmax
from shared.vision.conformal import type_set
from shared.vision.parameters import CropClass
from shared.vision.risk import route
from shared.vocabulary import FindingType, Route


@dataclass(frozen=True, slots=True)
class Judgement:
    """One detection, judged.

    Attributes:
        label: the most probable class.
        confidence: probability that a feature of this class is there; for a crop that looks clear, that any is.
        type_set: types that cannot be ruled out, most probable first.
        route: what may be done with it.
        reasons: why not more.
        ood: distance from what was learnt, relative to the threshold.
    """

    label: CropClass
    confidence: float
    type_set: tuple[FindingType, ...]
    route: Route
    reasons: tuple[str, ...]
    ood: float

    @property
    def type(self) -> FindingType | None:
        """The type it is shown as; None for growths, for what looks clear, and for what is like nothing learnt."""
        return None if self.route is Route.NOT_ASSESSED else self.label.finding


class Judge:
    """Applies a bundle's fitted parameters; pure."""

    def __init__(self, bundle: Bundle) -> None:
        self._parameters = bundle.parameters
        self._ood = bundle.ood

    def judge(self, scores: NDArray[np.float64], described: Described) -> list[Judgement]:
        """Return a judgement for each of N detections, from raw scores (N,) and the classifier's answers.

        The skin-tone group is not asked: sets follow the overall quantile.
        """
        if not len(scores):
            return []
        present = calibrated(self._parameters.detector.calibration, scores)
        probabilities = softmax(described.logits, self._parameters.classifier.temperature)
        distances = self._ood.distances(described.features) / self._parameters.ood.threshold
        return [
            self._one(float(there), row, float(ood))
            for there, row, ood in zip(present, probabilities, distances, strict=True)
        ]

    def _one(self, present: float, probabilities: NDArray[np.float64], ood: float) -> Judgement:
        classifier = self._parameters.classifier
        best = int(probabilities.argmax())
        label, share = classifier.classes[best], float(probabilities[best])
        possible = type_set(probabilities, classifier.classes, classifier.conformal, None)
        joint = present * share
        chosen, reasons = route(joint, possible, ood, label, self._parameters.routing)
        if label is CropClass.CLEAR:
            joint = present * (1.0 - share)
        types = tuple(kind for item in possible if (kind := item.finding) is not None)
        return Judgement(label, min(1.0, joint), types, chosen, tuple(reasons), ood)
