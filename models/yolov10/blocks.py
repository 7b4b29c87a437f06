# mypy: disable-error-code="misc"
"""Building blocks of YOLOv10, written from arXiv 2405.14458 (sections 3.2 and A).

Every convolution without its own bias is followed by batch normalisation; `fuse.fuse_conv_bn` merges the
two for deployment. Feature maps are float tensors (N, C, H, W).
"""

import torch
from torch import Tensor, nn

BN_EPS = 1e-3
BN_MOMENTUM = 0.03


class ConvBN(nn.Module):
    """Convolution, batch normalisation and (unless `act` is false) SiLU."""

    def __init__(  # the parameters of a convolution
        self, c_in: int, c_out: int, k: int = 1, s: int = 1, groups: int = 1, *, act: bool = True
    ) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv2d(c_in, c_out, k, s, k // 2, groups=groups, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(c_out, eps=BN_EPS, momentum=BN_MOMENTUM)
        self.act: nn.Module = nn.SiLU(inplace=True) if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, c_out, H/s, W/s)."""
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """Two 3x3 convolutions with an optional residual."""

    def __init__(self, c: int, *, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = ConvBN(c, c, 3)
        self.cv2 = ConvBN(c, c, 3)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class RepVGGDW(nn.Module):
    """Large-kernel depthwise convolution trained beside a 3x3 one; one 7x7 after fusing (section 3.2)."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.large: nn.Module = ConvBN(c, c, 7, groups=c, act=False)
        self.small: nn.Module | None = ConvBN(c, c, 3, groups=c, act=False)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        y = self.large(x)
        return self.act(y if self.small is None else y + self.small(x))


class CIB(nn.Module):
    """Compact inverted block: cheap depthwise mixing around pointwise channel mixing (figure 3b)."""

    def __init__(self, c: int, *, shortcut: bool, large_kernel: bool) -> None:
        super().__init__()
        mixer = RepVGGDW(2 * c) if large_kernel else ConvBN(2 * c, 2 * c, 3, groups=2 * c)
        self.layers = nn.Sequential(
            ConvBN(c, c, 3, groups=c), ConvBN(c, 2 * c), mixer, ConvBN(2 * c, c), ConvBN(c, c, 3, groups=c)
        )
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        y = self.layers(x)
        return x + y if self.shortcut else y


class SplitConcat(nn.Module):
    """Split the channels, run a chain of blocks on one half, concatenate every stage."""

    def __init__(self, c_in: int, c_out: int, blocks: list[nn.Module]) -> None:
        super().__init__()
        half = c_out // 2
        self.cv1 = ConvBN(c_in, 2 * half)
        self.cv2 = ConvBN((2 + len(blocks)) * half, c_out)
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, c_out, H, W)."""
        stages = list(self.cv1(x).chunk(2, dim=1))
        for block in self.blocks:
            stages.append(block(stages[-1]))  # each stage feeds the next
        return self.cv2(torch.cat(stages, dim=1))


def c2f(c_in: int, c_out: int, n: int, *, shortcut: bool) -> SplitConcat:
    """Return the plain stage: `n` bottlenecks on half of the channels."""
    return SplitConcat(c_in, c_out, [Bottleneck(c_out // 2, shortcut=shortcut) for _ in range(n)])


def c2f_cib(c_in: int, c_out: int, n: int, *, large_kernel: bool) -> SplitConcat:
    """Return the compact stage: `n` residual inverted blocks on half of the channels."""
    blocks: list[nn.Module] = [CIB(c_out // 2, shortcut=True, large_kernel=large_kernel) for _ in range(n)]
    return SplitConcat(c_in, c_out, blocks)


class SCDown(nn.Module):
    """Spatial-channel decoupled downsampling: pointwise to `c_out`, then depthwise 3x3 stride 2."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.cv1 = ConvBN(c_in, c_out)
        self.cv2 = ConvBN(c_out, c_out, 3, 2, groups=c_out, act=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, c_out, H/2, W/2)."""
        return self.cv2(self.cv1(x))


class SPPF(nn.Module):
    """Spatial pyramid pooling by three chained 5x5 max pools."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.cv1 = ConvBN(c, c // 2)
        self.cv2 = ConvBN(2 * c, c)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        pools = [self.cv1(x)]
        for _ in range(3):
            pools.append(self.pool(pools[-1]))  # each pool feeds the next
        return self.cv2(torch.cat(pools, dim=1))


class Attention(nn.Module):
    """Multi-head self-attention over positions; keys are half as wide as values (attention ratio 0.5)."""

    def __init__(self, c: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.value_dim = c // heads
        self.key_dim = self.value_dim // 2
        self.qkv = ConvBN(c, c + 2 * heads * self.key_dim, act=False)
        self.position = ConvBN(c, c, 3, groups=c, act=False)
        self.proj = ConvBN(c, c, act=False)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        n, c, h, w = x.shape
        per_head = self.qkv(x).reshape(n, self.heads, 2 * self.key_dim + self.value_dim, h * w)
        q, k, v = per_head.split([self.key_dim, self.key_dim, self.value_dim], dim=2)
        weights = (q.transpose(-2, -1) @ k * self.key_dim**-0.5).softmax(dim=-1)
        mixed = (v @ weights.transpose(-2, -1)).reshape(n, c, h, w)
        return self.proj(mixed + self.position(v.reshape(n, c, h, w)))


class PSA(nn.Module):
    """Partial self-attention: attention and feed-forward on half of the channels (figure 3c)."""

    def __init__(self, c: int) -> None:
        super().__init__()
        half = c // 2
        self.cv1 = ConvBN(c, c)
        self.cv2 = ConvBN(c, c)
        self.attention = Attention(half, heads=max(half // 64, 1))
        self.feed_forward = nn.Sequential(ConvBN(half, 2 * half), ConvBN(2 * half, half, act=False))

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        kept, mixed = self.cv1(x).chunk(2, dim=1)
        mixed = mixed + self.attention(mixed)
        mixed = mixed + self.feed_forward(mixed)
        return self.cv2(torch.cat((kept, mixed), dim=1))
