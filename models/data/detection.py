"""What the detector is trained on: photographs and renderings, with one class of box."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.lesions import LabelledPhoto, Split, read_split
from models.synthesis.folder import RenderedPhoto, read_side
from models.synthesis.kinds import LesionKind


@dataclass(frozen=True, slots=True)
class BoxedPhoto:
    """One picture: image (H, W, 3) uint8 RGB; boxes (M, 4) float32 as x1, y1, x2, y2 in its pixels."""

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]


def boxed(photos: Sequence[LabelledPhoto]) -> list[BoxedPhoto]:
    """Return photographs without the types of their labels."""
    return [BoxedPhoto(photo.image, photo.boxes) for photo in photos]


def boxed_rendering(photo: RenderedPhoto) -> BoxedPhoto:
    """Return a rendering without its moles: they are never outlined, so the detector learns to pass them by."""
    keep = [kind is not LesionKind.GROWTH for kind in photo.kinds]
    return BoxedPhoto(photo.image, photo.boxes[np.asarray(keep, np.bool_)].reshape(-1, 4))


@dataclass(frozen=True, slots=True)
class CropSources:
    """Pictures to draw crops from; `rendered_share` of the crops come from renderings.

    From step `photographs_only_from` on (0 is never) only photographs are used: synthetic first, real last.
    """

    photographs: Sequence[BoxedPhoto]
    rendered: Sequence[BoxedPhoto]
    rendered_share: float
    photographs_only_from: int = 0

    def pick(self, rng: np.random.Generator, count: int, step: int) -> list[BoxedPhoto]:
        """Return `count` pictures for a step."""
        only = 0 < self.photographs_only_from <= step
        share = 0.0 if only else self.rendered_share
        chosen = []
        for _ in range(count):
            source = self.rendered if rng.random() < share else self.photographs
            chosen.append(source[int(rng.integers(len(source)))])
        return chosen


def read_sources(root: Path, rendered_folder: Path, rendered_share: float, only_from: int) -> CropSources:
    """Read what a recipe's shares ask for; what has no share is not opened.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    photographs = boxed(read_split(root, Split.TRAIN)) if rendered_share < 1 else []
    rendered = [boxed_rendering(p) for p in read_side(rendered_folder, Split.TRAIN)] if rendered_share > 0 else []
    return CropSources(photographs, rendered, rendered_share, only_from)


def read_validation(root: Path, rendered_folder: Path, rendered_share: float) -> list[BoxedPhoto]:
    """Read what a recipe chooses its checkpoint by: photographs, or renderings where it may use nothing else."""
    if rendered_share < 1:
        return boxed(read_split(root, Split.VAL))
    return [boxed_rendering(p) for p in read_side(rendered_folder, Split.VAL)]
