"""CP-SAT decides a few visits of a day anew, around the others; the day it returns is never a worse one.

Beside ruin and recreate it finds what no chain of single insertions leads to: visits that change places all at once.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from ortools.sat.python import cp_model

from edge.schedule.engine.cpsat_resources import Known
from edge.schedule.engine.cpsat_visits import Model, Neighbourhood
from edge.schedule.engine.day import Day
from edge.schedule.engine.problem import Place, Problem

__all__ = ["Ending", "Limits", "Neighbourhood", "Outcome", "cheap_moves", "improve"]


class Seen(Protocol):
    """Told at once of a day that is better on the first level, and whether no day is better there.

    Where none is better than the former one it is told of that, once that is proven.
    """

    def __call__(self, places: tuple[Place | None, ...], proven: bool) -> None:
        """Take note of it."""


_MANY: Final = 2
"""A move is cheap where so many of them count less than the one that counts most."""
_LARGEST_SEED: Final = (1 << 31) - 1
_SOLVED: Final = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one call looks.

    Attributes:
        seconds: at most, for both levels together, the model's making included.
        workers: threads of the solver.
        seed: of its random choices.
        sideways: take any day that is as good, not led by the present one: the way along a plateau.
        first_only: mind the first level alone; where it does not get better, nobody changes.
    """

    seconds: float = 1.0
    workers: int = 1
    seed: int = 1
    sideways: bool = False
    first_only: bool = False


