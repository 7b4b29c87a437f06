"""Why people wait, and who fills what was left: read from the record and worked out beside it, nothing is written.

The days are copied under the schedule's lock and thought about without it. An answer stands for the rest of its minute
as long as neither the waitlist nor one of the days has changed, nor what is on record of a client for a day that suits.
"""

import datetime as dt
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.schedule.clearing import carried
from edge.schedule.errors import UnknownName
from edge.schedule.waitlist.clinic import Clinic, Overview, within
from edge.schedule.waitlist.domain import Entry, EntryId, Offer
from edge.schedule.waitlist.filling import Filling, filling, offered_of, open_places
from edge.schedule.waitlist.places import Freed, offers_service
from edge.schedule.waitlist.rules import refusal
from edge.schedule.waitlist.why import Why, why_nothing
from edge.schedule.waitlist_book import WaitlistBook

_MOST_EXPLAINED: Final = 40
"""So many who wait are told why, those who came first: each takes some milliseconds."""
_MOST_PLACES: Final = 12


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """A place that was left on a day and is not taken yet, with the live offers of it."""

    day: dt.date
    left: Freed
    offers: tuple[Offer, ...]


class WaitlistReasons:
    """Answers why; safe to share by threads."""

    def __init__(self, waitlist: WaitlistBook) -> None:
        """Keep whose waitlist it is."""
        self._book = waitlist
        self._lock = threading.Lock()
        self._known: tuple[object, Mapping[EntryId, tuple[Why, ...]]] = (None, {})

    def whys(self) -> Mapping[EntryId, tuple[Why, ...]]:
        """Return why nothing can be offered to those who wait and may be contacted; empty where something can.

        Of the forty who came first; the others have no entry.
        """
        view, seen = self._look()
        rules, state, today = view.clinic.rules, view.waitlist.state, view.now.date()
        waiting = [one for one in state.waiting() if refusal(rules, state, one, view.now) is None][:_MOST_EXPLAINED]
        seen = (seen, tuple(_on_record(view.clinic, one, today) for one in waiting))
        with self._lock:
            if self._known[0] != seen:
                self._known = seen, {one.id: why_nothing(view, one) for one in waiting}
            return self._known[1]

    def places(self) -> list[OpenPlace]:
        """Return the places that were left and are not taken yet, earliest first, a dozen at most."""
        found: list[OpenPlace] = []
        with self._book.book.exclusively():
            now, clinic, list_ = self._book.book.now(), self._book.clinic, self._book.waitlist()
            for date, day in self._book.days(now).items():
                if not within(clinic, date, now):
                    continue
                left_there = open_places(clinic, list_, day, now)
                found += [OpenPlace(date, left, offered_of(list_, date, left, now)) for left in left_there]
        return found[:_MOST_PLACES]

    def filling(self, day: dt.date, key: str) -> Filling:
        """Return who fills a place that was left on a day, and of everybody else why not.

        Raises:
            UnknownName: the day has no such place, or it is taken again, or no places of that day are offered.
        """
        with self._book.book.exclusively():
            now, clinic, list_ = self._book.book.now(), self._book.clinic, self._book.snapshot()
            schedule = self._book.book.day(day)
            there = open_places(clinic, list_, schedule, now) if within(clinic, day, now) else []
            left, plan = next((one for one in there if one.key == key), None), schedule.plan
        if left is None:
            raise UnknownName(
                "unknown_place", "this place is taken again, or its time is over; load the waitlist again"
            )
        return filling(clinic, list_, plan, left, now)

    def _look(self) -> tuple[Overview, object]:
        """Return the clinic as it is now, and what tells whether that is what was seen before."""
        with self._book.book.exclusively():
            now, list_ = self._book.book.now(), self._book.snapshot()
            days = self._book.days(now)
            plans = {date: day.plan for date, day in days.items()}
            versions = tuple((date, day.version) for date, day in days.items())
            clinic = self._book.clinic
        planned = tuple(clinic.on(date) for date in plans)
        seen = (list_.version, versions, now.replace(second=0, microsecond=0), planned)
        return Overview(clinic, list_, plans, now), seen


def _on_record(clinic: Clinic, entry: Entry, today: dt.date) -> object:
    """Return what is on record of a client beside the days, for those that suit within the horizon."""
    ahead = (today + dt.timedelta(days=number) for number in range(clinic.rules.horizon_days + 1))
    record = clinic.record
    return tuple(
        (
            carried(clinic.on(day), record.confirmed, entry.client, entry.service, day),
            record.history(entry.client, entry.service, day),
        )
        for day in ahead
        if entry.hours_on(day) and offers_service(clinic.on(day), entry)
    )
