"""From a mask on a crop to a polygon and an area on the photograph."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.analysis.domain import Contour
from shared.events.limits import MAX_CONTOUR_POINTS
from shared.imaging.crops import CropPlacement

# The mask is looked at with this many pixels for each of its own, so that its edge runs between them.
_FINER: Final = 2
# How far the polygon may run from the mask's edge at first, in pixels of the crop.
_TOLERANCE: Final = 0.6
_LEAST_POINTS: Final = 3


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed polygon and the area of its mask, in pixels of the photograph; empty and 0 when there is no mask."""

    contour: Contour
    area_px: float


NO_OUTLINE: Final = Outline((), 0.0)


def outline_of(logits: NDArray[np.float32], threshold: float, placement: CropPlacement) -> Outline:
    """Return the outline of the feature in the middle of a crop.

    Of several parts the one that has most of the middle half is taken, which is where the detector's box lies;
    what touches it not at all belongs to a neighbour.

    Args:
        logits: mask logits (side, side).
        threshold: probability, 0 to 1, from which a pixel belongs to the feature.
        placement: where the crop lies in the photograph.
    """
    side = logits.shape[0] * _FINER
    fine = cv2.resize(logits, (side, side), interpolation=cv2.INTER_LINEAR)
    mask = (fine >= _logit(threshold)).astype(np.uint8)
    part = _middle_part(mask)
    if part is None:
        return NO_OUTLINE
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    polygon = _simplified(max(contours, key=cv2.contourArea))
    if len(polygon) < _LEAST_POINTS:
        return NO_OUTLINE
    # A pixel's number names its left edge; its middle lies half a pixel further.
    corners = placement.backward((polygon + 0.5) / _FINER)
    area = float(np.count_nonzero(part)) / (_FINER * placement.scale) ** 2
    return Outline(tuple((float(x), float(y)) for x, y in corners), area)


def _logit(probability: float) -> float:
    if probability <= 0.0:
        return -math.inf
    return math.inf if probability >= 1.0 else math.log(probability / (1.0 - probability))


def _middle_part(mask: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the connected part that covers most of the middle half of a mask."""
    count, labels = cv2.connectedComponents(mask, connectivity=8)
    if count <= 1:
        return None
    quarter = len(mask) // 4
    middle = labels[quarter:-quarter, quarter:-quarter]
    covered = np.bincount(middle.ravel(), minlength=count)
    covered[0] = 0
    best = int(covered.argmax())
    if covered[best] == 0:
        return None
    part: NDArray[np.uint8] = (labels == best).astype(np.uint8)
    return part


def _simplified(contour: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the polygon (P, 2) with no more corners than an event holds."""
    tolerance = _TOLERANCE * _FINER
    polygon = cv2.approxPolyDP(contour, tolerance, closed=True)
    while len(polygon) > MAX_CONTOUR_POINTS:
        tolerance *= 1.5
        polygon = cv2.approxPolyDP(contour, tolerance, closed=True)
    return np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
