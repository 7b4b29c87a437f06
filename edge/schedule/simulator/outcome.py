"""What came out of many draws of a day, and the few figures that people read of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.schedule.ids import AppointmentId, ProviderId
from edge.schedule.simulator.randomness import Flags, Floats

MEASURES: Final = ("wait", "overtime", "idle", "turned_away", "absent", "served", "revenue")


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity over all draws; `error` is the standard error of the mean."""

    mean: float
    p50: float
    p90: float
    error: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Many draws of one day. Times are minutes from local midnight of the plan's first day.

    Attributes:
        visits: the columns of the arrays by visit.
        providers: the columns of the arrays by provider.
        stages: the columns of `begins` and `ends`, as visit and number of the stage.
        arrivals: when each client came; not a number where nobody came.
        begins: when each stage began; not a number where it did not. `ends` likewise.
        came: who came in time to be treated.
        served: who was treated.
        wait: minutes without treatment after the booked time or the arrival, whichever is later; those who went home
            untreated waited, too. Not a number where nobody came.
        overtime: minutes of work after the end of the shift.
        idle: minutes on shift with no client, breaks and absences apart.
        revenue: what the treated clients bring, by draw.
    """

    visits: tuple[AppointmentId, ...]
    providers: tuple[ProviderId, ...]
    stages: tuple[tuple[AppointmentId, int], ...]
    arrivals: Floats
    begins: Floats
    ends: Floats
    came: Flags
    served: Flags
    wait: Floats
    overtime: Floats
    idle: Floats
    revenue: Floats

    @property
    def draws(self) -> int:
        """How often the day was drawn."""
        return len(self.revenue)

    @property
    def turned_away(self) -> Flags:
        """Who came and was not treated that day: the day's spill-over."""
        return self.came & ~self.served

    def figures(self) -> dict[str, Figure]:
        """Return the day's figures: the wait of a client, everything else summed over the day."""
        return {
            "wait": self._wait(),
            "overtime": _figure(self.overtime.sum(axis=1)),
            "idle": _figure(self.idle.sum(axis=1)),
            "turned_away": _figure(self.turned_away.sum(axis=1).astype(np.float64)),
            "absent": _figure((~self.came).sum(axis=1).astype(np.float64)),
            "served": _figure(self.served.sum(axis=1).astype(np.float64)),
            "revenue": _figure(self.revenue),
        }

    def _wait(self) -> Figure:
        waits = self.wait[self.came]
        if not waits.size:
            return Figure(0.0, 0.0, 0.0, 0.0)
        # Clients of one draw wait together, so the error is that of a ratio of sums over the draws.
        sums, counts = np.where(self.came, self.wait, 0.0).sum(axis=1), self.came.sum(axis=1)
        mean = float(sums.sum() / counts.sum())
        error = float(np.std(sums - mean * counts) / counts.mean() / np.sqrt(self.draws))
        middle, high = (float(value) for value in np.quantile(waits, (0.5, 0.9)))
        return Figure(mean, middle, high, error)


def _figure(values: Floats) -> Figure:
    middle, high = (float(value) for value in np.quantile(values, (0.5, 0.9)))
    return Figure(float(values.mean()), middle, high, float(values.std() / np.sqrt(len(values))))
