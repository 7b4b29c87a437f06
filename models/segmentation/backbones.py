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


SWIN_48 = SwinSize(48, (2, 2, 2, 2), (2, 4, 8, 16), 0.05)
SWIN_TINY = SwinSize(96, (2, 2, 6, 2), (3, 6, 12, 24), 0.2)


class Backbone(Protocol):
    """What a pyramid stands on: maps of crops in 0..1, finest first, each half as large as the one before."""

    channels: Sequence[int]

    def __call__(self, crops: Tensor) -> list[Tensor]:
        """Return the maps."""
        ...


class EarlyConvolutions(nn.Module):
    """The first tokens by two overlapping convolutions instead of cut patches (arXiv 2106.14881).

    A Swin trained on hundreds of photographs learns edges late from patches; convolutions know them from the start.
    """

    def __init__(self, embed: int) -> None:
        super().__init__()
        self.to_half = _halving(3, embed // 2)
        self.to_quarter = nn.Sequential(_halving(embed // 2, embed), nn.Conv2d(embed, embed, 1))
        self.norm = nn.LayerNorm(embed)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map at stride 2 (N, embed / 2, 64, 64) and the tokens at stride 4 (N, 32, 32, embed)."""
        half = self.to_half(crops)
        return half, self.norm(self.to_quarter(half).permute(0, 2, 3, 1))


def _halving(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return a 3x3 convolution of stride 2 with batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class SwinFeatures(nn.Module):
    """Swin Transformer (arXiv 2103.14030) behind early convolutions as a backbone; normalisation is inside.

    Attributes:
        channels: channels of the five returned maps: a half, 1, 2, 4 and 8 times embed.
    """

    def __init__(self, size: SwinSize) -> None:
        super().__init__()
        stages = tuple(size.embed * 2**level for level in range(len(size.depths)))
        self.channels = (size.embed // 2, *stages)
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
        self.body.patch_embed = EarlyConvolutions(size.embed)
        self.body.norm = nn.Identity()
        self.norms = nn.ModuleList(nn.LayerNorm(count) for count in stages)

    def forward(self, crops: Tensor) -> list[Tensor]:
        """Return maps (N, channels[i], 64 / 2^i, 64 / 2^i) of crops (N, 3, 128, 128)."""
        half, tokens = self.body.patch_embed((crops - MEAN) / SPREAD)
        maps = [half]
        for stage, norm in zip(self.body.layers, self.norms, strict=True):
            tokens = stage(tokens)
            maps.append(norm(tokens).permute(0, 3, 1, 2))
        return maps


class PyramidSegmenter(nn.Module):
    """A mask of one feature from a backbone's maps.

    Input `crops` (N, 3, 128, 128) RGB in 0..1; output `mask_logits` (N, 1, 128, 128), raised bilinearly from the
    pyramid's finest map.
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
    return PyramidSegmenter(efficientnet_lite0_features(range(5), pretrained=pretrained))
