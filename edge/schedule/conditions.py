"""What a client's clearances and other visits say about when a visit may start.

Each condition is exact: stretches of minutes in which the start has to lie, or must not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.schedule.demand import Demand
from edge.schedule.dependencies import VisitBefore
from edge.schedule.domain import DAY_MINUTES, Appointment, PastVisit, Plan, Span
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.services import Service

_EVER: Final = 1 << 30
"""More minutes than any plan or history has."""

Demands = Mapping[ServiceId, Demand]


class Kind(StrEnum):
    """What a condition is about."""

    CLEARED = "cleared"
    ELSEWHERE = "client_elsewhere"
    APART = "apart"
    AFTER = "after"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that has to be true of a visit's start.

    Attributes:
        spans: where the start has to lie, if `within`, or must not.
        what: the clearance, or the service or category that has to come before.
        visit: the client's other visit that it is about; `past` where that is on another day.
        rule: number of the rule in `after`, of the visit's service or, for `NEEDED`, of the other's.
    """

    kind: Kind
    spans: tuple[Span, ...]
    within: bool
    what: str = ""
    visit: Appointment | None = None
    past: PastVisit | None = None
    rule: int = 0

    def met(self, start: int) -> bool:
        """Tell whether a visit may start at a minute."""
        return any(span.start <= start < span.end for span in self.spans) is self.within


def company(plan: Plan, visit: Appointment) -> tuple[Appointment, ...]:
    """Return the client's other visits that have a place."""
    return tuple(
        other
        for other in plan.appointments.values()
        if other.client == visit.client and other.id != visit.id and other.status.active and other.placed
    )


def conditions(
    demands: Demands,
    visit: Appointment,
    others: Sequence[Appointment],
    *,
    booked: bool,
    takes: tuple[int, int] | None = None,
) -> tuple[Condition, ...]:
    """Return all that has to be true of the start of a visit.

    Args:
        demands: of the clinic's services.
        visit: whose start is in question; where it is now does not count.
        others: the client's other visits, with places.
        booked: whether visits that rely on this one, since it was booked, have to keep it before them.
        takes: the fewest and the most minutes that it takes; without them, as long as its place says, or, without a
            place, as long as it can with whoever serves.
    """
    if not (others or visit.history) and demands[visit.service].plain:
        return ()
    service = demands[visit.service].service
    least, most = takes or _takes(demands[visit.service], visit)
    found = [Condition(Kind.CLEARED, (), within=True, what=name) for name in missing(service, visit)]
    found.extend(_elsewhere(most, others))
    found.extend(_apart(demands, visit, others))
    for number, rule in enumerate(service.after):
        spans = (*_spans_after(demands, rule, others), *_spans_after_history(demands, rule, visit.history))
        found.append(Condition(Kind.AFTER, spans, within=True, what=rule.named, rule=number))
    if booked:
        found.extend(_needed(demands, visit, others, least, most))
    return tuple(found)


def _takes(demand: Demand, visit: Appointment) -> tuple[int, int]:
    if not demand.paced:
        return demand.minutes, demand.minutes
    return (visit.end - visit.start,) * 2 if visit.placed else (demand.shortest, demand.longest)


def missing(service: Service, visit: Appointment) -> list[str]:
    """Return the clearances that a visit needs and has not."""
    return [name for name in dict.fromkeys(service.clearances) if name not in visit.cleared]


def days_apart(one: Service, other: Service) -> int:
    """Return how many days two visits of one client have to be apart; 0 where it does not matter."""
    mine = [rule.days for rule in one.apart if rule.include(other.id, other.category)]
    theirs = [rule.days for rule in other.apart if rule.include(one.id, one.category)]
    return max([*mine, *theirs], default=0)


def relied_on(
    demands: Demands, visit: Appointment, others: Sequence[Appointment]
) -> Iterator[tuple[VisitBefore, tuple[Appointment, ...]]]:
    """Yield each rule of a placed visit that its client's history does not fulfil, and who of the others does."""
    for rule in demands[visit.service].service.after:
        if any(span.start <= visit.start < span.end for span in _spans_after_history(demands, rule, visit.history)):
            continue
        yield (
            rule,
            tuple(
                other
                for other in others
                if any(span.start <= visit.start < span.end for span in _spans_after(demands, rule, (other,)))
            ),
        )


