# mypy: disable-error-code="untyped-decorator"
"""Measuring the network under training on the validation photographs."""

from collections.abc import Sequence

import numpy as np
import torch

from models.data.lesions import CLASSES, LabelledPhoto
from models.data.letterbox import to_input
from models.evaluation.metrics import PhotoDetections, PhotoTruth, average_precision, match_photo
from models.export.graph import Detector
from models.yolov10.fuse import for_deployment
from models.yolov10.network import YoloV10


@torch.inference_mode()
def detect(network: YoloV10, photos: Sequence[LabelledPhoto], size: int) -> list[PhotoDetections]:
    """Run the deployment form of `network` on whole photographs, boxes in photograph pixels."""
    detector = Detector(for_deployment(network))
    found: list[PhotoDetections] = []
    for photo in photos:
        tensor, placed = to_input(photo.image, size)
        rows = detector(torch.from_numpy(tensor)[None])[0].numpy()
        boxes = placed.backward(rows[:, :4].astype(np.float64)).astype(np.float32)
        found.append(PhotoDetections(boxes, rows[:, 4], rows[:, 5].astype(np.int64)))
    return found


def validate(network: YoloV10, photos: Sequence[LabelledPhoto], size: int) -> tuple[float, float]:
    """Return mAP50 and mAP50-95, the mean over classes, on whole photographs letterboxed to `size`."""
    found = detect(network, photos, size)
    truths = [PhotoTruth(photo.boxes, photo.classes) for photo in photos]
    per_class = [
        average_precision([match_photo(t, f, index) for t, f in zip(truths, found, strict=True)])
        for index in range(len(CLASSES))
    ]
    return float(np.nanmean([ap[0] for ap in per_class])), float(np.nanmean(per_class))
