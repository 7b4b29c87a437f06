"""Replanning frozen days by several methods in the same run, against the best that any of them or a long run found.

    python -m tests.benchmarks.bench_schedule [--sizes S M L XL] [--events 60] [--long 5] [--out FILE]

Per size and method: time to the answer, how often its first level equals the best known, the gap of the second level
where it does, clients moved, and booked visits dropped. Every answer passes the independent checker first.
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.schedule.checker import check_replan
from edge.schedule.insertion import Situation
from edge.schedule.objective import is_moved, is_notified, lost_revenue, objective
from edge.schedule.planning import asked, plan_requests, whole_day_search
from edge.schedule.replans import Objective
from edge.schedule.weights import points
from tests.benchmarks.schedule.best import Known, better, known, of
from tests.benchmarks.schedule.clinics import SIZES
from tests.benchmarks.schedule.freeze import load, wishes
from tests.benchmarks.schedule.methods import (
    WEIGHTS,
    Method,
    cp_sat,
    engine,
    first_available,
    insertion,
    right_shift,
    search,
)
from tests.benchmarks.schedule.situations import situation_of

SCRATCH_SEEDS: Final = range(1, 92, 10)


@dataclass(frozen=True)
class Run:
    """What one method made of one disruption."""

    worth: Objective
    milliseconds: float
    moved: int
    notified: int


def run(method: Method, situation: Situation) -> Run:
    """Return what a method makes of a situation; an answer that breaks a hard constraint ends the benchmark."""
    begin = time.perf_counter()
    plan = method(situation)
    spent = (time.perf_counter() - begin) * 1000
    broken = check_replan(situation.registry, situation.facts, plan, situation.now)
    assert not broken, broken[:3]
    moved = [
        old
        for old in (*situation.kept, *situation.hit)
        if old.placed and (new := plan.appointments[old.id]).placed and is_moved(old, new)
    ]
    notified = sum(is_notified(old) for old in moved)
    return Run(objective(situation, plan, WEIGHTS), spent, len(moved), notified)


def summary(runs: list[Run], best: list[Known]) -> dict[str, float]:
    """Return one method's figures over all disruptions."""
    spent = sorted(one.milliseconds for one in runs)
    even = [(one.worth, top) for one, top in zip(runs, best, strict=True) if one.worth.first_level == top.first_level]
    gaps = sorted((worth.cost - top.cost) / max(1, top.cost) for worth, top in even) or [float("nan")]
    return {
        "first_level_equal": len(even) / len(runs),
        "gap_median": statistics.median(gaps),
        "gap_p95": gaps[int(0.95 * (len(gaps) - 1))],
        "within_one_percent": sum(gap <= 0.01 for gap in gaps) / len(runs),
        "dropped": statistics.mean(one.worth.dropped + one.worth.urgent_unplaced for one in runs),
        "moved": statistics.mean(one.moved for one in runs),
        "notified_moved": statistics.mean(one.notified for one in runs),
        "milliseconds_median": statistics.median(spent),
        "milliseconds_p95": spent[int(0.95 * (len(spent) - 1))],
    }


def ours(long_seconds: float) -> dict[str, Method]:
    """Return the product's own methods, by name."""
    return {
        "repair": engine(0),
        "0.2 s": engine(0.2),
        "0.5 s": engine(0.5),
        "1 s": engine(1),
        f"{long_seconds:g} s": engine(long_seconds, seed=101),
        "search alone 1 s": search(1),
    }


PEERS: Final[dict[str, Method]] = {
    "right-shift": right_shift,
    "first available": first_available,
    "insertion": insertion,
    "CP-SAT cold 2 s": cp_sat(2, hinted=False),
    "CP-SAT hinted 2 s": cp_sat(2, hinted=True),
}
Runs = dict[str, list[Run]]


def runs_of(name: str, count: int, compared: dict[str, Method]) -> Runs:
    """Return what methods make of the disruptions of a size."""
    situations = _situations(name, count)
    return {method: [run(make, situation) for situation in situations.values()] for method, make in compared.items()}


def _situations(name: str, count: int) -> dict[int, Situation]:
    document, events = load(name)
    questions = {number: situation_of(document, event) for number, event in enumerate(events[:count])}
    return {number: situation for number, situation in questions.items() if situation is not None}


