"""One change of the clinic's registry: what it says, from which day on it counts, and whether it was taken back."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from edge.schedule.registry import Registry
from shared.events.catalogue import clinic as said


@dataclass(frozen=True, slots=True)
class Trace:
    """Who recorded an event, and when."""

    actor: str
    at: dt.datetime


NOBODY: Final = Trace("", dt.datetime.min.replace(tzinfo=dt.UTC))


@dataclass(slots=True)
class Revision:
    """One change of the registry, and whether it was taken back.

    Attributes:
        below: what it was made on; with what it says itself, its edits.
        registry: what is planned with from it on, with all that was carried into it since.
        begins: the first day that is planned with it.
        undone_on: the clinic's date on which it was taken back.
    """

    changed: said.RegistryChanged
    below: Registry
    registry: Registry
    begins: dt.date
    by: Trace
    undone_on: dt.date | None = None
    undone_by: Trace | None = None

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_on is not None

    @property
    def planned(self) -> bool:
        """Whether it was made for a date to come."""
        return isinstance(self.changed, said.RegistryChangePlanned)

    def is_to_come(self, today: dt.date) -> bool:
        """Tell whether it stands and counts for no day up to today's."""
        return not self.undone and self.planned and self.begins > today

    def counts(self, day: dt.date, today: dt.date) -> bool:
        """Tell whether a day is planned with it or with one above it; of a day that is over, whether it was."""
        if self.planned and self.begins > day:
            return False
        if day >= today:
            return not self.undone
        return self.changed.day <= day and (self.undone_on is None or self.undone_on > day)
