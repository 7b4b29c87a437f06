"""Better places for a night's roll: the engine's days under an encoding in which a shift costs points, not a level."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from edge.schedule.domain import DAY_MINUTES, Appointment, Plan, Span
from edge.schedule.encode import Encoding
from edge.schedule.engine.compiled import CompiledEngine
from edge.schedule.engine.problem import Problem
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.horizon_situation import Horizon, HorizonSituation
from edge.schedule.ids import AppointmentId
from edge.schedule.weights import Weights

Prices = Mapping[AppointmentId, int]
"""What each move must earn, in hundredths of a point."""


def targets(
    situation: HorizonSituation, weights: Weights, horizon: Horizon, prices: Prices
) -> Iterator[Mapping[AppointmentId, Appointment]]:
    """Yield better days as the visits that differ.

    First come the days one by one, then all of them together, then each visit alone in its best places.
    """
    days = range(situation.facts.days) if situation.facts.days > 1 else ()
    parts = [part for part in (*(_of_day(situation, day) for day in days), situation) if part.free]
    search = SearchPlan(horizon.seconds / max(1, len(parts)), horizon.workers, horizon.seed)
    for part in parts:
        encoding = Encoding(part, weights)
        problem = _priced(encoding, prices)
        found = solve(problem, encoding.incumbent(part.facts), search, encoding.clinic.flat)
        yield _differing(situation, encoding.plan(found))
    yield from _singles(situation, weights)


def _priced(encoding: Encoding, prices: Prices) -> Problem:
    visits = list(encoding.problem.visits)
    for number, appointment in enumerate(encoding.free):
        if appointment.placed:
            price = prices[appointment.id]
            visits[number] = replace(visits[number], move_rank=0, move_cost=price, move_energy=0)
    return replace(encoding.problem, visits=visits)


def _of_day(situation: HorizonSituation, day: int) -> HorizonSituation:
    """Return one day of the situation alone, nobody waiting: who is booked on it stays on it."""
    span = Span(day * DAY_MINUTES, (day + 1) * DAY_MINUTES)
    here = {a.id for a in situation.facts.placed if span.start <= a.start < span.end}
    kept = tuple(
        replace(a, window=Span(max(a.window.start, span.start), min(a.window.end, span.end)))
        for a in situation.kept
        if a.id in here
    )
    pinned = tuple(a for a in situation.pinned if a.id in here)
    facts = replace(situation.facts, appointments={a.id: a for a in (*pinned, *kept)})
    return replace(situation, facts=facts, pinned=pinned, kept=kept, hit=(), requests=())


def _singles(situation: HorizonSituation, weights: Weights) -> Iterator[Mapping[AppointmentId, Appointment]]:
    """Yield each visit that has a better place, in the best of them, while nobody else moves."""
    encoding = Encoding(situation, weights)
    # The prices are left to the choice: what is offered here is each visit's best, whether it pays or not.
    problem = _priced(encoding, dict.fromkeys((a.id for a in situation.kept), 0))
    engine = CompiledEngine(problem, 1, encoding.clinic.flat)
    places = encoding.incumbent(situation.facts)
    for number, appointment in enumerate(encoding.free):
        engine.set([None if other == number else place for other, place in enumerate(places)])
        offers = sorted(engine.offers(number), key=lambda offer: offer[0])
        if offers and (stages := encoding.stages(appointment, offers[0][1])) != appointment.stages:
            yield {appointment.id: replace(appointment, stages=stages)}


def _differing(situation: HorizonSituation, plan: Plan) -> Mapping[AppointmentId, Appointment]:
    known = {a.id: a for a in situation.free}
    return {
        key: replace(known[key], stages=new.stages)
        for key, new in plan.appointments.items()
        if key in known and new.placed and new.stages != known[key].stages
    }
