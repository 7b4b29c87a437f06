"""The two who are compared on an instance: the engine, and CP-SAT on the whole job shop."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

from tests.benchmarks.fjsp.adapter import Pressure
from tests.benchmarks.fjsp.balance import balance
from tests.benchmarks.fjsp.instances import Instance
from tests.benchmarks.fjsp.pursuit import Pursuit
from tests.benchmarks.fjsp.reopen import reopen
from tests.benchmarks.fjsp.ruin import Cooling, ruin
from tests.benchmarks.fjsp.schedules import Schedule, Slot, dispatch, makespan


@dataclass(frozen=True, slots=True)
class Result:
    """What one solver made of one instance: makespan, proven bound, seconds, and how it came there."""

    makespan: int
    bound: int
    seconds: float
    trace: list[tuple[float, int, str]]


def engine(instance: Instance, seconds: float, workers: int, seed: int = 1) -> Result:
    """Return what the planning engine makes of an instance: ruin and recreate, and CP-SAT on parts."""
    begin = time.monotonic()
    until = begin + seconds
    even = balance(instance, seconds / 20, workers, seed)
    first = min((dispatch(instance), dispatch(instance, even.ways)), key=lambda one: makespan(instance, one))
    pursuit = Pursuit(instance, first, until, even.bound)
    turn = begin + seconds / 8

    def run(number: int) -> None:
        ruin(pursuit, even, seed + number, turn, Pressure(), Cooling())
        reopen(pursuit, seed + number, until, seconds / 30)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Result(makespan(instance, pursuit.best), pursuit.bound, time.monotonic() - begin, pursuit.trace)


def cp_sat(instance: Instance, seconds: float, workers: int, seed: int = 1) -> Result:
    """Return what CP-SAT makes of the whole instance from nothing, machines' and jobs' work as bounds included."""
    begin = time.monotonic()
    model: Any = cp_model.CpModel()
    longest = makespan(instance, dispatch(instance))
    last = model.new_int_var(0, longest, "")
    uses: list[list[Any]] = [[] for _ in range(instance.machines)]
    work: list[list[Any]] = [[] for _ in range(instance.machines)]
    starts: list[Any] = []
    chosen: list[list[Any]] = []
    end: Any = 0
    for operation in instance.operations:
        start = model.new_int_var(operation.head, longest - operation.tail - operation.shortest, "")
        literals = [model.new_bool_var("") for _ in operation.ways]
        model.add_exactly_one(literals)
        if operation.position:
            model.add(start >= end)
        for literal, (machine, duration) in zip(literals, operation.ways, strict=True):
            uses[machine].append(model.new_optional_fixed_size_interval_var(start, duration, literal, ""))
            work[machine].append(duration * literal)
        end = start + sum(duration * literal for literal, (_, duration) in zip(literals, operation.ways, strict=True))
        if operation.tail == 0:
            model.add(end <= last)
        starts.append(start)
        chosen.append(literals)
    for machine in range(instance.machines):
        model.add_no_overlap(uses[machine])
        model.add(sum(work[machine]) <= last)
    model.minimize(last)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Result(longest, 0, time.monotonic() - begin, [])
    schedule: Schedule = tuple(
        Slot(solver.value(start), next(way for way, one in enumerate(literals) if solver.boolean_value(one)))
        for start, literals in zip(starts, chosen, strict=True)
    )
    return Result(makespan(instance, schedule), round(solver.best_objective_bound), time.monotonic() - begin, [])
