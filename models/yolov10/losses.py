"""Losses of both heads: CIoU and distribution focal loss for boxes, binary cross-entropy for classes."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as fn

from models.yolov10.assignment import Truth, assign
from models.yolov10.head import REG_MAX, RawPrediction, anchor_grid, decode_boxes

BOX_GAIN, CLASS_GAIN, DISTRIBUTION_GAIN = 7.5, 0.5, 1.5
TOPK_MANY, TOPK_ONE = 10, 1
_EPS = 1e-7


@dataclass(frozen=True, slots=True)
class LossParts:
    """Weighted loss of one head; every part is a scalar tensor."""

    box: Tensor
    cls: Tensor
    dfl: Tensor

    def total(self) -> Tensor:
        """Return the sum to minimise."""
        return self.box + self.cls + self.dfl


def complete_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return CIoU (..., ) of paired boxes (..., 4), as defined in arXiv 1911.08287."""
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    lower, upper = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    overlap = (upper - lower).clamp(min=0).prod(dim=-1)
    union = size_a.prod(dim=-1) + size_b.prod(dim=-1) - overlap
    iou = overlap / (union + _EPS)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    shift = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = shift.pow(2).sum(dim=-1) / (hull.pow(2).sum(dim=-1) + _EPS)
    angle_a = torch.atan(size_a[..., 0] / (size_a[..., 1] + _EPS))
    angle_b = torch.atan(size_b[..., 0] / (size_b[..., 1] + _EPS))
    shape = 4 / math.pi**2 * (angle_a - angle_b).pow(2)
    with torch.no_grad():
        weight = shape / (1 - iou + shape + _EPS)
    return iou - distance - weight * shape


def distribution_loss(logits: Tensor, sides: Tensor) -> Tensor:
    """Return the distribution focal loss (P,) of side logits (P, 4, REG_MAX) for `sides` (P, 4) in strides.

    A side between two bins is taught to both, each by its nearness (arXiv 2006.04388).
    """
    sides = sides.clamp(0, REG_MAX - 1 - 0.01)
    left = sides.floor()
    log_p = logits.log_softmax(dim=-1)
    low = log_p.gather(2, left.long()[..., None])[..., 0] * (left + 1 - sides)
    high = log_p.gather(2, left.long()[..., None] + 1)[..., 0] * (sides - left)
    return -(low + high).mean(dim=-1)


def branch_loss(
    prediction: RawPrediction, shapes: list[tuple[int, int]], bins: Tensor, truth: Truth, topk: int
) -> LossParts:
    """Return the loss of one head on a batch, normalised by the sum of the class targets."""
    logits, distances = prediction.logits.float(), prediction.distances.float()
    points, strides = anchor_grid(shapes, logits)
    boxes = decode_boxes(distances, points, strides, bins)
    target = assign(logits.detach().sigmoid(), boxes.detach(), points, truth, topk)
    norm = target.scores.sum().clamp(min=1.0)
    cls = fn.binary_cross_entropy_with_logits(logits, target.scores, reduction="sum") / norm
    on = target.positive
    if not bool(on.any()):
        return LossParts(boxes.sum() * 0.0, CLASS_GAIN * cls, distances.sum() * 0.0)
    weight = target.scores.sum(dim=-1)[on]
    box = ((1 - complete_iou(boxes[on], target.boxes[on])) * weight).sum() / norm
    at = points.expand(on.shape[0], -1, -1)[on]
    scale = strides.expand(on.shape[0], -1, -1)[on]
    sides = torch.cat((at - target.boxes[on][:, :2], target.boxes[on][:, 2:] - at), dim=1) / scale
    dfl = (distribution_loss(distances[on].reshape(-1, 4, REG_MAX), sides) * weight).sum() / norm
    return LossParts(BOX_GAIN * box, CLASS_GAIN * cls, DISTRIBUTION_GAIN * dfl)


def dual_loss(
    many: RawPrediction, one: RawPrediction, shapes: list[tuple[int, int]], bins: Tensor, truth: Truth
) -> tuple[LossParts, LossParts]:
    """Return the one-to-many and the one-to-one loss; training minimises their sum."""
    return (
        branch_loss(many, shapes, bins, truth, TOPK_MANY),
        branch_loss(one, shapes, bins, truth, TOPK_ONE),
    )
