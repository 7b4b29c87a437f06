"""What a document of days may name: the clinic's entries, and times within its days."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.schedule.domain import DAY_MINUTES, ResourceKind
from edge.schedule.moments import minute_of
from edge.schedule.registry import Registry

SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Within:
    """The days from `date` on and the names of a clinic, by what they name; what is none of them is a `ValueError`."""

    date: dt.date
    days: int
    known: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, registry: Registry, date: dt.date, days: int) -> "Within":
        """Return what documents of a clinic's days may name."""
        known: dict[str, Iterable[str]] = {
            SERVICE: (service.id for service in registry.services),
            ResourceKind.PROVIDER: (provider.id for provider in registry.providers),
            ResourceKind.ROOM: (room.id for room in registry.rooms),
            ResourceKind.DEVICE: (device.id for device in registry.devices),
        }
        return cls(date, days, {what: frozenset(names) for what, names in known.items()})

    def name(self, where: str, what: str, name: str | None) -> None:
        """Refuse a name that the clinic does not have; none at all is no name."""
        if name is not None and name not in self.known[what]:
            raise ValueError(f"{where}: the clinic has no {what} {name!r}; add it or correct the name")

    def moment(self, where: str, moment: str) -> None:
        """Refuse a moment before or after the days."""
        if not 0 <= minute_of(self.date, moment) <= self.days * DAY_MINUTES:
            raise ValueError(f"{where}: {moment} does not lie within the {self.days} day(s) from {self.date}")

    def span(self, where: str, start: str, end: str) -> None:
        """Refuse a stretch of time that ends before it begins, or reaches beyond the days."""
        first, last = minute_of(self.date, start), minute_of(self.date, end)
        if last <= first:
            raise ValueError(f"{where}: {end} is not later than {start}; correct its times")
        if first < 0 or last > self.days * DAY_MINUTES:
            raise ValueError(f"{where}: {start} to {end} does not lie within the {self.days} day(s) from {self.date}")

    def past(self, where: str, days_ago: int) -> None:
        """Refuse a day of the document where another one is meant."""
        if -self.days < days_ago <= 0:
            raise ValueError(f"{where}: {days_ago} days ago is a day of the document; list that visit by itself")
