"""Why a visit cannot start at a wished minute, when it could instead, and who would have to make way for it.

As long as nobody moves the answer is exact: a refusal names the fewest facts that would all have to change, and with
them changed the wish is possible. Sentences name services, people of the clinic, rooms and times, never a client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from edge.schedule.blockers import Obstacle
from edge.schedule.checker import check_replan
from edge.schedule.domain import (
    DAY_MINUTES,
    GRID_MINUTES,
    Appointment,
    AppointmentRequest,
    Plan,
    Span,
    Stages,
    clock_text,
)
from edge.schedule.encode import FORBIDDEN, Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.errors import NotAllowed
from edge.schedule.hindrances import facts_of
from edge.schedule.ids import ProviderId
from edge.schedule.insertion import Situation
from edge.schedule.objective import is_moved, objective
from edge.schedule.obstacles import Wish, listed, placeless, unfed
from edge.schedule.paced_question import question_of
from edge.schedule.reasons import reason_of
from edge.schedule.replan import put_back
from edge.schedule.replans import Move, Objective
from edge.schedule.weights import Weights, points

_SHORTLIST: Final = 4
"""So many of the engine's offers are scored exactly for each alternative asked for; its own score is nearly so."""


@dataclass(frozen=True, slots=True)
class NextBest:
    """A place that is free now; `terms` says in points what it adds to each term of the objective."""

    start: int
    stages: Stages
    terms: Mapping[str, float]
    sentence: str


@dataclass(frozen=True, slots=True)
class Possible:
    """The wish can be met, with nobody moved."""

    stages: Stages


