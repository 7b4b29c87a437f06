"""The search, and then CP-SAT on the whole day from where the search has come: it finishes, and proves what it can.

The search is quick to a good day and knows nothing of how good a day could be; CP-SAT is slow to a first day and quick
to the end from a good one. A replan leaves most of the day fixed, so that the end is mostly reached within a second.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.flat import FlatShapes
from edge.schedule.engine.neighbourhood import Ending, Limits, Neighbourhood, Seen, cheap_moves, improve
from edge.schedule.engine.problem import Answer, Place, Problem
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.engine.search import Seen as Repaired

_SEARCH_SHARE: Final = 0.2
_SEARCH_SECONDS_A_VISIT: Final = 0.004
"""The search is near its end after this; a smaller day is not made to wait for its share."""
_ALONE_SHARE: Final = 0.6
"""What CP-SAT gets of the rest where there is one core only."""
_LEAST_SECONDS: Final = 0.15
"""In less than this CP-SAT does nothing that more search would not do better."""
_COOLER: Final = 5
"""A search that goes on from a good day begins so much colder."""


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

    def with_answer(self, other: Answer) -> "Proven":
        """Return the better of the two days; the bound of the second level is of one value of the first."""
        if other.worth.level >= self.answer.worth.level:
            return self
        same = other.worth.rank == self.answer.worth.rank
        return replace(self, answer=other, cost_bound=self.cost_bound if same else None)


def solve_and_prove(
    problem: Problem,
    incumbent: Sequence[Place | None],
    plan: SearchPlan,
    shapes: FlatShapes | None = None,
    seen: Repaired | None = None,
) -> Proven:
    """Return the best day found from an incumbent, as `search.solve`, and what is proven of it.

    With several cores one of them proves while the others search on; the first of these begins with what small
    moves may bring (see `_Beside`). Ends early when nothing better is left.
    """
    until = time.monotonic() + plan.seconds
    first = min(plan.seconds * _SEARCH_SHARE, len(problem.visits) * _SEARCH_SECONDS_A_VISIT)
    if plan.seconds - first < _LEAST_SECONDS or not problem.visits:
        return Proven(solve(problem, incumbent, plan, shapes, seen))
    found = solve(problem, incumbent, replace(plan, seconds=first), shapes, seen)
    others = replace(
        plan, searches=max(1, plan.searches - 1), seed=plan.seed + plan.searches, hot=plan.hot // _COOLER, cycles=1
    )
    left = until - time.monotonic()
    if plan.searches <= 1:
        proven = _proven(problem, found, Limits(left * _ALONE_SHARE, 1, plan.seed), shapes)
        if proven.optimal:
            return proven
        others = replace(others, seconds=max(0.0, until - time.monotonic()))
        return proven.with_answer(solve(problem, proven.answer.places, others, shapes))
    side = _Beside(problem, found, others, shapes, until)
    with ThreadPoolExecutor(1) as pool:
        searched = pool.submit(side.run)
        proven = _proven(problem, found, Limits(left, 1, plan.seed), shapes, side.go_on_from)
        if proven.optimal:
            side.end()
        return proven.with_answer(searched.result())


class _Beside:
    """A search that goes on from the best day that anybody has found, until its time is over or it is ended.

    It begins with CP-SAT on the first level of a small part of the day, in which those stay whose move counts most:
    a search walks around many small moves that spare a large one, and the whole day takes several times as long.
    """

    def __init__(
        self, problem: Problem, found: Answer, plan: SearchPlan, shapes: FlatShapes | None, until: float
    ) -> None:
        self._problem, self._plan, self._shapes, self._until = problem, plan, shapes, until
        self._start, self._rank = found.places, found.worth.rank
        self._at_start = threading.Lock()
        self._news, self._over = threading.Event(), threading.Event()
        self._ending = Ending()

    def go_on_from(self, places: Sequence[Place | None], proven: bool) -> None:
        """Leave what is searched now for a day that is better on the first level; small moves, if none is better."""
        if proven:
            self._ending.end()
        if self._begin_with(_answer(self._problem, places, self._plan.seed, self._shapes)):
            self._news.set()

    def end(self) -> None:
        """Stop: nothing better is left."""
        self._over.set()
        self._ending.end()

    def run(self) -> Answer:
        """Search, and return the best day found."""
        best = self._by_cheap_moves()
        while True:
            self._news.clear()
            plan = replace(self._plan, seconds=max(0.0, self._until - time.monotonic()))
            found = solve(self._problem, self._start, plan, self._shapes, stop=self._ended)
            best = found if best is None or found.worth.level < best.worth.level else best
            if not self._news.is_set():
                return best

    def _by_cheap_moves(self) -> Answer | None:
        left = self._until - time.monotonic()
        around = cheap_moves(self._problem, self._start)
        if around is None or left < _LEAST_SECONDS or self._ending.over:
            return None
        limits = Limits(left, 1, self._plan.seed, first_only=True)
        outcome = improve(self._problem, self._start, around, limits, ending=self._ending)
        if outcome.places == tuple(self._start):
            return None
        answer = _answer(self._problem, outcome.places, self._plan.seed, self._shapes)
        self._begin_with(answer)
        return answer

    def _begin_with(self, answer: Answer) -> bool:
        """Let the search go on from a day, where that is better on the first level than the one known."""
        with self._at_start:
            better = answer.worth.rank < self._rank
            if better:
                self._start, self._rank = answer.places, answer.worth.rank
        return better

    def _ended(self) -> bool:
        return self._news.is_set() or self._over.is_set()


def _proven(
    problem: Problem, found: Answer, limits: Limits, shapes: FlatShapes | None, seen: Seen | None = None
) -> Proven:
    everybody = Neighbourhood(frozenset(range(len(problem.visits))))
    outcome = improve(problem, found.places, everybody, limits, seen)
    answer = _answer(problem, outcome.places, limits.seed, shapes)
    return Proven(answer, outcome.rank_bound, outcome.cost_bound, outcome.proven)


def _answer(problem: Problem, places: Sequence[Place | None], seed: int, shapes: FlatShapes | None) -> Answer:
    engine = CompiledEngine(problem, seed, shapes)
    engine.set(places)
    return engine.best()
