"""Whether a client had withdrawn when a photograph was taken: deny wins, as on the box.

Decisions are compared by hybrid logical time, never by the wall clock of a box.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownDecision:
    """A client's decision about the record, as a box recorded it."""

    event: str
    granted: bool
    hlc: str
    supersedes: frozenset[str]


def withdrawn_at(decisions: Iterable[KnownDecision], hlc: str) -> bool:
    """Tell whether a decision against keeping the record stood at a moment.

    That no decision is known is no withdrawal: it may still be on its way.
    """
    before = [item for item in decisions if item.hlc < hlc]
    superseded = {old for item in before for old in item.supersedes}
    return any(not item.granted for item in before if item.event not in superseded)
