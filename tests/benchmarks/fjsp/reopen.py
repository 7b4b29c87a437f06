"""CP-SAT decides parts of the best schedule anew: a stretch of time, some machines or some jobs; the rest may slide."""

import time
from collections.abc import Callable
from random import Random
from typing import Final

from edge.schedule.engine.neighbourhood import Limits, Neighbourhood, improve
from tests.benchmarks.fjsp.adapter import late, marked, schedule_of
from tests.benchmarks.fjsp.instances import Instance
from tests.benchmarks.fjsp.pursuit import Pursuit
from tests.benchmarks.fjsp.schedules import Schedule, makespan

_SLACK: Final = 0.05
_GROW, _SHRINK = 1.1, 0.9


class Sizes:
    """How much of a schedule is reopened, by kind: more after quick proofs, less after none."""

    def __init__(self, instance: Instance) -> None:
        self._most = {
            "time": float(len(instance.operations)),
            "machines": float(instance.machines),
            "jobs": float(len(instance.jobs)),
        }
        self._now = {"time": 30.0, "machines": 2.0, "jobs": 3.0}

    def of(self, kind: str) -> int:
        """Return how many operations, machines or jobs are reopened next."""
        return int(self._now[kind])

    def learn(self, kind: str, quick: bool, proven: bool) -> None:
        """Take note of how one attempt went."""
        if quick or not proven:
            size = self._now[kind] * (_GROW if quick else _SHRINK)
            self._now[kind] = min(self._most[kind], max(1.0, size))


def reopen(pursuit: Pursuit, seed: int, until: float, seconds: float) -> None:
    """Look for better schedules until a time or a proof; each attempt takes some seconds at most."""
    instance, random = pursuit.instance, Random(seed)
    everything = frozenset(range(len(instance.operations) + len(instance.jobs)))
    sizes = Sizes(instance)
    here = pursuit.best
    while pursuit.left > 0 and time.monotonic() < until:
        reached = makespan(instance, here)
        if pursuit.makespan < reached:
            here, reached = pursuit.best, pursuit.makespan
        kind = random.choice(["time", "time", "machines", "jobs"])
        free = _PICK[kind](instance, here, sizes.of(kind), random)
        target = pursuit.makespan - 1
        problem = late(instance, target, max(reached, int(target * (1 + _SLACK)) + 1))
        limits = Limits(min(seconds, pursuit.left), 1, random.randrange(1 << 30), sideways=True)
        begin = time.thread_time()
        outcome = improve(problem, marked(instance, here), Neighbourhood(free, everything - free), limits)
        sizes.learn(kind, outcome.proven and time.thread_time() - begin < seconds / 4, outcome.proven)
        schedule = schedule_of(outcome.places[: len(instance.operations)])
        if schedule is not None:
            here = pursuit.offer(schedule, kind)
        if outcome.proven and len(free) == len(instance.operations) and makespan(instance, here) > target:
            pursuit.bound = max(pursuit.bound, target + 1)


def _stretch(instance: Instance, schedule: Schedule, count: int, random: Random) -> frozenset[int]:
    """Return the operations nearest to a random time."""
    middle = random.random() * makespan(instance, schedule)

    def distance(number: int) -> float:
        slot = schedule[number]
        return abs(slot.start + instance.operations[number].ways[slot.way][1] / 2 - middle)

    return frozenset(sorted(range(len(schedule)), key=distance)[:count])


def _machines(instance: Instance, schedule: Schedule, count: int, random: Random) -> frozenset[int]:
    """Return all that some random machines do."""
    chosen = set(random.sample(range(instance.machines), count))
    return frozenset(
        number for number, slot in enumerate(schedule) if instance.operations[number].ways[slot.way][0] in chosen
    )


def _jobs(instance: Instance, _: Schedule, count: int, random: Random) -> frozenset[int]:
    """Return all operations of some random jobs."""
    chosen = set(random.sample(range(len(instance.jobs)), count))
    return frozenset(number for number, operation in enumerate(instance.operations) if operation.job in chosen)


_PICK: Final[dict[str, Callable[[Instance, Schedule, int, Random], frozenset[int]]]] = {
    "time": _stretch,
    "machines": _machines,
    "jobs": _jobs,
}
