"""From a replan with its alternatives to a proposal: each way with its moves, its reasons and who lets it happen."""

from collections.abc import Iterator
from dataclasses import replace

from edge.schedule.deciding import Decision, decide, harm_of_replan
from edge.schedule.domain import Disruption, Plan
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation
from edge.schedule.payloads import cause_text, objective_part, stage_parts, visit_part
from edge.schedule.pinning import Pin
from edge.schedule.proposal_parts import disruption_part, kind_of, pin_part
from edge.schedule.reasons import unplaced_sentence
from edge.schedule.registry import Registry
from edge.schedule.replan import moves_of, situation_of
from edge.schedule.replans import Alternative, Replan, Unplaced
from edge.schedule.weights import unit_points
from shared.events.catalogue import proposals as told

_PROPOSED = "As proposed"


def decision_of(registry: Registry, disruption: Disruption, answer: Replan) -> Decision:
    """Return who lets a replan happen by the clinic's policy, and why."""
    return decide(registry.deciding, kind_of(disruption), harm_of_replan(answer))


def proposed(
    registry: Registry,
    plan: Plan,
    disruption: Disruption,
    answer: Replan,
    proposal: ReplanId,
    base: int,
    pins: tuple[Pin, ...] = (),
    replaces: ReplanId | None = None,
) -> told.ReplanProposed:
    """Return the event that puts a replan and its alternatives before people.

    Args:
        registry: the clinic, with its policy.
        plan: the day that was replanned.
        disruption: what happened.
        answer: the replan.
        proposal: the id of the proposal, and of the replan that it becomes.
        base: the version of the day that was replanned.
        pins: what people chose in it.
        replaces: the proposal that this one is made from.
    """
    situation = situation_of(registry, plan, disruption, proposal)
    ways = [(_PROPOSED, answer), *_others(situation, answer)]
    return told.ReplanProposed(
        day=plan.date,
        proposal=proposal,
        base=base,
        cause=cause_text(registry, answer.facts, disruption),
        disruption=disruption_part(disruption),
        answers=tuple(_part(title, way, decision_of(registry, disruption, way)) for title, way in ways),
        pins=tuple(map(pin_part, pins)),
        replaces=replaces,
        unit_points=unit_points(registry.weights),
    )


def _others(situation: Situation, answer: Replan) -> Iterator[tuple[str, Replan]]:
    for other in answer.alternatives:
        yield other.title, _as_replan(situation, answer, other)


def _as_replan(situation: Situation, answer: Replan, other: Alternative) -> Replan:
    plan = other.plan
    left = [request for request in situation.requests if request.id not in plan.appointments]
    return replace(
        answer,
        plan=plan,
        moves=moves_of(situation, situation, plan),
        unplaced=tuple(Unplaced(a.id, unplaced_sentence(situation, plan, a)) for a in plan.unplaced),
        declined=tuple(Unplaced(a.id, unplaced_sentence(situation, plan, a)) for a in left),
        after=other.worth,
        alternatives=(),
    )


def _part(title: str, answer: Replan, decision: Decision) -> told.AnswerPart:
    facts = answer.facts.appointments
    return told.AnswerPart(
        title=title,
        mode=decision.mode.value,
        why=decision.why,
        visits=tuple(visit_part(visit) for key, visit in answer.plan.appointments.items() if facts.get(key) != visit),
        moves=tuple(
            told.MovePart(
                appointment=move.appointment,
                service=move.service,
                before=stage_parts(move.before),
                after=stage_parts(move.after),
                forced_by=move.reason.forced_by.value,
                constraint=move.reason.constraint,
                reason=move.reason.sentence,
            )
            for move in answer.moves
        ),
        unplaced=tuple(told.UnplacedPart(appointment=i.appointment, reason=i.sentence) for i in answer.unplaced),
        declined=tuple(told.UnplacedPart(appointment=i.appointment, reason=i.sentence) for i in answer.declined),
        objective_before=objective_part(answer.before),
        objective_after=objective_part(answer.after),
        solver_status=answer.status.value,
        milliseconds=round(answer.milliseconds, 1),
    )
