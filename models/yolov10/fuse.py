# mypy: disable-error-code="no-any-return"
"""Deployment form: drop the teaching head, merge batch normalisation into convolutions."""

import copy

import torch
from torch import nn

from models.yolov10.blocks import ConvBN, RepVGGDW
from models.yolov10.network import YoloV10


def for_deployment(network: YoloV10) -> YoloV10:
    """Return a fused copy in evaluation mode without the one-to-many head; the original is untouched."""
    deployed = copy.deepcopy(network).eval()
    deployed.head.one_to_many = None
    for module in list(deployed.modules()):
        if isinstance(module, RepVGGDW):
            _merge_small_kernel(module)
    for module in list(deployed.modules()):
        if isinstance(module, ConvBN):
            module.conv, module.bn = fuse_conv_bn(module.conv, module.bn), nn.Identity()
    return deployed


def fuse_conv_bn(conv: nn.Conv2d, bn: nn.BatchNorm2d | nn.Identity) -> nn.Conv2d:
    """Return one biased convolution equal to `bn(conv(x))` with running statistics."""
    if isinstance(bn, nn.Identity):
        return conv
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    fused = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, groups=conv.groups
    )
    with torch.no_grad():
        fused.weight.copy_(conv.weight * scale[:, None, None, None])
        fused.bias.copy_(bn.bias - bn.running_mean * scale)
    return fused.requires_grad_(requires_grad=False)


def _merge_small_kernel(block: RepVGGDW) -> None:
    """Add the padded 3x3 kernel to the 7x7 one."""
    if block.small is None:
        return
    large = fuse_conv_bn(block.large.conv, block.large.bn)
    small = fuse_conv_bn(block.small.conv, block.small.bn)
    with torch.no_grad():
        large.weight.add_(nn.functional.pad(small.weight, (2, 2, 2, 2)))
        large.bias.add_(small.bias)
    block.large, block.small = large, None
