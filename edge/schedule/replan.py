"""One disruption in, one judged answer out: facts, repair, search, put back, check, explain."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.adjacency import Beside
from edge.schedule.alternatives import alternatives, shortened
from edge.schedule.asking import asking_in
from edge.schedule.checker import check_replan
from edge.schedule.courses import goes_with
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Disruption, MoveWanted, Plan
from edge.schedule.encode import Encoding
from edge.schedule.engine.problem import Answer
from edge.schedule.engine.proving import Proven, solve_and_prove
from edge.schedule.engine.search import SearchPlan
from edge.schedule.facts import find, with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, abandoned, survey
from edge.schedule.lunch import unmet_lunches
from edge.schedule.objective import objective
from edge.schedule.pinning import Pin, PinRefused, around
from edge.schedule.reasons import reason_of, unplaced_sentence
from edge.schedule.registry import Registry
from edge.schedule.replans import Alternative, ForcedBy, Move, Reason, Replan, SolverStatus, Unplaced
from edge.schedule.weights import Weights

_SHARE_OF_ALTERNATIVE: Final = 0.25
Stopwatch = Callable[[], float]
"""Monotonic seconds; passed in, since planning itself has no clock."""


@dataclass(frozen=True, slots=True)
class SolverLimits:
    """How long and how wide to search, and whether to look for alternatives, too."""

    seconds: float = 2.0
    workers: int = 2
    seed: int = 1
    alternatives: bool = False


def replan(
    registry: Registry,
    plan: Plan,
    disruption: Disruption,
    replan_id: ReplanId,
    stopwatch: Stopwatch,
    limits: SolverLimits | None = None,
    weights: Weights | None = None,
    pins: tuple[Pin, ...] = (),
) -> Replan:
    """Return how the day goes on after a disruption.

    The repair is always a valid answer; what the search finds replaces it only when it passes the checker and is
    better, and what is proven of the answer is said. With `limits.seconds` of 0 the repair stands unsearched. With
    `pins` the rest is planned around some visits.

    Raises:
        UnknownName, NotAllowed: as `facts.with_facts` and `pinning.pinned`.
    """
    limits, weights = limits or SolverLimits(), weights or registry.weights
    begin = stopwatch()
    situation = situation_of(registry, plan, disruption, replan_id)
    if isinstance(disruption, MoveWanted) and all(pin.appointment != disruption.appointment for pin in pins):
        pins = (Pin.of(disruption), *pins)
    solved = around(situation, pins)
    found = _solve(solved, limits, weights)
    answer = found.plan
    if pins:
        _refuse_broken(situation, answer)
    return Replan(
        facts=situation.facts,
        plan=answer,
        moves=moves_of(situation, solved, answer),
        unplaced=tuple(Unplaced(a.id, unplaced_sentence(situation, answer, a)) for a in answer.unplaced),
        declined=tuple(
            Unplaced(a.id, unplaced_sentence(situation, answer, a))
            for a in situation.requests
            if a.id not in answer.appointments
        ),
        before=objective(situation, abandoned(situation), weights),
        after=objective(situation, answer, weights),
        status=found.status,
        proven_first_level=found.proven_first_level,
        cost_bound=found.cost_bound,
        milliseconds=(stopwatch() - begin) * 1000,
        alternatives=_alternatives(situation, found, limits, weights) if limits.alternatives and not pins else (),
    )


def situation_of(registry: Registry, plan: Plan, disruption: Disruption, replan_id: ReplanId) -> Situation:
    """Return what a disruption leaves to be solved.

    Raises:
        UnknownName, NotAllowed: as `facts.with_facts`.
    """
    facts = with_facts(registry, plan, disruption, replan_id)
    asking = asking_in(registry, plan, disruption)
    if asking is None:
        return survey(registry, facts, disruption.at)
    asks = (Appointment.of(asking.request),)
    if asking.anchor is None:
        return survey(registry, facts, disruption.at, asks, asking.urgent)
    anchor = find(facts, asking.anchor)
    own = frozenset(visit.id for visit in facts.placed if visit.client == anchor.client)
    situation = survey(registry, facts, disruption.at, asks, asking.urgent, own)
    return replace(situation, beside={asking.request.id: Beside.of(facts, anchor)})


def moves_of(situation: Situation, solved: Situation, plan: Plan) -> tuple[Move, ...]:
    """Return the moves that lead to a plan, each with its reason.

    Args:
        situation: what was to be solved.
        solved: the same, or what was solved around a visit that a person put somewhere.
        plan: the answer to it.
    """
    return tuple(
        Move(new.id, new.service, old.stages, new.stages, _reason(situation, solved, plan, old, new))
        for old, new in _changes(situation, plan)
        if new.placed
    )


def _reason(situation: Situation, solved: Situation, plan: Plan, old: Appointment, new: Appointment) -> Reason:
    if solved.facts.appointments.get(new.id) == new and situation.facts.appointments[new.id] != new:
        return Reason(ForcedBy.BY_HAND, "a person's choice", "Put there by hand.")
    if old.placed and old.start >= situation.now and could_stay(solved, plan, old, new):
        sentence = "It could stay; this way of going on has it elsewhere to gain for the others."
        return Reason(ForcedBy.BY_CHOICE, "this way of going on", sentence)
    return reason_of(solved, plan, old, new)


def could_stay(situation: Situation, plan: Plan, old: Appointment, new: Appointment) -> bool:
    """Tell whether a moved visit of a plan could have its former place, with all others where they are now."""
    demand = situation.demands[old.service]
    calendar = Calendar.of(situation.registry, plan.with_appointments(replace(new, stages=())))
    if not (demand.suits(old.stages) and calendar.fits(demand, old) and goes_with(situation, plan, old)):
        return False
    unmet = set(unmet_lunches(situation.registry, plan))
    return unmet.issuperset(unmet_lunches(situation.registry, plan.with_appointments(old)))


def _refuse_broken(situation: Situation, plan: Plan) -> None:
    broken = check_replan(situation.registry, situation.facts, plan, situation.now)
    if broken:
        rules = ", ".join(dict.fromkeys(violation.rule.value.replace("_", " ") for violation in broken))
        raise PinRefused("cannot_be_there", f"The rest of the day cannot be planned around it: {rules}.")


@dataclass(frozen=True, slots=True)
class _Found:
    plan: Plan
    repaired: Plan
    status: SolverStatus
    proven_first_level: bool = False
    cost_bound: int | None = None


def _solve(situation: Situation, limits: SolverLimits, weights: Weights) -> _Found:
    if not situation.hit and not situation.requests:
        return _Found(situation.facts, situation.facts, SolverStatus.NOTHING_TO_DO)
    encoding = Encoding(situation, weights)
    answers: list[Answer] = []
    places = encoding.incumbent(abandoned(situation))
    proven = solve_and_prove(encoding.problem, places, _search(limits), encoding.clinic.flat, answers.append)
    repaired = put_back(situation, encoding.plan(answers[0]))
    if proven.answer.worth.level < answers[0].worth.level:
        found = put_back(situation, encoding.plan(proven.answer))
        better = objective(situation, found, weights) < objective(situation, repaired, weights)
        if better and not check_replan(situation.registry, situation.facts, found, situation.now):
            return _judged(encoding, _Found(found, repaired, SolverStatus.IMPROVED), proven, weights)
    return _judged(encoding, _Found(repaired, repaired, SolverStatus.REPAIR), proven, weights)


def _judged(encoding: Encoding, found: _Found, proven: Proven, weights: Weights) -> _Found:
    """Return an answer with what is proven of it: the bounds hold for every plan, whoever made it."""
    if not encoding.exact:
        return found
    worth = objective(encoding.situation, found.plan, weights)
    if proven.cost_bound is None or encoding.rank(worth) > proven.rank_bound:
        return replace(found, proven_first_level=encoding.rank(worth) <= proven.rank_bound)
    status = SolverStatus.OPTIMAL if worth.cost <= proven.cost_bound else found.status
    return replace(found, status=status, proven_first_level=True, cost_bound=proven.cost_bound)


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
    again = True
    while again:
        again = False
        for old, new in _changes(situation, plan):
            if old.placed and new.placed and old.start >= situation.now and could_stay(situation, plan, old, new):
                plan, again = plan.with_appointments(old), True
    return plan


def _changes(situation: Situation, plan: Plan) -> list[tuple[Appointment, Appointment]]:
    facts = situation.facts.appointments
    return [(facts[a.id], a) for a in plan.active if a.id in facts and facts[a.id].stages != a.stages]
