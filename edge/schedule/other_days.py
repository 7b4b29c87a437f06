"""What the clinic's rules make of a client's visits on other days, for a visit that is asked for on one.

A visit carries only what a rule is about, and no more of it than decides: its day's events tell of nothing else.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.conditions import Kind, conditions, days_apart, unmet
from edge.schedule.demand import demands_of
from edge.schedule.dependencies import VisitBefore
from edge.schedule.domain import DAY_MINUTES, AddOn, Appointment, Disruption, PastVisit, Plan, Urgent, WalkIn
from edge.schedule.ids import ServiceId
from edge.schedule.personal import condition_text
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from shared.ids import ClientId

HistoryOf = Callable[[ClientId, ServiceId, dt.date], tuple[PastVisit, ...]]
"""Returns what a client's visits on other days mean for a visit of a service on a day."""
_UNLIMITED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Reach:
    """How many days before a visit and after it rules look; `back` is none where they look without limit."""

    back: int | None
    ahead: int


def no_history(client: ClientId, service: ServiceId, day: dt.date) -> tuple[PastVisit, ...]:
    """Return that nobody has anything on another day."""
    del client, service, day
    return ()


def reach_of(registry: Registry, service: ServiceId) -> Reach | None:
    """Return how far the clinic's rules look from a visit of a service; none where no other day matters."""
    mine = next((one for one in registry.services if one.id == service), None)
    if mine is None:
        return None
    asked = [rule.days for rule in mine.apart]
    for other in registry.services:
        asked.extend(rule.days for rule in other.apart if rule.include(mine.id, mine.category))
    ahead = max(asked, default=1) - 1
    back = max([ahead, *(_most(rule) for rule in mine.after)])
    if back < 1:
        return None
    return Reach(None if back == _UNLIMITED else back, ahead)


def history_of(registry: Registry, service: ServiceId, visits: Iterable[PastVisit]) -> tuple[PastVisit, ...]:
    """Return which of a client's visits on other days decide about a visit of a service, nearest days first.

    Of what has to come before, the nearest that do, as far back as one does at any time of the day. What the clinic no
    longer offers is left out.
    """
    known = {one.id: one for one in registry.services}
    mine = known[service]
    near = sorted((past for past in visits if past.service in known), key=lambda past: (abs(past.days_ago), past))
    kept = {past for past in near if abs(past.days_ago) < days_apart(mine, known[past.service])}
    for rule in mine.after:
        kept.update(_preparing(rule, (past for past in near if _is(rule, known[past.service]))))
    return tuple(past for past in dict.fromkeys(near) if past in kept)


def asking_with_history(history: HistoryOf, plan: Plan, disruption: Disruption) -> Disruption:
    """Return a disruption with what whoever asks for a place in it has on other days."""
    match disruption:
        case WalkIn(request=request) | Urgent(request=request):
            past = history(request.client, request.service, plan.date)
            return replace(disruption, request=replace(request, history=past))
        case AddOn(appointment=anchor, service=service) if anchor in plan.appointments:
            return replace(disruption, history=history(plan.appointments[anchor].client, service, plan.date))
        case _:
            return disruption


def too_near(registry: Registry, visit: Appointment) -> str | None:
    """Return which visit of another day a placed visit would be too near to, in words that name no client."""
    against = unmet(conditions(demands_of(registry), visit, (), booked=False), visit.start)
    return next((condition_text(registry, visit, one) for one in against if one.kind is Kind.APART), None)


def _preparing(rule: VisitBefore, near: Iterable[PastVisit]) -> Iterator[PastVisit]:
    for past in near:
        ago = past.days_ago
        if max(1, rule.at_least_days) <= ago <= _most(rule):
            yield past
            first, last = (ago - 1) * DAY_MINUTES, (ago + 1) * DAY_MINUTES - 1
            if rule.at_least_minutes <= first and (rule.at_most_minutes is None or last <= rule.at_most_minutes):
                return


def _most(rule: VisitBefore) -> int:
    """Return how many days before a visit one may lie that has to come before it."""
    days = _UNLIMITED if rule.at_most_days is None else rule.at_most_days
    # It may have begun at the midnight before, so that only whole days are sure to be within the minutes.
    return days if rule.at_most_minutes is None else min(days, rule.at_most_minutes // DAY_MINUTES)


def _is(rule: VisitBefore, service: Service) -> bool:
    return rule.include(service.id, service.category)
