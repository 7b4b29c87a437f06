"""`python -m tests.faults.sim --seeds 10000` runs many worlds; `--seed 17` replays one and prints its trace."""

import argparse
import sys
from collections import Counter

from tests.faults.sim.crowd import Report, report, reports
from tests.faults.sim.seeds import tell
from tests.faults.sim.template import Template
from tests.support.cores import every_core, quiet


def main() -> int:
    """Run what the arguments ask for; 1 when an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many worlds to run")
    parser.add_argument("--first", type=int, default=0, help="the first world's seed")
    parser.add_argument("--processes", type=int, default=None, help="processes, by default one a core")
    parser.add_argument("--seed", type=int, default=None, help="replay one world and print its trace")
    parser.add_argument("--only", nargs="*", default=[], help="what that one world meets, instead of its own choice")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _replay(arguments.seed, arguments.only)
    return _run(range(arguments.first, arguments.first + arguments.seeds), arguments.processes)


def _replay(seed: int, only: list[str]) -> int:
    quiet()
    template = Template.make()
    try:
        result = report(template, seed, only)
        if result.broken is not None:
            print(f"seed {seed}: {result.broken}")
            return 1
        world, _ = tell(template, seed, only)
        print(*world.trace, f"seed {seed}: {result.events} events, converged in {result.seconds:.1f} s", sep="\n")
        return 0
    finally:
        template.remove()


def _run(seeds: range, processes: int | None) -> int:
    done: list[Report] = []
    with every_core(print, processes) as cores:
        for result in reports(cores, seeds):
            done.append(result)
            if result.broken is not None:
                print(f"seed {result.seed}: {result.broken}", flush=True)
    broken = sum(result.broken is not None for result in done)
    injected = sum((result.injected for result in done), Counter())
    for name, count in injected.most_common():
        print(f"{count:9d}  {name}")
    print(
        f"{len(done)} worlds, {sum(result.events for result in done)} events, {broken} broken,"
        f" longest convergence {max(result.seconds for result in done):.1f} s (virtual)"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
