"""Whether a replan is carried out, suggested to whoever is at the desk, or left to a manager; and why, in words.

Every rule names a harm and the mode that it asks for at least; the strictest rule decides. So more harm never makes a
decision more automatic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import Plan
from edge.schedule.replans import Objective, Replan
from edge.schedule.weights import points


@dataclass(frozen=True, slots=True)
class Harm:
    """What a way of going on does to people.

    Attributes:
        lunches: lunches that it takes from providers.
        dropped: visits that had a place and have none.
        urgent_refused: urgent requests without a place.
        refused: other requests without a place.
        notified: clients who were told a time and get another start, provider or room.
        shifted: the same of clients who were not told yet.
        points: what it costs more than doing nothing, by the second level of the objective.
    """

    lunches: int = 0
    dropped: int = 0
    urgent_refused: int = 0
    refused: int = 0
    notified: int = 0
    shifted: int = 0
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Who lets it happen, and why in words."""

    mode: Mode
    why: str


def harm_of(facts: Plan, plan: Plan, before: Objective, worth: Objective) -> Harm:
    """Return the harm of a plan that answers some facts.

    Args:
        facts: the day with the disruption applied and nothing replanned.
        plan: the answer.
        before: the worth of doing nothing.
        worth: the worth of the answer.
    """
    return Harm(
        lunches=max(0, worth.lunches_missed - before.lunches_missed),
        dropped=sum(not plan.appointments[visit.id].placed for visit in facts.placed),
        urgent_refused=worth.urgent_unplaced,
        refused=worth.walk_ins_unplaced,
        notified=worth.moved,
        shifted=worth.shifted,
        points=max(0.0, points(worth.cost - before.cost)),
    )


def harm_of_replan(answer: Replan) -> Harm:
    """Return the harm of a replan's own answer."""
    return harm_of(answer.facts, answer.plan, answer.before, answer.after)


def decide(policy: Deciding, kind: str, harm: Harm) -> Decision:
    """Return who lets a way of going on happen.

    Raises:
        KeyError: there is no such kind of disruption.
    """
    asked = list(_rules(policy.limits(kind), kind, harm))
    strictest = max((mode for mode, _ in asked), key=lambda mode: mode.caution, default=Mode.EXECUTE)
    whys = [why for mode, why in asked if mode is strictest]
    if strictest is Mode.EXECUTE:
        return Decision(Mode.EXECUTE, "Nobody who was told a time is moved, and nobody loses a place.")
    end = " A manager decides." if strictest is Mode.ESCALATE else ""
    return Decision(strictest, f"{' '.join(whys)}{end}")


def _rules(limits: KindLimits, kind: str, harm: Harm) -> Iterator[tuple[Mode, str]]:
    if harm.dropped:
        yield Mode.ESCALATE, f"{_count(harm.dropped, 'visit')} would have no place."
    if harm.lunches:
        yield Mode.ESCALATE, f"{_count(harm.lunches, 'provider')} would get no lunch."
    if harm.urgent_refused:
        yield Mode.ESCALATE, "The urgent request would get no place."
    told = _count(harm.notified, "client")
    if harm.notified > (limits.suggest_notified or 0):
        yield Mode.ESCALATE, f"{told} who were told a time would be moved, more than the desk may."
    if harm.points > (limits.suggest_points or 0):
        most = f"{limits.suggest_points or 0:.0f}"
        yield Mode.ESCALATE, f"It costs {harm.points:.0f} points; the desk may accept up to {most}."
    if harm.notified:
        yield Mode.SUGGEST, f"{told} who {'was' if harm.notified == 1 else 'were'} told a time would be moved."
    if harm.shifted > (limits.execute_shifted or 0):
        yield Mode.SUGGEST, f"{_count(harm.shifted, 'client')} who were told no time yet would be moved."
    if harm.refused:
        yield Mode.SUGGEST, "The request would get no place."
    if limits.at_least is not Mode.EXECUTE:
        yield limits.at_least, f"The clinic has somebody look at every {kind.replace('_', ' ')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
