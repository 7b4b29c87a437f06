"""From an FP32 graph to static INT8, and what share of the work then runs in INT8.

Processors with AVX2 but without VNNI add two products of 8-bit numbers in 16 bits, and unsigned activations times
full signed 8-bit weights overflow there without a word: the graph then computes something else than on a newer
processor. Both choices of `WeightRange` are free of it, so signed weights of 8 bits are not offered.
"""

import json
import logging
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.errors import ArtifactCorruptError, DataMissingError, RecipeRejectedError
from models.export.graph_file import save_graph
from models.export.narrow import narrow_convolutions

Feed = dict[str, NDArray[Any]]

_FLOAT_OPS = frozenset({"Conv", "FusedConv", "ConvTranspose", "MatMul", "FusedMatMul", "Gemm", "FusedGemm"})
_INT8_OPS = frozenset(
    {
        "QLinearConv",
        "ConvInteger",
        "QLinearMatMul",
        "QGemm",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
    }
)


class WeightRange(StrEnum):
    """How weights are stored.

    Seven bits in a signed byte keep each pair of products of a convolution within 16 bits and run on the fast kernels
    (`models.export.narrow`). Eight bits unsigned take a kernel that widens first.
    """

    SEVEN_BITS = "int8, -64 to 64"
    UNSIGNED = "uint8 around 128"


@dataclass(frozen=True, slots=True)
class QuantiseSettings:
    """What is quantised and how.

    Attributes:
        op_types: kinds of nodes to quantise; None is all that can be.
        exclude_nodes: names of nodes that stay in float.
        weights: range of the weights, one scale per output channel.
        method: how activation ranges come from the calibration samples.
        percentile: the share of values a range covers, with `CalibrationMethod.Percentile`.
    """

    op_types: Sequence[str] | None = None
    exclude_nodes: Sequence[str] = ()
    weights: WeightRange = WeightRange.SEVEN_BITS
    method: CalibrationMethod = CalibrationMethod.MinMax
    percentile: float = 99.999


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds calibration samples one by one and counts them."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)
        self.count = 0

    def get_next(self) -> Feed | None:
        """Return the next sample, None at the end."""
        feed = next(self._feeds, None)
        self.count += feed is not None
        return feed


def quantise_static(
    fp32: Path, out: Path, calibration: Iterable[Feed], settings: QuantiseSettings | None = None
) -> None:
    """Write an INT8 graph (QDQ, per channel, unsigned 8-bit activations) beside the FP32 one.

    Args:
        fp32: the graph to quantise; it is not changed.
        out: where the INT8 graph goes; nothing is left there when a step fails.
        calibration: feeds by input name, as at run time; never of the test split.
        settings: what to quantise; defaults when None.

    Raises:
        DataMissingError: the FP32 graph is absent or there is no calibration sample.
        RecipeRejectedError: an excluded node would not stay in float, see `_refuse_half_excluded`.
    """
    chosen = settings or QuantiseSettings()
    if not fp32.is_file():
        raise DataMissingError(f"{fp32} is not there: export the FP32 graph first")
    feeds = iter(calibration)
    first = next(feeds, None)
    if first is None:
        raise DataMissingError("no calibration sample: give at least one feed of the training split")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared, draft = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(draft),
            _Reader(_chain(first, feeds)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QUInt8,
            op_types_to_quantize=None if chosen.op_types is None else list(chosen.op_types),
            nodes_to_exclude=list(chosen.exclude_nodes),
            calibrate_method=chosen.method,
            extra_options={
                "WeightSymmetric": True,
                "ActivationSymmetric": False,
                "CalibPercentile": chosen.percentile,
            },
        )
        model = onnx.load(str(draft))
        _refuse_half_excluded(model.graph, chosen.exclude_nodes)
        if chosen.weights is WeightRange.SEVEN_BITS:
            narrow_convolutions(model)
        save_graph(model, out)


