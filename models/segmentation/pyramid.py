# mypy: disable-error-code="misc, no-any-return"
"""A light feature pyramid that turns multi-scale maps into one mask."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as fn

WIDTH = 64
FINE_WIDTH = 24


class LightPyramid(nn.Module):
    """Top-down pyramid of `WIDTH` channels and a mask head on its finest level.

    Every level but the finest is brought to the same width, the coarse ones are added into the finer ones from the
    top down, and one 3x3 convolution over the sum reads it. Follows arXiv 1612.03144 in its top-down half only: one
    mask needs no output of each level. The finest level joins in few channels: edges need little width but every
    pixel.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        finest, *coarser = channels
        self.lateral = nn.ModuleList(nn.Conv2d(count, WIDTH, 1) for count in coarser)
        self.smooth = _smoothing(WIDTH)
        self.narrow = nn.Conv2d(WIDTH, FINE_WIDTH, 1)
        self.detail = nn.Conv2d(finest, FINE_WIDTH, 1)
        self.smooth_detail = _smoothing(FINE_WIDTH)
        self.mask = nn.Conv2d(FINE_WIDTH, 1, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits (N, 1, H, W) at the size of the finest map.

        Args:
            maps: (N, channels[i], H / 2^i, W / 2^i), finest first.
        """
        finest, *coarser = maps
        levels = [lateral(level) for lateral, level in zip(self.lateral, coarser, strict=True)]
        merged = levels[-1]
        for finer in reversed(levels[:-1]):
            merged = finer + fn.interpolate(merged, size=finer.shape[2:], mode="nearest")
        narrow = self.narrow(self.smooth(merged))
        raised = fn.interpolate(narrow, size=finest.shape[2:], mode="bilinear", align_corners=False)
        return self.mask(self.smooth_detail(self.detail(finest) + raised))


def _smoothing(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
