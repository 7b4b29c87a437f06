"""Replanning one disruption: right-shift, repair and CP-SAT on the example clinic, in the same run.

    python tests/benchmarks/bench_schedule.py [--days 4] [--seconds 2] [--out reports/bench-schedule.json]

Prints, per method: booked visits dropped and clients moved per disruption, inconvenience against the best of the
three, and time. A disruption is counted for inconvenience only where a method drops as few as the best.
"""

import argparse
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import check_replan
from edge.schedule.demand import Calendar
from edge.schedule.domain import (
    DeviceDown,
    Disruption,
    Late,
    Plan,
    ProviderOut,
    RoomDown,
    Span,
    Stages,
    up_to_grid,
)
from edge.schedule.facts import with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, objective, repair, survey
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.replan import put_back, replan
from edge.schedule.replans import Objective
from edge.schedule.solver import SolverLimits

REPLAN = ReplanId("bench")


@dataclass(frozen=True)
class Run:
    objective: Objective
    milliseconds: float


def right_shift(situation: Situation) -> Plan:
    """Push everything after now to its next free time, in order, resources kept: what a desk does by hand."""
    calendar = Calendar(situation.registry, situation.facts.outages)
    for visit in situation.pinned:
        calendar.occupy(visit.stages)
    plan = situation.facts
    for visit in sorted((*situation.kept, *situation.hit), key=lambda v: v.start):
        demand = situation.demands[visit.service]
        choice = demand.choice(visit.stages)
        stages: Stages = ()
        for start in situation.starts(visit):
            if start < visit.start:
                continue
            tried = demand.stages(start, choice)
            if calendar.fits(demand, replace(visit, stages=tried)):
                stages = tried
                calendar.occupy(stages)
                break
        plan = plan.with_appointments(replace(visit, stages=stages))
    return plan


def disruptions(registry: Registry, day: Plan) -> Iterator[Disruption]:
    closes = registry.hours.end
    for at in (600, 720, 840):
        for provider in registry.providers:
            yield ProviderOut(at, provider.id, Span(at, closes))
        for room in registry.rooms[::2]:
            yield RoomDown(at, room.id, Span(at, at + 120))
        for device in registry.devices[::2]:
            yield DeviceDown(at, device.id, Span(at, at + 120))
        visit = next(v for v in day.placed if v.start > at)
        yield Late(at, visit.id, 25)


def timed(make: Callable[[], Plan], situation: Situation, at: int) -> Run:
    begin = time.perf_counter()
    plan = make()
    spent = (time.perf_counter() - begin) * 1000
    assert not check_replan(situation.registry, situation.facts, plan, up_to_grid(at))
    return Run(objective(situation, plan), spent)


def measure(registry: Registry, day: Plan, disruption: Disruption, seconds: float) -> dict[str, Run]:
    facts = with_facts(registry, day, disruption, REPLAN)
    situation = survey(registry, facts, disruption.at)
    limits = SolverLimits(seconds)
    return {
        "right-shift": timed(lambda: right_shift(situation), situation, disruption.at),
        "repair": timed(lambda: put_back(situation, repair(situation)), situation, disruption.at),
        "CP-SAT": timed(
            lambda: replan(registry, day, disruption, REPLAN, time.perf_counter, limits).plan,
            situation,
            disruption.at,
        ),
    }


def summary(runs: list[dict[str, Run]], method: str) -> dict[str, float]:
    mine = [run[method] for run in runs]
    best = [min(r.objective for r in run.values()) for run in runs]
    even = [(m.objective, b) for m, b in zip(mine, best, strict=True) if m.objective.dropped == b.dropped]
    spent = sorted(m.milliseconds for m in mine)
    inconvenience = sum(b.inconvenience for _, b in even)
    return {
        "disruptions": len(runs),
        "best": sum(m.objective == b for m, b in zip(mine, best, strict=True)) / len(runs),
        "dropped_per_disruption": statistics.mean(m.objective.dropped for m in mine),
        "moved_per_disruption": statistics.mean(m.objective.moved for m in mine),
        "as_few_dropped": len(even) / len(runs),
        "inconvenience_ratio": sum(m.inconvenience for m, _ in even) / inconvenience if inconvenience else 1.0,
        "milliseconds_median": statistics.median(spent),
        "milliseconds_p95": spent[int(0.95 * (len(spent) - 1))],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare ways to replan a clinic's day.")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--out", type=Path, default=Path("reports/bench-schedule.json"))
    arguments = parser.parse_args()
    registry, date = demo_registry(), dt.date(2026, 11, 23)
    runs: list[dict[str, Run]] = []
    for seed in range(arguments.days):
        planned = plan_day(registry, synthesise_day(registry, date, seed), date)
        day = Plan(date, {visit.id: visit for visit in planned.placed})
        runs += [measure(registry, day, d, arguments.seconds) for d in disruptions(registry, day)]
    result = {method: summary(runs, method) for method in ("right-shift", "repair", "CP-SAT")}
    repair_ms = result["repair"]["milliseconds_median"]
    print(
        f"{'method':12} {'best':>6} {'dropped':>8} {'moved':>6} {'gap':>6} {'ms p50':>8} {'ms p95':>8} {'x repair':>9}"
    )
    for method, row in result.items():
        print(
            f"{method:12} {row['best']:6.0%} {row['dropped_per_disruption']:8.2f} {row['moved_per_disruption']:6.2f}"
            f" {row['inconvenience_ratio']:6.2f} {row['milliseconds_median']:8.1f} {row['milliseconds_p95']:8.1f}"
            f" {row['milliseconds_median'] / repair_ms:9.1f}"
        )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
