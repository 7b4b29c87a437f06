"""The search, and then CP-SAT on the whole day from where the search has come: it finishes, and proves what it can.

The search is quick to a good day and knows nothing of how good a day could be; CP-SAT is slow to a first day and quick
to the end from a good one. A replan leaves most of the day fixed, so that the end is mostly reached within a second.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.flat import FlatShapes
from edge.schedule.engine.neighbourhood import Limits, Neighbourhood, improve
from edge.schedule.engine.problem import Answer, Place, Problem
from edge.schedule.engine.search import SearchPlan, Seen, solve

_SEARCH_SHARE: Final = 0.5
_SEARCH_SECONDS_A_VISIT: Final = 0.004
"""The search is near its end after this; a smaller day is not made to wait for its share."""
_LEAST_SECONDS: Final = 0.2
"""In less than this CP-SAT does nothing that more search would not do better."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A day and what is proven of it.

    Attributes:
        answer: the best day found.
        rank_bound: no day counts less on the first level.
        cost_bound: no day that is as good on the first level costs less; None where nothing is known.
        optimal: whether no day is better.
    """

    answer: Answer
    rank_bound: int = 0
    cost_bound: int | None = None
    optimal: bool = False

    @property
    def first_level(self) -> bool:
        """Whether no day is better on the first level."""
        return self.rank_bound >= self.answer.worth.rank


def solve_and_prove(
    problem: Problem,
    incumbent: Sequence[Place | None],
    plan: SearchPlan,
    shapes: FlatShapes | None = None,
    seen: Seen | None = None,
) -> Proven:
    """Return the best day found from an incumbent, as `search.solve`, and what is proven of it.

    Ends early when nothing better is left.
    """
    begin = time.monotonic()
    share = min(plan.seconds * _SEARCH_SHARE, len(problem.visits) * _SEARCH_SECONDS_A_VISIT)
    proves = plan.seconds - share >= _LEAST_SECONDS
    search = replace(plan, seconds=share) if proves else plan
    found = solve(problem, incumbent, search, shapes, seen)
    if not proves or not problem.visits:
        return Proven(found)
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    left = begin + plan.seconds - time.monotonic()
    outcome = improve(problem, found.places, everybody, Limits(left, plan.searches, plan.seed))
    engine = CompiledEngine(problem, plan.seed, shapes)
    engine.set(outcome.places)
    return Proven(engine.best(), outcome.rank_bound, outcome.cost_bound, outcome.proven)