class Ending:
    """Ends a call of `improve` from another thread; it returns what it has."""

    def __init__(self) -> None:
        self._solver: Any = None
        self._over = threading.Event()

    @property
    def over(self) -> bool:
        """Whether it was ended."""
        return self._over.is_set()

    def watch(self, solver: Any) -> None:
        """Say which solver works now."""
        self._solver = solver

    def end(self) -> None:
        """End it now."""
        self._over.set()
        if self._solver is not None:
            self._solver.stop_search()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A day as good as the one before or better, and what is proven of its neighbourhood.

    Attributes:
        places: the day.
        proven: whether it is the best of its neighbourhood.
        rank_bound: no day of the neighbourhood counts less on the first level.
        cost_bound: none that is as good as this one on the first level costs less; None where nothing is known.
    """

    places: tuple[Place | None, ...]
    proven: bool
    rank_bound: int = 0
    cost_bound: int | None = None


def cheap_moves(problem: Problem, places: Sequence[Place | None]) -> Neighbourhood | None:
    """Return who counts on the first level now, and whose move would count much less than another's.

    That is where several small moves spare a large one. None where nothing counts, no move does, or all would be free.
    """
    day, visits = _day(problem, places), problem.visits
    counting = {number for number in range(len(visits)) if day.rank(number) > 0}
    most = max((visit.move_rank for visit in visits), default=0)
    free = counting.union(number for number, visit in enumerate(visits) if visit.move_rank * _MANY < most)
    return Neighbourhood(frozenset(free)) if counting and most > 0 and len(free) < len(visits) else None


def improve(
    problem: Problem,
    places: Sequence[Place | None],
    around: Neighbourhood,
    limits: Limits | None = None,
    seen: Seen | None = None,
    ending: Ending | None = None,
) -> Outcome:
    """Return a day that is not worse, in which nobody outside the neighbourhood has changed.

    Args:
        problem: the question.
        places: the day as it stands; its places must fit together.
        around: who may change.
        limits: how far to look.
        seen: told of each day on the way that is better on the first level, and of what is proven of the last.
        ending: lets another thread end it early.
    """
    limits, ending = limits or Limits(), ending or Ending()
    call = _Call(problem, around, limits, time.monotonic() + limits.seconds, ending)
    first, making = _first_level(call, tuple(places), seen)
    # With its costs the model takes longer to make than without.
    if ending.over or limits.first_only or time.monotonic() + making >= call.until:
        return replace(first, proven=False)
    return _second_level(call, first)


@dataclass(frozen=True, slots=True)
class _Call:
    problem: Problem
    around: Neighbourhood
    limits: Limits
    until: float
    ending: Ending


def _first_level(call: _Call, places: tuple[Place | None, ...], seen: Seen | None) -> tuple[Outcome, float]:
    """Return a day that is better on the first level, or the former one, and the seconds that its model took to make.

    Proven is what holds of that level.
    """
    before = _day(call.problem, places)
    changing = call.around.free | call.around.sliding
    now = sum(before.rank(number) for number in changing)
    others = sum(before.rank(number) for number in range(len(places)) if number not in changing)
    # No visit counts less than nothing: a first level of 0 needs no search.
    if now == 0:
        return Outcome(places, proven=True, rank_bound=others), 0.0
    begun = time.monotonic()
    model = Model(before, call.around, priced=False)
    making = time.monotonic() - begun

    def better(solver: Any) -> tuple[Place | None, ...] | None:
        after = _checked(call.problem, model.read(solver), changing) if solver.value(model.rank.var) < now else None
        return tuple(after.places) if after is not None and sum(map(after.rank, changing)) < now else None

    solver, status = _minimize(model, model.rank, call, _OnTheWay(better, seen) if seen is not None else None)
    found = better(solver) if status in _SOLVED else None
    # That nothing is better is proven of the model's day; one that does not stand up to the check is none.
    kept = status == cp_model.OPTIMAL and (found is not None or solver.value(model.rank.var) >= now)
    if seen is not None and (found is not None or kept):
        seen(places if found is None else found, kept)
    return Outcome(places if found is None else found, kept, _bound(solver, status) + others), making


class _OnTheWay(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]  # published without types
    """Tells of each better day that the solver comes upon."""

    def __init__(self, better: Callable[[Any], tuple[Place | None, ...] | None], seen: Seen) -> None:
        super().__init__()
        self._better, self._seen = better, seen

    def on_solution_callback(self) -> None:
        """Take what the solver holds now."""
        found = self._better(self)
        if found is not None:
            self._seen(found, False)


def _second_level(call: _Call, first: Outcome) -> Outcome:
    """Return a day that costs less and is as good on the first level, or the one given."""
    before = _day(call.problem, first.places)
    model, worth = Model(before, call.around), before.worth()
    model.sheet.cp.add(model.rank.var <= model.rank.now)
    solver, status = _minimize(model, model.cost, call)
    # The model counts what can change; all else costs the same in every day of the neighbourhood.
    bound = _bound(solver, status) + worth.cost - model.cost.now if model.exact else None
    kept = replace(first, proven=False, cost_bound=bound)
    if status not in _SOLVED:
        return kept
    after = _checked(call.problem, model.read(solver), call.around.free | call.around.sliding)
    if after is None or after.worth().level > worth.level:
        return kept
    proven = first.proven and status == cp_model.OPTIMAL and model.exact
    return Outcome(tuple(after.places), proven, first.rank_bound, bound)


def _day(problem: Problem, places: Sequence[Place | None]) -> Day:
    day = Day(problem)
    for number, place in enumerate(places):
        if place is not None:
            day.place(number, place)
    return day


def _bound(solver: Any, status: Any) -> int:
    """Return what no answer of the solver can go below; nothing counts or costs less than nothing."""
    known = status in _SOLVED or status == cp_model.UNKNOWN
    # The bound is a sum of whole numbers that went through a floating-point number.
    return max(0, math.ceil(solver.best_objective_bound - 1e-6)) if known else 0


def _minimize(model: Model, level: Known, call: _Call, told: Any = None) -> tuple[Any, Any]:
    cp = model.sheet.cp
    cp.add(level.var <= level.now)
    cp.minimize(level.var)
    if not call.limits.sideways:
        for known in model.sheet.open:  # of every variable: hints with gaps are ignored
            cp.add_hint(known.var, known.now)
    solver = cp_model.CpSolver()
    call.ending.watch(solver)
    solver.parameters.max_time_in_seconds = 0.0 if call.ending.over else max(0.0, call.until - time.monotonic())
    solver.parameters.num_workers = call.limits.workers
    solver.parameters.random_seed = call.limits.seed & _LARGEST_SEED
    if level is model.rank:
        # The first level counts a few visits of many: it rises from below, one unavoidable visit after the other.
        # Small moves are many, each counts little, and it is the day that is wanted, not the proof.
        solver.parameters.optimize_with_core = not call.limits.first_only
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
    else:
        solver.parameters.linearization_level = 2
    return solver, solver.solve(cp, told)


def _checked(problem: Problem, places: Sequence[Place | None], changing: frozenset[int]) -> Day | None:
    """Return the day if all who may have changed keep to what is free: no solver is trusted with that."""
    day = Day(problem)
    for number in sorted(range(len(places)), key=changing.__contains__):
        place = places[number]
        if place is None:
            continue
        if number in changing:
            low, high = day.bounds(number)
            if not low <= place.start <= high - day.template(number, place).length:
                return None
            taken = list(day.busy)
            for use in day.uses(number, place):
                shut = problem.resources[use.resource].closed & ((1 << use.end) - (1 << use.start))
                if shut or taken[use.resource] & use.cells:
                    return None
                taken[use.resource] |= use.cells
        day.place(number, place)
    return day
