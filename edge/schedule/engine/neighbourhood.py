"""CP-SAT decides a few visits of a day anew, around the others; the day it returns is never a worse one.

Beside ruin and recreate it finds what no chain of single insertions leads to: visits that change places all at once.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ortools.sat.python import cp_model

from edge.schedule.engine.cpsat_resources import Known
from edge.schedule.engine.cpsat_visits import Model, Neighbourhood
from edge.schedule.engine.day import Day
from edge.schedule.engine.problem import Place, Problem

__all__ = ["Ending", "Limits", "Neighbourhood", "Outcome", "cheap_moves", "improve"]

Seen = Callable[[tuple[Place | None, ...]], None]

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
    day, visits = Day(problem), problem.visits
    counting = {
        number
        for number, place in enumerate(places)
        if (visits[number].drop_rank if place is None else visits[number].move_rank * day.moved(number, place)) > 0
    }
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
        seen: told at once of a day that is better on the first level; the second one is minded only afterwards.
        ending: lets another thread end it early.
    """
    limits, ending = limits or Limits(), ending or Ending()
    until = time.monotonic() + limits.seconds
    before = Day(problem)
    for number, place in enumerate(places):
        if place is not None:
            before.place(number, place)
    model, worth = Model(before, around), before.worth()
    # The model counts what can change; all else counts and costs the same in every day of the neighbourhood.
    other_rank, other_cost = worth.rank - model.rank.now, worth.cost - model.cost.now
    outcome = _solve(model, tuple(places), _Call(limits, until, ending), seen)
    after = _checked(problem, outcome.places, around.free | around.sliding)
    rank_bound = outcome.rank_bound + other_rank
    if after is None or after.worth().level > worth.level:
        return Outcome(tuple(places), proven=False, rank_bound=rank_bound)
    if not model.exact or outcome.cost_bound is None:
        return Outcome(tuple(after.places), outcome.proven and model.exact, rank_bound)
    return Outcome(tuple(after.places), outcome.proven, rank_bound, outcome.cost_bound + other_cost)


@dataclass(frozen=True, slots=True)
class _Call:
    limits: Limits
    until: float
    ending: Ending


def _solve(model: Model, places: tuple[Place | None, ...], call: _Call, seen: Seen | None) -> Outcome:
    """Return the best day found, or the former one, and what is proven: the first level before the second."""
    rank, cost, hints = model.rank, model.cost, list(model.sheet.open)
    found, proven, rank_bound, better = places, True, 0, False
    # No visit counts less than nothing: a first level of 0 needs no search.
    if rank.now > 0:
        solver, status = _minimize(model.sheet.cp, rank, hints, call, few=True)
        rank_bound = _bound(solver, status)
        if status not in _SOLVED:
            return Outcome(places, proven=False, rank_bound=rank_bound)
        found, proven = tuple(model.read(solver)), status == cp_model.OPTIMAL
        better = solver.value(rank.var) < rank.now
        if better:
            # A better first level may cost more on the second, so this day is the one to beat.
            rank, cost, *hints = (Known(known.var, solver.value(known.var)) for known in (rank, cost, *hints))
            if seen is not None:
                seen(found)
    if call.ending.over or call.limits.first_only:
        return Outcome(found if better else places, proven=False, rank_bound=rank_bound)
    model.sheet.cp.add(rank.var <= rank.now)
    solver, status = _minimize(model.sheet.cp, cost, hints, call)
    cost_bound = _bound(solver, status)
    if status not in _SOLVED:
        return Outcome(found, proven=False, rank_bound=rank_bound, cost_bound=cost_bound)
    best = status == cp_model.OPTIMAL
    return Outcome(tuple(model.read(solver)), proven and best, rank_bound, cost_bound)


def _bound(solver: Any, status: Any) -> int:
    """Return what no answer of the solver can go below; nothing counts or costs less than nothing."""
    known = status in _SOLVED or status == cp_model.UNKNOWN
    # The bound is a sum of whole numbers that went through a floating-point number.
    return max(0, math.ceil(solver.best_objective_bound - 1e-6)) if known else 0


def _minimize(cp: Any, level: Known, hints: Sequence[Known], call: _Call, *, few: bool = False) -> tuple[Any, Any]:
    cp.add(level.var <= level.now)
    cp.minimize(level.var)
    cp.clear_hints()
    if not call.limits.sideways:
        for known in hints:  # of every variable: hints with gaps are ignored
            cp.add_hint(known.var, known.now)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 0.0 if call.ending.over else max(0.0, call.until - time.monotonic())
    solver.parameters.num_workers = call.limits.workers
    solver.parameters.random_seed = call.limits.seed & _LARGEST_SEED
    if few:
        # The first level counts a few visits of many: it rises from below, one unavoidable visit after the other.
        solver.parameters.optimize_with_core = True
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
    else:
        solver.parameters.linearization_level = 2
    call.ending.watch(solver)
    return solver, solver.solve(cp)


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
