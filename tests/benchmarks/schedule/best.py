"""The best that is known of each frozen disruption, and what is proven of it; found once by long runs, and kept.

    python -m tests.benchmarks.schedule.best [--sizes S M L XL] [--seconds 20] [--workers 2]

Run it again to improve what is kept: an answer is replaced by a better one only, a bound by a higher one only.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, TypeAdapter

from edge.schedule.checker import check_replan
from edge.schedule.encode import Encoding
from edge.schedule.engine.proving import solve_and_prove
from edge.schedule.engine.search import SearchPlan
from edge.schedule.insertion import Situation, abandoned
from edge.schedule.objective import objective
from edge.schedule.replans import Objective
from tests.benchmarks.schedule.clinics import SIZES
from tests.benchmarks.schedule.freeze import FROZEN, load
from tests.benchmarks.schedule.methods import WEIGHTS
from tests.benchmarks.schedule.situations import situation_of


class Known(BaseModel):
    """What is known of one disruption; of one that cannot have happened, nothing.

    Attributes:
        first_level, cost: of the best answer, as `Objective` counts them; cost in hundredths of a point.
        proven_first_level: whether no answer is better on the first level.
        cost_bound: no answer that is as good on the first level costs less; None: not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_level: tuple[int, ...]
    cost: int
    proven_first_level: bool = False
    cost_bound: int | None = None

    @property
    def worth(self) -> tuple[tuple[int, ...], int]:
        """What decides between two answers; less is better."""
        return self.first_level, self.cost

    @property
    def optimal(self) -> bool:
        """Whether no answer is better at all."""
        return self.proven_first_level and self.cost_bound is not None and self.cost_bound >= self.cost


_MANY = TypeAdapter(list[Known | None])


@dataclass(frozen=True)
class Effort:
    """How long one disruption is looked at."""

    seconds: float
    workers: int


def known(name: str) -> list[Known | None]:
    """Return what is kept of a size, disruption by disruption; an empty list where nothing is."""
    path = FROZEN / f"{name}-best.json"
    return _MANY.validate_json(path.read_text(encoding="utf-8")) if path.exists() else []


def better(one: Known | None, two: Known) -> Known:
    """Return the better answer with what is proven by either."""
    if one is None:
        return two
    best, other = (two, one) if two.worth < one.worth else (one, two)
    if other.first_level != best.first_level:
        return best
    bounds = [bound for bound in (one.cost_bound, two.cost_bound) if bound is not None]
    proven = best.proven_first_level or other.proven_first_level
    return best.model_copy(update={"proven_first_level": proven, "cost_bound": max(bounds, default=None)})


def of(worth: Objective) -> Known:
    """Return an answer of which nothing is proven."""
    return Known(first_level=worth.first_level, cost=worth.cost)


def look(situation: Situation, effort: Effort) -> Known:
    """Return the best that a long run finds and proves."""
    encoding = Encoding(situation, WEIGHTS)
    places = encoding.incumbent(abandoned(situation))
    proven = solve_and_prove(encoding.problem, places, SearchPlan(effort.seconds, effort.workers), encoding.clinic.flat)
    plan = encoding.plan(proven.answer)
    broken = check_replan(situation.registry, situation.facts, plan, situation.now)
    assert not broken, broken[:3]
    worth = objective(situation, plan, WEIGHTS)
    bound = proven.cost_bound if proven.first_level else None
    return of(worth).model_copy(update={"proven_first_level": proven.first_level, "cost_bound": bound})


def keep(name: str, found: Sequence[Known | None]) -> None:
    """Write down what is known of a size."""
    (FROZEN / f"{name}-best.json").write_bytes(_MANY.dump_json(list(found), indent=1) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    effort = Effort(arguments.seconds, arguments.workers)
    for name in arguments.sizes:
        document, events = load(name)
        former = known(name) or [None] * len(events)
        found: list[Known | None] = []
        for event, before in zip(events, former, strict=True):
            situation = situation_of(document, event)
            if situation is None or (before is not None and before.optimal):
                found.append(before)
            else:
                found.append(better(before, look(situation, effort)))
        keep(name, found)
        answers = [one for one in found if one is not None]
        levels, all_ = (sum(flags) for flags in zip(*((o.proven_first_level, o.optimal) for o in answers), strict=True))
        print(f"{name}: {len(answers)} disruptions, {levels} proven on the first level, {all_} on both", flush=True)


if __name__ == "__main__":
    main()
