"""Proportions and agreement with the uncertainty that their counts leave; nothing here divides by zero."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Two-sided 95 %.
_Z: Final = 1.959963984540054
SMALL_GROUP: Final = 30
"""Below this many cases a figure is shown as resting on few."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole with its 95 % Wilson interval; `value` is None when the whole is empty."""

    count: int
    of: int
    value: float | None
    low: float
    high: float

    @property
    def small(self) -> bool:
        """Whether it rests on fewer than `SMALL_GROUP` cases."""
        return self.of < SMALL_GROUP


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of `n` pairs, -1 to 1, with a 95 % interval.

    `value` is None, and the interval the whole range, when there are no pairs or when both sides always say the
    same single thing: chance alone would then agree, and kappa has no value.
    """

    n: int
    value: float | None
    low: float
    high: float

    @property
    def small(self) -> bool:
        """Whether it rests on fewer than `SMALL_GROUP` pairs."""
        return self.n < SMALL_GROUP


def share(count: int, of: int) -> Share:
    """Return `count` out of `of` with its Wilson interval (Wilson, 1927), which is sound for few cases too.

    Raises:
        ValueError: `count` is not between 0 and `of`.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} is no part of {of}")
    if of == 0:
        return Share(0, 0, None, 0.0, 1.0)
    low, high = _wilson(count / of, of)
    return Share(count, of, count / of, low, high)


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Return the agreement of two raters beyond chance (Cohen, 1960).

    The interval is Cohen's, chance agreement taken as known, with the Wilson interval of the observed agreement
    in place of the normal one: the latter has no width when everybody agrees, however few they are.
    """
    n = len(pairs)
    if n == 0:
        return Kappa(0, None, -1.0, 1.0)
    observed = sum(first == second for first, second in pairs) / n
    ours, theirs = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    # In whole numbers, so that perfect chance agreement is seen as exactly that.
    by_chance = sum(ours[name] * theirs[name] for name in ours)
    if by_chance == n * n:
        return Kappa(n, None, -1.0, 1.0)
    chance = by_chance / (n * n)
    low, high = _wilson(observed, n)
    return Kappa(n, _beyond(observed, chance), _beyond(low, chance), _beyond(high, chance))


def _beyond(agreement: float, chance: float) -> float:
    return max(-1.0, min(1.0, (agreement - chance) / (1.0 - chance)))


def _wilson(value: float, n: int) -> tuple[float, float]:
    spread = _Z * math.sqrt(value * (1 - value) / n + _Z * _Z / (4 * n * n))
    centre, scale = value + _Z * _Z / (2 * n), 1 + _Z * _Z / n
    # Rounding must not move the interval off the value itself at 0 and at 1.
    return max(0.0, min(value, (centre - spread) / scale)), min(1.0, max(value, (centre + spread) / scale))
