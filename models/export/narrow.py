"""Convolution weights of a quantised graph in seven bits: `python -m models.export.narrow --graph G --out G`.

ONNX Runtime multiplies unsigned activations with signed weights in about three quarters of the time that unsigned
weights take with AVX2, but two products of full signed bytes overflow there. Within -64 to 64 they cannot. Each output
channel's scale is the one with the least squared error, not the one that its largest weight asks for: that costs a few
clipped weights and hardly any precision of the others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import typer
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from rich.console import Console

from models.errors import DataMissingError, ModelsError, RecipeRejectedError

LARGEST = 64
_SHARES = np.linspace(0.7, 1.0, 16)  # of the scale that the largest weight asks for

app = typer.Typer(add_completion=False)


def narrow_convolutions(model: onnx.ModelProto) -> int:
    """Store the weights of every quantised convolution in seven bits, in place, and return how many there are.

    Raises:
        RecipeRejectedError: a quantised convolution's parts are not constants of one scale an output channel.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    count = 0
    for node in graph.node:
        weights = made_by.get(node.input[1]) if node.op_type == "Conv" else None
        if weights is None or weights.op_type != "DequantizeLinear":
            continue
        try:
            scale = _narrow(weights, constants)
            if len(node.input) > 2:
                _rescale_bias(made_by[node.input[2]], made_by[node.input[0]], scale, constants)
        except (KeyError, ValueError) as error:
            raise RecipeRejectedError(f"{node.name} is not quantised as `quantise_static` does it") from error
        count += 1
    # Shapes and types noted for the weights as they were.
    del graph.value_info[:]
    return count


def seven_bits(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return weights (O, ...) as whole numbers -64 to 64 and the scale (O,) of each output channel."""
    flat = weights.reshape(len(weights), -1)
    largest = np.abs(flat).max(axis=1)
    widest = np.where(largest > 0, largest, 1.0) / LARGEST
    scales = widest[:, None] * _SHARES
    errors = np.stack([((_rounded(flat, each) * each[:, None] - flat) ** 2).sum(axis=1) for each in scales.T], axis=1)
    best = np.take_along_axis(scales, errors.argmin(axis=1)[:, None], axis=1)[:, 0]
    return _rounded(flat, best).astype(np.int8).reshape(weights.shape), best


def _rounded(flat: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(flat / scale[:, None]), -LARGEST, LARGEST)


def _narrow(node: onnx.NodeProto, constants: Mapping[str, TensorProto]) -> NDArray[np.float64]:
    stored, scale, zero = (numpy_helper.to_array(constants[name]) for name in node.input)
    channels = (-1, *[1] * (stored.ndim - 1))
    exact = (stored.astype(np.float64) - zero.reshape(channels)) * scale.astype(np.float64).reshape(channels)
    whole, narrowed = seven_bits(exact)
    _set(constants[node.input[0]], whole)
    _set(constants[node.input[1]], narrowed.astype(np.float32).reshape(scale.shape))
    _set(constants[node.input[2]], np.zeros(zero.shape, np.int8))
    return narrowed.astype(np.float32).astype(np.float64)


def _rescale_bias(
    bias: onnx.NodeProto, before: onnx.NodeProto, scale: NDArray[np.float64], constants: Mapping[str, TensorProto]
) -> None:
    """Write a bias in units of what is multiplied: the activation's scale times the weights'."""
    stored, old = (numpy_helper.to_array(constants[name]) for name in bias.input[:2])
    unit = (float(numpy_helper.to_array(constants[before.input[1]])) * scale).astype(np.float32)
    exact = stored.astype(np.float64) * old.astype(np.float64)
    _set(constants[bias.input[0]], np.rint(exact / unit).astype(np.int32))
    _set(constants[bias.input[1]], unit.reshape(old.shape))


def _set(tensor: TensorProto, values: NDArray[np.generic]) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


@app.command()
def main(
    graph: Annotated[Path, typer.Option(help="Quantised graph")],
    out: Annotated[Path, typer.Option(help="Where the narrowed graph goes")],
) -> None:
    """Narrow a graph that was exported with eight bits."""
    console = Console()
    try:
        if not graph.is_file():
            raise DataMissingError(f"{graph} is not there: export it first")
        model = onnx.load(str(graph))
        count = narrow_convolutions(model)
    except ModelsError as error:
        console.print(f"[red]{error.sentence}")
        raise typer.Exit(2) from error
    onnx.checker.check_model(model)
    onnx.save(model, str(out))
    console.print(f"{count} convolutions in seven bits; written to {out}")


if __name__ == "__main__":
    app()
