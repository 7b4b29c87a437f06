"""Courses of treatment: the visits of one client that belong together, when some of them find no place.

The engine knows most of what ties a client's visits (`ties.py`); here a day is put right where it does not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from edge.schedule.conditions import Kind, company, conditions, unmet
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Plan
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.insertion import Situation, slots
from edge.schedule.lunch import unmet_lunches
from edge.schedule.registry import Registry
from shared.ids import ClientId

_MOST_TRIED: Final = 40
"""Places tried for a visit so that one after it finds one, too."""


def preparation(registry: Registry, service: ServiceId, above: frozenset[ServiceId] = frozenset()) -> int:
    """Return how many services have to come before a service, one before the other."""
    asked = registry.service(service).after
    if not asked or service in above:
        return 0
    above |= {service}
    earlier = [
        other.id
        for other in registry.services
        if other.id not in above and any(rule.include(other.id, other.category) for rule in asked)
    ]
    return 1 + max((preparation(registry, name, above) for name in earlier), default=0)


def goes_with(situation: Situation, plan: Plan, visit: Appointment) -> bool:
    """Tell whether a visit may be where it is placed, given its client's other visits in a plan."""
    booked = visit.id in situation.facts.appointments
    found = conditions(situation.demands, visit, company(plan, visit), booked=booked)
    return not unmet(found, visit.start)


def settled(situation: Situation, plan: Plan) -> Plan:
    """Return the plan with each client's visits in order.

    Who relies on a visit that found no place loses the own; then who has none is put where that is free and allowed,
    nobody else moved and nobody's lunch taken.
    """
    by_client: dict[ClientId, list[Appointment]] = defaultdict(list)
    for visit in plan.active:
        by_client[visit.client].append(visit)
    waiting = [
        request
        for request in situation.requests
        if request.id not in plan.appointments and _has_course(situation, request, by_client[request.client])
    ]
    for visits in by_client.values():
        if len(visits) == 1 and not _has_course(situation, visits[0], ()):
            continue
        gone = _unprepared(situation, visits)
        plan = _without(situation, plan, gone)
        waiting.extend(_as_before(situation, visit) for visit in visits if not visit.placed or visit in gone)
    return _with_places(situation, plan, waiting) if waiting else plan


def _has_course(situation: Situation, visit: Appointment, others: Iterable[Appointment]) -> bool:
    return bool(situation.demands[visit.service].service.after) or any(other.id != visit.id for other in others)


def _unprepared(situation: Situation, visits: Iterable[Appointment]) -> list[Appointment]:
    """Return whose needed visits are not before them, one after the other."""
    here = [visit for visit in visits if visit.placed]
    gone: list[Appointment] = []
    while True:
        for visit in here:
            others = [other for other in here if other is not visit]
            found = unmet(conditions(situation.demands, visit, others, booked=False), visit.start)
            if not visit.status.begun and any(condition.kind is Kind.AFTER for condition in found):
                gone.append(visit)
                here = others
                break
        else:
            return gone


def _without(situation: Situation, plan: Plan, gone: Iterable[Appointment]) -> Plan:
    known = situation.facts.appointments
    left = {key: visit for key, visit in plan.appointments.items() if visit not in gone or key in known}
    plan = replace(plan, appointments=left)
    return plan.with_appointments(*(replace(visit, stages=()) for visit in gone if visit.id in known))


def _as_before(situation: Situation, visit: Appointment) -> Appointment:
    """Return the visit as it asked or stood."""
    asked = {request.id: request for request in situation.requests}
    return asked.get(visit.id) or situation.facts.appointments[visit.id]


def _with_places(situation: Situation, plan: Plan, waiting: list[Appointment]) -> Plan:
    mine = {visit.id for visit in (*situation.free, *situation.fixed)}
    first = sorted(waiting, key=lambda visit: (preparation(situation.registry, visit.service), visit.id))
    for visit in first:
        if visit.id in mine:
            plan = next(_places(situation, plan, visit), None) or _with_earlier(situation, plan, visit) or plan
    return plan


def _places(
    situation: Situation, plan: Plan, visit: Appointment, suits: Callable[[Plan], bool] | None = None
) -> Iterator[Plan]:
    """Yield the plan with the visit in each free place that suits, best first."""
    calendar = Calendar.of(situation.registry, plan)
    lost = frozenset(unmet_lunches(situation.registry, plan))
    demand = situation.demands[visit.service]
    for slot in sorted(slots(situation, visit, calendar, plan)):
        there = plan.with_appointments(replace(visit, stages=demand.stages(slot.start, slot.choice)))
        if (suits is None or suits(there)) and lost.issuperset(unmet_lunches(situation.registry, there)):
            yield there


def _with_earlier(situation: Situation, plan: Plan, visit: Appointment) -> Plan | None:
    """Return the plan with the visit in it and one that it needs elsewhere, if that one asked or lost its place."""
    asked = situation.demands[visit.service].service.after
    moving = {other.id: other for other in (*situation.hit, *situation.requests) if other.client == visit.client}
    for earlier in company(plan, visit):
        service = situation.demands[earlier.service].service
        if earlier.id in moving and any(rule.include(service.id, service.category) for rule in asked):
            without = _taken_out(situation, plan, earlier.id)
            suits = partial(_has_start, situation, visit, situation.starts(visit))
            for there in islice(_places(situation, without, moving[earlier.id], suits), _MOST_TRIED):
                both = next(_places(situation, there, visit), None)
                if both is not None:
                    return both
    return None


def _has_start(situation: Situation, visit: Appointment, starts: Iterable[int], plan: Plan) -> bool:
    """Tell whether a visit may start at one of these minutes, as far as its client's other visits in a plan go."""
    takes = (situation.demands[visit.service].shortest,) * 2
    asked = conditions(situation.demands, visit, company(plan, visit), booked=False, takes=takes)
    return any(all(condition.met(start) for condition in asked) for start in starts)


def _taken_out(situation: Situation, plan: Plan, name: AppointmentId) -> Plan:
    return _without(situation, plan, (plan.appointments[name],))
