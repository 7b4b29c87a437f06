# mypy: disable-error-code="untyped-decorator"
"""Task-aligned assignment of anchors to ground truth, shared by both heads (section 3.1).

One metric m = s^0.5 * IoU^6 ranks the anchors in both branches; the one-to-many branch takes the best ten
per object, the one-to-one branch the best one, so the two agree on which anchor matters most.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SCORE_POWER = 0.5
IOU_POWER = 6.0
# An object narrower than one cell of the finest level may hold no anchor centre and would never be learnt.
MIN_SIDE_PX = 8.0
_EPS = 1e-9


@dataclass(frozen=True, slots=True)
class Truth:
    """Padded ground truth of a batch: boxes (N, M, 4) in pixels, classes (N, M) long, valid (N, M) bool."""

    boxes: Tensor
    classes: Tensor
    valid: Tensor


@dataclass(frozen=True, slots=True)
class Assignment:
    """What each anchor should say.

    `positive` (N, A) bool, `boxes` (N, A, 4) in pixels, `scores` (N, A, nc) soft class targets in 0..1.
    """

    positive: Tensor
    boxes: Tensor
    scores: Tensor


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return IoU (N, M, A) of boxes (N, M, 4) with boxes (N, A, 4)."""
    top_left = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    bottom_right = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    overlap = (bottom_right - top_left).clamp(min=0).prod(dim=-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(dim=-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(dim=-1)
    return overlap / (area_a[:, :, None] + area_b[:, None, :] - overlap + _EPS)


def _centres_inside(points: Tensor, boxes: Tensor) -> Tensor:
    """Return (N, M, A): does the anchor lie in the box, boxes below one cell being grown to one cell?"""
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    half = ((boxes[..., 2:] - boxes[..., :2]) / 2).clamp(min=MIN_SIDE_PX / 2)
    offset = (points[None, None] - centre[:, :, None]).abs()
    return (offset <= half[:, :, None]).all(dim=-1)


@torch.no_grad()
def assign(probabilities: Tensor, boxes: Tensor, points: Tensor, truth: Truth, topk: int) -> Assignment:
    """Assign each object its `topk` best-aligned anchors.

    Args:
        probabilities: (N, A, nc) predicted class probabilities.
        boxes: (N, A, 4) predicted boxes in pixels.
        points: (A, 2) anchor centres in pixels.
        truth: the batch's ground truth.
        topk: anchors per object, 10 for one-to-many, 1 for one-to-one.

    An anchor wanted by several objects goes to the one it overlaps most. Class targets are the metric,
    scaled within each object so that its best anchor's target is that object's best IoU.
    """
    n, a, nc = probabilities.shape
    m = truth.boxes.shape[1]
    if m == 0:
        empty = probabilities.new_zeros(n, a, dtype=torch.bool)
        return Assignment(empty, torch.zeros_like(boxes), torch.zeros_like(probabilities))
    iou = pairwise_iou(truth.boxes, boxes)
    wanted = truth.classes[:, :, None].expand(n, m, a)
    score = probabilities.transpose(1, 2).gather(1, wanted)
    allowed = _centres_inside(points, truth.boxes) & truth.valid[:, :, None]
    metric = score.pow(SCORE_POWER) * iou.pow(IOU_POWER) * allowed

    # The tie-break prefers any allowed anchor to a forbidden one when every overlap is still zero.
    ranked = (metric + allowed * _EPS).topk(min(topk, a), dim=2).indices
    chosen = torch.zeros_like(allowed).scatter_(2, ranked, value=True) & allowed
    contested = chosen.sum(dim=1, keepdim=True) > 1
    winner = torch.zeros_like(chosen).scatter_(1, (iou * chosen).argmax(dim=1, keepdim=True), value=True)
    chosen = torch.where(contested, chosen & winner, chosen)

    owner = chosen.float().argmax(dim=1)
    positive = chosen.any(dim=1)
    target_boxes = truth.boxes.gather(1, owner[..., None].expand(n, a, 4))
    target_classes = truth.classes.gather(1, owner)
    kept = metric * chosen
    best_metric = kept.amax(dim=2, keepdim=True)
    best_iou = (iou * chosen).amax(dim=2, keepdim=True)
    quality = (kept / (best_metric + _EPS) * best_iou).amax(dim=1)
    one_hot = torch.nn.functional.one_hot(target_classes, nc).to(quality.dtype)
    return Assignment(positive, target_boxes, one_hot * (quality * positive)[..., None])
