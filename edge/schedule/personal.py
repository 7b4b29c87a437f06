"""What a client's clearances and own other visits have against a wish, and how that is said."""

from collections.abc import Iterable

from edge.schedule.conditions import Condition, Kind, company, conditions, days_apart, missing, unmet, visits_of
from edge.schedule.demand import demands_of
from edge.schedule.dependencies import OtherVisits, VisitBefore
from edge.schedule.domain import DAY_MINUTES, Appointment, PastVisit, Plan, clock_text
from edge.schedule.insertion import Situation
from edge.schedule.registry import Registry


class Personal:
    """What is against one start of a visit.

    Attributes:
        against: each is necessary; what has to come before is there if the visits that stay do not do.
        leaving: the client's other visits that would have to go in any case.
    """

    def __init__(
        self, situation: Situation, visit: Appointment, start: int, others: Iterable[Appointment], minutes: int
    ) -> None:
        self._demands, self._visit, self._start = situation.demands, visit, start
        self._theirs = [other for other in others if other.client == visit.client]
        booked = visit.placed and visit.id in situation.facts.appointments
        takes = minutes, minutes
        found = unmet(conditions(self._demands, visit, self._theirs, booked=booked, takes=takes), start)
        goes = [one for one in found if one.visit is not None and self._goes(one)]
        self.leaving = frozenset(visits_of(goes))
        # One reason is enough for a visit to go.
        first = {one.visit.id: one for one in reversed(goes) if one.visit is not None}
        alone = [one for one in found if one.kind is Kind.CLEARED or one.past is not None]
        self.against = (*alone, *first.values(), *self._unprepared(frozenset()))

    def unprepared(self, gone: frozenset[object]) -> tuple[Condition, ...]:
        """Return what else has to come before when these visits are gone, too."""
        named = {one.rule for one in self.against if one.kind is Kind.AFTER}
        return tuple(one for one in self._unprepared(gone) if one.rule not in named)

    def _unprepared(self, gone: frozenset[object]) -> list[Condition]:
        left = [other for other in self._theirs if other.id not in self.leaving and other.id not in gone]
        found = unmet(conditions(self._demands, self._visit, left, booked=False), self._start)
        return [one for one in found if one.kind is Kind.AFTER]

    def _goes(self, one: Condition) -> bool:
        """Tell whether the other visit is in the way: who is unprepared as it is, loses nothing."""
        if one.kind is not Kind.NEEDED or one.visit is None:
            return True
        rest = [other for other in self._theirs if other is not one.visit]
        now = unmet(conditions(self._demands, one.visit, [*rest, self._visit], booked=False), one.visit.start)
        return not any(broken.kind is Kind.AFTER and broken.rule == one.rule for broken in now)


def refusal_text(registry: Registry, plan: Plan, visit: Appointment, starts: Iterable[int]) -> str | None:
    """Return why the client's clearances or other visits allow none of these starts; none if they allow one."""
    demands = demands_of(registry)
    service = demands[visit.service].service
    if uncleared := uncleared_text(registry, visit):
        return uncleared
    takes = (demands[visit.service].shortest,) * 2
    found, tried = conditions(demands, visit, company(plan, visit), booked=False, takes=takes), list(starts)
    if not found or not tried or any(not unmet(found, start) for start in tried):
        return None
    never = next((one for one in found if not any(one.met(start) for start in tried)), None)
    if never is None:
        return f"{service.name} does not go with the client's other visits"
    return condition_text(registry, visit, never)


def uncleared_text(registry: Registry, visit: Appointment) -> str | None:
    """Return which clearances a visit needs and has not, or none where it has all."""
    names = missing(registry.service(visit.service), visit)
    return " and ".join(condition_text(registry, visit, _cleared(name)) for name in names) or None


def _cleared(name: str) -> Condition:
    return Condition(Kind.CLEARED, (), within=True, what=name)


def condition_text(registry: Registry, visit: Appointment, one: Condition) -> str:
    """Return a condition that is not met, in words that name no client."""
    service = registry.service(visit.service)
    match one.kind:
        case Kind.CLEARED:
            return f"{service.name} needs the clearance {one.what}, which no licensed professional has given"
        case Kind.AFTER:
            rule = service.after[one.rule]
            return f"{service.name} needs {_visits(registry, rule)} before it{_limits(rule)}"
    if one.past is not None:
        past = registry.service(one.past.service)
        apart, when = _days(days_apart(service, past)), _when(visit, one.past)
        return f"{service.name} needs {apart} between it and {past.name}, which {when}"
    if one.visit is None:
        raise ValueError("this condition is about another visit")
    other = registry.service(one.visit.service)
    span = f"{clock_text(one.visit.start)}-{clock_text(one.visit.end)[-5:]}"
    if one.kind is Kind.ELSEWHERE:
        return f"The client is at {other.name} {span}"
    if one.kind is Kind.APART:
        return f"{service.name} needs {_days(days_apart(service, other))} between it and {other.name} {span}"
    return f"{other.name} {span} needs {service.name} before it{_limits(other.after[one.rule])}"


def _when(visit: Appointment, past: PastVisit) -> str:
    """Return how far away a visit of another day is, from the one day that is asked for or the first of several."""
    first, last = visit.window.start // DAY_MINUTES, (visit.window.end - 1) // DAY_MINUTES
    ago, than = (past.days_ago, " the first day") if first < last else (past.days_ago + first, "")
    return f"was {_days(ago)} before{than}" if ago >= 0 else f"is {_days(-ago)} after{than}"


def _visits(registry: Registry, named: OtherVisits) -> str:
    if named.service is not None:
        return registry.service(named.service).name
    return f"a visit of the category {named.category}"


def _limits(rule: VisitBefore) -> str:
    parts = []
    if rule.at_least_minutes:
        parts.append(f"at least {_duration(rule.at_least_minutes)}")
    if rule.at_least_days:
        parts.append(f"at least {_days(rule.at_least_days)}")
    if rule.at_most_minutes is not None:
        parts.append(f"at most {_duration(rule.at_most_minutes)}")
    if rule.at_most_days is not None:
        parts.append(f"at most {_days(rule.at_most_days)}")
    return f", {' and '.join(parts)}" if parts else ""


def _duration(minutes: int) -> str:
    return f"{minutes // 60} hours" if minutes and minutes % 60 == 0 and minutes > 60 else f"{minutes} minutes"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
