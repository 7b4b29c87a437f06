"""Ways to replan a day, each as a function from a situation to a plan."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Plan, Stages
from edge.schedule.encode import Encoding
from edge.schedule.engine.neighbourhood import Limits, Neighbourhood, improve
from edge.schedule.engine.problem import Answer, Worth
from edge.schedule.engine.proving import solve_and_prove
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.insertion import Situation, abandoned, slots
from edge.schedule.weights import Weights

Method = Callable[[Situation], Plan]
WEIGHTS: Final = Weights()


def right_shift(situation: Situation) -> Plan:
    """Push everything after now to its next free time, in order, resources kept: what a desk does by hand."""
    calendar = Calendar(situation.registry, situation.facts.outages, situation.facts.days)
    for visit in situation.pinned:
        calendar.occupy(visit.stages)
    plan = situation.facts
    placed = [visit for visit in (*situation.kept, *situation.hit) if visit.placed]
    for visit in sorted(placed, key=lambda visit: (visit.start, visit.id)):
        demand = situation.demands[visit.service]
        choice = demand.choice(visit.stages)
        stages: Stages = ()
        for start in situation.starts(visit):
            tried = demand.stages(start, choice)
            if start >= visit.start and calendar.fits(demand, replace(visit, stages=tried)):
                stages = tried
                calendar.occupy(stages)
                break
        plan = plan.with_appointments(replace(visit, stages=stages))
    return _with_requests(situation, plan)


def first_available(situation: Situation) -> Plan:
    """Keep what fits and give each displaced visit the first free time: what booking software does."""
    calendar = Calendar(situation.registry, situation.facts.outages, situation.facts.days)
    for visit in (*situation.pinned, *situation.kept):
        calendar.occupy(visit.stages)
    plan = situation.facts
    for visit in sorted(situation.hit, key=lambda visit: visit.id):
        stages = _first(situation, visit, calendar)
        plan = plan.with_appointments(replace(visit, stages=stages))
    return _with_requests(situation, plan)


def insertion(situation: Situation) -> Plan:
    """Keep what fits and give each displaced visit its best free place, in plain Python."""
    calendar = Calendar(situation.registry, situation.facts.outages, situation.facts.days)
    for appointment in (*situation.pinned, *situation.kept):
        calendar.occupy(appointment.stages)
    plan = abandoned(situation)
    waiting = sorted(situation.hit, key=lambda a: (not a.placed, a.start if a.placed else a.window.start, a.id))
    waiting.extend(situation.requests)
    for appointment in waiting:
        best = min(slots(situation, appointment, calendar, plan), default=None)
        if best is not None:
            stages = situation.demands[appointment.service].stages(best.start, best.choice)
            calendar.occupy(stages)
            plan = plan.with_appointments(replace(appointment, stages=stages))
    return plan


def engine(seconds: float, searches: int = 2, seed: int = 1) -> Method:
    """Return the product's answer after some time; 0 seconds is its repair alone."""

    def run(situation: Situation) -> Plan:
        encoding = Encoding(situation, WEIGHTS)
        places, plan = encoding.incumbent(abandoned(situation)), SearchPlan(seconds, searches, seed)
        return encoding.plan(solve_and_prove(encoding.problem, places, plan, encoding.clinic.flat).answer)

    return run


def search(seconds: float, searches: int = 2, seed: int = 1) -> Method:
    """Return what the search alone finds in some time, with nothing proven."""

    def run(situation: Situation) -> Plan:
        encoding = Encoding(situation, WEIGHTS)
        places, plan = encoding.incumbent(abandoned(situation)), SearchPlan(seconds, searches, seed)
        return encoding.plan(solve(encoding.problem, places, plan, encoding.clinic.flat))

    return run


def cp_sat(seconds: float, *, hinted: bool) -> Method:
    """Return CP-SAT on the whole day for some seconds, the same objective, hinted with the repaired day or cold."""

    def run(situation: Situation) -> Plan:
        encoding = Encoding(situation, WEIGHTS)
        places = encoding.incumbent(abandoned(situation))
        if hinted:
            repaired = SearchPlan(0)
            places = list(solve(encoding.problem, places, repaired, encoding.clinic.flat).places)
        everybody = Neighbourhood(frozenset(range(len(encoding.problem.visits))))
        found = improve(encoding.problem, places, everybody, Limits(seconds, 2, sideways=not hinted))
        return encoding.plan(Answer(Worth(0, 0, 0), found.places))

    return run


def _with_requests(situation: Situation, plan: Plan) -> Plan:
    calendar = Calendar.of(situation.registry, plan)
    for request in situation.requests:
        stages = _first(situation, request, calendar)
        if stages:
            plan = plan.with_appointments(replace(request, stages=stages))
    return plan


def _first(situation: Situation, visit: Appointment, calendar: Calendar) -> Stages:
    demand = situation.demands[visit.service]
    for start in situation.starts(visit):
        names: list[str] = []
        for need in demand.needs:
            name = next((name for name in need.eligible if calendar.free(need, name, start)), None)
            if name is None:
                break
            names.append(name)
        stages = demand.stages(start, tuple(names)) if len(names) == len(demand.needs) else ()
        if stages and calendar.fits(demand, replace(visit, stages=stages)):
            calendar.occupy(stages)
            return stages
    return ()