def judged(name: str, count: int, runs: Runs, show: Callable[[str], None]) -> dict[str, object]:
    """Return the figures of one size."""
    situations, kept = _situations(name, count), known(name)
    kept = kept or [None] * (max(situations, default=0) + 1)
    best = [
        better(kept[number], of(min(one[at].worth for one in runs.values()))) for at, number in enumerate(situations)
    ]
    result = {method: summary(mine, best) for method, mine in runs.items()}
    show(f"\n{name}: {len(load(name)[0].appointments)} visits, {len(situations)} disruptions")
    show(
        f"{'method':18} {'level 1':>8} {'gap p50':>8} {'gap p95':>8} {'<1 %':>6} {'lost':>5} {'moved':>6} "
        f"{'told':>5} {'ms p50':>8} {'ms p95':>8}"
    )
    for method, row in result.items():
        show(
            f"{method:18} {row['first_level_equal']:8.1%} {row['gap_median']:8.2%} {row['gap_p95']:8.2%}"
            f" {row['within_one_percent']:6.0%} {row['dropped']:5.2f} {row['moved']:6.2f} {row['notified_moved']:5.2f}"
            f" {row['milliseconds_median']:8.1f} {row['milliseconds_p95']:8.1f}"
        )
    levels = sum(one.proven_first_level for one in best)
    show(
        f"best known: {levels} of {len(best)} proven on the first level, {sum(one.optimal for one in best)} on both;"
        f" proven bound below the cost, mean: {statistics.mean(map(_bound_gap, best)):.2%}"
    )
    return {
        "disruptions": len(situations),
        "methods": result,
        "best_known": {str(number): one.model_dump() for number, one in zip(situations, best, strict=True)},
    }


def _bound_gap(one: Known) -> float:
    """Return by how much of its cost the best known lies above what is proven; all of it where nothing is."""
    return (one.cost - (one.cost_bound or 0)) / max(1, one.cost)


def from_scratch(name: str, seconds: float, long_seconds: float) -> dict[str, float]:
    """Return what plans of a whole day are worth after a short search, beside one after a long search.

    A plan is worth the revenue of whom it serves, less every weighted term. The short search begins from several
    seeds: on a whole day chance has a say in where it is after a second.
    """
    document = wishes(SIZES[name])
    situation = asked(document.clinic, document.plan(), document.asked())
    revenue = sum(lost_revenue(document.clinic, request, WEIGHTS) for request in situation.requests)

    def planned(limit: float, seed: int) -> tuple[float, int]:
        plan = plan_requests(situation, whole_day_search(limit, searches=2, seed=seed), WEIGHTS)
        return points(revenue - objective(situation, plan, WEIGHTS).cost), len(plan.placed)

    long_points, long_served = planned(long_seconds, 1)
    short = sorted(planned(seconds, seed) for seed in SCRATCH_SEEDS)
    short_points, short_served = short[len(short) // 2]
    return {
        "short_points": short_points,
        "short_served": short_served,
        "long_points": long_points,
        "long_served": long_served,
        "points_ratio": short_points / long_points,
        "least_points_ratio": short[0][0] / long_points,
        "served_ratio": short_served / long_served,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--long", type=float, default=5.0)
    parser.add_argument("--scratch", type=float, default=20.0, help="Seconds of the long plan of a whole day.")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("reports/bench-schedule.json"))
    arguments = parser.parse_args()
    sizes, count = arguments.sizes, arguments.events
    runs = {name: runs_of(name, count, ours(arguments.long)) for name in sizes}
    scratch = {name: from_scratch(name, 1.0, arguments.scratch) for name in sizes}
    # Before any peer has run: what it takes is none of ours.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not arguments.no_peers:
        runs = {name: runs_of(name, count, PEERS) | mine for name, mine in runs.items()}
    result = {name: judged(name, count, all_, print) for name, all_ in runs.items()}
    for name, row in scratch.items():
        print(
            f"\n{name} from scratch: 1 s serves {row['short_served']:.0f} for {row['short_points']:,.0f} points"
            f" (median of {len(SCRATCH_SEEDS)} seeds), {arguments.scratch:g} s {row['long_served']:.0f}"
            f" for {row['long_points']:,.0f}: {row['served_ratio']:.1%} and {row['points_ratio']:.1%},"
            f" the least of the seeds {row['least_points_ratio']:.1%}"
        )
    print(f"\npeak memory without the peers {peak:.0f} MiB")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    report = {"sizes": result, "from_scratch": scratch, "peak_memory_mib": peak}
    arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
