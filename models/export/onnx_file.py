# mypy: disable-error-code="untyped-decorator"
"""Writing the ONNX file and proving that it computes what the network computes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.count import count_parameters
from models.errors import ArtifactCorruptError
from models.evaluation.runner import INPUT_NAME, OUTPUT_NAME, OnnxDetector
from models.export.graph import Detector
from models.export.graph_file import write_graph
from models.yolov10.fuse import for_deployment
from models.yolov10.network import YoloV10

SCORE_TOLERANCE = 1e-4
BOX_TOLERANCE_PX = 0.05


@dataclass(frozen=True, slots=True)
class Parity:
    """Largest differences between torch and ONNX Runtime over the compared rows."""

    score: float
    box_px: float
    rows: int

    def holds(self) -> bool:
        """Is every difference within tolerance, over at least one row?"""
        return self.rows > 0 and self.score <= SCORE_TOLERANCE and self.box_px <= BOX_TOLERANCE_PX


def write_onnx(network: YoloV10, size: int, path: Path) -> int:
    """Export the fused network with its decode for input side `size`; return its parameter count.

    The number of images is free; everything is FP32 and in one file.
    """
    fused = for_deployment(network)
    write_graph(Detector(fused).eval(), torch.zeros(2, 3, size, size), path, INPUT_NAME, (OUTPUT_NAME,))
    return count_parameters(fused)


@torch.inference_mode()
def measure_parity(network: YoloV10, path: Path, images: NDArray[np.float32]) -> Parity:
    """Compare the unfused torch network with the exported file on images (N, 3, S, S).

    Every row that ONNX Runtime returns is held against the anchor of the nearest box in torch, and the
    sorted scores against torch's best; rows of equal score may stand in either order.
    """
    boxes, probabilities = network.eval()(torch.from_numpy(images))
    actual = torch.from_numpy(OnnxDetector(path).run(images))
    count = actual.shape[1]
    best = probabilities.amax(dim=2).topk(count, dim=1).values
    score = float((actual[..., 4] - best).abs().max())
    box = 0.0
    for rows, anchors, classes in zip(actual, boxes, probabilities, strict=True):
        apart, nearest = torch.cdist(rows[:, :4], anchors, p=float("inf")).min(dim=1)
        box = max(box, float(apart.max()))
        same = classes[nearest, rows[:, 5].long()]
        score = max(score, float((same - rows[:, 4]).abs().max()))
    return Parity(score, box, len(images) * count)


def require_parity(parity: Parity) -> None:
    """Refuse a file that does not compute what was trained.

    Raises:
        ArtifactCorruptError: a difference exceeds its tolerance.
    """
    if not parity.holds():
        raise ArtifactCorruptError(
            f"exported and trained network differ by {parity.score:.2e} in score and {parity.box_px:.3f} px: "
            "do not release this file"
        )
