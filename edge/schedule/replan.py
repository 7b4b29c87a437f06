"""One disruption in, one judged answer out: facts, repair, search, put back, check, explain."""

from collections.abc import Callable
from dataclasses import replace

from edge.schedule.checker import check_replan
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Disruption, Plan, Urgent, WalkIn
from edge.schedule.facts import with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, abandoned, newcomers, objective, repair, survey
from edge.schedule.reasons import reason_of, unplaced_sentence
from edge.schedule.registry import Registry
from edge.schedule.replans import Move, Objective, Replan, SolverStatus, Unplaced
from edge.schedule.solver import SolverLimits, improve

Stopwatch = Callable[[], float]
"""Monotonic seconds; passed in, since planning itself has no clock."""


def replan(
    registry: Registry,
    plan: Plan,
    disruption: Disruption,
    replan_id: ReplanId,
    stopwatch: Stopwatch,
    limits: SolverLimits | None = None,
) -> Replan:
    """Return how the day goes on after a disruption.

    The repair is always a valid answer; CP-SAT's replaces it only when it passes the checker and is
    better. With `limits.seconds` of 0 the repair stands unsearched.

    Raises:
        UnknownName, NotAllowed: as `facts.with_facts`.
    """
    limits = limits or SolverLimits()
    begin = stopwatch()
    facts = with_facts(registry, plan, disruption, replan_id)
    newcomer = Appointment.of(disruption.request) if isinstance(disruption, WalkIn | Urgent) else None
    situation = survey(registry, facts, disruption.at, newcomer, isinstance(disruption, Urgent))
    answer, status = _solve(situation, limits)
    moves = tuple(
        Move(new.id, new.service, old.stages, new.stages, reason_of(situation, answer, old, new))
        for old, new in _changes(situation, answer)
        if new.placed
    )
    return Replan(
        facts=facts,
        plan=answer,
        moves=moves,
        unplaced=tuple(Unplaced(a.id, unplaced_sentence(situation, a)) for a in answer.unplaced),
        declined=tuple(
            Unplaced(a.id, unplaced_sentence(situation, a))
            for a in newcomers(situation)
            if a.id not in answer.appointments
        ),
        before=objective(situation, abandoned(situation)),
        after=objective(situation, answer),
        status=status,
        milliseconds=(stopwatch() - begin) * 1000,
    )


def _solve(situation: Situation, limits: SolverLimits) -> tuple[Plan, SolverStatus]:
    if not situation.hit and situation.newcomer is None:
        return situation.facts, SolverStatus.NOTHING_TO_DO
    incumbent = put_back(situation, repair(situation))
    worth = objective(situation, incumbent)
    if limits.seconds <= 0:
        return incumbent, SolverStatus.REPAIR
    answer = improve(situation, incumbent, limits)
    if answer.plan is None:
        return incumbent, SolverStatus.REPAIR
    found = put_back(situation, answer.plan)
    better = objective(situation, found) < worth
    if better and not check_replan(situation.registry, situation.facts, found, situation.now):
        return found, SolverStatus.OPTIMAL if answer.proven else SolverStatus.IMPROVED
    proven = answer.proven and _levels(objective(situation, found)) == _levels(worth)
    return incumbent, SolverStatus.REPAIR_OPTIMAL if proven else SolverStatus.REPAIR


def put_back(situation: Situation, plan: Plan) -> Plan:
    """Return the plan with everybody back in the former place who can stay there: nobody moves for nothing."""
    again = True
    while again:
        again = False
        for old, new in _changes(situation, plan):
            if not old.placed or not new.placed or old.start < situation.now:
                continue
            calendar = Calendar.of(situation.registry, plan.with_appointments(replace(new, stages=())))
            if calendar.fits(situation.demands[old.service], old):
                plan = plan.with_appointments(old)
                again = True
    return plan


def _changes(situation: Situation, plan: Plan) -> list[tuple[Appointment, Appointment]]:
    facts = situation.facts.appointments
    return [(facts[a.id], a) for a in plan.active if a.id in facts and facts[a.id].stages != a.stages]


def _levels(worth: Objective) -> tuple[int, int, int, int, int]:
    return worth.dropped, worth.urgent_unplaced, worth.moved, worth.walk_ins_unplaced, worth.inconvenience
