# mypy: disable-error-code="untyped-decorator"
"""Measuring the network under training on the validation photographs."""

from collections.abc import Sequence

import numpy as np
import torch

from models.data.detection import BoxedPhoto
from models.data.letterbox import to_input
from models.evaluation.metrics import PhotoDetections, PhotoTruth, average_precision, match_photo
from models.export.graph import Detector
from models.yolov10.fuse import for_deployment
from models.yolov10.network import YoloV10


@torch.inference_mode()
def detect(network: YoloV10, photos: Sequence[BoxedPhoto], size: int) -> list[PhotoDetections]:
    """Run the deployment form of `network` on whole photographs, boxes in photograph pixels."""
    detector = Detector(for_deployment(network))
    found: list[PhotoDetections] = []
    for photo in photos:
        tensor, placed = to_input(photo.image, size)
        rows = detector(torch.from_numpy(tensor)[None].contiguous(memory_format=torch.channels_last))[0].numpy()
        boxes = placed.backward(rows[:, :4].astype(np.float64)).astype(np.float32)
        found.append(PhotoDetections(boxes, rows[:, 4], rows[:, 5].astype(np.int64)))
    return found


def validate(network: YoloV10, photos: Sequence[BoxedPhoto], size: int) -> tuple[float, float]:
    """Return mAP50 and mAP50-95 of any visible feature, on whole photographs letterboxed to `size`."""
    found = detect(network, photos, size)
    matches = []
    for photo, seen in zip(photos, found, strict=True):
        truth = PhotoTruth(photo.boxes, np.zeros(len(photo.boxes), np.int64))
        matches.append(match_photo(truth, seen, None))
    precision = average_precision(matches)
    return float(precision[0]), float(np.mean(precision))
