"""Ways to replan a day, each as a function from a situation to a plan."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from edge.schedule.checker import check_replan
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Plan, Stages
from edge.schedule.encode import Encoding
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.insertion import Situation, abandoned, repair
from edge.schedule.solver import SolverLimits, improve
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
    return repair(situation)


def engine(seconds: float, searches: int = 2, seed: int = 1) -> Method:
    """Return the product's search of some length; 0 seconds is its repair alone."""

    def run(situation: Situation) -> Plan:
        encoding = Encoding(situation, WEIGHTS)
        search = SearchPlan(seconds, searches, seed)
        answer = solve(encoding.problem, encoding.incumbent(abandoned(situation)), search, encoding.clinic.flat)
        return encoding.plan(answer)

    return run


def cp_sat(seconds: float, *, hinted: bool) -> Method:
    """Return CP-SAT on the whole day for some seconds, hinted with the repaired day or cold."""

    def run(situation: Situation) -> Plan:
        start = repair(situation)
        found = improve(situation, start if hinted else abandoned(situation), SolverLimits(seconds))
        if found.plan is None or check_replan(situation.registry, situation.facts, found.plan, situation.now):
            return start  # its naming of pooled devices does not see every rest
        return found.plan

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
