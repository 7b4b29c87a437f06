"""Running an exported segmenter through ONNX Runtime on crops."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.evaluation.runner import file_sha256, on_one_thread

INPUT_NAME, OUTPUT_NAME = "crops", "mask_logits"
_BATCH = 16
_REPEATS = 9


class OnnxSegmenter:
    """An exported segmenter on the processor, one thread."""

    def __init__(self, path: Path) -> None:
        """Load the graph.

        Raises:
            DataMissingError: there is no such file.
        """
        self.sha256 = file_sha256(path)
        self._session = on_one_thread(path)

    def logits(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return mask logits (N, S, S) of crops (N, 3, S, S) in 0..1; N may be zero."""
        found = [
            self._session.run([OUTPUT_NAME], {INPUT_NAME: crops[start : start + _BATCH]})[0][:, 0]
            for start in range(0, max(len(crops), 1), _BATCH)
        ]
        return np.asarray(np.concatenate(found), np.float32)

    def probabilities(self, crops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of the feature (N, S, S)."""
        half = np.float32(0.5)
        return np.asarray(half * (np.tanh(half * self.logits(crops)) + 1), np.float32)

    def milliseconds(self, crops: NDArray[np.float32]) -> float:
        """Return the median processor time of one crop, the crops (N, 3, S, S) given in one call."""
        self._session.run([OUTPUT_NAME], {INPUT_NAME: crops})
        taken = []
        for _ in range(_REPEATS):
            began = time.process_time()
            self._session.run([OUTPUT_NAME], {INPUT_NAME: crops})
            taken.append(time.process_time() - began)
        return 1000 * float(np.median(taken)) / len(crops)
