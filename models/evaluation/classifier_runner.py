"""Running an exported classifier through ONNX Runtime on crops."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.evaluation.runner import file_sha256, on_one_thread
from shared.vision.calibration import softmax

INPUT_NAME, OUTPUT_NAMES = "crops", ("logits", "features")
_BATCH = 32


class OnnxClassifier:
    """An exported classifier on the processor, one thread."""

    def __init__(self, path: Path) -> None:
        """Load the graph.

        Raises:
            DataMissingError: there is no such file.
        """
        self.sha256 = file_sha256(path)
        self._session = on_one_thread(path)

    def run(self, crops: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits (N, 5) and features (N, 512) of crops (N, 3, 64, 64) in 0..1; N may be zero."""
        logits, features = [], []
        for start in range(0, max(len(crops), 1), _BATCH):
            both = self._session.run(list(OUTPUT_NAMES), {INPUT_NAME: crops[start : start + _BATCH]})
            logits.append(np.asarray(both[0], np.float32))
            features.append(np.asarray(both[1], np.float32))
        return np.concatenate(logits), np.concatenate(features)

    def probabilities(self, crops: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return uncalibrated probabilities (N, 5)."""
        return softmax(self.run(crops)[0])
