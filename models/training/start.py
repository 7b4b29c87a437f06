# mypy: disable-error-code="untyped-decorator, no-any-return"
"""Where a run's weights start: at random, from another run's checkpoint, or from a released graph.

A released graph has its normalisation merged into the convolutions. To train on, the normalisation is put back:
each layer's statistics are measured on a few pictures and its scale and shift chosen so that the layer answers
as before.
"""

from collections.abc import Callable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from models.errors import ArtifactCorruptError, DataMissingError
from models.yolov10.blocks import ConvBN
from models.yolov10.network import YoloV10

_PREFIX = "network."


def continue_checkpoint(network: nn.Module, path: Path) -> None:
    """Load the averaged weights of another run's checkpoint.

    Raises:
        DataMissingError: there is no such checkpoint.
        ArtifactCorruptError: it is of another network.
    """
    if not path.is_file():
        raise DataMissingError(f"{path}: the run that this recipe continues has not been trained yet")
    try:
        network.load_state_dict(torch.load(path, weights_only=True)["average"])
    except RuntimeError as error:
        raise ArtifactCorruptError(f"{path} is a checkpoint of another network") from error


@torch.no_grad()
def continue_release(network: YoloV10, path: Path, images: Tensor) -> None:
    """Load a released YOLOv10 graph of any number of classes into an unfused network.

    Args:
        network: freshly built; its one-to-many head starts as a copy of the one-to-one head.
        path: the ONNX file.
        images: (N, 3, H, W) typical inputs, to measure each layer's statistics on.

    Several released classes become one by the mean of their last layer, with the bias raised to their sum.

    Raises:
        DataMissingError: there is no such file.
        ArtifactCorruptError: the graph lacks a layer of this network.
    """
    if not path.is_file():
        raise DataMissingError(f"{path}: the release that this recipe continues is not there")
    released = {
        item.name.removeprefix(_PREFIX): torch.from_numpy(numpy_helper.to_array(item).copy())
        for item in onnx.load(str(path)).graph.initializer
    }
    try:
        handles = _load_convolutions(network, released)
    except KeyError as error:
        raise ArtifactCorruptError(f"{path} has no {error.args[0]}: it is another network") from error
    network.eval()
    network(images)
    for handle in handles:
        handle.remove()
    network.head.in_training().load_state_dict(network.head.one_to_one.state_dict())


def _load_convolutions(network: YoloV10, released: dict[str, Tensor]) -> list[torch.utils.hooks.RemovableHandle]:
    """Copy every kernel and hook the statistics of every normalised one."""
    handles = []
    for name, module in network.named_modules():
        if "one_to_many" in name:
            continue
        if name.endswith(".small"):  # merged into the large kernel: it starts silent and may speak again
            nn.init.zeros_(module.bn.weight)
        elif isinstance(module, ConvBN):
            key = name if f"{name}.weight" in released else f"{name}.conv"
            module.conv.weight.copy_(released[f"{key}.weight"])
            handles.append(module.conv.register_forward_hook(_restore(module, released[f"{key}.bias"])))
        elif isinstance(module, nn.Conv2d) and f"{name}.bias" in released and module.bias is not None:
            _copy_last(module, released[f"{name}.weight"], released[f"{name}.bias"])
    return handles


def _copy_last(module: nn.Conv2d, weight: Tensor, bias: Tensor) -> None:
    """Copy a biased last layer; a class layer of more classes is folded into one."""
    if module.weight.shape == weight.shape:
        module.weight.copy_(weight)
        module.bias.copy_(bias)
        return
    module.weight.copy_(weight.mean(dim=0, keepdim=True).expand_as(module.weight))
    module.bias.copy_(bias.logsumexp(dim=0).expand_as(module.bias))


def _restore(module: ConvBN, bias: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    """Return a hook that sets the layer's normalisation so that its output stays what it was."""

    def hook(_conv: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        mean, variance = output.mean(dim=(0, 2, 3)), output.var(dim=(0, 2, 3), unbiased=False)
        module.bn.running_mean.copy_(mean)
        module.bn.running_var.copy_(variance)
        module.bn.weight.copy_(torch.sqrt(variance + module.bn.eps))
        module.bn.bias.copy_(bias + mean)

    return hook
