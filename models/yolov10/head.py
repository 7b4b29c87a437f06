# mypy: disable-error-code="misc"
"""Detection heads of YOLOv10 and the decoding of their raw maps into boxes.

Two heads of one shape read the same pyramid: the one-to-many head teaches, the one-to-one head predicts
without non-maximum suppression. Boxes are x1, y1, x2, y2 in pixels of the input image.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.yolov10.blocks import ConvBN

REG_MAX = 16
STRIDES = (8, 16, 32)
PRIOR_OBJECTS_PER_IMAGE = 5
PRIOR_IMAGE_PX = 640


@dataclass(frozen=True, slots=True)
class RawPrediction:
    """What one head says at every anchor: class logits (N, A, nc) and distance logits (N, A, 4*REG_MAX)."""

    logits: Tensor
    distances: Tensor


class BranchHead(nn.Module):
    """One head: a box and a (lighter, depthwise) class tower at each pyramid level (section 3.2)."""

    def __init__(self, nc: int, channels: tuple[int, int, int]) -> None:
        super().__init__()
        c_box = max(16, channels[0] // 4, 4 * REG_MAX)
        c_cls = max(channels[0], min(nc, 100))
        self.box = nn.ModuleList(
            nn.Sequential(ConvBN(c, c_box, 3), ConvBN(c_box, c_box, 3), nn.Conv2d(c_box, 4 * REG_MAX, 1))
            for c in channels
        )
        self.cls = nn.ModuleList(
            nn.Sequential(
                nn.Sequential(ConvBN(c, c, 3, groups=c), ConvBN(c, c_cls)),
                nn.Sequential(ConvBN(c_cls, c_cls, 3, groups=c_cls), ConvBN(c_cls, c_cls)),
                nn.Conv2d(c_cls, nc, 1),
            )
            for c in channels
        )
        self._start_from_priors(nc)

    def _start_from_priors(self, nc: int) -> None:
        """Set the last biases so that training starts from short distances and rare objects."""
        for box, cls, stride in zip(self.box, self.cls, STRIDES, strict=True):
            nn.init.ones_(box[-1].bias)
            cells = (PRIOR_IMAGE_PX / stride) ** 2
            nn.init.constant_(cls[-1].bias, math.log(PRIOR_OBJECTS_PER_IMAGE / nc / cells))

    def forward(self, pyramid: list[Tensor]) -> RawPrediction:
        """Return the raw prediction at all anchors, level after level, rows before columns."""
        logits = [m(x).flatten(2).transpose(1, 2) for m, x in zip(self.cls, pyramid, strict=True)]
        distances = [m(x).flatten(2).transpose(1, 2) for m, x in zip(self.box, pyramid, strict=True)]
        return RawPrediction(torch.cat(logits, dim=1), torch.cat(distances, dim=1))


class DualHead(nn.Module):
    """The one-to-many and the one-to-one head, and the fixed bins of the distance distribution."""

    def __init__(self, nc: int, channels: tuple[int, int, int]) -> None:
        super().__init__()
        self.one_to_many: nn.Module | None = BranchHead(nc, channels)
        self.one_to_one = BranchHead(nc, channels)
        # The expectation's bins 0..15; fixed, but part of the weights as in the paper's counts.
        self.bins = nn.Parameter(torch.arange(REG_MAX, dtype=torch.float32), requires_grad=False)

    def in_training(self) -> nn.Module:
        """Return the one-to-many head.

        Raises:
            RuntimeError: it was dropped for deployment.
        """
        if self.one_to_many is None:
            raise RuntimeError("this network was stripped for deployment; build a new one to train")
        return self.one_to_many


def anchor_grid(shapes: list[tuple[int, int]], like: Tensor) -> tuple[Tensor, Tensor]:
    """Return anchor centres (A, 2) in input pixels and their strides (A, 1) for level shapes (h, w)."""
    points, strides = [], []
    for (h, w), stride in zip(shapes, STRIDES, strict=True):
        ys = (torch.arange(h, device=like.device, dtype=torch.float32) + 0.5) * stride
        xs = (torch.arange(w, device=like.device, dtype=torch.float32) + 0.5) * stride
        grid_y, grid_x = torch.meshgrid(ys, xs, indexing="ij")
        points.append(torch.stack((grid_x, grid_y), dim=-1).reshape(-1, 2))
        strides.append(torch.full((h * w, 1), float(stride), device=like.device))
    return torch.cat(points), torch.cat(strides)


def decode_boxes(distances: Tensor, points: Tensor, strides: Tensor, bins: Tensor) -> Tensor:
    """Turn distance logits (N, A, 4*REG_MAX) into boxes (N, A, 4) in input pixels.

    Each side's distance from the anchor is the expectation over `bins`, in units of the level's stride.
    """
    n, a, _ = distances.shape
    sides = (distances.float().reshape(n, a, 4, REG_MAX).softmax(dim=-1) * bins).sum(dim=-1) * strides
    return torch.cat((points - sides[..., :2], points + sides[..., 2:]), dim=-1)
