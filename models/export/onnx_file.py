# mypy: disable-error-code="untyped-decorator"
"""Writing the ONNX file and proving that it computes what the network computes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from models.errors import ArtifactCorruptError
from models.evaluation.runner import INPUT_NAME, OUTPUT_NAME, OnnxDetector
from models.export.graph import Detector
from models.yolov10.fuse import for_deployment
from models.yolov10.network import YoloV10, count_parameters

OPSET = 18
SCORE_TOLERANCE = 1e-4
TIE_GAP = 1e-5
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
    example = torch.zeros(2, 3, size, size)
    program = torch.onnx.export(
        Detector(fused).eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT_NAME],
        output_names=[OUTPUT_NAME],
        dynamic_shapes={"images": {0: torch.export.Dim("images_in_batch")}},
        external_data=False,
        verbose=False,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    model = program.model_proto
    # Debug metadata names the exporting machine's files; a released model carries none.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return count_parameters(fused)


@torch.inference_mode()
def measure_parity(network: YoloV10, path: Path, images: NDArray[np.float32]) -> Parity:
    """Compare the unfused torch network with the exported file on images (N, 3, S, S).

    Scores are compared row by row; boxes only where the neighbouring scores differ by more than a tie, since
    rows of equal score may stand in either order.
    """
    expected = Detector(network.eval())(torch.from_numpy(images)).numpy()
    actual = OnnxDetector(path).run(images)
    gap = np.abs(np.diff(expected[..., 4], axis=1))
    apart = np.ones(expected.shape[:2], np.bool_)
    apart[:, 1:] &= gap > TIE_GAP
    apart[:, :-1] &= gap > TIE_GAP
    score = float(np.abs(expected[..., 4] - actual[..., 4]).max())
    box = float(np.abs(expected[..., :4] - actual[..., :4])[apart].max()) if apart.any() else 0.0
    return Parity(score, box, int(apart.sum()))


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
