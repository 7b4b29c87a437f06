"""What the detector is trained on: photographs and renderings, with one class of box."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.lesions import LabelledPhoto, Split, ToneGroup, read_split
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
    """Return a rendering with boxes as wide as people draw them, and none on its moles: they are to be passed by."""
    keep = [kind is not LesionKind.GROWTH for kind in photo.kinds]
    return BoxedPhoto(photo.image, photo.annotator_boxes[np.asarray(keep, np.bool_)].reshape(-1, 4))


@dataclass(frozen=True, slots=True)
class CropSources:
    """Pictures to draw crops from; `rendered_share` of the crops come from renderings.

    From step `photographs_only_from` on (0 is never) only photographs are used: synthetic first, real last.
    `likelihood` (N,) sums to 1 and says how often each photograph is drawn; None is all alike.
    """

    photographs: Sequence[BoxedPhoto]
    rendered: Sequence[BoxedPhoto]
    rendered_share: float
    photographs_only_from: int = 0
    likelihood: NDArray[np.float64] | None = None

    def pick(self, rng: np.random.Generator, count: int, step: int) -> list[BoxedPhoto]:
        """Return `count` pictures for a step."""
        only = 0 < self.photographs_only_from <= step
        share = 0.0 if only else self.rendered_share
        chosen = []
        for _ in range(count):
            if rng.random() < share:
                chosen.append(self.rendered[int(rng.integers(len(self.rendered)))])
            elif self.likelihood is None:
                chosen.append(self.photographs[int(rng.integers(len(self.photographs)))])
            else:
                chosen.append(self.photographs[int(rng.choice(len(self.photographs), p=self.likelihood))])
        return chosen


def tone_likelihood(tones: Sequence[ToneGroup], balance: float) -> NDArray[np.float64]:
    """Return how often to draw each photograph, (N,) summing to 1, so that rare skin tones are met more often.

    Args:
        tones: the group of each photograph.
        balance: 0 draws all alike, 1 draws every group equally often.
    """
    count = Counter(tones)
    weight = np.array([count[tone] ** -balance for tone in tones], np.float64)
    return np.asarray(weight / weight.sum(), np.float64)


def read_sources(
    root: Path, rendered_folder: Path, rendered_share: float, only_from: int, tone_balance: float = 0.0
) -> CropSources:
    """Read what a recipe's shares ask for; what has no share is not opened.

    Raises:
        DataMissingError, DataCorruptError: a data set is not there or not as described.
    """
    labelled = read_split(root, Split.TRAIN) if rendered_share < 1 else []
    rendered = [boxed_rendering(p) for p in read_side(rendered_folder, Split.TRAIN)] if rendered_share > 0 else []
    likelihood = tone_likelihood([photo.tone for photo in labelled], tone_balance) if tone_balance else None
    return CropSources(boxed(labelled), rendered, rendered_share, only_from, likelihood)


def read_validation(root: Path, rendered_folder: Path, rendered_share: float) -> list[BoxedPhoto]:
    """Read what a recipe chooses its checkpoint by: photographs, or renderings where it may use nothing else."""
    if rendered_share < 1:
        return boxed(read_split(root, Split.VAL))
    return [boxed_rendering(p) for p in read_side(rendered_folder, Split.VAL)]
