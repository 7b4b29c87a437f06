"""What the networks' raw answers about findings amount to: class, confidence, possible types, distance.

The one place where they are put together, so that what was calibrated and what runs cannot drift apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.vision.calibration import calibrated, softmax
from shared.vision.conformal import type_set
from shared.vision.ood import OodModel
from shared.vision.parameters import ClassifierParameters, CropClass, IsotonicCurve, Parameters


@dataclass(frozen=True, slots=True)
class Assessment:
    """One finding, ready to be routed by `risk.route`.

    Attributes:
        label: the most probable class.
        confidence: calibrated probability of a feature times that of its label, 0 to 1.
        types: the classes it may be, the most probable first; may be empty.
        ood: distance over the threshold distance; above 1 it is unlike what was learnt.
    """

    label: CropClass
    confidence: float
    types: tuple[CropClass, ...]
    ood: float


@dataclass(frozen=True, slots=True)
class Assessor:
    """The fitted numbers that an assessment needs."""

    curve: IsotonicCurve
    classifier: ClassifierParameters
    ood: OodModel
    ood_threshold: float

    @classmethod
    def of(cls, parameters: Parameters, ood: OodModel) -> "Assessor":
        """Return the assessor of a bundle."""
        return cls(parameters.detector.calibration, parameters.classifier, ood, parameters.ood.threshold)

    def assess(
        self,
        scores: ArrayLike,
        logits: NDArray[np.floating],
        features: NDArray[np.floating],
        groups: Sequence[str | None],
    ) -> list[Assessment]:
        """Assess findings: raw scores (N,), logits (N, C), features (N, F) and tone groups (N,), None if unknown.

        Raises:
            ValueError: the four differ in length, or the features are not those of the bundle's classifier.
        """
        if not len(logits):
            return []
        probabilities = softmax(logits, self.classifier.temperature)
        best = probabilities.argmax(axis=1)
        confidence = calibrated(self.curve, scores) * probabilities.max(axis=1)
        apart = self.ood.distances(features) / self.ood_threshold
        classes, table = self.classifier.classes, self.classifier.conformal
        return [
            Assessment(classes[int(label)], float(sure), type_set(row, classes, table, group), float(distance))
            for label, sure, row, group, distance in zip(best, confidence, probabilities, groups, apart, strict=True)
        ]
