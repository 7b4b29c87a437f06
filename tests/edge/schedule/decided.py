"""Decisions of a clinic whose weights are known, for what is learnt from them."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from edge.schedule.choices import Choice, Option, chosen, joined
from edge.schedule.weights import LEARNT, Weights

SCALE: Final = 1 / 25
FIRST: Final = 0.8
LEVEL: Final = (0, 0, 0, 1, 0, 0)
GIVEN: Final = {name: float(getattr(Weights(), name)) for name in LEARNT}
"""The weights of a clinic whose file names none."""


def decided(
    true: Mapping[str, float], count: int, seed: int, scale: float = SCALE, first: float = FIRST
) -> tuple[Choice, ...]:
    """Return what people with these weights choose among answers made up of everything."""
    chance = np.random.default_rng(seed)
    weights = np.array([1.0, *(true[name] for name in LEARNT)])
    found = []
    for _ in range(count):
        shown = int(chance.integers(2, 4))
        units = chance.integers(0, [25, 4, 4, 5, 60, 4, 3000], (shown, 7)) * np.array([5, 1, 50, 1, 5, 1, 1])
        liking = chance.gumbel(size=shown) - scale * (units @ weights) + first * (np.arange(shown) == 0)
        found.append(chosen(options(units.astype(float).tolist()), int(liking.argmax())))
    return joined(found).choices


def options(units: Sequence[Sequence[float]]) -> list[Option]:
    """Return answers of one first level, in the order they are shown."""
    return [Option(LEVEL, tuple(row), 0.0, first=number == 0) for number, row in enumerate(units)]
