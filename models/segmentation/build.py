"""From the name of an architecture to its network."""

from enum import StrEnum
from typing import assert_never

from torch import nn

from models.segmentation.backbones import SWIN_48, SWIN_TINY, imagenet_segmenter, swin_segmenter
from models.segmentation.unet import UNet


class Architecture(StrEnum):
    """The segmenters: the one that ships, its larger sibling, the one to compare with, and the teacher."""

    SWIN_48 = "swin48"
    SWIN_TINY = "swin_tiny"
    UNET = "unet"
    EFFICIENTNET_LITE0 = "efficientnet_lite0"


def build_segmenter(architecture: Architecture, *, pretrained: bool = False) -> nn.Module:
    """Return a segmenter: (N, 3, 128, 128) RGB in 0..1 to logits (N, 1, 128, 128).

    Args:
        architecture: which network.
        pretrained: start EfficientNet-lite0's encoder from ImageNet; the others have no published weights here
            and start at random either way.
    """
    match architecture:
        case Architecture.SWIN_48:
            return swin_segmenter(SWIN_48)
        case Architecture.SWIN_TINY:
            return swin_segmenter(SWIN_TINY)
        case Architecture.UNET:
            return UNet()
        case Architecture.EFFICIENTNET_LITE0:
            return imagenet_segmenter(pretrained=pretrained)
        case _:
            assert_never(architecture)
