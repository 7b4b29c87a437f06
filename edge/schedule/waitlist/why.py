"""Why nothing can be offered to somebody who waits: day by day, by the start at which the least is in the way."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.blockers import Blocker
from edge.schedule.conditions import Kind, conditions
from edge.schedule.demand import demands_of
from edge.schedule.domain import clock_text
from edge.schedule.waitlist.asking import Asking, Bar, Reason, Try, day_text, with_earliest
from edge.schedule.waitlist.clinic import Overview, offerable
from edge.schedule.waitlist.domain import Entry
from edge.schedule.waitlist.places import offers_service
from edge.schedule.waitlist.rule_days import earliest_day

_MOST_TOLD: Final = 3
"""So many stretches of days are told one by one."""
_GONE: Final = Reason(Bar.SERVICE_GONE, "The clinic no longer offers this service; change the entry.")
_OF_RULES: Final = frozenset({Blocker.TOO_NEAR, Blocker.NOT_PREPARED})
_OF_DAYS: Final = _OF_RULES | {Blocker.NOT_CLEARED}


@dataclass(frozen=True, slots=True)
class Why:
    """What is in the way on some days.

    Attributes:
        days: on which days, in order; more than one where the client alone is in the way, in the same manner.
        start: the minute at which the least is in the way; none where it is the same for every minute.
        reasons: each has to go, and with all of them gone the entry fits then.
    """

    days: tuple[dt.date, ...]
    start: int | None
    reasons: tuple[Reason, ...]


def why_nothing(view: Overview, entry: Entry) -> tuple[Why, ...]:
    """Return why no place that suits an entry is free, earliest days first; empty where one is.

    At most three stretches of days are told. Limits to how often and when a client may be contacted are not asked here.
    """
    if not any(offers_service(view.clinic.on(date), entry) for date in (view.now.date(), *view.plans)):
        return (Why((), None, (_GONE,)),)
    dates = [date for date in view.plans if offers_service(view.clinic.on(date), entry)]
    days = [_asking(view, entry, date) for date in dates if entry.hours_on(date)]
    if any(_has_place(asking) for asking in days):
        return ()
    told: list[Why] = []
    for asking in days:
        why = _of_day(asking)
        if why is None:
            continue
        if told and _alike(told[-1], why):
            told[-1] = replace(told[-1], days=(*told[-1].days, *why.days))
        elif len(told) < _MOST_TOLD:
            told.append(why)
        else:
            break
    if not told:
        return (Why((), None, (_no_time(view, entry),)),)
    return tuple(_dated(view, entry, why) for why in told)


def why_text(told: tuple[Why, ...]) -> str:
    """Return in one sentence after the other what is in the way."""
    return " ".join(f"{_when(why)}{' '.join(reason.sentence for reason in why.reasons)}" for why in told)


def _asking(view: Overview, entry: Entry, date: dt.date) -> Asking:
    return Asking(view.clinic, view.waitlist, view.gaps(date), entry, view.now)


def _has_place(asking: Asking) -> bool:
    return any(offerable(asking.clinic, asking.waitlist, asking.entry, asking.gaps, asking.now))


def _of_day(asking: Asking) -> Why | None:
    tries = list(asking.tries())
    found = asking.least(tries)
    if found is None:
        return None
    start = None if _whole_day(asking, tries, found.reasons) else found.start
    return Why((asking.gaps.date,), start, found.reasons)


def _whole_day(asking: Asking, tries: list[Try], reasons: tuple[Reason, ...]) -> bool:
    """Tell whether the same is in the way at every start, because it is the client's and no matter of the hour."""
    if not all(reason.kind in _OF_DAYS for reason in reasons):
        return False
    if all(reason.kind is not Blocker.NOT_PREPARED for reason in reasons):
        return True
    visit = asking.gaps.visit(asking.entry, tries[0].hours)
    others = asking.gaps.company(visit)
    found = conditions(demands_of(asking.gaps.registry), visit, others, booked=False)
    rules = [one for one in found if one.kind is Kind.AFTER]
    return not any(all(rule.met(one.start) for rule in rules) for one in tries)


def _alike(before: Why, after: Why) -> bool:
    """Tell whether the same is in the way on two days."""
    sentences = [[reason.sentence for reason in why.reasons] for why in (before, after)]
    return before.start is None and after.start is None and sentences[0] == sentences[1]


def _dated(view: Overview, entry: Entry, why: Why) -> Why:
    """Return the same with the day from which the rules between days allow it, where that can be told."""
    numbers = [number for number, reason in enumerate(why.reasons) if reason.kind in _OF_RULES]
    if why.start is not None or not numbers:
        return why
    earliest = earliest_day(view, entry, why.days[-1] + dt.timedelta(days=1))
    if earliest is None:
        return why
    last = numbers[-1]
    reasons = tuple(
        with_earliest(reason, earliest) if number == last else reason for number, reason in enumerate(why.reasons)
    )
    return replace(why, reasons=reasons)


def _no_time(view: Overview, entry: Entry) -> Reason:
    today, ahead = view.now.date(), view.clinic.rules.horizon_days
    left = (today + dt.timedelta(days=number) for number in range(ahead + 1, (entry.last_day - today).days + 1))
    if (first := next((day for day in left if entry.hours_on(day)), None)) is None:
        return Reason(Bar.NO_TIME_LEFT, "No time is left in the hours that suit; widen them.")
    sentence = f"Places are offered {ahead} days ahead, and the next day that suits is {day_text(first)}."
    return Reason(Bar.NO_TIME_LEFT, sentence)


def _when(why: Why) -> str:
    if not why.days:
        return ""
    first, last = why.days[0], why.days[-1]
    days = day_text(first) if first == last else f"{day_text(first)} to {day_text(last)}"
    return f"{days}: " if why.start is None else f"{days}, {clock_text(why.start)}: "
