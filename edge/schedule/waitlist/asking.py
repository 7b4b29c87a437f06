"""What is in the way of one entry at one start, and the start of a day at which the least is.

Whatever is told is true: at that start each reason has to go, and with all of them gone the entry fits there, unless a
booked visit without a place needs what becomes free by that. Sentences name services, people of the clinic, rooms,
times and days, never a client.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from edge.schedule.blockers import Blocker, Obstacle
from edge.schedule.conditions import days_apart
from edge.schedule.domain import DAY_MINUTES, GRID_MINUTES, PastVisit, Span, clock_text, up_to_grid
from edge.schedule.ids import ProviderId, RoomId
from edge.schedule.obstacles import listed
from edge.schedule.paced_question import size
from edge.schedule.waitlist.clinic import Clinic, offered_before
from edge.schedule.waitlist.domain import Entry, Offer
from edge.schedule.waitlist.gaps import Gaps
from edge.schedule.waitlist.places import Freed
from edge.schedule.waitlist.rules import in_time
from edge.schedule.waitlist.waitlist import Waitlist

_MOST_ASKED: Final = 8
"""So many starts of a day are looked into, those first that seem to lack least."""


class Bar(StrEnum):
    """What keeps somebody who waits from a place, besides what keeps anybody from one."""

    TOO_LATE = "too_late_to_offer"
    OFFERED_BEFORE = "offered_before"
    NO_TIME_LEFT = "no_time_left"
    SERVICE_GONE = "service_gone"
    NOT_NOW = "no_offer_now"
    OTHER_DAY = "another_day_suits"
    NEEDS_OTHER = "needs_something_else"
    FITS_WITHOUT = "fits_without_it"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is in the way, in words; `obstacle` holds it exactly where it is a matter of the day."""

    kind: Blocker | Bar
    sentence: str
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """A start to be looked into, by the hours that suit; with `provider` or `room`, of that one alone."""

    start: int
    hours: Span
    provider: ProviderId | None = None
    room: RoomId | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """All that is in the way at one start; without reasons the entry fits there."""

    tried: Try
    reasons: tuple[Reason, ...]

    @property
    def start(self) -> int:
        """The minute that was looked into."""
        return self.tried.start

    @property
    def weight(self) -> int:
        """How much would have to change."""
        return sum(max(1, len(one.obstacle.causes)) if one.obstacle is not None else 1 for one in self.reasons)


