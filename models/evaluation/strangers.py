"""What a bundle says of what it was never meant for: each should be called unlike, or at least not be typed."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.lesions import Split
from models.data.strangers import read_strangers
from models.data.type_crops import SIZE
from models.evaluation.classifier_runner import OnnxClassifier
from shared.imaging.crops import crop_batch, network_input
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
    classifier: OnnxClassifier, assessor: Assessor, routing: RoutingParameters, root: Path, split: Split
) -> tuple[StrangerFigures, ...]:
    """Ask about every stranger's places; a detector's score of 1 makes it the hardest case.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    answers: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for stranger in read_strangers(root, split):
        crops = crop_batch(stranger.image, stranger.boxes.tolist(), SIZE)
        logits, features = classifier.run(network_input(crops, SIZE))
        count = len(stranger.boxes)
        for found in assessor.assess(np.ones(count), logits, features, [None] * count):
            chosen = route(found.confidence, found.types, found.ood, found.label, routing)[0]
            untyped = chosen is Route.NOT_ASSESSED or found.label.finding is None
            answers[stranger.kind].append((found.ood > 1, untyped, chosen in (Route.ACT, Route.SUGGEST)))
    return tuple(
        StrangerFigures(kind, len(rows), *(round(float(share), 4) for share in np.mean(rows, axis=0)))
        for kind, rows in answers.items()
    )
