"""Who fills a place that was left: who has it on offer, who comes next, and of everybody else why not."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.schedule.demand import Calendar, Demand, Resource, cells
from edge.schedule.domain import GRID_MINUTES, Plan, ResourceKind, Span, clock_text
from edge.schedule.ids import ProviderId, RoomId
from edge.schedule.obstacles import listed
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from edge.schedule.uses import entries, uses
from edge.schedule.waitlist.asking import Asking, Bar, Reason, Try, day_text
from edge.schedule.waitlist.clinic import Clinic, gaps_of, minute_of
from edge.schedule.waitlist.domain import Entry, Offer
from edge.schedule.waitlist.due import Candidate, best_candidate
from edge.schedule.waitlist.places import Freed, freed, offers_service
from edge.schedule.waitlist.rules import refusal
from edge.schedule.waitlist.waitlist import Waitlist

_MOST_LEFT_OUT: Final = 20
"""So many who wait are told of by name; each is worked out by itself."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody who waits and is not asked: with every reason gone, they would be."""

    entry: Entry
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """How a place that was left stands.

    Attributes:
        offered: the live offers that use something of it.
        next: who else would suit it, best first, were it not on offer; also who did not agree to messages.
        left_out: the others, longest waiting first.
        more: how many of them are not told of.
    """

    left: Freed
    offered: tuple[Offer, ...]
    next: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    more: int


def filling(clinic: Clinic, waitlist: Waitlist, plan: Plan, left: Freed, now: dt.datetime) -> Filling:
    """Return who fills a place that was left, and who does not and why.

    Args:
        clinic: the clinic's file, limits and weights.
        waitlist: as it stands; not changed.
        plan: the day of the place.
        left: the place.
        now: the time at the clinic, in its zone.
    """
    offered = offered_of(waitlist, plan.date, left, now)
    # What is on offer there is no reason for anybody else: the question is who comes after.
    gaps = gaps_of(clinic, waitlist, plan, now, {offer.id for offer in offered})
    found: list[Candidate] = []
    out: list[LeftOut] = []
    more = 0
    for entry in waitlist.state.waiting():
        if any(offer.entry == entry.id for offer in offered):
            continue
        barred = tuple(_barred(clinic, waitlist, plan.date, entry, now))
        best = None if barred else best_candidate(clinic, waitlist, entry, gaps, left, now)
        if best is not None:
            found.append(best)
        elif len(out) < _MOST_LEFT_OUT:
            asking = Asking(clinic, waitlist, gaps, entry, now, left)
            out.append(LeftOut(entry, _all_reasons(asking, left, barred)))
        else:
            more += 1
    return Filling(left, offered, tuple(sorted(found, key=lambda one: one.rank)), tuple(out), more)


def open_places(clinic: Clinic, waitlist: Waitlist, day: Schedule, now: dt.datetime) -> list[Freed]:
    """Return the places that were left on a day and are on offer, or free for a while yet; earliest first."""
    minute = minute_of(day.plan.date, now)
    calendar = Calendar.of(clinic.on(day.plan.date), day.plan)
    return [
        left
        for left in freed(clinic.on(day.plan.date), day)
        if left.span.end > minute
        and (offered_of(waitlist, day.plan.date, left, now) or _is_free(calendar, left, minute))
    ]


def offered_of(waitlist: Waitlist, day: dt.date, left: Freed, now: dt.datetime) -> tuple[Offer, ...]:
    """Return the live offers that use something of a place that was left."""
    live = waitlist.state.live(now)
    return tuple(offer for offer in live if offer.place.day == day and left.shared(offer.place.stages) > 0)


def names_of(registry: Registry, left: Freed) -> list[str]:
    """Return whom and what a place that was left occupied, as people are told; who is gone since is left out."""
    groups = entries(registry)
    found = (one.name for kind, name in left.resources for one in groups[kind] if one.id == name)
    return list(dict.fromkeys(found))


def _is_free(calendar: Calendar, left: Freed, minute: int) -> bool:
    """Tell whether somebody, or a room where nobody was needed, has time there from a minute on."""
    for stage in left.stages:
        who = (ResourceKind.PROVIDER, stage.provider) if stage.provider else (ResourceKind.ROOM, stage.room)
        taken = calendar.closed.get(who, -1) | calendar.busy.get(who, 0)
        if cells(Span(max(minute, stage.start), stage.end)) & ~taken:
            return True
    return False


