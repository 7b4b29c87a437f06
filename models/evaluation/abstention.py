"""What is gained by not answering: the share of wrong findings against the share that is answered at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AbstentionCurve:
    """Points (share answered, share wrong among them), most confident first, and the area under them (AURC)."""

    points: tuple[tuple[float, float], ...]
    area: float


def abstention_curve(confidence: NDArray[np.float64], wrong: NDArray[np.bool_], points: int = 40) -> AbstentionCurve:
    """Return the risk-coverage curve of findings (Geifman and El-Yaniv 2017).

    Findings of equal confidence are answered together: no order among them is made up.
    """
    if not len(confidence):
        return AbstentionCurve((), float("nan"))
    order = np.argsort(-confidence, kind="stable")
    risk = wrong[order].cumsum() / np.arange(1, len(order) + 1)
    sure = confidence[order]
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))
    at = ends[np.unique(np.linspace(0, len(ends) - 1, points).astype(int))]
    curve = tuple((round(float((i + 1) / len(order)), 4), round(float(risk[i]), 4)) for i in at)
    return AbstentionCurve(curve, round(float(risk[ends].mean()), 4))
