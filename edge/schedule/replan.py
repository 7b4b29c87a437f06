"""One disruption in, one judged answer out: facts, repair, search, put back, check, explain."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.alternatives import alternatives, shortened
from edge.schedule.checker import check_replan
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Disruption, Plan, Urgent, WalkIn
from edge.schedule.encode import Encoding
from edge.schedule.engine.problem import Answer
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.facts import with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, abandoned, survey
from edge.schedule.lunch import missed_lunches
from edge.schedule.objective import objective
from edge.schedule.reasons import reason_of, unplaced_sentence
from edge.schedule.registry import Registry
from edge.schedule.replans import Alternative, Move, Replan, SolverStatus, Unplaced
from edge.schedule.solver import SolverLimits
from edge.schedule.weights import Weights

_SHARE_OF_ALTERNATIVE: Final = 0.25
Stopwatch = Callable[[], float]
"""Monotonic seconds; passed in, since planning itself has no clock."""


def replan(
    registry: Registry,
    plan: Plan,
    disruption: Disruption,
    replan_id: ReplanId,
    stopwatch: Stopwatch,
    limits: SolverLimits | None = None,
    weights: Weights | None = None,
) -> Replan:
    """Return how the day goes on after a disruption.

    The repair is always a valid answer; what the search finds replaces it only when it passes the checker and is
    better. With `limits.seconds` of 0 the repair stands unsearched.

    Raises:
        UnknownName, NotAllowed: as `facts.with_facts`.
    """
    limits, weights = limits or SolverLimits(), weights or Weights()
    begin = stopwatch()
    facts = with_facts(registry, plan, disruption, replan_id)
    asks = (Appointment.of(disruption.request),) if isinstance(disruption, WalkIn | Urgent) else ()
    situation = survey(registry, facts, disruption.at, asks, isinstance(disruption, Urgent))
    found = _solve(situation, limits, weights)
    answer = found.plan
    moves = tuple(
        Move(new.id, new.service, old.stages, new.stages, reason_of(situation, answer, old, new))
        for old, new in _changes(situation, answer)
        if new.placed
    )
    return Replan(
        facts=facts,
        plan=answer,
        moves=moves,
        unplaced=tuple(Unplaced(a.id, unplaced_sentence(situation, answer, a)) for a in answer.unplaced),
        declined=tuple(
            Unplaced(a.id, unplaced_sentence(situation, answer, a))
            for a in situation.requests
            if a.id not in answer.appointments
        ),
        before=objective(situation, abandoned(situation), weights),
        after=objective(situation, answer, weights),
        status=found.status,
        milliseconds=(stopwatch() - begin) * 1000,
        alternatives=_alternatives(situation, found, limits, weights) if limits.alternatives else (),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    plan: Plan
    repaired: Plan
    status: SolverStatus


def _solve(situation: Situation, limits: SolverLimits, weights: Weights) -> _Found:
    if not situation.hit and not situation.requests:
        return _Found(situation.facts, situation.facts, SolverStatus.NOTHING_TO_DO)
    encoding = Encoding(situation, weights)
    answers: list[Answer] = []
    places = encoding.incumbent(abandoned(situation))
    best = solve(encoding.problem, places, _search(limits), encoding.clinic.flat, answers.append)
    repaired = put_back(situation, encoding.plan(answers[0]))
    if best.worth.level >= answers[0].worth.level:
        return _Found(repaired, repaired, SolverStatus.REPAIR)
    found = put_back(situation, encoding.plan(best))
    better = objective(situation, found, weights) < objective(situation, repaired, weights)
    if better and not check_replan(situation.registry, situation.facts, found, situation.now):
        return _Found(found, repaired, SolverStatus.IMPROVED)
    return _Found(repaired, repaired, SolverStatus.REPAIR)


def _search(limits: SolverLimits) -> SearchPlan:
    return SearchPlan(limits.seconds, limits.workers, limits.seed)


def _alternatives(
    situation: Situation, found: _Found, limits: SolverLimits, weights: Weights
) -> tuple[Alternative, ...]:
    if found.status is SolverStatus.NOTHING_TO_DO:
        return ()
    search = shortened(_search(limits), _SHARE_OF_ALTERNATIVE)
    return alternatives(situation, found.plan, found.repaired, weights, search)


def put_back(situation: Situation, plan: Plan) -> Plan:
    """Return the plan with everybody back in the former place who can stay there: nobody moves for nothing."""
    missed = missed_lunches(situation.registry, plan)
    again = True
    while again:
        again = False
        for old, new in _changes(situation, plan):
            if not old.placed or not new.placed or old.start < situation.now:
                continue
            calendar = Calendar.of(situation.registry, plan.with_appointments(replace(new, stages=())))
            stayed = plan.with_appointments(old)
            fits = calendar.fits(situation.demands[old.service], old)
            if fits and missed_lunches(situation.registry, stayed) <= missed:
                plan, again = stayed, True
    return plan


def _changes(situation: Situation, plan: Plan) -> list[tuple[Appointment, Appointment]]:
    facts = situation.facts.appointments
    return [(facts[a.id], a) for a in plan.active if a.id in facts and facts[a.id].stages != a.stages]
