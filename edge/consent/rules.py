"""Effective consent from the history of decisions: deny wins.

Each decision names the decisions it knew (`supersedes`). Decisions nobody superseded are the *heads*; on one
box there is one, after two boxes decided apart there may be several. Consent stands only when there is a head
and every head is a grant that has not expired, whatever order the decisions arrived in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.vocabulary import ConsentDecision, ConsentPurpose


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded decision or withdrawal (a withdrawal is a denial)."""

    id: str
    purpose: ConsentPurpose
    decision: ConsentDecision
    recorded_at: datetime
    expires_at: datetime | None
    supersedes: frozenset[str]


def heads(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the decisions that no other decision knew, by id."""
    known = list(decisions)
    superseded = {old for decision in known for old in decision.supersedes}
    return sorted((item for item in known if item.id not in superseded), key=lambda item: item.id)


def is_granted(decisions: Iterable[Decision], purpose: ConsentPurpose, now: datetime) -> bool:
    """Return whether `purpose` is allowed at `now`."""
    standing = heads(item for item in decisions if item.purpose == purpose)
    return bool(standing) and all(
        item.decision is ConsentDecision.GRANTED and (item.expires_at is None or now < item.expires_at)
        for item in standing
    )