def _elsewhere(minutes: int, others: Iterable[Appointment]) -> Iterator[Condition]:
    for other in others:
        yield Condition(Kind.ELSEWHERE, (Span(other.start - minutes + 1, other.end),), within=False, visit=other)


def _apart(demands: Demands, visit: Appointment, others: Iterable[Appointment]) -> Iterator[Condition]:
    service = demands[visit.service].service
    for other in others:
        days = days_apart(service, demands[other.service].service)
        if days:
            yield Condition(Kind.APART, (_around(other.start // DAY_MINUTES, days),), within=False, visit=other)
    for past in dict.fromkeys(visit.history):
        known = demands.get(past.service)
        days = days_apart(service, known.service) if known is not None else 0
        if days:
            yield Condition(Kind.APART, (_around(-past.days_ago, days),), within=False, past=past)


def _around(day: int, days: int) -> Span:
    return Span((day - days + 1) * DAY_MINUTES, (day + days) * DAY_MINUTES)


def _spans_after(demands: Demands, rule: VisitBefore, others: Iterable[Appointment]) -> Iterator[Span]:
    for other in others:
        service = demands[other.service].service
        if not rule.include(service.id, service.category):
            continue
        day = other.start // DAY_MINUTES
        last = _EVER if rule.at_most_minutes is None else other.end + rule.at_most_minutes + 1
        last_day = _EVER if rule.at_most_days is None else (day + rule.at_most_days + 1) * DAY_MINUTES
        first = max(other.end + rule.at_least_minutes, (day + rule.at_least_days) * DAY_MINUTES)
        yield Span(first, min(last, last_day))


def _spans_after_history(demands: Demands, rule: VisitBefore, history: Iterable[PastVisit]) -> Iterator[Span]:
    # Of another day only the day is known: what is asked must be true of its first minute and of its last.
    for past in history:
        known = demands.get(past.service)
        if known is None or not rule.include(past.service, known.service.category):
            continue
        day = -past.days_ago
        first = (day + 1) * DAY_MINUTES + rule.at_least_minutes
        last = _EVER if rule.at_most_minutes is None else day * DAY_MINUTES + rule.at_most_minutes + 1
        last_day = _EVER if rule.at_most_days is None else (day + rule.at_most_days + 1) * DAY_MINUTES
        yield Span(max(first, (day + rule.at_least_days) * DAY_MINUTES), min(last, last_day))


def _needed(
    demands: Demands, visit: Appointment, others: Sequence[Appointment], least: int, most: int
) -> Iterator[Condition]:
    """Yield where the visit has to be so that those stay possible that nothing else prepares."""
    demand = demands[visit.service]
    for other in others:
        if other.status.begun:
            continue
        rest = [one for one in others if one is not other]
        for rule, fulfil in relied_on(demands, other, rest):
            if fulfil or not rule.include(demand.service.id, demand.service.category):
                continue
            day = other.start // DAY_MINUTES
            last = other.start - most - rule.at_least_minutes + 1
            first = -_EVER
            if rule.at_most_minutes is not None:
                first = other.start - least - rule.at_most_minutes
            if rule.at_most_days is not None:
                first = max(first, (day - rule.at_most_days) * DAY_MINUTES)
            span = Span(first, min(last, (day - rule.at_least_days + 1) * DAY_MINUTES))
            number = demands[other.service].service.after.index(rule)
            yield Condition(Kind.NEEDED, (span,), within=True, what=rule.named, visit=other, rule=number)


def unmet(found: Iterable[Condition], start: int) -> list[Condition]:
    """Return the conditions that a start does not meet."""
    return [condition for condition in found if not condition.met(start)]


def visits_of(conditions_: Iterable[Condition]) -> tuple[AppointmentId, ...]:
    """Return the visits that conditions are about, each once."""
    return tuple(dict.fromkeys(c.visit.id for c in conditions_ if c.visit is not None))
