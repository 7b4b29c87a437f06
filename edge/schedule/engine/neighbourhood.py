"""CP-SAT decides a few visits of a day anew, around the others; the day it returns is never a worse one.

Beside ruin and recreate it finds what no chain of single insertions leads to: visits that change places all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ortools.sat.python import cp_model

from edge.schedule.engine.cpsat_resources import Known
from edge.schedule.engine.cpsat_visits import Model, Neighbourhood
from edge.schedule.engine.day import Day
from edge.schedule.engine.problem import Place, Problem

__all__ = ["Limits", "Neighbourhood", "Outcome", "improve"]

_SOLVED: Final = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one call looks.

    Attributes:
        seconds: at most, for each of the two levels.
        workers: threads of the solver.
        seed: of its random choices.
        sideways: take any day that is as good, not led by the present one: the way along a plateau.
    """

    seconds: float = 1.0
    workers: int = 1
    seed: int = 1
    sideways: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A day as good as the one before or better, and whether it is proven the best of its neighbourhood."""

    places: tuple[Place | None, ...]
    proven: bool


def improve(
    problem: Problem, places: Sequence[Place | None], around: Neighbourhood, limits: Limits | None = None
) -> Outcome:
    """Return a day that is not worse, in which nobody outside the neighbourhood has changed.

    Args:
        problem: the question.
        places: the day as it stands; its places must fit together.
        around: who may change.
        limits: how far to look.
    """
    before = Day(problem)
    for number, place in enumerate(places):
        if place is not None:
            before.place(number, place)
    found, proven = _solve(Model(before, around), limits or Limits())
    after = _checked(problem, found, around.free | around.sliding) if found is not None else None
    if after is None or after.worth().level > before.worth().level:
        return Outcome(tuple(places), proven=False)
    return Outcome(tuple(after.places), proven)


def _solve(model: Model, limits: Limits) -> tuple[list[Place | None] | None, bool]:
    """Return the best day found, if any, and whether it is proven best: the first level before the second."""
    rank, cost, hints = model.rank, model.cost, list(model.sheet.open)
    found, proven = None, True
    # No visit counts less than nothing: a first level of 0 needs no search.
    if rank.now > 0:
        solver, status = _minimize(model.sheet.cp, rank, hints, limits)
        if status not in _SOLVED:
            return None, False
        found, proven = model.read(solver), status == cp_model.OPTIMAL
        if solver.value(rank.var) < rank.now:
            # A better first level may cost more on the second, so this day is the one to beat.
            rank, cost, *hints = (Known(known.var, solver.value(known.var)) for known in (rank, cost, *hints))
    model.sheet.cp.add(rank.var <= rank.now)
    solver, status = _minimize(model.sheet.cp, cost, hints, limits)
    if status not in _SOLVED:
        return found, False
    return model.read(solver), proven and status == cp_model.OPTIMAL


def _minimize(cp: Any, level: Known, hints: Sequence[Known], limits: Limits) -> tuple[Any, Any]:
    cp.add(level.var <= level.now)
    cp.minimize(level.var)
    cp.clear_hints()
    if not limits.sideways:
        for known in hints:  # of every variable: hints with gaps are ignored
            cp.add_hint(known.var, known.now)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.num_workers = limits.workers
    solver.parameters.random_seed = limits.seed
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
