"""Losses of a mask: weighted cross-entropy, Dice, and distance to a teacher."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as fn

_EDGE_KERNEL = 7


@dataclass(frozen=True, slots=True)
class LossGains:
    """Weights of the parts; `edge` is the extra weight of cross-entropy within 3 px of a mask's edge."""

    cross_entropy: float
    dice: float
    edge: float
    teacher: float


def edge_band(target: Tensor) -> Tensor:
    """Return 1 within 3 px of where a mask (N, 1, H, W) in 0..1 changes, 0 elsewhere."""
    padding = _EDGE_KERNEL // 2
    grown = fn.max_pool2d(target, _EDGE_KERNEL, 1, padding)
    shrunk = -fn.max_pool2d(-target, _EDGE_KERNEL, 1, padding)
    return (grown - shrunk > 0.5).to(target.dtype)


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - soft Dice of each mask (N, 1, H, W), averaged; one pixel of smoothing keeps empty masks finite."""
    likely = logits.sigmoid().flatten(1)
    truth = target.flatten(1)
    both = (likely * truth).sum(dim=1)
    return (1 - (2 * both + 1) / (likely.sum(dim=1) + truth.sum(dim=1) + 1)).mean()


def mask_losses(logits: Tensor, target: Tensor, taught: Tensor | None, gains: LossGains) -> dict[str, Tensor]:
    """Return the weighted parts by name.

    Args:
        logits: (N, 1, H, W).
        target: (N, 1, H, W), the feature's share of each pixel, 0..1.
        taught: a teacher's logits of the same crops, or None.
        gains: the weights.
    """
    weight = 1 + gains.edge * edge_band(target)
    each = fn.binary_cross_entropy_with_logits(logits, target, reduction="none")
    parts = {
        "cross_entropy": gains.cross_entropy * (each * weight).sum() / weight.sum(),
        "dice": gains.dice * dice_loss(logits, target),
    }
    if taught is not None:
        soft = taught.sigmoid()
        # The teacher's own entropy cannot be lowered; without it the part reads as a divergence that can reach 0.
        own = fn.binary_cross_entropy_with_logits(taught, soft)
        parts["teacher"] = gains.teacher * (fn.binary_cross_entropy_with_logits(logits, soft) - own)
    return parts


def teach(teacher: torch.nn.Module, crops: Tensor) -> Tensor:
    """Return a teacher's logits without keeping anything for a gradient."""
    with torch.no_grad():
        logits: Tensor = teacher(crops)
    return logits
