"""Other ways to go on after a disruption, for people who see it differently than the clinic's weights."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from edge.schedule.checker import check_replan
from edge.schedule.domain import Plan
from edge.schedule.encode import Encoding
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.insertion import Situation, abandoned
from edge.schedule.objective import is_moved, is_notified, objective
from edge.schedule.replans import Alternative
from edge.schedule.weights import Weights

_MOST: Final = 2
_STRONGER: Final = 8.0


def alternatives(
    situation: Situation, chosen: Plan, repaired: Plan, weights: Weights, search: SearchPlan
) -> tuple[Alternative, ...]:
    """Return up to two plans that are possible and unlike the chosen one and each other, with what they cost.

    Args:
        situation: what was to be solved.
        chosen: the answer.
        repaired: the day with nobody moved but those who must.
        weights: the clinic's; every alternative is counted by them.
        search: how long to look for each.
    """
    found: list[Alternative] = []
    for title, plan in _tried(situation, repaired, weights, search):
        if len(found) == _MOST:
            break
        alike = any(_same(plan, other) for other in (chosen, *(one.plan for one in found)))
        if alike or check_replan(situation.registry, situation.facts, plan, situation.now):
            continue
        found.append(_counted(situation, title, plan, weights))
    return tuple(found)


def _tried(situation: Situation, repaired: Plan, weights: Weights, search: SearchPlan) -> Iterator[tuple[str, Plan]]:
    yield "Nobody moves but those who must", repaired
    for title, other in (
        ("Shorter waits", weights.model_copy(update={"wait": weights.wait * _STRONGER + 1})),
        (
            "More clients with whom they prefer",
            weights.model_copy(update={"preference": weights.preference * 20 + 1}),
        ),
        ("Fewer gaps for the team", weights.model_copy(update={"idle": weights.idle * _STRONGER + 1})),
    ):
        encoding = Encoding(situation, other)
        places = encoding.incumbent(abandoned(situation))
        yield title, encoding.plan(solve(encoding.problem, places, search, encoding.clinic.flat))


def _same(one: Plan, other: Plan) -> bool:
    return {key: visit.stages for key, visit in one.appointments.items()} == {
        key: visit.stages for key, visit in other.appointments.items()
    }


def _counted(situation: Situation, title: str, plan: Plan, weights: Weights) -> Alternative:
    moved = [
        old for old in situation.free if old.placed and (new := plan.appointments[old.id]).placed and is_moved(old, new)
    ]
    worth = objective(situation, plan, weights)
    return Alternative(title, plan, worth, len(moved), sum(is_notified(old) for old in moved))


def shortened(search: SearchPlan, share: float) -> SearchPlan:
    """Return a search of a share of the time, on one core."""
    return replace(search, seconds=search.seconds * share, searches=1, cycles=1)
