# mypy: disable-error-code="misc"
"""The YOLOv10 network: backbone, pyramid neck and dual head, at the scales N and S."""

from enum import StrEnum

import torch
from torch import Tensor, nn

from models.yolov10.blocks import PSA, SPPF, ConvBN, SCDown, c2f, c2f_cib
from models.yolov10.head import DualHead, RawPrediction, anchor_grid, decode_boxes


class Scale(StrEnum):
    """Published sizes that are built here."""

    N = "n"
    S = "s"


_WIDTH = {Scale.N: 0.25, Scale.S: 0.5}


class YoloV10(nn.Module):
    """YOLOv10 for `nc` classes.

    Input: float (N, 3, H, W), RGB in 0..1, H and W multiples of 32. `raw` serves training; `forward` is the
    prediction of the one-to-one head: boxes (N, A, 4) in input pixels and class probabilities (N, A, nc).
    """

    def __init__(self, nc: int, scale: Scale = Scale.N) -> None:
        super().__init__()
        self.nc = nc
        self.scale = scale
        c = [int(base * _WIDTH[scale]) for base in (64, 128, 256, 512, 1024)]
        last = c2f(c[4], c[4], 1, shortcut=True)
        if scale is Scale.S:  # the rank-guided design replaces the deepest stage from S upwards
            last = c2f_cib(c[4], c[4], 1, large_kernel=True)
        layers: dict[int, nn.Module] = {
            0: ConvBN(3, c[0], 3, 2),
            1: ConvBN(c[0], c[1], 3, 2),
            2: c2f(c[1], c[1], 1, shortcut=True),
            3: ConvBN(c[1], c[2], 3, 2),
            4: c2f(c[2], c[2], 2, shortcut=True),
            5: SCDown(c[2], c[3]),
            6: c2f(c[3], c[3], 2, shortcut=True),
            7: SCDown(c[3], c[4]),
            8: last,
            9: SPPF(c[4]),
            10: PSA(c[4]),
            13: c2f(c[4] + c[3], c[3], 1, shortcut=False),
            16: c2f(c[3] + c[2], c[2], 1, shortcut=False),
            17: ConvBN(c[2], c[2], 3, 2),
            19: c2f(c[2] + c[3], c[3], 1, shortcut=False),
            20: SCDown(c[3], c[3]),
            22: c2f_cib(c[3] + c[4], c[4], 1, large_kernel=True),
        }
        self.layers = nn.ModuleDict({str(i): layer for i, layer in layers.items()})
        self.head = DualHead(nc, (c[2], c[3], c[4]))
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Return the feature maps at strides 8, 16 and 32."""
        run = self.layers
        p3 = run["4"](run["3"](run["2"](run["1"](run["0"](images)))))
        p4 = run["6"](run["5"](p3))
        p5 = run["10"](run["9"](run["8"](run["7"](p4))))
        mid = run["13"](torch.cat((self.upsample(p5), p4), dim=1))
        out3 = run["16"](torch.cat((self.upsample(mid), p3), dim=1))
        out4 = run["19"](torch.cat((run["17"](out3), mid), dim=1))
        out5 = run["22"](torch.cat((run["20"](out4), p5), dim=1))
        return [out3, out4, out5]

    def raw(self, images: Tensor) -> tuple[RawPrediction, RawPrediction, list[tuple[int, int]]]:
        """Return the one-to-many and one-to-one raw predictions and the level shapes (h, w).

        The one-to-one head reads detached features, so it cannot pull the backbone away from what the
        richer one-to-many supervision teaches (section 3.1).

        Raises:
            RuntimeError: the one-to-many head was dropped for deployment.
        """
        many = self.head.in_training()
        levels = self.pyramid(images)
        shapes = [(int(x.shape[2]), int(x.shape[3])) for x in levels]
        return many(levels), self.head.one_to_one([x.detach() for x in levels]), shapes

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (N, A, 4) and probabilities (N, A, nc) of the one-to-one head."""
        levels = self.pyramid(images)
        shapes = [(int(x.shape[2]), int(x.shape[3])) for x in levels]
        prediction = self.head.one_to_one(levels)
        points, strides = anchor_grid(shapes, images)
        boxes = decode_boxes(prediction.distances, points, strides, self.head.bins)
        return boxes, prediction.logits.float().sigmoid()


def build_yolov10(nc: int, scale: Scale = Scale.N) -> YoloV10:
    """Return a freshly initialised network for `nc` classes.

    Raises:
        ValueError: `nc` is not positive.
    """
    if nc < 1:
        message = f"a detector needs at least one class, not {nc}"
        raise ValueError(message)
    return YoloV10(nc, scale)
