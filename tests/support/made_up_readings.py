"""Readings nobody made: people who miss, doubt and follow a model by known chances."""

import random
from dataclasses import dataclass

KINDS = ("blemish", "pustule", "spot")
GRADES = ("clear", "few", "some", "many")


@dataclass(frozen=True, slots=True)
class Chances:
    """How the made-up readers behave; all 0 to 1.

    Attributes:
        sees: that a reader alone outlines a feature that is there.
        follows: that an assisted reader outlines what the model shows and they had not.
        mistypes: that a reader calls a feature something else.
        drops: that an assisted reader lets go of a feature of their own that the model does not show.
    """

    sees: float = 0.65
    follows: float = 0.6
    mistypes: float = 0.15
    drops: float = 0.3


def made_up_outlines(photographs: int, readers: int, seed: int = 5, chances: Chances | None = None) -> str:
    """Return a table of outlines: each reader reads each photograph both ways, and the model reads it too."""
    chances = chances or Chances()
    rng = random.Random(seed)
    rows = ["reader,photograph,mode,seconds,grade,features"]
    for number in range(1, photographs + 1):
        name = f"p{number:03d}"
        there = [_feature(rng) for _ in range(rng.randint(1, 9))]
        false = [_feature(rng) for _ in range(rng.randint(0, 2))]
        shown = [each for each in there if rng.random() < 0.8] + false
        rows.append(f"m1,{name},model,,,{_cell(shown, rng, 0.0)}")
        for reader in range(1, readers + 1):
            alone = [each for each in there if rng.random() < chances.sees]
            helped = [each for each in alone if each in shown or rng.random() >= chances.drops]
            helped += [each for each in shown if each not in alone and rng.random() < chances.follows]
            for mode, seen, pace in (("unassisted", alone, 6.0), ("assisted", helped, 4.0)):
                seconds = round(12 + pace * len(seen) + rng.uniform(0, 9), 1)
                grade = GRADES[min((len(seen) + rng.randint(0, 1)) // 2, 3)]
                rows.append(f"r{reader},{name},{mode},{seconds},{grade},{_cell(seen, rng, chances.mistypes)}")
    return "\n".join(rows) + "\n"


def _feature(rng: random.Random) -> tuple[int, int, int, str]:
    """Return the corner, side and type of a feature on a face of 900 px."""
    return rng.randint(0, 880), rng.randint(0, 880), rng.randint(12, 26), rng.choice(KINDS)


def _cell(features: list[tuple[int, int, int, str]], rng: random.Random, mistypes: float) -> str:
    """Return features as one person draws them: a few pixels off, now and then of another type."""
    drawn = []
    for x, y, side, kind in features:
        named = rng.choice(KINDS) if rng.random() < mistypes else kind
        drawn.append(f"{named} {x + rng.randint(0, 3)} {y + rng.randint(0, 3)} {side} {side + rng.randint(0, 3)}")
    return "; ".join(drawn) or "none"
