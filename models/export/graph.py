# mypy: disable-error-code="misc"
"""The exported graph: network, float decode and selection of the best detections, free of NMS."""

import torch
from torch import Tensor, nn

from models.yolov10.network import YoloV10

MAX_DETECTIONS = 100


class Detector(nn.Module):
    """Wraps a deployed network as the artifact's contract.

    Input `images`: float (N, 3, S, S), RGB in 0..1. Output `detections`: float (N, K, 6) as x1, y1, x2, y2
    in input pixels, score, class index; sorted by score, K = 100.
    """

    def __init__(self, network: YoloV10) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return the detections."""
        boxes, probabilities = self.network(images)
        best_score, best_class = probabilities.max(dim=2)
        score, anchor = best_score.topk(MAX_DETECTIONS, dim=1)
        chosen = boxes.gather(1, anchor[..., None].expand(-1, -1, 4))
        label = best_class.gather(1, anchor).to(chosen.dtype)
        return torch.cat((chosen, score[..., None], label[..., None]), dim=2)
