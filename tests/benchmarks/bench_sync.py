"""Every figure of the sync, each as a ratio within one run.

python -m tests.benchmarks.bench_sync [--long] [--out reports/bench-sync.json]
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import bench_sync_append, bench_sync_drain, bench_sync_ingest, bench_sync_live

# Ratio and the bar it is held against: at most, or at least.
BARS: dict[str, tuple[str, float]] = {
    "single: ours / bare": ("<=", 1.25),
    "batch of 100: ours / bare": ("<=", 1.25),
    "p95 ours / bare": ("<=", 3.0),
    "SQLite: drained / bulk load": (">=", 0.5),
    "PostgreSQL: drained / bulk load": (">=", 0.5),
    "late / early": ("<=", 1.25),
}
Part = Callable[[], dict[str, float]]


def parts(*, long: bool) -> dict[str, Part]:
    """Return what is measured, by its heading; the long run has a million events where the short one has fewer."""
    many = 1_000_000 if long else 100_000
    return {
        "Local append": lambda: bench_sync_append.measure(1000 if long else 200),
        "Live path": lambda: bench_sync_live.measure(1000 if long else 200),
        "Backlog over gRPC": lambda: bench_sync_drain.measure(50_000 if long else 20_000),
        "Ingest by processes": lambda: bench_sync_ingest.processes(40_000 if long else 12_000),
        "Cost as the hub fills": lambda: bench_sync_ingest.growth(many),
        "Memory of the box": lambda: bench_sync_drain.memory(many),
    }


def main() -> None:
    """Measure, print and write; a bar that is missed is said, not hidden."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="", help="Part of a heading.")
    parser.add_argument("--out", type=Path, default=Path("reports/bench-sync.json"))
    arguments = parser.parse_args()
    console, report = Console(), {}
    for heading, part in parts(long=arguments.long).items():
        if arguments.only.lower() not in heading.lower():
            continue
        figures = part()
        report[heading] = figures
        table = Table("figure", "value", "bar", title=f"{heading} (load {os.getloadavg()[0]:.1f})")
        for name, value in figures.items():
            table.add_row(name, f"{value:,.3f}" if value < 100 else f"{value:,.0f}", _bar(name, value))
        console.print(table)
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _bar(name: str, value: float) -> str:
    if name not in BARS:
        return ""
    sign, limit = BARS[name]
    met = value <= limit if sign == "<=" else value >= limit
    return f"{sign} {limit}: {'met' if met else 'MISSED'}"


if __name__ == "__main__":
    main()