@dataclass(frozen=True, slots=True)
class Refusal:
    """The wish cannot be met unless somebody moves or something changes.

    Attributes:
        start: the wished minute.
        obstacles: as few as explain it; each is necessary.
        alternatives: the best free places around the wished start, best first.
    """

    start: int
    obstacles: tuple[Obstacle, ...]
    alternatives: tuple[NextBest, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What it takes to meet a wish when others make way.

    Attributes:
        plan: the day then.
        stages: where the wished visit is in it.
        moves: of the others, each with its reason.
        before, after: the day's worth, the wished visit's wait counted from the wished start.
    """

    plan: Plan
    stages: Stages
    moves: tuple[Move, ...]
    before: Objective
    after: Objective


def why_not(
    situation: Situation,
    visit: AppointmentRequest | Appointment,
    start: int,
    provider: ProviderId | None = None,
    count: int = 3,
    weights: Weights | None = None,
) -> Refusal | Possible:
    """Return whether a visit could start at a minute with nobody moved, and if not, why and when instead.

    Args:
        situation: the day and the time it is; every visit of the day that has a place keeps it.
        visit: a request, or a visit of the day, whose own place then counts as free.
        start: the wished minute.
        provider: who is to serve the first need that they can serve; for alternatives they are preferred.
        count: how many alternatives to offer at most.
        weights: of the alternatives' terms.

    Raises:
        UnknownName: the clinic has no such service or provider.
        NotAllowed: the visit is past moving, or the minute is not on the grid of a day of the plan.
    """
    mine = _movable(visit)
    asked = _wished(situation, mine, start)
    others = tuple(a for a in situation.facts.occupying if a.id != mine.id)
    question = question_of(asked, mine, others, provider)
    if obstacles := question.obstacles():
        liking = mine if provider is None else replace(mine, preferred=provider)
        free = replace(asked, pinned=others, kept=(), hit=(), requests=(liking,))
        return Refusal(start, obstacles, _alternatives(free, liking, count, weights or situation.registry.weights))
    return Possible(question.stages(question.cheapest() or ()))


def forced(
    situation: Situation,
    visit: AppointmentRequest | Appointment,
    start: int,
    search: SearchPlan,
    weights: Weights | None = None,
) -> WhatIf | None:
    """Return the best day found in which the visit starts at the wished minute, or none.

    Others may move, but neither what is frozen nor what has begun; nobody with a place loses it, no provider the time
    for lunch, and who waits for a place goes on waiting. None means that no move can help, or that none was found in
    the time given.

    Raises:
        UnknownName, NotAllowed: as `why_not`.
        AssertionError: the engine broke a hard constraint; nothing of its answer is used.
    """
    mine, facts, weights = _movable(visit), situation.facts, weights or situation.registry.weights
    asked = _wished(situation, mine, start)
    # The client's own other visits stay where they are.
    own = tuple(other for other in asked.kept if other.client == mine.client)
    asked = replace(asked, pinned=(*asked.pinned, *own), kept=tuple(a for a in asked.kept if a not in own))
    question = question_of(asked, mine, (*asked.pinned, *asked.kept))
    ways = question.cheapest(frozenset(a.id for a in asked.kept))
    if ways is None or any(question.untimely()) or question.personal():
        return None
    leaving = {fact for way in ways for fact in way.facts}
    out = (*asked.hit, *(a for a in asked.kept if a.id in leaving))
    day = facts.with_appointments(*map(placeless, out), replace(mine, stages=question.stages(ways)))
    # Only the time is given: the engine may still choose other people and rooms than these.
    fixed = replace(mine, window=Span(start, start + asked.demands[mine.service].longest))
    encoding = Encoding(_Then.of(asked, fixed), weights)
    plan = encoding.plan(solve(encoding.problem, encoding.incumbent(day), search, encoding.clinic.flat))
    there = plan.appointments.get(mine.id)
    if there is None or not there.placed or not all(plan.appointments[a.id].placed for a in facts.placed):
        return None
    return _what_if(asked, mine, plan.with_appointments(replace(there, window=mine.window)), weights)


@dataclass(frozen=True, slots=True)
class _Then(Wish):
    """A situation in which who asks starts at the wished minute: with whoever is fast, there may be time to spare."""

    @classmethod
    def of(cls, asked: Wish, visit: Appointment) -> "_Then":
        given = {field.name: getattr(asked, field.name) for field in fields(asked)}
        return cls(**{**given, "requests": (visit,), "urgent": True})

    def starts(self, appointment: Appointment, minutes: int | None = None) -> list[int]:
        starts = Wish.starts(self, appointment, minutes)
        return [start for start in starts if start == self.wished] if appointment.id in self.asking else starts


def _what_if(asked: Wish, visit: Appointment, plan: Plan, weights: Weights) -> WhatIf | None:
    # Without the wished visit's former place the others are put back and judged, but it stays where it is wished.
    known = {key: a for key, a in asked.facts.appointments.items() if key != visit.id}
    rest = replace(asked, facts=replace(asked.facts, appointments=known))
    plan = put_back(rest, plan)
    if not unfed(asked.registry, plan) <= unfed(asked.registry, rest.facts):
        return None
    if broken := check_replan(asked.registry, rest.facts, plan, asked.now):
        raise AssertionError(f"the planned day breaks {broken[0].rule}")
    moves = tuple(
        Move(new.id, new.service, known[new.id].stages, new.stages, reason_of(rest, plan, known[new.id], new))
        for new in plan.placed
        if new.id in known and known[new.id].stages != new.stages
    )
    judged = replace(asked, requests=(visit,), urgent=True)
    before, after = objective(judged, asked.facts, weights), objective(judged, plan, weights)
    return WhatIf(plan, plan.appointments[visit.id].stages, moves, before, after)


def _alternatives(situation: Wish, visit: Appointment, count: int, weights: Weights) -> tuple[NextBest, ...]:
    """Return the best places for who asks, with all others where they are."""
    encoding = Encoding(situation, weights)
    engine = CompiledEngine(encoding.problem, 1, encoding.clinic.flat)
    offers = sorted((energy, place.start, place) for energy, place in engine.offers(0) if energy < FORBIDDEN)
    nowhere = situation.facts.with_appointments(placeless(visit))
    without = objective(replace(situation, requests=()), nowhere, weights).terms
    hungry = unfed(situation.registry, nowhere)
    found: list[NextBest] = []
    for _, _, place in offers:
        if len(found) >= _SHORTLIST * count:
            break
        there = replace(visit, stages=encoding.stages(visit, place))
        if not unfed(situation.registry, nowhere.with_appointments(there)) <= hungry:
            # The engine offers one choice for each start and sees no lunches here; another choice may leave time.
            there = _fed(situation, visit, there.start)
        if not there.placed or (visit.placed and not is_moved(visit, there)):
            continue
        terms = objective(situation, situation.facts.with_appointments(there), weights).terms
        costs = {name: points(term - without.get(name, 0)) for name, term in terms.items() if name != "revenue"}
        found.append(NextBest(there.start, there.stages, costs, _offer_text(situation, there)))
    return tuple(sorted(found, key=lambda a: (sum(a.terms.values()), a.start))[:count])


def _fed(situation: Wish, visit: Appointment, start: int) -> Appointment:
    """Return the visit where it starts then and takes nobody's lunch, or without a place if it cannot."""
    question = question_of(replace(situation, wished=start), visit, situation.pinned)
    ways = question.cheapest()
    return replace(visit, stages=question.stages(ways)) if ways and not facts_of(ways) else placeless(visit)


def _offer_text(situation: Wish, there: Appointment) -> str:
    registry = situation.registry
    people = [registry.provider(name).name for name in there.providers]
    rooms = list(dict.fromkeys(registry.room(stage.room).name for stage in there.stages))
    text = f"At {clock_text(there.start)}"
    if people:
        text += f" with {listed(people)}"
    choice = situation.demands[there.service].choice(there.stages)
    if there.preferred is not None and situation.misses(there, choice):
        text += f" instead of {registry.provider(there.preferred).name}"
    late = there.start - situation.wished
    when = f", {abs(late)} minutes {'later' if late > 0 else 'earlier'}" if late else ""
    return f"{text} in {listed(rooms)}{when}."


def _movable(visit: AppointmentRequest | Appointment) -> Appointment:
    visit = Appointment.of(visit) if isinstance(visit, AppointmentRequest) else visit
    if visit.status.begun or not visit.status.active:
        raise NotAllowed("cannot_move", f"a visit that is {visit.status} gets no other time; reload the day")
    return visit


def _wished(situation: Situation, visit: Appointment, start: int) -> Wish:
    situation.registry.service(visit.service)
    end = start + situation.demands[visit.service].shortest
    if start % GRID_MINUTES:
        raise NotAllowed("off_grid", f"visits start every {GRID_MINUTES} minutes; ask for a time such as 09:05")
    if not 0 <= start < end <= min(start // DAY_MINUTES + 1, situation.facts.days) * DAY_MINUTES:
        raise NotAllowed("outside_the_day", "a visit lies within one day of the plan; ask for another time")
    # A place for those who wait is another question: their moves would explain nothing here.
    pinned, kept, hit = (
        tuple(a for a in some if a.id != visit.id and a.placed)
        for some in (situation.pinned, situation.kept, situation.hit)
    )
    return Wish(situation.registry, situation.demands, situation.facts, situation.now, pinned, kept, hit, wished=start)
