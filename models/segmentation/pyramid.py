# mypy: disable-error-code="misc, no-any-return"
"""A light feature pyramid that turns multi-scale maps into one mask."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as fn

WIDTH = 64


class LightPyramid(nn.Module):
    """Top-down pyramid of `width` channels and a mask head on its finest level.

    Every level is brought to `width` channels, the coarse ones are added into the finer ones from the top down,
    and one 3x3 convolution over the sum of all reads the mask. Follows arXiv 1612.03144 in its top-down half
    only: one mask needs no output of each level.
    """

    def __init__(self, channels: Sequence[int], width: int = WIDTH) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(count, width, 1) for count in channels)
        self.smooth = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.mask = nn.Conv2d(width, 1, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits (N, 1, H, W) at the size of the finest map.

        Args:
            maps: (N, channels[i], H / 2^i, W / 2^i), finest first.
        """
        levels = [lateral(level) for lateral, level in zip(self.lateral, maps, strict=True)]
        merged = levels[-1]
        for finer in reversed(levels[:-1]):
            merged = finer + fn.interpolate(merged, size=finer.shape[2:], mode="nearest")
        return self.mask(self.smooth(merged))
