"""One search on each processor core, cooled over the time there is; the best day of all of them counts."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.flat import FlatShapes
from edge.schedule.engine.problem import Answer, Effort, Engine, Place, Problem

Seen = Callable[[Answer], None]
Stop = Callable[[], bool]
_COOLER: Final = 5
_BACK_EVERY: Final = 4
"""After so many rounds a search leaves what led nowhere and goes on from its best day."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How a search spends its time.

    Attributes:
        seconds: how long; 0 for the repair alone.
        searches: how many at once.
        seed: of the first search; the others count on.
        hot, cold: temperatures at the beginning and at the end of the first cycle.
        cycles: how often it is cooled, each time from a lower temperature; after each all searches go on from the
            best day of any.
        rounds: steps of cooling in a cycle.
        most_removed: visits taken out at a time, at most.
    """

    seconds: float
    searches: int = 1
    seed: int = 1
    hot: int = 100_000
    cold: int = 1_000
    cycles: int = 2
    rounds: int = 20
    most_removed: int = 14


def solve(
    problem: Problem,
    incumbent: Sequence[Place | None],
    plan: SearchPlan,
    shapes: FlatShapes | None = None,
    seen: Seen | None = None,
    stop: Stop | None = None,
) -> Answer:
    """Return the best day found from an incumbent, which is repaired first.

    Args:
        problem: the question.
        incumbent: where visits are now; those without a place are put in.
        plan: how long and how wide to search.
        shapes: the flattened shapes of the problem, where they are at hand.
        seen: told of the repaired day at once.
        stop: asked now and then whether to end early.
    """
    engines = [CompiledEngine(problem, plan.seed + number, shapes) for number in range(max(1, plan.searches))]
    first = engines[0]
    first.set(incumbent)
    first.repair()
    answer = first.best()
    if seen is not None:
        seen(answer)
    if plan.seconds <= 0 or not problem.visits:
        return answer
    begin = time.monotonic_ns()
    with ThreadPoolExecutor(len(engines)) as pool:
        for cycle in range(plan.cycles):
            for engine in engines:
                engine.set(answer.places)
            span = plan.seconds * 1e9 / plan.cycles
            hot = max(plan.cold, plan.hot // _COOLER**cycle)
            length = span / plan.rounds
            cool = partial(_cool, plan=plan, hot=hot, begin=begin + int(cycle * span), length=length, stop=stop)
            answer = min(pool.map(cool, engines), key=lambda found: found.worth.level)
    return answer


def _cool(engine: Engine, plan: SearchPlan, hot: int, begin: int, length: float, stop: Stop | None) -> Answer:
    """Search through one cycle and return the best day; each round takes `length` nanoseconds."""
    ratio = (plan.cold / hot) ** (1 / max(1, plan.rounds - 1))
    for number in range(plan.rounds):
        if stop is not None and stop():
            break
        until = begin + int(length * (number + 1))
        engine.search(Effort(1 << 62, until, int(hot * ratio**number), plan.most_removed))
        if number % _BACK_EVERY == _BACK_EVERY - 1:
            engine.back_to_best()
    return engine.best()
