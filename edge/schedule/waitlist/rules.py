"""What limits offers: how long they stand, how often a client is bothered, and the hours nobody is."""

import datetime as dt
from dataclasses import dataclass

from edge.schedule.domain import DAY_MINUTES, clock_text
from edge.schedule.waitlist.domain import Entry, EntryState, Place, State, moment


@dataclass(frozen=True, slots=True)
class OfferRules:
    """Limits of a clinic; minutes, unless a name says otherwise.

    Attributes:
        same_day: how long an offer for today stands; `next_day` for tomorrow, `later` for any day after.
        least: an offer that cannot stand as long as this is not made.
        per_day: most offers to one client on one local day; `per_week` on seven in a row.
        quiet_from: local time of day from which nobody is contacted, until `quiet_until` of the next morning.
        horizon_days: how far ahead places are offered.
        most_entries: how many may wait at once.
    """

    same_day: int = 20
    next_day: int = 120
    later: int = 12 * 60
    least: int = 5
    per_day: int = 2
    per_week: int = 4
    quiet_from: int = 20 * 60
    quiet_until: int = 8 * 60
    horizon_days: int = 6
    most_entries: int = 500

    def __post_init__(self) -> None:
        """Refuse limits that contradict themselves.

        Raises:
            ValueError: one is out of range; it says which.
        """
        if not 0 < self.least <= min(self.same_day, self.next_day, self.later):
            raise ValueError("`least` must be above 0 and at most `same_day`, `next_day` and `later`")
        if not 0 < self.per_day <= self.per_week:
            raise ValueError("`per_day` must be above 0 and at most `per_week`")
        if not (0 <= self.quiet_until <= DAY_MINUTES and 0 <= self.quiet_from <= DAY_MINUTES):
            raise ValueError("`quiet_from` and `quiet_until` are minutes of a day, 0 to 1440")

    def quiet(self, now: dt.datetime) -> bool:
        """Tell whether nobody is contacted at this local time."""
        minute = now.hour * 60 + now.minute
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= minute < self.quiet_until
        return minute >= self.quiet_from or minute < self.quiet_until


def expiry(rules: OfferRules, entry: Entry, place: Place, now: dt.datetime) -> dt.datetime | None:
    """Return when an offer made now ends, in UTC, or None where the client could no longer come in time.

    The client keeps the time to travel and the notice asked for, whenever the answer comes.

    Args:
        rules: the clinic's limits.
        entry: who would come.
        place: where to.
        now: the time at the clinic, in its zone.
    """
    if not in_time(rules, entry, place.day, place.start, now):
        return None
    ahead = (place.day - now.date()).days
    stands = rules.same_day if ahead <= 0 else rules.next_day if ahead == 1 else rules.later
    return min(now.astimezone(dt.UTC) + dt.timedelta(minutes=stands), answer_by(entry, place.day, place.start, now))


def in_time(rules: OfferRules, entry: Entry, day: dt.date, start: int, now: dt.datetime) -> bool:
    """Tell whether an offer made now leaves the client time to answer it and to come."""
    return answer_by(entry, day, start, now) - now.astimezone(dt.UTC) >= dt.timedelta(minutes=rules.least)


def answer_by(entry: Entry, day: dt.date, start: int, now: dt.datetime) -> dt.datetime:
    """Return the last moment, in UTC, at which an answer leaves the client enough time to come at a minute of a day."""
    zone = now.tzinfo or dt.UTC
    return moment(day, start, zone) - dt.timedelta(minutes=entry.travel + entry.notice)


def refusal(rules: OfferRules, state: State, entry: Entry, now: dt.datetime) -> str | None:
    """Return why this client may not be offered anything now, or None; `now` is in the clinic's zone."""
    if state.states.get(entry.id) is not EntryState.WAITING:
        return "This entry is no longer waiting."
    if entry.last_day < now.date():
        return "The days that suit have passed."
    offers = state.of_client(entry.client)
    if any(offer.live(now) for offer in offers):
        return "This client has an offer already."
    days = [(now.date() - offer.made_at.astimezone(now.tzinfo).date()).days for offer in offers]
    if sum(ago <= 0 for ago in days) >= rules.per_day:
        return f"This client has had {rules.per_day} offers today; more on another day."
    if sum(ago < 7 for ago in days) >= rules.per_week:
        return f"This client has had {rules.per_week} offers within seven days; more when one of them is older."
    if rules.quiet(now):
        return f"Nobody is contacted between {clock_text(rules.quiet_from)} and {clock_text(rules.quiet_until)}."
    return None
