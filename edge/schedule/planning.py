"""Planning requests into a day: everybody who is booked stays, the requests are placed as well as they can be."""

from collections.abc import Sequence

from edge.schedule.checker import check
from edge.schedule.domain import Appointment, AppointmentRequest, Plan
from edge.schedule.encode import Encoding
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.insertion import Situation, abandoned, survey
from edge.schedule.registry import Registry
from edge.schedule.weights import Weights


def asked(registry: Registry, plan: Plan, requests: Sequence[AppointmentRequest], now: int = 0) -> Situation:
    """Return the situation in which some clients ask for a place."""
    return survey(registry, plan, now, tuple(Appointment.of(request) for request in requests))


def whole_day_search(seconds: float, searches: int = 1, seed: int = 1) -> SearchPlan:
    """Return how a whole day is searched.

    It has further to go than a replan, and the searches go far apart: they cool down more often, and after each time
    go on from the best day of any.
    """
    return SearchPlan(seconds, searches, seed, cycles=12, rounds=12)


def plan_requests(situation: Situation, search: SearchPlan, weights: Weights | None = None) -> Plan:
    """Return the plan with every request in it that found a place.

    Who is booked stays; a booked visit that cannot be where it is gets another place, or none.

    Raises:
        AssertionError: the engine broke a hard constraint; nothing of its answer is used.
    """
    encoding = Encoding(situation, weights or situation.registry.weights)
    answer = solve(encoding.problem, encoding.incumbent(abandoned(situation)), search, encoding.clinic.flat)
    planned = encoding.plan(answer)
    if broken := check(situation.registry, planned):
        raise AssertionError(f"the planned day breaks {broken[0].rule}")
    return planned
