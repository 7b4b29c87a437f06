"""What people chose between: decided proposals as choices among answers that only the second level tells apart.

Only answers that are equal to the accepted one on the first level are compared with it: what is dropped or moved stands
above every weight. That a choice among some of the answers follows the same rule as one among all of them is D.
McFadden's, "Modelling the Choice of Residential Location" (1978). Nothing here says whose visits they were.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edge.schedule.weights import LEARNT, UNIT
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel


class LeftOut(StrEnum):
    """Why a decision tells nothing about the weights."""

    FIRST_LEVEL = "first_level"
    ONE_ANSWER = "one_answer"
    EDITED = "edited"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True, order=True)
class Option:
    """An answer that people could take.

    Attributes:
        level: its first level.
        units: how much it has of each term with a weight to itself: `weights.UNIT`, then those of `weights.LEARNT`.
        other: points of all other terms.
        first: whether it was the first one shown.
    """

    level: tuple[int, ...]
    units: tuple[float, ...]
    other: float = 0.0
    first: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Choice:
    """The answer that was taken, and the others of the same first level, in an order that says nothing."""

    taken: Option
    others: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Choices that tell about the weights, and how many decisions were left out, by reason."""

    choices: tuple[Choice, ...] = ()
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)


def joined(decisions: Iterable[Decisions]) -> Decisions:
    """Return many as one."""
    choices: list[Choice] = []
    left_out: dict[LeftOut, int] = {}
    for part in decisions:
        choices.extend(part.choices)
        for reason, count in part.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    return Decisions(tuple(choices), left_out)


def chosen(options: Sequence[Option], taken: int) -> Decisions:
    """Return what taking one of some answers tells; nothing where no other has the same first level."""
    if len(options) == 1:
        return Decisions(left_out={LeftOut.ONE_ANSWER: 1})
    mine = options[taken]
    others = [option for number, option in enumerate(options) if number != taken and option.level == mine.level]
    if not others:
        return Decisions(left_out={LeftOut.FIRST_LEVEL: 1})
    return Decisions((Choice(mine, tuple(sorted(others))),))


def decisions_of(payloads: Iterable[PayloadModel]) -> Decisions:
    """Return what the decided proposals among a day's events tell.

    What nobody has decided, or only worked out again, is no decision.
    """
    proposed: dict[str, told.ReplanProposed] = {}
    taken: dict[str, int] = {}
    found: list[Decisions] = []
    for payload in payloads:
        match payload:
            case told.ReplanProposed(proposal=name):
                proposed[name] = payload
            case told.ProposalAccepted(proposal=name, choice=choice):
                taken[name] = choice
            case told.ProposalRejected():
                found.append(Decisions(left_out={LeftOut.REJECTED: 1}))
            case said.ReplanUndone(replan=name) if name in taken:
                del taken[name]
                found.append(Decisions(left_out={LeftOut.TAKEN_BACK: 1}))
            case _:
                pass
    return joined((*found, *(_accepted(proposed[name], choice) for name, choice in taken.items())))


def _accepted(proposal: told.ReplanProposed, taken: int) -> Decisions:
    if proposal.pins:
        return Decisions(left_out={LeftOut.EDITED: 1})
    if not proposal.unit_points:
        return Decisions(left_out={LeftOut.NOT_RECORDED: 1})
    parts = [answer.objective_after for answer in proposal.answers]
    return chosen([_option(part, proposal.unit_points, number == 0) for number, part in enumerate(parts)], taken)


def _option(part: said.ObjectivePart, unit_points: Mapping[str, float], first: bool) -> Option:
    names = (UNIT, *LEARNT)
    level = (
        part.lunches_missed,
        part.dropped,
        part.urgent_unplaced,
        part.moved,
        part.shifted,
        part.walk_ins_unplaced,
    )
    # A term that cost nothing then says nothing of how much there was of it.
    units = tuple(part.terms.get(name, 0.0) / unit_points[name] if name in unit_points else 0.0 for name in names)
    return Option(level, units, sum(value for name, value in part.terms.items() if name not in names), first)