def _refuse_half_excluded(graph: onnx.GraphProto, excluded: Sequence[str]) -> None:
    """Refuse a convolution or Gemm kept in float between quantised neighbours.

    ONNX Runtime would quantise its weights by itself, to signed 8 bits of one scale.
    """
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    used_by: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            used_by.setdefault(name, set()).add(node.op_type)
    for node in graph.node:
        enclosed = made_by.get(node.input[0]) == "DequantizeLinear" and used_by.get(node.output[0]) == {
            "QuantizeLinear"
        }
        if node.name in excluded and enclosed and ("Conv" in node.op_type or node.op_type == "Gemm"):
            message = f"{node.name} cannot stay in float between quantised nodes: exclude the node after it too"
            raise RecipeRejectedError(message)


def _chain(first: Feed, rest: Iterator[Feed]) -> Iterator[Feed]:
    yield first
    yield from rest


class _quiet:  # noqa: N801 - reads as a word of the `with` line
    """Keep the quantiser's advice about pre-processing, which was done, off the console."""

    def __enter__(self) -> None:
        self._level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().setLevel(self._level)


def int8_share_of_macs(path: Path) -> float:
    """Return the share of multiply-adds of convolutions and matrix products that ONNX Runtime runs in INT8.

    The graph is run once on zeros under the runtime's profiler, every free dimension set to 1, so the shapes and
    the kernels are those that really run: a quantised node that the runtime could not fuse counts as float.

    Raises:
        DataMissingError: there is no such graph.
        ArtifactCorruptError: it has neither a convolution nor a matrix product.
    """
    if not path.is_file():
        raise DataMissingError(f"{path} is not there: export it first")
    share = {True: 0, False: 0}
    for event in _profile(path):
        if event.kind in _INT8_OPS | _FLOAT_OPS:
            share[event.kind in _INT8_OPS] += event.macs()
    total = sum(share.values())
    if total == 0:
        raise ArtifactCorruptError(f"{path} has neither a convolution nor a matrix product")
    return share[True] / total


@dataclass(frozen=True, slots=True)
class _Ran:
    """A node that ran: its kind, and the shapes of its left factor, its weights (empty when unknown), its result."""

    kind: str
    left: tuple[int, ...]
    weights: tuple[int, ...]
    out: tuple[int, ...]

    def macs(self) -> int:
        """Return the multiply-adds."""
        if self.kind == "ConvTranspose":
            return math.prod(self.left) * math.prod(self.weights[1:])
        if "Conv" in self.kind:
            return math.prod(self.out) * math.prod(self.weights[1:])
        # A Gemm's left factor may be transposed; a MatMul's may be shared by a batch.
        inner = math.prod(self.left) // self.out[0] if "Gemm" in self.kind else self.left[-1]
        return math.prod(self.out) * inner


def _profile(path: Path) -> list[_Ran]:
    """Run the graph once on zeros and return the nodes that ran.

    The profiler tells the shapes of what was computed, the optimised graph those of the weights.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    # The next level blocks channels and pads weights, which would blur the counts.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.optimized_model_filepath = str(Path(folder) / "optimised.onnx")
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        session.run(None, {value.name: _zeros(value) for value in session.get_inputs()})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        graph = onnx.load(options.optimized_model_filepath).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    weights = {
        node.name: shapes.get(node.input[3 if node.op_type.startswith("QLinear") else 1], ())
        for node in graph.node
        if "Conv" in node.op_type
    }
    return [
        _Ran(
            event["args"]["op_name"],
            _first_shape(event["args"]["input_type_shape"]),
            weights.get(event["name"].removesuffix("_kernel_time"), ()),
            _first_shape(event["args"]["output_type_shape"]),
        )
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    ]


def _zeros(value: Any) -> NDArray[Any]:
    """Return an input of zeros with every free dimension 1."""
    shape = [dimension if isinstance(dimension, int) else 1 for dimension in value.shape]
    return np.zeros(shape, np.float32 if value.type == "tensor(float)" else np.int64)


def _first_shape(entries: list[dict[str, list[int]]]) -> tuple[int, ...]:
    """Return the shape of a node's first tensor; () for none."""
    return tuple(next(iter(entries[0].values()))) if entries else ()
