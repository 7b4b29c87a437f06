"""What a day leaves to be solved: who stays, who can, who cannot; and the free places of one visit, nobody moved.

Pure Python on bitsets.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.schedule.adjacency import Beside
from edge.schedule.conditions import Kind, company, conditions
from edge.schedule.demand import Calendar, Demand, Form, Resource, demands_of
from edge.schedule.domain import (
    DAY_MINUTES,
    FROZEN_MINUTES,
    GRID_MINUTES,
    Appointment,
    Plan,
    ResourceKind,
    Status,
    up_to_grid,
)
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.policies import Asked
from edge.schedule.registry import Registry
from shared.ids import ClientId

PREFERENCE_MINUTES = 30
"""How many minutes of waiting a client's preferred provider is worth."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A place for a visit; cost is compared first: client to notify, inconvenience, rooms changed."""

    cost: tuple[int, int, int]
    start: int
    choice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a replan has to solve.

    Attributes:
        facts: the day with the disruption applied.
        now: minute of the question, on the grid.
        pinned: visits that stay: begun, or in the frozen zone and able to stay, or still to come into a lent place.
        kept: later visits that can stay where they are.
        hit: visits that cannot stay, and those that had no place before.
        requests: who asks for a place.
        urgent: whether others may be moved for them.
        beside: what a request is added to, where it is an add-on.
        reserved: places of the day that are kept for somebody although nobody is booked there, and how that is said of
            what they use.
    """

    registry: Registry
    demands: Mapping[ServiceId, Demand]
    facts: Plan
    now: int
    pinned: tuple[Appointment, ...]
    kept: tuple[Appointment, ...]
    hit: tuple[Appointment, ...]
    requests: tuple[Appointment, ...] = ()
    urgent: bool = False
    beside: Mapping[AppointmentId, Beside] = field(default_factory=dict)
    reserved: Mapping[AppointmentId, str] = field(default_factory=dict)

    @property
    def asking(self) -> frozenset[AppointmentId]:
        """Ids of the requests."""
        return frozenset(request.id for request in self.requests)

    @property
    def moves_nobody(self) -> bool:
        """Whether everybody stays who can: somebody asks, and without urgency."""
        return bool(self.requests) and not self.urgent

    @property
    def fixed(self) -> tuple[Appointment, ...]:
        """Who stays, whatever happens."""
        return (*self.pinned, *(self.kept if self.moves_nobody else ()))

    @property
    def free(self) -> tuple[Appointment, ...]:
        """Whose place is to be decided."""
        return (*(() if self.moves_nobody else self.kept), *self.hit, *self.requests)

    def earliest(self, appointment: Appointment) -> int:
        """Return the first minute a visit may be moved to: people need half an hour to hear of it.

        Who is here, on the way or asking needs none.
        """
        asking = appointment.id not in self.facts.appointments
        late = appointment.placed and appointment.start < appointment.window.start
        notice = 0 if asking or late or appointment.status is Status.ARRIVED else FROZEN_MINUTES
        return max(up_to_grid(appointment.window.start), self.now + notice)

    def starts(self, appointment: Appointment, minutes: int | None = None) -> list[int]:
        """Return the minutes at which a visit may start now, its own included if it is not past.

        It takes so many minutes; without them it may start where there is time for whoever is fastest, and beside
        another visit of the client where there is time for everybody. Where the clinic never closes, a visit ends on
        its day all the same.
        """
        demand = self.demands[appointment.service]
        shortest, longest = (demand.shortest, demand.longest) if minutes is None else (minutes, minutes)
        last = appointment.window.end - shortest
        wanted = set(range(self.earliest(appointment), last + 1, GRID_MINUTES))
        own = appointment.start if appointment.placed else None
        if own is not None and max(self.now, appointment.window.start) <= own <= last:
            wanted.add(own)
        starts = [
            start
            for start in sorted(wanted)
            if start % GRID_MINUTES == 0
            and start % DAY_MINUTES + (shortest if start == own else longest) <= DAY_MINUTES
        ]
        if (beside := self.beside.get(appointment.id)) is not None:
            return [start for start in starts if beside.suits(start, shortest, longest)]
        return starts

    def asked(self, appointment: Appointment) -> Asked:
        """Return when and how urgently a visit's place is asked for."""
        return Asked(self.now, self.urgent and appointment.id in self.asking)

    def reference(self, appointment: Appointment) -> int:
        """Return the start that inconvenience is measured from."""
        wished = max(appointment.window.start, self.now, appointment.wish or 0)
        return max(appointment.start, appointment.window.start) if appointment.placed else wished

    def misses(self, appointment: Appointment, choice: tuple[str, ...]) -> bool:
        """Tell whether the client wanted a provider who could serve first and does not in this choice."""
        wanted = appointment.preferred
        for need, chosen in zip(self.demands[appointment.service].needs, choice, strict=True):
            if wanted in need.eligible:
                return chosen != wanted
        return False


