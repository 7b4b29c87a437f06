"""What a nightly roll has to solve, and how good the days are by its objective."""

from dataclasses import dataclass, replace

from edge.schedule.demand import DAY_CELLS, Calendar
from edge.schedule.domain import DAY_MINUTES, Appointment, Plan, ResourceKind
from edge.schedule.insertion import Situation
from edge.schedule.objective import objective
from edge.schedule.replans import Objective
from edge.schedule.weights import Weights, cost


@dataclass(frozen=True, slots=True)
class Horizon:
    """What a clinic allows a night's roll.

    Attributes:
        budget: visits that may move in one night.
        threshold: points that each move must earn.
        again: how many times that a visit must earn that moved in one of the last nights.
        nights: how long a move is remembered.
        frozen_minutes: what begins sooner than this stays, and nobody is moved there.
        seconds, workers, seed: how long and how wide to search.
    """

    budget: int = 5
    threshold: float = 10.0
    again: float = 3.0
    nights: int = 3
    frozen_minutes: int = DAY_MINUTES
    seconds: float = 2.0
    workers: int = 2
    seed: int = 1


@dataclass(frozen=True, slots=True)
class HorizonSituation(Situation):
    """A situation in which a booked visit is never moved to before `frozen_until`, and a wish goes on counting."""

    frozen_until: int = 0

    def earliest(self, appointment: Appointment) -> int:
        """Return the first minute a visit may be moved to; who waits may get a place in the frozen zone."""
        first = Situation.earliest(self, appointment)
        return max(first, self.frozen_until) if appointment.placed else first

    def reference(self, appointment: Appointment) -> int:
        """Return the start that inconvenience is measured from: the wished one, where the client said one."""
        if appointment.placed and appointment.wish is not None:
            return max(appointment.wish, appointment.window.start)
        return Situation.reference(self, appointment)


def worth(situation: HorizonSituation, plan: Plan, weights: Weights) -> Objective:
    """Return how good the days are: the objective without shifts, with evenness counted day by day.

    So days that share no visit add up: what a move earns is known from the days and resources that it touches.
    """
    whole = objective(situation, plan, weights)
    terms = {**whole.terms, "fairness": _unevenness(situation, plan, weights)}
    return replace(whole, shifted=0, cost=sum(terms.values()), terms=terms)


def _unevenness(situation: HorizonSituation, plan: Plan, weights: Weights) -> int:
    calendar, whole_day = Calendar.of(situation.registry, plan), (1 << DAY_CELLS) - 1
    loads = (
        (busy >> day * DAY_CELLS & whole_day).bit_count()
        for (kind, _), busy in calendar.busy.items()
        if kind is ResourceKind.PROVIDER
        for day in range(plan.days)
    )
    return cost(weights.fairness, sum(load * load for load in loads))
