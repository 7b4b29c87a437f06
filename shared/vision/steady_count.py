"""How many features a face shows, estimated so that two captures of unchanged skin agree.

A count of findings jumps whenever a score crosses the threshold. Raw scores move little, so their sum over several
looks (`shared.vision.looks`), scaled to people's counts on validation photographs, is steadier. There is one box for
one object (one-to-one head, arXiv 2405.14458), so nothing is suppressed before the sum: suppression is a threshold too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.vision.looks import Look

LEAST_SCORE = 0.003
"""Raw score below which a box adds nothing worth finding its place for."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Everything the detector considers, not only what it is sure enough of.

    Attributes:
        centres: (M, 2) x, y of the boxes in pixels of the photograph.
        weights: (M,) raw score over the number of looks, so that they add up to a mean of sums.
    """

    centres: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, looks: Sequence[Look]) -> "Candidates":
        """Join the looks at one photograph, their boxes in its pixels.

        Raises:
            ValueError: there is no look.
        """
        if not looks:
            raise ValueError("a count needs at least one look")
        boxes = np.concatenate([boxes for boxes, _ in looks])
        scores = np.concatenate([scores for _, scores in looks])
        kept = scores >= LEAST_SCORE
        return cls((boxes[kept, :2] + boxes[kept, 2:]) / 2, scores[kept] / len(looks))

    def chosen(self, which: NDArray[np.bool_]) -> "Candidates":
        """Return some of them, by a mask (M,)."""
        return Candidates(self.centres[which], self.weights[which])
