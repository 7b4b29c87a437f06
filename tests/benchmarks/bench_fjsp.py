"""The planning engine on public flexible job shops, beside CP-SAT alone with the same seconds and threads.

    python -m tests.benchmarks.bench_fjsp [--names mk01 mk02] [--seconds 60] [--workers 2] [--instances DIR]

A job shop is a special case of a day: operations are visits, machines are resources, jobs are chains. Per instance:
the best makespan and lower bound known, what both reach, and their gaps to the best known. Every schedule passes a
checker that knows nothing of the engine.
"""

import argparse
import json
import os
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.fjsp.instances import BRANDIMARTE, DEFAULT, read
from tests.benchmarks.fjsp.solvers import Result, cp_sat, engine


@dataclass(frozen=True)
class Row:
    """What both made of one instance."""

    best_known: int
    lower_bound: int
    engine: Result
    cp_sat: Result

    def gap(self, result: Result) -> float:
        """By how much a result is worse than the best known."""
        return result.makespan / self.best_known - 1


def measure(folder: Path, name: str, seconds: float, workers: int, seed: int) -> Row:
    """Return what both make of one instance, and print it as a row."""
    instance, known = read(folder, name), BRANDIMARTE[name]
    ours, alone = (solve(instance, seconds, workers, seed) for solve in (engine, cp_sat))
    row = Row(known.best, max(known.lower, ours.bound, alone.bound), ours, alone)
    print(
        f"{name:9} {row.best_known:6} {row.lower_bound:6} {ours.makespan:7} {row.gap(ours):7.2%} {ours.seconds:7.1f}"
        f" {alone.makespan:7} {row.gap(alone):7.2%} {alone.seconds:7.1f}",
        flush=True,
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", nargs="*", default=list(BRANDIMARTE))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--instances", type=Path, default=Path(os.environ.get("FJSP_INSTANCES", DEFAULT)))
    parser.add_argument("--out", type=Path, default=Path("reports/bench-fjsp.json"))
    arguments = parser.parse_args()
    print(
        f"{'instance':9} {'best':>6} {'bound':>6} {'engine':>7} {'gap':>7} {'s':>7} {'CP-SAT':>7} {'gap':>7} {'s':>7}"
    )
    rows = {
        name: measure(arguments.instances, name, arguments.seconds, arguments.workers, arguments.seed)
        for name in arguments.names
    }
    ours = statistics.mean(row.gap(row.engine) for row in rows.values())
    alone = statistics.mean(row.gap(row.cp_sat) for row in rows.values())
    print(f"\nmean gap to the best known: engine {ours:.2%}, CP-SAT alone {alone:.2%}")
    report = {
        "seconds": arguments.seconds,
        "workers": arguments.workers,
        "mean_gap": {"engine": ours, "cp_sat": alone},
        "instances": {
            name: {**asdict(row), "gap": {"engine": row.gap(row.engine), "cp_sat": row.gap(row.cp_sat)}}
            for name, row in rows.items()
        },
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
