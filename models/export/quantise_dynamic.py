"""From an FP32 graph to INT8 matrix products whose activations are scaled as they come, without calibration."""

import logging
import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.errors import DataMissingError
from models.export.graph_file import save_graph

OPERATORS = ("MatMul", "Gemm")


def quantise_dynamic(fp32: Path, out: Path) -> None:
    """Write a graph whose products with weights run in INT8, everything else in float.

    Weights have one scale per output channel and seven bits: with AVX2 but no VNNI two products of full 8-bit
    numbers can overflow the 16 bits they are added in, and the graph would compute something else there.

    Raises:
        DataMissingError: the FP32 graph is absent.
    """
    if not fp32.is_file():
        raise DataMissingError(f"{fp32} is not there: export the FP32 graph first")
    logger = logging.getLogger()
    level = logger.level
    # The quantiser logs a hint at every call to do what is done here.
    logger.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            prepared, draft = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
            quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
            quantize_dynamic(
                str(prepared),
                str(draft),
                op_types_to_quantize=list(OPERATORS),
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
            )
            model = onnx.load(str(draft))
    finally:
        logger.setLevel(level)
    save_graph(model, out)


def quantised_products(path: Path) -> tuple[int, int]:
    """Return how many products of a graph are in INT8 and how many with constant weights stayed in float."""
    graph = onnx.load(str(path)).graph
    constant = {tensor.name for tensor in graph.initializer}
    whole = sum(node.op_type in {"MatMulInteger", "DynamicQuantizeMatMul"} for node in graph.node)
    left = sum(node.op_type in OPERATORS and node.input[1] in constant for node in graph.node)
    return whole, left
