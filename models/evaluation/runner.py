"""Running an exported detector through ONNX Runtime on whole photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.data.lesions import LabelledPhoto
from models.data.letterbox import to_input
from models.errors import DataMissingError
from models.evaluation.metrics import PhotoDetections
from shared.vision import bundle
from shared.vision.repeats import merge_repeats

INPUT_NAME, OUTPUT_NAME = "images", "detections"


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file.

    Raises:
        DataMissingError: there is no such file.
    """
    if not path.is_file():
        raise DataMissingError(f"{path} is not there: train and export it first, or check the path")
    return bundle.file_sha256(path)


class OnnxDetector:
    """An exported detector on the processor, one thread."""

    def __init__(self, path: Path) -> None:
        """Load the graph.

        Raises:
            DataMissingError: there is no such file.
        """
        self.sha256 = file_sha256(path)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input_size = int(self._session.get_inputs()[0].shape[2])

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return detections (N, K, 6) for images (N, 3, S, S)."""
        return np.asarray(self._session.run([OUTPUT_NAME], {INPUT_NAME: images})[0], np.float32)

    def detect(self, image: NDArray[np.uint8]) -> PhotoDetections:
        """Return all detections on one photograph, repeats merged as the product merges them, in its pixels."""
        return merged(self.detect_raw(image))

    def detect_raw(self, image: NDArray[np.uint8]) -> PhotoDetections:
        """Return what the graph alone says of one photograph, in its pixels."""
        tensor, placed = to_input(image, self.input_size)
        rows = self.run(tensor[None])[0]
        boxes = placed.backward(rows[:, :4].astype(np.float64)).astype(np.float32)
        return PhotoDetections(boxes, rows[:, 4], rows[:, 5].astype(np.int64))


def merged(found: PhotoDetections) -> PhotoDetections:
    """Return detections with their repeats merged."""
    boxes, best = merge_repeats(found.boxes, found.scores)
    return PhotoDetections(boxes.astype(np.float32), found.scores[best], found.classes[best])


def detect_all(
    detector: OnnxDetector, photos: Sequence[LabelledPhoto], progress: Callable[[], None] = lambda: None
) -> list[PhotoDetections]:
    """Return what the graph alone says of photographs in order, calling `progress` after each."""
    found = []
    for photo in photos:
        found.append(detector.detect_raw(photo.image))
        progress()
    return found
