"""How the free visits of one client are tied together while the engine looks for their places.

What is fixed narrows the starts of a free visit exactly. Between two free visits: one place at a time is exact; so is
"apart" where the plan has no more days than asked for, and is otherwise counted from start to start in whole days;
"after" without an upper limit is a chain of the engine. What neither expresses is kept by holding one of the two at
its start, or by placing the later one afterwards (`courses.settled`).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from edge.schedule.conditions import Condition, Kind, conditions, days_apart, relied_on
from edge.schedule.dependencies import VisitBefore
from edge.schedule.domain import DAY_MINUTES, GRID_MINUTES, Appointment
from edge.schedule.engine.problem import Part
from edge.schedule.ids import AppointmentId
from edge.schedule.insertion import Situation
from shared.ids import ClientId
from shared.vocabulary import TreatmentCategory


@dataclass(frozen=True, slots=True)
class Tie:
    """A resource that a visit takes for as long as it lasts; the next one begins `apart` cells after it, or later."""

    resource: int
    apart: int = 0

    def part(self, first: int, length: int) -> Part:
        """Return what a visit of so many cells takes; `first` is the number of the first resource of ties."""
        return Part(first + self.resource, 0, length, max(0, self.apart - length), counts=False)


@dataclass(slots=True)
class Ties:
    """What the engine is told of each visit, by id.

    Attributes:
        held: who keeps the start.
        before: who has to come before, and how many minutes at least lie between.
        entrusted: rules of `after`, by visit and number, that a chain or a held start keeps.
        given: by client, the visits whose starts are known: fixed or held; none on a day on which nothing ties anybody.
        parts: what a visit takes besides the clinic's resources; numbers count from the first resource beyond those.
        resources: how many there are beyond the clinic's.
        cautious: whether a visit was taken to last longer than it may with somebody.
    """

    held: set[AppointmentId] = field(default_factory=set)
    before: dict[AppointmentId, tuple[AppointmentId, int]] = field(default_factory=dict)
    parts: dict[AppointmentId, list[Tie]] = field(default_factory=lambda: defaultdict(list))
    resources: int = 0
    entrusted: set[tuple[AppointmentId, int]] = field(default_factory=set)
    given: Mapping[ClientId, list[Appointment]] | None = None
    cautious: bool = False

    @property
    def exact(self) -> bool:
        """Whether the engine is asked neither more nor less than what the visits need; else it proves nothing."""
        return not (self.held or self.before or self.resources or self.cautious)

    def longest(self, situation: Situation, visit: Appointment) -> int:
        """Return how many minutes a visit may last: one that is tied where it stands, no more than there."""
        demand = situation.demands[visit.service]
        if not demand.paced or self.given is None or visit not in situation.kept:
            return demand.longest
        tied = visit.id in self.held or bool(self.conditions(situation, visit))
        return visit.end - visit.start if tied else demand.longest

    def conditions(self, situation: Situation, visit: Appointment) -> list[Condition]:
        """Return what has to be true of a visit's start, beside its ties to free visits."""
        others = [other for other in (self.given or {}).get(visit.client, ()) if other.id != visit.id]
        booked, demand = visit.id in situation.facts.appointments, situation.demands[visit.service]
        takes = None
        if demand.paced:
            takes = demand.shortest, visit.end - visit.start if visit in situation.kept else demand.longest
        found = conditions(situation.demands, visit, others, booked=booked, takes=takes)
        return [c for c in found if c.kind is not Kind.AFTER or (visit.id, c.rule) not in self.entrusted]

    def starts(self, situation: Situation, visit: Appointment) -> list[int]:
        """Return the minutes at which a visit may start."""
        if self.given is None:
            return situation.starts(visit)
        if visit.id in self.held:
            return [visit.start]
        asked = self.conditions(situation, visit)
        starts = situation.starts(visit)
        self.cautious |= bool(asked and situation.demands[visit.service].paced)
        return [start for start in starts if all(c.met(start) for c in asked)] if asked else starts


def ties_of(situation: Situation) -> Ties:
    """Return how the free visits of a situation are tied together."""
    clients = [visit.client for visit in (*situation.fixed, *situation.free)]
    if len(set(clients)) == len(clients) and all(
        situation.demands[visit.service].plain and not visit.history for visit in situation.free
    ):
        return Ties()
    fixed: dict[ClientId, list[Appointment]] = defaultdict(list)
    for visit in situation.fixed:
        fixed[visit.client].append(visit)
    free: dict[ClientId, list[Appointment]] = defaultdict(list)
    for visit in situation.free:
        free[visit.client].append(visit)
    ties = Ties(given=fixed)
    standing = {visit.id for visit in situation.kept}
    for client, theirs in free.items():
        if len(theirs) > 1:
            _hold_apart(situation, ties, theirs, standing)
            _order(situation, ties, theirs, fixed[client], standing)
            fixed[client].extend(visit for visit in theirs if visit.id in ties.held)
            _share(situation, ties, [visit for visit in theirs if visit.id not in ties.held])
    return ties


