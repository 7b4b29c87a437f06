"""What all searches of one instance share: the best schedule so far, and whether there is any point in going on."""

import threading
import time
from dataclasses import dataclass, field

from tests.benchmarks.fjsp.instances import Instance
from tests.benchmarks.fjsp.schedules import Schedule, compact, makespan


@dataclass
class Pursuit:
    """The best schedule of an instance, pursued by several threads until a time.

    Attributes:
        until: on the clock of `time.monotonic`.
        bound: makespan that cannot be beaten.
        trace: seconds left and makespan of each improvement, and who made it.
    """

    instance: Instance
    best: Schedule
    until: float
    bound: int
    trace: list[tuple[float, int, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.makespan = makespan(self.instance, self.best)

    @property
    def left(self) -> float:
        """Seconds left; 0 when the best schedule is proven."""
        return 0.0 if self.makespan <= self.bound else max(0.0, self.until - time.monotonic())

    def offer(self, schedule: Schedule, who: str) -> Schedule:
        """Take a schedule if it is better than the best, and return it with every operation as early as it can be."""
        tight = compact(self.instance, schedule)
        reached = makespan(self.instance, tight)
        with self._lock:
            if reached < self.makespan:
                self.best, self.makespan = tight, reached
                self.trace.append((round(self.left, 1), reached, who))
        return tight