@dataclass(frozen=True, slots=True)
class Asking:
    """One entry on one day; with `near`, where it would use what was left there."""

    clinic: Clinic
    waitlist: Waitlist
    gaps: Gaps
    entry: Entry
    now: dt.datetime
    near: Freed | None = None

    @property
    def minutes(self) -> int:
        """How long the visit takes, with whoever is fastest."""
        return self.gaps.demand(self.entry.service).shortest

    def tries(self) -> Iterator[Try]:
        """Yield the starts that suit, from now on."""
        opening = self.gaps.registry.hours
        for hours in self.entry.hours_on(self.gaps.date):
            first = max(up_to_grid(hours.start), opening.start, self.gaps.now)
            for start in range(first, min(hours.end, opening.end) - self.minutes + 1, GRID_MINUTES):
                yield Try(start, hours)

    def least(self, tries: Iterable[Try]) -> Against | None:
        """Return the start at which the least is in the way; none where there is no start.

        Of equals the one nearest to what was left, or else the earliest.
        """
        best: Against | None = None
        for one in sorted(tries, key=self._seems)[:_MOST_ASKED]:
            found = self.against(one)
            if best is None or found.weight < best.weight:
                best = found
            if best.weight <= (self.near is None):
                break
        return best

    def against(self, one: Try) -> Against:
        """Return all that is in the way at one start."""
        found = self._obstacles(one, one.hours)
        before = self._before(one.start, self.gaps.demand(self.entry.service).longest)
        if before is not None and one.start + self.minutes <= before.place.start:
            quick = self._quick(one, before, found)
            found, before = (found, before) if quick is None else (quick, None)
        reasons = map(self._reason, found)
        return Against(one, (*reasons, *self._late(one.start), *_offered(before)))

    def _obstacles(self, one: Try, hours: Span) -> tuple[Obstacle, ...]:
        visit = self.gaps.visit(self.entry, hours, self.near)
        return self.gaps.question(visit, one.start, one.provider, one.room).obstacles()

    def _quick(self, one: Try, before: Offer, found: tuple[Obstacle, ...]) -> tuple[Obstacle, ...] | None:
        """Return what keeps the visit from being over before a time that was not taken, where that is no more.

        None where it is more: then that time is in the way of whoever takes longer.
        """
        hours, outside = one.hours, tuple[Obstacle, ...]()
        if not self._inside(one):
            # The hours speak against every length: what else does is asked without them.
            hours, outside = Span(0, DAY_MINUTES), tuple(one for one in found if one.kind is Blocker.WINDOW)
        quick = self._obstacles(one, Span(hours.start, min(hours.end, before.place.start)))
        if any(obstacle.kind is Blocker.WINDOW for obstacle in quick):
            return None
        return (*outside, *quick) if size((*outside, *quick)) <= size(found) else None

    def _inside(self, one: Try) -> bool:
        """Tell whether somebody is fast enough for the hours that suit."""
        return one.hours.start <= one.start and one.start + self.minutes <= one.hours.end

    def _seems(self, one: Try) -> tuple[int, int, int]:
        """Return how much seems to be in the way at a start, and then what is told first of equals."""
        others = sum(1 for _ in self._late(one.start)) + (self._before(one.start, self.minutes) is not None)
        away = abs(one.start - self.near.span.start) if self.near is not None else 0
        return self.gaps.lacking(self.entry.service, one.start) + (not self._inside(one)) + others, away, one.start

    def _late(self, start: int) -> Iterator[Reason]:
        entry, day = self.entry, self.gaps.date
        if not in_time(self.clinic.rules, entry, day, start, self.now):
            needs = [f"{_length(entry.travel)} to get here"] if entry.travel else []
            needs += [f"{_length(entry.notice)} of notice"] if entry.notice else []
            needs.append(f"{_length(self.clinic.rules.least)} to answer")
            yield Reason(
                Bar.TOO_LATE,
                f"It is too late to offer {clock_text(start)}: the client needs {listed(needs)}.",
            )

    def _before(self, start: int, minutes: int) -> Offer | None:
        return offered_before(self.waitlist, self.entry, self.gaps.date, Span(start, start + minutes))

    def _reason(self, obstacle: Obstacle) -> Reason:
        if obstacle.past is not None:
            return Reason(obstacle.kind, f"{self._apart(obstacle.past)}.", obstacle)
        return Reason(obstacle.kind, obstacle.sentence, obstacle)

    def _apart(self, past: PastVisit) -> str:
        """Say which visit of another day is too near by its date, which is the same for every day that is asked for."""
        registry = self.gaps.registry
        mine, other = registry.service(self.entry.service), registry.service(past.service)
        days = days_apart(mine, other)
        on = day_text(self.gaps.date - dt.timedelta(days=past.days_ago))
        return f"{mine.name} needs {days} day{'' if days == 1 else 's'} between it and {other.name} on {on}"


def _offered(before: Offer | None) -> Iterator[Reason]:
    if before is not None:
        when = f"{clock_text(before.place.start)}-{clock_text(before.place.end)}"
        yield Reason(Bar.OFFERED_BEFORE, f"The client was offered {when} before and did not take it.")


def _length(minutes: int) -> str:
    for whole, unit in ((DAY_MINUTES, "day"), (60, "hour")):
        if minutes >= whole and minutes % whole == 0:
            return f"{minutes // whole} {unit}{'' if minutes == whole else 's'}"
    return f"{minutes} minutes"


def day_text(day: dt.date) -> str:
    """Return a day as a sentence tells it."""
    return f"{day.day} {day:%B}"


def with_earliest(reason: Reason, earliest: dt.date) -> Reason:
    """Return a reason with the first day on which it is none."""
    return replace(reason, sentence=f"{reason.sentence.removesuffix('.')}; on {day_text(earliest)} at the earliest.")
