"""Drives a core built with sanitizers through drawn problems: `python -m … LIBRARY EXAMPLES`, in its own process."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.engine.compiled import CompiledEngine, load_core
from edge.schedule.engine.problem import Effort, Problem
from tests.edge.schedule.engine.problems import problems


def main(library: Path, examples: int) -> None:
    core = load_core(library)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(problems(), st.integers(0, 2**64 - 1))
    def drive(problem: Problem, seed: int) -> None:
        engine = CompiledEngine(problem, seed, core=core)
        engine.repair()
        engine.search(Effort(iterations=150, temperature=40, most_removed=6, blink=4000))
        engine.set(engine.best().places)
        engine.back_to_best()
        for visit in range(len(problem.visits)):
            engine.offers(visit)

    drive()
    print("clean")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