def _hold_apart(situation: Situation, ties: Ties, theirs: list[Appointment], standing: set[AppointmentId]) -> None:
    """Hold one of two that stand on days far enough apart, yet nearer than so many times 24 hours."""
    for one, other in combinations([visit for visit in theirs if visit.id in standing], 2):
        if abs(one.start - other.start) < _days(situation, one, other) * DAY_MINUTES:
            ties.held.add(one.id)


def _order(
    situation: Situation,
    ties: Ties,
    theirs: list[Appointment],
    fixed: list[Appointment],
    standing: set[AppointmentId],
) -> None:
    for visit in sorted(theirs, key=lambda visit: visit.id not in standing):
        service = situation.demands[visit.service].service
        for number, rule in enumerate(service.after):
            before = [o for o in theirs if o is not visit and rule.include(o.service, _category(situation, o))]
            if not before or not _relies(situation, visit, number, fixed, standing=visit.id in standing):
                continue
            if visit.id in standing:
                _keep_order(situation, ties, visit, (number, rule), before, standing)
            else:
                _find_order(ties, visit, (number, rule), before, standing)


def _relies(situation: Situation, visit: Appointment, rule: int, fixed: list[Appointment], *, standing: bool) -> bool:
    """Tell whether what is fixed does not do: of who stands, where they stand; of the others, anywhere."""
    asked = conditions(situation.demands, visit, fixed, booked=False)
    spans = next((c.spans for c in asked if c.kind is Kind.AFTER and c.rule == rule), ())
    return not any(not standing or span.start <= visit.start < span.end for span in spans)


def _keep_order(
    situation: Situation,
    ties: Ties,
    visit: Appointment,
    numbered: tuple[int, VisitBefore],
    before: list[Appointment],
    standing: set[AppointmentId],
) -> None:
    number, rule = numbered
    placed = [other for other in before if other.placed]
    fulfil = next((f for r, f in relied_on(situation.demands, visit, placed) if r is rule), ())
    stay = [other for other in fulfil if other.id in standing]
    if any(other.id in ties.held for other in stay):
        return
    if not stay:
        # Who it relied on has to find a place before it.
        ties.held.add(visit.id)
        ties.entrusted.add((visit.id, number))
    elif stay[0].end + _gap(rule) > visit.start or not _chain(ties, visit, number, rule, stay[0]):
        ties.held.add(stay[0].id)


def _find_order(
    ties: Ties,
    visit: Appointment,
    numbered: tuple[int, VisitBefore],
    before: list[Appointment],
    standing: set[AppointmentId],
) -> None:
    number, rule = numbered
    stay = [other for other in before if other.id in standing]
    if stay:
        ties.held.add(stay[0].id)
    else:
        # Without a chain no start is left: the visit is placed when those it needs have their places.
        any(_chain(ties, visit, number, rule, other) for other in before)


def _chain(ties: Ties, visit: Appointment, number: int, rule: VisitBefore, other: Appointment) -> bool:
    """Let a visit come after another where the engine can see to it; its chains neither fork nor close."""
    if rule.at_most_minutes is not None or rule.at_most_days is not None or visit.id in ties.before:
        return False
    if any(earlier == other.id for earlier, _ in ties.before.values()):
        return False
    root: AppointmentId | None = other.id
    while root is not None:
        if root == visit.id:
            return False
        root = ties.before[root][0] if root in ties.before else None
    ties.before[visit.id] = (other.id, _gap(rule))
    ties.entrusted.add((visit.id, number))
    return True


def _gap(rule: VisitBefore) -> int:
    # So many times 24 hours lie on days at least so far apart.
    return max(rule.at_least_minutes, rule.at_least_days * DAY_MINUTES)


def _share(situation: Situation, ties: Ties, free: list[Appointment]) -> None:
    """Give the client, and each pair that has to be days apart, a resource that can do one thing at a time."""
    if len(free) < 2:
        return
    for visit in free:
        ties.parts[visit.id].append(Tie(ties.resources))
    ties.resources += 1
    for pair in combinations(free, 2):
        days = _days(situation, *pair)
        if days:
            for visit in pair:
                apart = min(days, situation.facts.days) * DAY_MINUTES // GRID_MINUTES
                ties.parts[visit.id].append(Tie(ties.resources, apart))
            ties.resources += 1


def _days(situation: Situation, one: Appointment, other: Appointment) -> int:
    return days_apart(situation.demands[one.service].service, situation.demands[other.service].service)


def _category(situation: Situation, visit: Appointment) -> TreatmentCategory:
    return situation.demands[visit.service].service.category