def survey(
    registry: Registry,
    facts: Plan,
    now: int,
    requests: tuple[Appointment, ...] = (),
    urgent: bool = False,
    held: frozenset[AppointmentId] = frozenset(),
) -> Situation:
    """Sort a day's visits into those that stay, those that can and those that cannot.

    Whoever is `held` stays before everybody else, if at all.
    """
    demands = demands_of(registry)
    now = up_to_grid(now)
    calendar = Calendar(registry, facts.outages, facts.days)
    pinned = [*(appointment for appointment in facts.placed if appointment.status.begun), *facts.lent]
    for appointment in pinned:
        calendar.occupy(appointment.stages)
    kept: list[Appointment] = []
    hit: list[Appointment] = list(facts.unplaced)
    stay: dict[ClientId, list[Appointment]] = defaultdict(list)
    leave: dict[ClientId, list[Appointment]] = defaultdict(list)
    for appointment in pinned:
        stay[appointment.client].append(appointment)
    others = [appointment for appointment in facts.placed if not appointment.status.begun]
    for appointment in sorted(others, key=lambda a: a.id not in held):
        theirs, gone = stay[appointment.client], leave[appointment.client]
        demand = demands[appointment.service]
        fits = demand.suits(appointment.stages) and calendar.fits(demand, appointment)
        if not fits or not _goes_with(demands, appointment, theirs, gone):
            hit.append(appointment)
            gone.append(appointment)
            continue
        calendar.occupy(appointment.stages)
        theirs.append(appointment)
        stays = appointment.id in held or appointment.start < now + FROZEN_MINUTES
        (pinned if stays else kept).append(appointment)
    return Situation(registry, demands, facts, now, tuple(pinned), tuple(kept), tuple(hit), requests, urgent)


def _goes_with(
    demands: Mapping[ServiceId, Demand], visit: Appointment, stay: list[Appointment], leave: list[Appointment]
) -> bool:
    """Tell whether a visit can stay as far as its client goes.

    A visit that has to come before counts even if it loses its place, for it may find another one before.
    """
    if not (stay or leave or visit.history) and demands[visit.service].plain:
        return True
    found = conditions(demands, visit, stay, booked=False)
    if not all(condition.met(visit.start) for condition in found if condition.kind is not Kind.AFTER):
        return False
    found = conditions(demands, visit, [*stay, *leave], booked=False)
    return all(condition.met(visit.start) for condition in found if condition.kind is Kind.AFTER)


def slots(situation: Situation, appointment: Appointment, calendar: Calendar, plan: Plan) -> Iterator[Slot]:
    """Yield the free places of a visit, one per possible start, in order of time.

    Args:
        situation: says when it may start, and what it wants.
        appointment: the visit as it was.
        calendar: what is free.
        plan: who has a place; the client's own other visits count, this one does not.
    """
    demand = situation.demands[appointment.service]
    old = demand.choice(appointment.stages) if appointment.placed else ()
    reference = situation.reference(appointment)
    for start, ways in _possible(situation, appointment, plan):
        choice = _choose(ways, calendar, start, old, appointment.preferred)
        if choice is None:
            continue
        people = sum(need.kind is ResourceKind.PROVIDER for need in demand.needs)
        notify = not old or start != appointment.start or choice[:people] != old[:people]
        miss = situation.misses(appointment, choice)
        inconvenience = abs(start - reference) + PREFERENCE_MINUTES * miss
        changed = sum(a != b for a, b in zip(choice[people:], old[people:], strict=False))
        yield Slot((int(notify), inconvenience, changed), start, choice)


def _possible(situation: Situation, appointment: Appointment, plan: Plan) -> Iterator[tuple[int, Sequence[Demand]]]:
    """Yield when the visit may start as far as its window and client go, and at which of its lengths."""
    demand = situation.demands[appointment.service]
    # A request that is put elsewhere may be relied on by then, too.
    booked = appointment.id in situation.facts.appointments or appointment.id in situation.asking
    theirs = company(plan, appointment)
    starts: dict[int, list[Demand]] = {}
    for way in demand.ways:
        takes = way.minutes, way.minutes
        asked = conditions(situation.demands, appointment, theirs, booked=booked, takes=takes)
        allowed = (
            start
            for start in situation.starts(appointment, way.minutes)
            if all(condition.met(start) for condition in asked)
        )
        if not demand.paced:
            yield from ((start, demand.ways) for start in allowed)
            return
        for start in allowed:
            starts.setdefault(start, []).append(way)
    yield from sorted(starts.items(), key=lambda item: item[0])


def abandoned(situation: Situation) -> Plan:
    """Return the day if nothing were done: who is hit has no place."""
    return situation.facts.with_appointments(*(replace(a, stages=()) for a in situation.hit))


def _choose(
    ways: Sequence[Demand], calendar: Calendar, start: int, old: tuple[str, ...], preferred: str | None
) -> tuple[str, ...] | None:
    def kept(option: tuple[Demand, Form]) -> tuple[int, bool]:
        way, form = option
        # Providers of another pace are in other forms: the preferred one comes first all the same.
        missed = len(ways) > 1 and not any(preferred in need.eligible for need in way.needs)
        return -sum(a in b for a, b in zip(old, form, strict=False)), missed

    # The form that keeps most of what the visit had is tried first.
    for demand, form in sorted(((way, form) for way in ways for form in way.forms), key=kept):
        chosen = _choose_from(demand, form, calendar, start, old, preferred)
        if chosen is not None:
            return chosen
    return None


def _choose_from(
    demand: Demand,
    form: Form,
    calendar: Calendar,
    start: int,
    old: tuple[str, ...],
    preferred: str | None,
) -> tuple[str, ...] | None:
    chosen: list[str] = []
    taken: dict[Resource, int] = {}
    for number, (need, eligible) in enumerate(zip(demand.needs, form, strict=True)):
        first = [name for name in (*old[number : number + 1], preferred) if name in eligible]
        for name in dict.fromkeys([*first, *eligible] if first else eligible):
            mine = taken.get((need.kind, name), 0)
            if name is not None and calendar.free(need, name, start) and not mine & need.rested:
                chosen.append(name)
                taken[need.kind, name] = mine | need.rested
                break
        else:
            return None
    return tuple(chosen)
