"""The engine's ruin and recreate, with a target somewhat below the best makespan."""

import time
from dataclasses import dataclass
from typing import Final

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.flat import FlatShapes
from edge.schedule.engine.problem import Effort
from tests.benchmarks.fjsp.adapter import Pressure, places, pressed, schedule_of
from tests.benchmarks.fjsp.balance import Balance
from tests.benchmarks.fjsp.pursuit import Pursuit

_BACK_EVERY: Final = 4


@dataclass(frozen=True, slots=True)
class Cooling:
    """How one search spends its time: cycles of rounds, each a little colder and of `seconds`."""

    rounds: int = 30
    seconds: float = 0.05
    hot: int = 100
    cold: int = 5
    most_removed: int = 30
    below: float = 0.03
    above: float = 0.05


def ruin(pursuit: Pursuit, balance: Balance, seed: int, until: float, pressure: Pressure, cooling: Cooling) -> None:
    """Look for better schedules until a time, or until the best one is proven."""
    instance = pursuit.instance
    ratio = (cooling.cold / cooling.hot) ** (1 / max(1, cooling.rounds - 1))
    flat: FlatShapes | None = None
    while pursuit.left > 0 and time.monotonic() < until:
        seed += 2
        begun = pursuit.makespan
        target = max(pursuit.bound, int(begun * (1 - cooling.below)))
        problem = pressed(instance, target, int(begun * (1 + cooling.above)) + 1, balance.ways, pressure)
        flat = flat or FlatShapes.of(problem.shapes)
        engine = CompiledEngine(problem, seed, flat)
        engine.set(places(pursuit.best))
        for number in range(cooling.rounds):
            end = time.monotonic_ns() + int(cooling.seconds * 1e9)
            engine.search(Effort(1 << 62, end, int(cooling.hot * ratio**number), cooling.most_removed))
            schedule = schedule_of(engine.best().places)
            if schedule is not None:
                pursuit.offer(schedule, "ruin")
            if number % _BACK_EVERY == _BACK_EVERY - 1:
                engine.back_to_best()
            if pursuit.left <= 0 or time.monotonic() >= until or pursuit.makespan < begun * (1 - cooling.below):
                break
