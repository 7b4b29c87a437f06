"""How a graph is exported and how its file is written, whatever the network."""

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

OPSET = 18


def write_graph(network: nn.Module, example: Tensor, path: Path, taken: str, given: Sequence[str]) -> None:
    """Export a network in FP32 to one file.

    Args:
        network: in evaluation mode.
        example: an input; how many rows there are of it stays free.
        path: the file, written with the folders above it.
        taken: name of the input.
        given: names of the outputs.
    """
    program = torch.onnx.export(
        network,
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[taken],
        output_names=list(given),
        dynamic_shapes=({0: torch.export.Dim(f"{taken}_in_batch")},),
        external_data=False,
        verbose=False,
    )
    save_graph(program.model_proto, path)


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    """Check a graph and write it, without what names the machine that made it."""
    _strip_metadata(model)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def _strip_metadata(model: onnx.ModelProto) -> None:
    """Remove debug metadata in place: it names the exporting machine's files."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
