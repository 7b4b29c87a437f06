"""The two graphs that look at one feature at a time: what it is, and where its edge runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.analysis.bundle_sessions import ServedBundle
from edge.analysis.errors import ModelCorrupt
from shared.imaging.crops import Crop, network_input
from shared.vision.bundle import GraphRole

# Crops a graph sees at once: more would not be faster on a processor, and each holds its activations meanwhile.
MOST_CLASSIFIED: Final = 32
MOST_SEGMENTED: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What the classifier says of N crops: logits float32 (N, C), features float32 (N, F)."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


class CropClassifier:
    """Runs the classifier's graph."""

    def __init__(self, served: ServedBundle) -> None:
        self._served = served
        self.side = served.bundle.manifest.graphs[GraphRole.CLASSIFIER].input_size
        self._classes = len(served.bundle.parameters.classifier.classes)
        self._features = len(served.bundle.ood.mean)

    def describe(self, crops: Sequence[Crop]) -> Described:
        """Return logits and features of crops of `side` pixels.

        Raises:
            ModelCorrupt: the graph answers outside its contract.
            ProviderFailed: it cannot be run.
        """
        logits = [np.zeros((0, self._classes), np.float32)]
        features = [np.zeros((0, self._features), np.float32)]
        for start in range(0, len(crops), MOST_CLASSIFIED):
            chunk = crops[start : start + MOST_CLASSIFIED]
            outputs = self._served.run(GraphRole.CLASSIFIER, network_input(chunk, self.side))
            logits.append(_checked(outputs.get("logits"), (len(chunk), self._classes)))
            features.append(_checked(outputs.get("features"), (len(chunk), self._features)))
        return Described(np.concatenate(logits), np.concatenate(features))


class CropSegmenter:
    """Runs the segmenter's graph."""

    def __init__(self, served: ServedBundle) -> None:
        self._served = served
        self.side = served.bundle.manifest.graphs[GraphRole.SEGMENTER].input_size

    def outline(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """Return mask logits (N, side, side) of crops of `side` pixels.

        Raises:
            ModelCorrupt: the graph answers outside its contract.
            ProviderFailed: it cannot be run.
        """
        masks = np.empty((len(crops), self.side, self.side), np.float32)
        for start in range(0, len(crops), MOST_SEGMENTED):
            chunk = crops[start : start + MOST_SEGMENTED]
            outputs = self._served.run(GraphRole.SEGMENTER, network_input(chunk, self.side))
            checked = _checked(outputs.get("mask_logits"), (len(chunk), 1, self.side, self.side))
            masks[start : start + len(chunk)] = checked[:, 0]
        return masks


def _checked(values: NDArray[np.float32] | None, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if values is None or values.shape != shape or not np.isfinite(values).all():
        raise ModelCorrupt(
            "model_breaks_contract",
            "A model does not answer as its bundle says. Install the bundle again, or an earlier one.",
        )
    return values
