"""What a bundle says of what it was never meant for: each should be called unlike, or at least not be typed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.calibration.ood_sets import ood_sets
from models.evaluation.classifier_runner import OnnxClassifier
from shared.vision.assessment import Assessor
from shared.vision.parameters import RoutingParameters
from shared.vision.risk import route
from shared.vocabulary import Route


@dataclass(frozen=True, slots=True)
class StrangerFigures:
    """One kind of picture, asked about as if the detector were certain.

    Attributes:
        crops: places asked about.
        unlike: share beyond the distance that one in a hundred known features exceeds.
        not_typed: share that gets no type: unlike, a growth, or taken for clear skin.
        suggested: share that would be acted on or suggested; this is what must stay small.
    """

    name: str
    crops: int
    unlike: float
    not_typed: float
    suggested: float


def study_strangers(
    classifier: OnnxClassifier, assessor: Assessor, routing: RoutingParameters, root: Path
) -> tuple[StrangerFigures, ...]:
    """Ask about every strange picture's places; a detector's score of 1 makes it the hardest case.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    return tuple(
        _figures(strange.kind.value, strange.crops(), classifier, assessor, routing) for strange in ood_sets(root)
    )


def _figures(
    name: str,
    crops: NDArray[np.float32],
    classifier: OnnxClassifier,
    assessor: Assessor,
    routing: RoutingParameters,
) -> StrangerFigures:
    logits, features = classifier.run(crops)
    rows = []
    for found in assessor.assess(np.ones(len(crops)), logits, features, [None] * len(crops)):
        chosen = route(found.confidence, found.types, found.ood, found.label, routing)[0]
        untyped = chosen is Route.NOT_ASSESSED or found.label.finding is None
        rows.append((found.ood > 1, untyped, chosen in (Route.ACT, Route.SUGGEST)))
    return StrangerFigures(name, len(rows), *(round(float(share), 4) for share in np.mean(rows, axis=0)))
