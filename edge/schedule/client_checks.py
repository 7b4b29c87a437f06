"""The checker's rules about one client: one place at a time, cleared, and visits in order and far enough apart.

Like the rest of the checker it shares nothing with what makes plans: every pair of a client's visits is compared.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from edge.schedule.dependencies import OtherVisits, VisitBefore
from edge.schedule.domain import DAY_MINUTES, Appointment, Plan
from edge.schedule.ids import ServiceId
from edge.schedule.registry import Registry
from edge.schedule.violations import Rule, Violation


def check_clients(registry: Registry, plan: Plan) -> Iterator[Violation]:
    """Yield what is wrong with the visits of each client; between visits that have both begun nothing is."""
    by_client: dict[str, list[Appointment]] = defaultdict(list)
    for visit in plan.placed:
        by_client[visit.client].append(visit)
    for visits in by_client.values():
        for visit in visits:
            if not visit.status.begun:
                yield from _alone(registry, visit)
                yield from _after(registry, visit, visits)
        for first, second in combinations(visits, 2):
            if not (first.status.begun and second.status.begun):
                yield from _pair(registry, first, second)


def _alone(registry: Registry, visit: Appointment) -> Iterator[Violation]:
    for name in registry.service(visit.service).clearances:
        if name not in visit.cleared:
            yield Violation(Rule.CLEARED, (visit.id,), name)
    day = visit.start // DAY_MINUTES
    for past in visit.history:
        days = _days(registry, visit.service, past.service)
        distance = day + past.days_ago
        if abs(distance) < days:
            when = f"{distance} days before" if distance >= 0 else f"{-distance} days after"
            yield Violation(Rule.APART, (visit.id,), f"{past.service} {when}")


def _pair(registry: Registry, first: Appointment, second: Appointment) -> Iterator[Violation]:
    both = (first.id, second.id)
    if first.start < second.end and second.start < first.end:
        yield Violation(Rule.CLIENT, both, f"at {second.start}")
    distance = abs(first.start // DAY_MINUTES - second.start // DAY_MINUTES)
    if distance < _days(registry, first.service, second.service):
        yield Violation(Rule.APART, both, f"{distance} days")


def _days(registry: Registry, one: ServiceId, other: ServiceId) -> int:
    asked = 0
    for mine, theirs in ((one, other), (other, one)):
        for service in registry.services:
            if service.id == mine:
                asked = max([asked, *(rule.days for rule in service.apart if _is(registry, theirs, rule))])
    return asked


def _after(registry: Registry, visit: Appointment, visits: list[Appointment]) -> Iterator[Violation]:
    for rule in registry.service(visit.service).after:
        if not any(
            _prepares(rule, visit, other)
            for other in visits
            if other is not visit and _is(registry, other.service, rule)
        ) and not any(
            _has_prepared(rule, visit, past.days_ago) for past in visit.history if _is(registry, past.service, rule)
        ):
            yield Violation(Rule.AFTER, (visit.id,), rule.named)


def _prepares(rule: VisitBefore, visit: Appointment, other: Appointment) -> bool:
    minutes = visit.start - other.end
    days = visit.start // DAY_MINUTES - other.start // DAY_MINUTES
    return (
        rule.at_least_minutes <= minutes
        and rule.at_least_days <= days
        and (rule.at_most_minutes is None or minutes <= rule.at_most_minutes)
        and (rule.at_most_days is None or days <= rule.at_most_days)
    )


def _has_prepared(rule: VisitBefore, visit: Appointment, days_ago: int) -> bool:
    # At what time of that day is not known: it may have ended at midnight, or begun at the midnight before. What comes
    # later has prepared nothing: the shortest time is less than none.
    shortest, longest = visit.start + (days_ago - 1) * DAY_MINUTES, visit.start + days_ago * DAY_MINUTES
    days = visit.start // DAY_MINUTES + days_ago
    return (
        rule.at_least_minutes <= shortest
        and rule.at_least_days <= days
        and (rule.at_most_minutes is None or longest <= rule.at_most_minutes)
        and (rule.at_most_days is None or days <= rule.at_most_days)
    )


def _is(registry: Registry, service: ServiceId, named: OtherVisits) -> bool:
    return any(known.id == service and named.include(known.id, known.category) for known in registry.services)
