"""The rules of clearances; pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Rejected
from shared.events.catalogue.clearance import ClearanceGiven, ClearanceWithdrawn
from shared.vocabulary import ClearanceWithdrawal


class ClearanceUnknown(Rejected):
    """No service of the clinic asks for a clearance of this name."""


class ClearanceOver(Rejected):
    """The last day on which the clearance would hold has passed."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """The last word about one clearance of a client.

    Attributes:
        until: last day on which it holds; none for as long as it is not withdrawn.
        by: who said so, as an opaque id.
        at: when that was recorded.
        withdrawn: why it no longer holds, if it was withdrawn.
    """

    name: str
    until: dt.date | None
    by: str
    at: dt.datetime
    withdrawn: ClearanceWithdrawal | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Tell whether a visit of a day may rely on it."""
        return self.withdrawn is None and (self.until is None or day <= self.until)


Clearances = Mapping[str, Clearance]


def holding(known: Clearances, day: dt.date) -> frozenset[str]:
    """Return the names of those that hold on a day."""
    return frozenset(name for name, one in known.items() if one.holds_on(day))


def given(known: Clearances, name: str, until: dt.date | None, today: dt.date) -> list[ClearanceGiven]:
    """Give a clearance, or change until when it holds; on the terms that it has already, this changes nothing.

    Raises:
        ClearanceOver: its last day has passed.
    """
    if until is not None and until < today:
        raise ClearanceOver("clearance_over", "the last day has passed; choose today or later, or no last day")
    old = known.get(name)
    if old is not None and old.withdrawn is None and old.until == until:
        return []
    return [ClearanceGiven(clearance=name, until=until)]


def withdrawn(known: Clearances, name: str, reason: ClearanceWithdrawal) -> list[ClearanceWithdrawn]:
    """Withdraw a clearance; one that was not given, or was withdrawn before, stays as it is."""
    old = known.get(name)
    if old is None or old.withdrawn is not None:
        return []
    return [ClearanceWithdrawn(clearance=name, reason=reason)]


def after(known: Clearances, said: ClearanceGiven | ClearanceWithdrawn, by: str, at: dt.datetime) -> Clearances:
    """Return what is known after one more event."""
    name = said.clearance
    if isinstance(said, ClearanceGiven):
        return {**known, name: Clearance(name, said.until, by, at)}
    until = known[name].until if name in known else None
    return {**known, name: Clearance(name, until, by, at, said.reason)}
