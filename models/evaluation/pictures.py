"""Pictures for the report: what was labelled, what was found, and where the outlines lie."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.mask_crops import OutlinedCrop
from models.evaluation.metrics import PhotoDetections, PhotoTruth, match_photo
from shared.imaging.image import RgbImage

# Colours and line styles differ both, for those who cannot tell the colours.
_LABEL, _HIT, _MISS_LABEL, _EXTRA = (255, 255, 255), (60, 200, 90), (255, 210, 40), (240, 80, 60)
_ENLARGED = 2
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG as a data address, with the sentence below it."""

    address: str
    caption: str


def photo_with_findings(
    image: RgbImage, truth: PhotoTruth, found: PhotoDetections, threshold: float, caption: str
) -> Picture:
    """Draw labels and findings of one photograph.

    Green: found and labelled. Yellow: labelled and missed. Red, thin: found and not labelled.
    """
    kept = found.scores >= threshold
    shown = PhotoDetections(found.boxes[kept], found.scores[kept], found.classes[kept])
    hits = match_photo(truth, shown, None).hits[0]
    large = cv2.resize(image, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
    taken = PhotoDetections(shown.boxes[hits], shown.scores[hits], shown.classes[hits])
    for box in truth.boxes:
        alone = PhotoTruth(box[None], np.zeros(1, np.int64))
        met = bool(match_photo(alone, taken, None).hits[0].any())
        _rectangle(large, box, _LABEL if met else _MISS_LABEL, 1 if met else 3)
    for box, hit in zip(shown.boxes, hits, strict=True):
        _rectangle(large, box, _HIT if hit else _EXTRA, 2 if hit else 1)
    return Picture(encoded(large), caption)


def masks_beside(crops: Sequence[OutlinedCrop], masks: Sequence[NDArray[np.bool_]], caption: str) -> Picture:
    """Draw crops in a row: the labelled outline in yellow, the found one in green."""
    tiles = []
    for crop, mask in zip(crops, masks, strict=True):
        tile = cv2.resize(crop.image, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
        for region, colour in ((crop.mask, _MISS_LABEL), (mask, _HIT)):
            size = (tile.shape[1], tile.shape[0])
            large = cv2.resize(region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            outline, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(tile, outline, -1, colour, 1)
        tiles.append(tile)
    return Picture(encoded(np.hstack(tiles)), caption)


def encoded(image: RgbImage) -> str:
    """Return a picture as a `data:` address.

    Raises:
        ValueError: it could not be compressed.
    """
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError("the picture could not be compressed")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _rectangle(image: RgbImage, box: NDArray[np.float32], colour: tuple[int, int, int], width: int) -> None:
    x1, y1, x2, y2 = (round(float(value) * _ENLARGED) for value in box)
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, width, cv2.LINE_AA)
