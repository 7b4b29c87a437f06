"""Running an exported detector through ONNX Runtime on whole photographs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.data.letterbox import as_input, to_input
from models.errors import DataMissingError
from models.evaluation.metrics import PhotoDetections
from shared.imaging.letterbox import Letterbox
from shared.vision import bundle
from shared.vision.looks import Glance, Look, fuse_looks

INPUT_NAME, OUTPUT_NAME = "images", "detections"


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file.

    Raises:
        DataMissingError: there is no such file.
    """
    if not path.is_file():
        raise DataMissingError(f"{path} is not there: train and export it first, or check the path")
    return bundle.file_sha256(path)


def on_one_thread(path: Path) -> ort.InferenceSession:
    """Return a graph opened to run on one thread of the processor, so that figures and times can be repeated."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class OnnxDetector:
    """An exported detector on the processor, one thread."""

    def __init__(self, path: Path, looks: Sequence[Glance] = (Glance(),)) -> None:
        """Load the graph, to look at every photograph in these ways.

        Raises:
            DataMissingError: there is no such file.
        """
        self.sha256, self.looks = file_sha256(path), tuple(looks)
        self._session = on_one_thread(path)
        self.input_size = int(self._session.get_inputs()[0].shape[2])

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return detections (N, K, 6) for images (N, 3, S, S)."""
        return np.asarray(self._session.run([OUTPUT_NAME], {INPUT_NAME: images})[0], np.float32)

    def detect(self, image: NDArray[np.uint8]) -> PhotoDetections:
        """Return all detections on one photograph, best first, looks fused as the product fuses them, in its pixels."""
        return fused(self.look(image))

    def look(self, image: NDArray[np.uint8]) -> list[Look]:
        """Return what every look at one photograph sees, in its pixels."""
        placed = Letterbox.fit(image.shape[1], image.shape[0], self.input_size)
        square, seen = placed.apply(image), []
        for glance in self.looks:
            rows = self.run(as_input(glance.of(square))[None])[0].astype(np.float64)
            boxes = glance.brought_back(rows[:, :4], self.input_size)
            seen.append((placed.backward(boxes), rows[:, 4]))
        return seen

    def detect_raw(self, image: NDArray[np.uint8]) -> PhotoDetections:
        """Return what the graph alone says of one photograph at one look, in its pixels."""
        tensor, placed = to_input(image, self.input_size)
        rows = self.run(tensor[None])[0]
        boxes = placed.backward(rows[:, :4].astype(np.float64)).astype(np.float32)
        return PhotoDetections(boxes, rows[:, 4], rows[:, 5].astype(np.int64))


def merged(found: PhotoDetections) -> PhotoDetections:
    """Return one look's detections, all of one class, with their repeats merged."""
    return fused([(found.boxes.astype(np.float64), found.scores.astype(np.float64))])


def fused(looks: Sequence[Look]) -> PhotoDetections:
    """Return what several looks at one photograph say together, best first, all of one class."""
    boxes, scores = fuse_looks(looks)
    return PhotoDetections(boxes.astype(np.float32), scores.astype(np.float32), np.zeros(len(scores), np.int64))
