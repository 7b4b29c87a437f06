"""What a capture's features look like together: summed up when it is analysed, compared as unit vectors.

The classifier's features of each outlined feature are averaged and set against what it sees on average; beside
that stand the counts by type, as square roots, so that the step from none to a few weighs more than the step
from many to a few more. Moles and other growths are left out: they are never compared by look.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.analysis.domain import Finding
from shared.vocabulary import FindingType

Vector: TypeAlias = NDArray[np.float32]
AverageOf: TypeAlias = Callable[[str], Vector | None]
"""What the classifier of a space (name and version of a bundle) sees on average, (D,); None when not known here."""

_TYPES: Final = tuple(FindingType)
# Share of the squared length that look has; the rest is counts.
_LOOK_SHARE: Final = 0.8


def summary(findings: Sequence[Finding]) -> Vector | None:
    """Return the mean of the findings' features, then how many there are of each type.

    Args:
        findings: what was outlined; those without a type or features are left out.

    Returns:
        float32 (D + number of types,), or None when there is nothing to compare by.
    """
    seen = [item.embedding for item in findings if item.type is not None and item.embedding is not None]
    if not seen:
        return None
    look = np.mean(np.stack(seen).astype(np.float64), axis=0)
    counts = [float(sum(item.type is kind for item in findings)) for kind in _TYPES]
    return np.concatenate([look, counts]).astype(np.float32)


def direction(summed: Vector, average: Vector | None = None) -> Vector:
    """Return the unit vector whose products with others are their cosine similarity.

    Args:
        summed: what `summary` returned.
        average: (D,), what the classifier's features are on average; zeros by default. Taking it away leaves
            what is particular to these features.
    """
    look, counts = summed[: -len(_TYPES)].astype(np.float64), summed[-len(_TYPES) :].astype(np.float64)
    if average is not None:
        look = look - average
    joint = np.concatenate([_unit(look) * np.sqrt(_LOOK_SHARE), _unit(np.sqrt(counts)) * np.sqrt(1 - _LOOK_SHARE)])
    return _unit(joint).astype(np.float32)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
