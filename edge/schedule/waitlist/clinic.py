"""What the waitlist is judged by, and one moment of it: the clinic, its limits, and what each day leaves free."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from edge.schedule.clearing import NOTHING, OnRecord
from edge.schedule.domain import Plan, Span
from edge.schedule.registry import Registry
from edge.schedule.waitlist.domain import ANSWERED, Entry, Offer, OfferId, OfferState, Place
from edge.schedule.waitlist.gaps import Gaps
from edge.schedule.waitlist.places import Freed, kept_visits
from edge.schedule.waitlist.ranking import RankingWeights
from edge.schedule.waitlist.rules import OfferRules, expiry
from edge.schedule.waitlist.waitlist import Waitlist


@dataclass(frozen=True, slots=True)
class Clinic:
    """What offers are judged by: the clinic, its limits and its weights, and what is on record of clients.

    Attributes:
        registry: the clinic as it is now.
        planned_on: what a day is planned with, where the clinic will be another from some day on.
    """

    registry: Registry
    rules: OfferRules = field(default_factory=OfferRules)
    weights: RankingWeights = field(default_factory=RankingWeights)
    record: OnRecord = NOTHING
    planned_on: Callable[[dt.date], Registry] | None = None

    def on(self, date: dt.date) -> Registry:
        """Return the clinic that a day is planned with."""
        return self.registry if self.planned_on is None else self.planned_on(date)


class Overview:
    """The clinic, its waitlist and its days at one moment; what a day leaves free is worked out once for everybody."""

    def __init__(self, clinic: Clinic, waitlist: Waitlist, plans: Mapping[dt.date, Plan], now: dt.datetime) -> None:
        """Look at the clinic; none of the arguments may change from now on.

        Args:
            clinic: the clinic's file, limits and weights.
            waitlist: who waits.
            plans: the days on which places may be offered; those beyond the horizon are left out.
            now: the time at the clinic, in its zone.
        """
        self.clinic, self.waitlist, self.now = clinic, waitlist, now
        self.plans = {date: plans[date] for date in sorted(plans) if within(clinic, date, now)}
        self._gaps: dict[dt.date, Gaps] = {}

    def gaps(self, date: dt.date) -> Gaps:
        """Return what a day leaves free."""
        if date not in self._gaps:
            self._gaps[date] = gaps_of(self.clinic, self.waitlist, self.plans[date], self.now)
        return self._gaps[date]


def within(clinic: Clinic, date: dt.date, now: dt.datetime) -> bool:
    """Tell whether places of a day are offered yet, and still."""
    return 0 <= (date - now.date()).days <= clinic.rules.horizon_days


def minute_of(date: dt.date, now: dt.datetime) -> int:
    """Return the minute of a day that it is now: 0 for a day to come."""
    return now.hour * 60 + now.minute if now.date() == date else 0


def gaps_of(
    clinic: Clinic, waitlist: Waitlist, plan: Plan, now: dt.datetime, besides: Collection[OfferId] = ()
) -> Gaps:
    """Return what a day leaves free, the places of live offers taken out of it, but for some."""
    live = [offer for offer in waitlist.state.live(now) if offer.id not in besides]
    registry = clinic.on(plan.date)
    held = kept_visits(registry, plan, live, clinic.record)
    return Gaps(registry, plan, minute_of(plan.date, now), held, clinic.record)


def offered_before(waitlist: Waitlist, entry: Entry, day: dt.date, span: Span) -> Offer | None:
    """Return the earliest offer of that time that this entry had before and did not take, or none."""
    there = (old for old in _not_taken(waitlist, entry, day) if old.place.span.overlaps(span))
    return min(there, key=lambda old: old.place.start, default=None)


def offerable(
    clinic: Clinic, waitlist: Waitlist, entry: Entry, gaps: Gaps, now: dt.datetime, near: Freed | None = None
) -> Iterator[Place]:
    """Yield the places of a day that may be offered, one a start: in time, and nothing of one for a second time."""
    before = [old.place.span for old in _not_taken(waitlist, entry, gaps.date)]
    places = gaps.places(entry, near, before)
    return (place for place in places if expiry(clinic.rules, entry, place, now) is not None)


def _not_taken(waitlist: Waitlist, entry: Entry, day: dt.date) -> Iterator[Offer]:
    """Yield the offers of a day that this entry had before and did not take."""
    for old in waitlist.state.of_client(entry.client):
        if old.entry == entry.id and old.place.day == day and old.state in ANSWERED - {OfferState.ACCEPTED}:
            yield old
