# mypy: disable-error-code="misc, no-any-return"
"""ResNet-18 from "Deep Residual Learning for Image Recognition" (arXiv 1512.03385), for crops of 64 px.

The paper's table 1, column "18-layer", with its projection shortcuts (option B) and batch normalisation after
every convolution. Spatial sizes in the docstrings are those of a 64 px crop and the paper's stem.
"""

from enum import StrEnum
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as fn
from torch.nn.utils.fusion import fuse_conv_bn_eval

STAGES = ((64, 2), (128, 2), (256, 2), (512, 2))
FEATURES = STAGES[-1][0]
# Around the mid-grey of a skin crop; the same for all channels so that colour stays colour.
MEAN, STD = 0.5, 0.25
# Usual contrast within a crop once its own mean is gone.
CONTRAST = 0.1


class Stem(StrEnum):
    """How a crop enters: the paper's 7x7 of stride 2, or a 3x3 of stride 1 that keeps twice the sharpness."""

    WIDE = "7x7/2"
    FINE = "3x3/1"


class InputScale(StrEnum):
    """What is taken off a crop before the first layer.

    `fixed` is one grey for all. `own mean` is the crop's own mean colour: what matters is how a feature differs from
    the skin around it, and then neither a dark skin nor a warm lamp moves the input.
    """

    FIXED = "fixed"
    OWN_MEAN = "own mean"


class Prediction(NamedTuple):
    """`logits` (N, classes) and the pooled `features` (N, 512) they are a linear function of."""

    logits: Tensor
    features: Tensor


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: (N, cin, H, W) to (N, cout, H/stride, W/stride)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.project: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            convolution = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.project = nn.Sequential(convolution, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + shortcut(x)), equation 1 and 2 of the paper."""
        y = fn.relu(self.bn1(self.conv1(x)))
        return fn.relu(self.bn2(self.conv2(y)) + self.project(x))


class ResNet18(nn.Module):
    """The network; 11,176,512 weights before the last layer with the paper's stem."""

    def __init__(self, classes: int, stem: Stem = Stem.WIDE, scale: InputScale = InputScale.FIXED) -> None:
        """Build with He initialisation (arXiv 1502.01852); each block starts as its shortcut."""
        super().__init__()
        self.stem, self.scale = stem, scale
        kernel, stride = (7, 2) if stem is Stem.WIDE else (3, 1)
        self.conv1 = nn.Conv2d(3, STAGES[0][0], kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(STAGES[0][0])
        self.pool = nn.MaxPool2d(3, 2, 1)
        stages: list[nn.Module] = []
        channels = STAGES[0][0]
        for index, (width, depth) in enumerate(STAGES):
            first = BasicBlock(channels, width, 1 if index == 0 else 2)
            stages.append(nn.Sequential(first, *(BasicBlock(width, width, 1) for _ in range(depth - 1))))
            channels = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(FEATURES, classes)
        self._initialise()

    def forward(self, crops: Tensor) -> Prediction:
        """Classify crops (N, 3, S, S), RGB in 0..1.

        S = 64: stem (N, 64, 32, 32), pooled (N, 64, 16, 16), stages (N, 64, 16, 16), (N, 128, 8, 8),
        (N, 256, 4, 4), (N, 512, 2, 2), features (N, 512), logits (N, classes).
        """
        return self.classify(self.maps(crops)[-1])

    def maps(self, crops: Tensor) -> list[Tensor]:
        """Return what the four stages see of crops (N, 3, S, S), finest first; sizes as in `forward`."""
        x = self.pool(fn.relu(self.bn1(self.conv1(self._scaled(crops)))))
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    def classify(self, last: Tensor) -> Prediction:
        """Return the prediction from the last stage's map (N, 512, H, W)."""
        features = last.mean(dim=(2, 3))
        return Prediction(self.head(features), features)

    def _scaled(self, crops: Tensor) -> Tensor:
        if self.scale is InputScale.OWN_MEAN:
            return (crops - crops.mean(dim=(2, 3), keepdim=True)) * (1 / CONTRAST)
        return (crops - MEAN) * (1 / STD)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, BasicBlock):
                # arXiv 1706.02677, section 5.1: eases the first steps.
                nn.init.zeros_(module.bn2.weight)
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)


def for_deployment(network: ResNet18) -> ResNet18:
    """Return a copy in evaluation mode with every batch normalisation merged into its convolution.

    The copy computes the same up to rounding and cannot be trained on.
    """
    fused = ResNet18(network.head.out_features, network.stem, network.scale)
    fused.load_state_dict(network.state_dict())
    fused.eval()
    fused.conv1, fused.bn1 = _merge(fused.conv1, fused.bn1)
    for block in fused.modules():
        if not isinstance(block, BasicBlock):
            continue
        block.conv1, block.bn1 = _merge(block.conv1, block.bn1)
        block.conv2, block.bn2 = _merge(block.conv2, block.bn2)
        if isinstance(block.project, nn.Sequential):
            block.project = _merge(block.project[0], block.project[1])[0]
    return fused.requires_grad_(requires_grad=False)


def _merge(convolution: nn.Conv2d, norm: nn.Module) -> tuple[nn.Conv2d, nn.Module]:
    with torch.no_grad():
        return fuse_conv_bn_eval(convolution, norm), nn.Identity()
