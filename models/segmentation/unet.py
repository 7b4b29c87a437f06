# mypy: disable-error-code="misc, no-any-return"
"""A U-Net (arXiv 1505.04597) of the Swin segmenter's size, to compare with it."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

MEAN, SPREAD = 0.5, 0.25
# Six levels, 128 px down to 4, doubling as in the paper; the last is as wide as makes the count the Swin segmenter's.
WIDTHS = (12, 24, 48, 96, 192, 464)


def _twice(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return two 3x3 convolutions with batch normalisation; the size stays."""
    layers: list[nn.Module] = []
    for count in (channels_in, channels_out):
        layers += [
            nn.Conv2d(count, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Encoder and decoder with a bridge at every level, padded so that sizes stay.

    Input `crops` (N, 3, 128, 128) RGB in 0..1; output `mask_logits` (N, 1, 128, 128).
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList(_twice(a, b) for a, b in zip((3, *widths[:-1]), widths, strict=True))
        pairs = list(pairwise(widths))[::-1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in pairs)
        self.merge = nn.ModuleList(_twice(2 * fine, fine) for fine, _ in pairs)
        self.shrink = nn.MaxPool2d(2)
        self.mask = nn.Conv2d(widths[0], 1, 1)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the mask's logits."""
        here = (crops - MEAN) / SPREAD
        bridges = []
        for level, convolve in enumerate(self.down):
            here = convolve(self.shrink(here) if level else here)
            bridges.append(here)
        here = bridges.pop()
        for raise_, merge in zip(self.up, self.merge, strict=True):
            here = merge(torch.cat((bridges.pop(), raise_(here)), dim=1))
        return self.mask(here)