def _barred(clinic: Clinic, waitlist: Waitlist, day: dt.date, entry: Entry, now: dt.datetime) -> Iterator[Reason]:
    if not offers_service(clinic.on(day), entry):
        yield Reason(Bar.SERVICE_GONE, "The clinic no longer offers this service.")
    if (text := refusal(clinic.rules, waitlist.state, entry, now)) is not None:
        yield Reason(Bar.NOT_NOW, text)
    if not entry.hours_on(day):
        yield Reason(Bar.OTHER_DAY, f"{day_text(day)} does not suit the client.")


def _all_reasons(asking: Asking, left: Freed, barred: tuple[Reason, ...]) -> tuple[Reason, ...]:
    registry, entry = asking.gaps.registry, asking.entry
    if not offers_service(registry, entry):
        return barred
    service = registry.service(entry.service).name
    if not any(_usable(asking, resource) for resource in left.resources):
        sentence = f"{service} can use nothing of what was left: {listed(names_of(registry, left))}."
        return (*barred, Reason(Bar.NEEDS_OTHER, sentence))
    best = asking.least(tries_of(asking, left))
    if best is None:
        sentence = f"{service} takes {asking.minutes} minutes, which the clinic's day no longer leaves there."
        return (*barred, Reason(Bar.NO_TIME_LEFT, sentence))
    if barred or best.reasons:
        return (*barred, *best.reasons)
    sentence = f"At {clock_text(best.start)} another place is free for it, which needs nothing of what was left."
    return (Reason(Bar.FITS_WITHOUT, sentence),)


def tries_of(asking: Asking, left: Freed) -> list[Try]:
    """Return the starts at which a visit would use something of what was left, each with what it would be."""
    usable = (resource for resource in left.resources if _usable(asking, resource))
    return [one for resource in usable for one in _tries(asking, left, resource)]


def _usable(asking: Asking, resource: Resource) -> bool:
    """Tell whether somebody or something can serve a visit together with something else that the clinic has."""
    return any(_serves(way, resource) for way in asking.gaps.demand(asking.entry.service).ways)


def _serves(way: Demand, resource: Resource) -> bool:
    kind, name = resource
    numbers = [n for n, need in enumerate(way.needs) if need.kind is kind and name in need.eligible]
    bound = numbers if kind is ResourceKind.ROOM else numbers[:1]
    return bool(bound) and any(all(name in form[n] for n in bound) for form in way.forms)


def _tries(asking: Asking, left: Freed, resource: Resource) -> Iterator[Try]:
    """Yield the starts at which the visit would use one provider, room or device of what was left while it is free."""
    kind, name = resource
    opening = asking.gaps.registry.hours
    free = [stage.span for stage in left.stages if resource in uses(stage)]
    ways = [way for way in asking.gaps.demand(asking.entry.service).ways if _serves(way, resource)]
    first = max(asking.gaps.now, opening.start, left.span.start - max(way.minutes for way in ways))
    for start in range(first, left.span.end, GRID_MINUTES):
        there = (part for way in ways if start + way.minutes <= opening.end for part in _parts(way, resource))
        if any(Span(start + part.start, start + part.end).overlaps(span) for part in there for span in free):
            provider = ProviderId(name) if kind is ResourceKind.PROVIDER else None
            room = RoomId(name) if kind is ResourceKind.ROOM else None
            yield Try(start, _hours(asking, start), provider, room)


def _parts(way: Demand, resource: Resource) -> list[Span]:
    """Return when after its start a visit of one length would use a resource."""
    kind, name = resource
    needs = [need for need in way.needs if need.kind is kind and name in need.eligible]
    # Who is asked for serves the first need that they can.
    return [part for need in (needs[:1] if kind is ResourceKind.PROVIDER else needs) for part in need.segments]


def _hours(asking: Asking, start: int) -> Span:
    """Return the hours that suit and hold a start, or else the nearest; on a day that does not suit, all of it."""
    suits = asking.entry.hours_on(asking.gaps.date) or (asking.gaps.registry.hours.span,)
    end = start + asking.minutes
    return min(suits, key=lambda hours: max(0, hours.start - start) + max(0, end - hours.end))
