"""What is in the way of one wish: for each need whoever could serve it, and the facts that keep them from it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from edge.schedule.blockers import HARDNESS, PERSONAL, Blocker, Cause, Obstacle
from edge.schedule.conditions import Condition, visits_of
from edge.schedule.demand import Demand, Need
from edge.schedule.domain import DAY_MINUTES, Appointment, Plan, ResourceKind, Span, Stages, clock_text
from edge.schedule.hindrances import Hindrances, Way, Ways, facts_of, span_text
from edge.schedule.ids import ProviderId, RoomId
from edge.schedule.insertion import Situation
from edge.schedule.lunch import unmet_lunches
from edge.schedule.personal import Personal, condition_text
from edge.schedule.registry import Registry
from edge.schedule.uses import called

_MOST_NAMED: Final = 6
"""How many who could serve a sentence accounts for one by one."""


@dataclass(frozen=True, slots=True)
class Wish(Situation):
    """A situation in which who asks waits from the wished start."""

    wished: int = 0

    def reference(self, appointment: Appointment) -> int:
        """Return the wished start of who asks, and of the others what it always is."""
        return self.wished if appointment.id in self.asking else Situation.reference(self, appointment)


def placeless(visit: Appointment) -> Appointment:
    """Return the visit without its place."""
    return replace(visit, stages=())


def unfed(registry: Registry, plan: Plan) -> frozenset[tuple[ProviderId, Span]]:
    """Return who gets no time for a lunch that they are owed, and when."""
    return frozenset((lunch.provider, lunch.window) for lunch in unmet_lunches(registry, plan))


Cost = tuple[int, int, int]
"""Facts in the way, causes, and how hard they are to change."""


class Question:
    """One wish against the visits that stay.

    Attributes:
        demand: what it needs; at one length, where that depends on who serves.
        ways: who and what could serve each need, least in the way first.
        siblings: the same wish at its other lengths, for whoever else could serve; they are accounted for as well.
    """

    def __init__(
        self,
        asked: Wish,
        visit: Appointment,
        others: tuple[Appointment, ...],
        provider: ProviderId | None = None,
        room: RoomId | None = None,
        demand: Demand | None = None,
    ) -> None:
        self.demand = asked.demands[visit.service] if demand is None else demand
        self.siblings: tuple[Question, ...] = ()
        self._asked, self._visit, self._registry = asked, visit, asked.registry
        self._span = Span(asked.wished, asked.wished + self.demand.minutes)
        self._day = asked.wished // DAY_MINUTES * DAY_MINUTES
        self._personal = Personal(asked, visit, asked.wished, others, self.demand.minutes)
        # Of the client's own visits those that have to go in any case are in nobody's way.
        stay = {other.id: other for other in others if other.id not in self._personal.leaving}
        out = (placeless(asked.facts.appointments[name]) for name in self._personal.leaving)
        hungry = unfed(asked.registry, asked.facts.with_appointments(placeless(visit), *out))
        self._hindrances = Hindrances(asked, self.demand.needs, self._span, stay, hungry)
        able = [number for number, need in enumerate(self.demand.needs) if provider in need.eligible]
        self._unable = asked.registry.provider(provider) if provider is not None and not able else None
        self._bound = able[0] if able else None
        roomy = [number for number, need in enumerate(self.demand.needs) if room in need.eligible]
        self._unfit = asked.registry.room(room) if room is not None and not roomy else None
        old = self.demand.choice(visit.stages) if visit.placed else ()
        self.ways: list[list[Way]] = []
        for number, need in enumerate(self.demand.needs):
            names = [name for name in need.eligible if any(name in form[number] for form in self.demand.forms)]
            first = [name for name in (*old[number : number + 1], visit.preferred) if name in names]
            if provider is not None and number == self._bound:
                first, names = [provider], []
            if room is not None and number in roomy:
                first, names = [room], []
            ways = [self._hindrances.way(need, name) for name in dict.fromkeys([*first, *names])]
            self.ways.append(sorted(ways, key=lambda way: (len(way.facts) + bool(way.lunch), way.hardness)))

    def stages(self, ways: Ways) -> Stages:
        """Return the visit as these would serve it."""
        return self.demand.stages(self._span.start, tuple(way.name for way in ways))

    def served(self) -> tuple[str, ...] | None:
        """Return who and what would serve each need, or none where anything is in the way."""
        ways = None if any(self.impossible()) or self.personal() else self.cheapest()
        return tuple(way.name for way in ways) if ways is not None and not facts_of(ways) else None

    def obstacles(self) -> tuple[Obstacle, ...]:
        """Return the smallest set of reasons; none means that the wish is possible."""
        found = [*self.impossible(), *self.personal()]
        service = self.demand.service.name
        ways = self.cheapest()
        if ways is None:
            sentence = f"{service} is never possible: nothing that the clinic has for it goes together."
            return *found, Obstacle(Blocker.NOT_TOGETHER, None, "", sentence)
        found.extend(self._own(self._personal.unprepared(facts_of(ways))))
        return *found, *(self._obstacle(number, ways[number]) for number in self._telling(ways))

    def impossible(self) -> Iterator[Obstacle]:
        """Yield what speaks against the wish whoever makes way: its time, or whom and what it asks for."""
        yield from self.untimely()
        service = self.demand.service.name
        if self._unable is not None:
            sentence = f"{self._unable.name} cannot give any part of {service}: a skill or a licence is missing."
            yield Obstacle(Blocker.SKILL, ResourceKind.PROVIDER, "", sentence)
        if self._unfit is not None:
            sentence = f"{self._unfit.name} is of the type {self._unfit.type}; no part of {service} takes place there."
            yield Obstacle(Blocker.SKILL, ResourceKind.ROOM, "", sentence)

    def personal(self) -> tuple[Obstacle, ...]:
        """Return what of the client's own speaks against the time, whoever serves."""
        return tuple(self._own(self._personal.against))

    def _own(self, against: Iterable[Condition]) -> Iterator[Obstacle]:
        for one in against:
            visits = visits_of((one,))
            sentence = f"{condition_text(self._registry, self._visit, one)}."
            yield Obstacle(PERSONAL[one.kind], None, one.what, sentence, visits, past=one.past)

    def untimely(self) -> Iterator[Obstacle]:
        """Yield what speaks against the time itself, whoever serves."""
        visit, now, window, start = self._visit, self._asked.now, self._visit.window, self._span.start
        hours = self._registry.hours
        late = visit.placed and visit.start < window.start
        # With a window that is open from the beginning, only the notice is left of the earliest start.
        soonest = now if late else self._asked.earliest(replace(visit, window=Span(0, window.end)))
        if start < now:
            yield _untimely(Blocker.PAST, f"{clock_text(start)} is past: it is {clock_text(now)}")
        elif start < soonest and not (visit.placed and start == visit.start):
            earliest = f"a booked visit is moved to {clock_text(soonest)} at the earliest"
            yield _untimely(Blocker.PAST, f"{clock_text(start)} is too soon: {earliest}")
        take = f"the visit would take {span_text(self._span)}"
        if start < window.start or self._span.end > window.end:
            yield _untimely(Blocker.WINDOW, f"The client can come {span_text(window)}; {take}")
        if start - self._day < hours.start or self._span.end - self._day > hours.end:
            yield _untimely(Blocker.OPENING, f"The clinic is open {span_text(hours.span)}; {take}")

    def cheapest(self, movable: frozenset[object] | None = None) -> Ways | None:
        """Return a way for each need so that the fewest facts are in the way.

        With `movable` only these facts may be, and lunches are left to whoever moves them.
        """
        best = self.costed(movable)
        return best[1] if best is not None else None

    def costed(self, movable: frozenset[object] | None = None) -> tuple[Cost, Ways] | None:
        """Return the cheapest way for each need, and its cost before it: less is better."""
        options = [[way for way in ways if movable is None or way.facts <= movable] for ways in self.ways]
        options = [self._undominated(self.demand.needs[n], ways) for n, ways in enumerate(options)]
        return self._extend(options, (), None, hungry=movable is None) if all(options) else None

    def _undominated(self, need: Need, ways: list[Way]) -> list[Way]:
        """Return the ways without those that another makes pointless: the same facts and more are in their way."""
        entangled = any(other is not need and _meet(need, other) for other in self.demand.needs)
        if entangled or len(self.demand.forms) > 1:
            return ways
        kept: list[Way] = []
        for way in ways:
            if not any(other.facts <= way.facts and not self._hindrances.meal(need.kind, other.name) for other in kept):
                kept.append(way)
        return kept

    def _extend(
        self, options: list[list[Way]], chosen: Ways, best: tuple[Cost, Ways] | None, *, hungry: bool
    ) -> tuple[Cost, Ways] | None:
        if len(chosen) == len(options):
            full = self._hindrances.with_lunches(chosen) if hungry else chosen
            facts, *rest = _least(full, ())
            # What prepares the visit is itself in its way: then something else has to prepare it.
            cost = (facts + len(self._personal.unprepared(facts_of(full))), rest[0], rest[1])
            return (cost, full) if best is None or cost < best[0] else best
        if best is not None and _least(chosen, options[len(chosen) :]) >= best[0]:
            return best
        for way in options[len(chosen)]:
            if self._goes_with(chosen, way):
                best = self._extend(options, (*chosen, way), best, hungry=hungry)
        return best

    def _goes_with(self, chosen: Ways, way: Way) -> bool:
        needs, names = self.demand.needs, (*(other.name for other in chosen), way.name)
        last = len(chosen)
        if any(names[n] == way.name and _meet(needs[n], needs[last]) for n in range(last)):
            return False
        return any(all(name in form[n] for n, name in enumerate(names)) for form in self.demand.forms)

    def _telling(self, ways: Ways) -> tuple[int, ...]:
        """Return the fewest needs that together meet all the facts; those that few can serve explain best."""
        met = [number for number, way in enumerate(ways) if way.causes]
        facts = facts_of(ways)
        covers: list[tuple[int, ...]] = []
        for size in range(len(met) + 1):
            covers = [some for some in combinations(met, size) if facts_of(ways[n] for n in some) == facts]
            if covers:
                break
        return min(covers, key=lambda some: sum(len(self.ways[n]) for n in some))

    # --- in words -------------------------------------------------------------------------------------
    def _obstacle(self, number: int, chosen: Way) -> Obstacle:
        need, ways = self.demand.needs[number], self._everybody(number)
        kept = {*(held.id for held in self._asked.facts.lent), *self._asked.reserved}
        named = dict.fromkeys(cause.visit for cause in chosen.causes if cause.visit is not None)
        visits = tuple(name for name in named if name not in kept)
        kind = max(chosen.causes, key=lambda cause: HARDNESS.get(cause.kind, 0)).kind
        if any(not way.causes and way.lunch is None for way in ways):
            kind = Blocker.NOT_TOGETHER
        elif self._bound != number and all(any(c.kind is Blocker.SHIFT for c in way.causes) for way in ways):
            kind = Blocker.SKILL
        others = [way for way in ways if (way.causes or way.lunch) and way.name != chosen.name]
        told = [(way, (*way.causes, way.lunch) if way.lunch else way.causes) for way in others]
        clauses = [self._clause(need, way, causes) for way, causes in ((chosen, chosen.causes), *told)]
        if len(clauses) > _MOST_NAMED:
            clauses[_MOST_NAMED - 1 :] = [f"{len(clauses) - _MOST_NAMED + 1} more cannot either"]
        sentence = f"{'; '.join(clauses)}."
        if len(ways) > 1:
            sentence = f"{self._nobody(need, kind)}: {sentence}"
        return Obstacle(kind, need.kind, need.pool, sentence, visits, chosen.causes)

    def _everybody(self, number: int) -> list[Way]:
        """Return the ways of a need, with those of whoever could serve it at another length."""
        ways = {way.name: way for way in self.ways[number]}
        for other in self.siblings:
            for way in other.ways[number]:
                ways.setdefault(way.name, way)
        return list(ways.values())

    def _clause(self, need: Need, way: Way, causes: tuple[Cause, ...]) -> str:
        texts = dict.fromkeys(cause.text for cause in causes)
        return f"{called(self._registry, need.kind, way.name)} {' and '.join(texts)}"

    def _nobody(self, need: Need, kind: Blocker) -> str:
        when = " and ".join(span_text(part) for part in self._hindrances.parts(need))
        what = f"{need.kind} of type {need.pool}"
        if need.kind is ResourceKind.PROVIDER:
            papers = [f"{name} licence" for name in sorted(self.demand.service.licences(need.pool))]
            what = f"provider with the {listed([f'{need.pool} skill', *papers])}"
        if kind is Blocker.NOT_TOGETHER:
            return f"No free {what} goes with the rest of the visit {when}"
        return f"No {what} is {'on shift' if kind is Blocker.SKILL else 'free'} {when}"


def _untimely(kind: Blocker, sentence: str) -> Obstacle:
    return Obstacle(kind, None, "", f"{sentence}.")


def _meet(one: Need, other: Need) -> bool:
    """Tell whether two needs of a visit cannot have the same resource."""
    return one.kind is other.kind and bool(one.rested & other.rested) and bool({*one.eligible} & {*other.eligible})


def _least(chosen: Ways, left: Sequence[list[Way]]) -> Cost:
    """Return facts, causes and hardness of some ways, with the least that the needs left must add."""
    facts = facts_of(chosen)
    # One fact may be in the way of all that are left: only the most that one of them adds is sure.
    more = max((min(len(way.facts - facts) for way in ways) for ways in left), default=0)
    causes = sum(min(len(way.causes) for way in ways) for ways in left)
    hardness = sum(min(way.hardness for way in ways) for ways in left)
    return (
        len(facts) + more,
        sum(len(way.causes) for way in chosen) + causes,
        sum(way.hardness for way in chosen) + hardness,
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
