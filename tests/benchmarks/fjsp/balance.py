"""Which machine does what, if nothing but the machines' work and the jobs' lengths counted."""

from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from tests.benchmarks.fjsp.instances import Instance


@dataclass(frozen=True, slots=True)
class Balance:
    """Ways by operation that keep the busiest machine least busy, and a makespan that no schedule can beat."""

    ways: tuple[int, ...]
    bound: int


def balance(instance: Instance, seconds: float, workers: int, seed: int = 1) -> Balance:
    """Return the most even assignment found, and the proven bound."""
    model: Any = cp_model.CpModel()
    busiest = model.new_int_var(0, sum(max(d for _, d in op.ways) for op in instance.operations), "")
    work: dict[int, list[Any]] = {}
    lengths: dict[int, list[Any]] = {}
    chosen: list[list[Any]] = []
    for operation in instance.operations:
        literals = [model.new_bool_var("") for _ in operation.ways]
        model.add_exactly_one(literals)
        for literal, (machine, duration) in zip(literals, operation.ways, strict=True):
            work.setdefault(machine, []).append(duration * literal)
            lengths.setdefault(operation.job, []).append(duration * literal)
        chosen.append(literals)
    for terms in (*work.values(), *lengths.values()):
        model.add(sum(terms) <= busiest)
    model.minimize(busiest)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Balance(tuple(0 for _ in chosen), 0)
    ways = tuple(next(way for way, one in enumerate(all_) if solver.boolean_value(one)) for all_ in chosen)
    return Balance(ways, round(solver.best_objective_bound))
