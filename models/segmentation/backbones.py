# mypy: disable-error-code="misc, no-any-return"
"""A backbone and a light pyramid: the Swin segmenters and the teacher that starts from ImageNet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from torch import Tensor, nn
from torch.nn import functional as fn

from models.pretrained import efficientnet_lite0_features
from models.segmentation.pyramid import LightPyramid
from models.timm_backbone import load_timm

CROP_PX = 128
# Around the mid-grey of a skin crop; the same for all channels so that colour stays colour.
MEAN, SPREAD = 0.5, 0.25


@dataclass(frozen=True, slots=True)
class SwinSize:
    """The four numbers that tell one Swin from another; windows are 4x4 tokens of 4x4 pixels in all."""

    embed: int
    depths: tuple[int, int, int, int]
    heads: tuple[int, int, int, int]
    drop_path: float


SWIN_48 = SwinSize(48, (2, 2, 2, 2), (2, 4, 8, 16), 0.1)
SWIN_TINY = SwinSize(96, (2, 2, 6, 2), (3, 6, 12, 24), 0.2)


class Backbone(Protocol):
    """What a pyramid stands on: maps at strides 4, 8, 16 and 32 of crops in 0..1, finest first."""

    channels: Sequence[int]

    def __call__(self, crops: Tensor) -> list[Tensor]:
        """Return the maps."""
        ...


class SwinFeatures(nn.Module):
    """Swin Transformer (arXiv 2103.14030) as a backbone; normalisation is inside.

    Attributes:
        channels: channels of the four returned maps: embed, 2, 4 and 8 times embed.
    """

    def __init__(self, size: SwinSize) -> None:
        super().__init__()
        self.channels = tuple(size.embed * 2**level for level in range(len(size.depths)))
        swin = load_timm().models.swin_transformer.SwinTransformer
        self.body = swin(
            img_size=CROP_PX,
            patch_size=4,
            window_size=4,
            embed_dim=size.embed,
            depths=size.depths,
            num_heads=size.heads,
            drop_path_rate=size.drop_path,
            num_classes=0,
            global_pool="",
        )
        self.body.norm = nn.Identity()
        self.norms = nn.ModuleList(nn.LayerNorm(count) for count in self.channels)

    def forward(self, crops: Tensor) -> list[Tensor]:
        """Return maps (N, channels[i], 32 / 2^i, 32 / 2^i) of crops (N, 3, 128, 128)."""
        tokens = self.body.patch_embed((crops - MEAN) / SPREAD)
        maps = []
        for stage, norm in zip(self.body.layers, self.norms, strict=True):
            tokens = stage(tokens)
            maps.append(norm(tokens).permute(0, 3, 1, 2))
        return maps


class PyramidSegmenter(nn.Module):
    """A mask of one feature from a backbone's maps.

    Input `crops` (N, 3, 128, 128) RGB in 0..1; output `mask_logits` (N, 1, 128, 128), raised bilinearly from the
    pyramid's stride of 4.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.pyramid = LightPyramid(cast("Backbone", backbone).channels)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the mask's logits."""
        coarse = self.pyramid(self.backbone(crops))
        return fn.interpolate(coarse, size=crops.shape[2:], mode="bilinear", align_corners=False)


def swin_segmenter(size: SwinSize) -> PyramidSegmenter:
    """Return a Swin with a light pyramid, at random."""
    return PyramidSegmenter(SwinFeatures(size))


def imagenet_segmenter(*, pretrained: bool) -> PyramidSegmenter:
    """Return EfficientNet-lite0 with a light pyramid, the encoder from ImageNet if `pretrained`."""
    return PyramidSegmenter(efficientnet_lite0_features(pretrained=pretrained))
