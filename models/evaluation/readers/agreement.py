"""Coefficients of agreement from counts; each is not a number where chance leaves it undefined."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]


def positive_agreement(matched: float, named: float) -> float:
    """Return 2 · matched / named: the chance that a feature one reader named was named by the other too.

    It is Dice's coefficient and the F1 of either reader against the other, and it needs no count of what neither
    named, which no photograph has (Fleiss, "Measuring agreement between two judges", Biometrics 1975).

    Args:
        matched: features found in both readings of a pair, summed over pairs.
        named: features of both readings, summed likewise.

    Returns:
        0 to 1; NaN where nobody named anything.
    """
    return 2.0 * matched / named if named else float("nan")


def kappa(confusion: Counts, *, quadratic: bool = False) -> NDArray[np.float64]:
    """Return Cohen's kappa (P,) of tables (P, K, K) of what two readers called the same thing.

    Plain kappa counts every other word as equally wrong (Cohen 1960); the quadratic one weighs by the squared
    distance of ordered words (Cohen 1968). Written out here because an interval needs it for thousands of small
    tables at once; the tests hold it to scikit-learn's.

    Returns:
        -1 to 1; NaN where a table is empty or both readers used one and the same word throughout.
    """
    k = confusion.shape[-1]
    steps = np.arange(k)
    apart = np.subtract.outer(steps, steps)
    weights = (apart**2 if quadratic else apart != 0).astype(np.float64)
    total = confusion.sum(axis=(1, 2))
    rows, columns = confusion.sum(axis=2), confusion.sum(axis=1)
    seen = (confusion * weights).sum(axis=(1, 2)) * total
    by_chance = np.einsum("pi,ij,pj->p", rows, weights, columns)
    answer = np.full(len(confusion), np.nan)
    np.divide(seen, by_chance, out=answer, where=by_chance > 0)
    return np.asarray(1.0 - answer, np.float64)


def mean_kappa(confusion: Counts, *, quadratic: bool = False) -> float:
    """Return the mean of the pairs' kappas (Light, "Measures of response agreement", Psychol Bull 1971).

    Pairs whose kappa is undefined are left out; NaN when all are.
    """
    each = kappa(confusion, quadratic=quadratic)
    each = each[~np.isnan(each)]
    return float(each.mean()) if each.size else float("nan")


def icc_2_1(scores: Counts) -> float:
    """Return ICC(2,1) of scores (n, k): n photographs, each scored once by each of the same k readers.

    Two-way random effects, absolute agreement, a single reader's score: ICC(2,1) of Shrout and Fleiss ("Intraclass
    correlations", Psychol Bull 1979), ICC(A,1) of McGraw and Wong (Psychol Methods 1996):

        (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n)

    with the mean squares of rows, columns and residual of the two-way analysis of variance.

    Returns:
        At most 1, negative where readers differ more than photographs do; NaN with fewer than two photographs or
        readers, or where all scores are equal.
    """
    n, k = scores.shape
    if n < 2 or k < 2:
        return float("nan")
    grand = scores.mean()
    rows = k * float(((scores.mean(axis=1) - grand) ** 2).sum())
    columns = n * float(((scores.mean(axis=0) - grand) ** 2).sum())
    total = float(((scores - grand) ** 2).sum())
    # Rounding may leave a residual a hair below 0 where readers differ by a constant.
    residual = max(total - rows - columns, 0.0)
    msr, msc, mse = rows / (n - 1), columns / (k - 1), residual / ((n - 1) * (k - 1))
    below = msr + (k - 1) * mse + k * (msc - mse) / n
    return (msr - mse) / below if total > 0 and below > 0 else float("nan")
