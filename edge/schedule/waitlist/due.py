"""What is to be done now: offers that ran out end, and what is free is offered to who suits it best."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.schedule.domain import Plan
from edge.schedule.errors import NotAllowed
from edge.schedule.schedule import Schedule
from edge.schedule.waitlist.clinic import Clinic, Overview, gaps_of, minute_of, offerable, within
from edge.schedule.waitlist.domain import (
    ANSWERED,
    Channel,
    Entry,
    EntryId,
    Offer,
    OfferId,
    OfferState,
    Place,
    Term,
    moment,
)
from edge.schedule.waitlist.gaps import Gaps
from edge.schedule.waitlist.payloads import offer_made
from edge.schedule.waitlist.places import Freed, freed, gone_because, offers_service, stands, uncleared_on
from edge.schedule.waitlist.ranking import Facts, terms, total
from edge.schedule.waitlist.rules import answer_by, expiry, refusal
from edge.schedule.waitlist.waitlist import Waitlist
from edge.schedule.waitlist.why import why_nothing, why_text
from shared.events.catalogue import waitlist as said
from shared.events.payload import PayloadModel

_MOST_OFFERS_A_PLACE = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who would suit a place, and why."""

    entry: Entry
    place: Place
    expires_at: dt.datetime
    terms: tuple[Term, ...]

    @property
    def rank(self) -> tuple[float, dt.datetime, str]:
        """What candidates are sorted by: most points first, then who has waited longest."""
        return -total(self.terms), self.entry.added_at, self.entry.id


Ids = Callable[[], str]


def ended(clinic: Clinic, waitlist: Waitlist, plans: Mapping[dt.date, Plan], now: dt.datetime) -> list[PayloadModel]:
    """Return the ends of offers whose time has run out, or whose place a change of the day has taken."""
    result: list[PayloadModel] = []
    for offer in waitlist.state.open():
        plan = plans.get(offer.place.day)
        if not offer.live(now):
            result.append(said.WaitlistOfferExpired(offer=offer.id))
        elif plan is not None and not stands(clinic.on(plan.date), plan, offer, clinic.record):
            why = gone_because(clinic.on(plan.date), offer, clinic.record, "A change of the day took the place.")
            result.append(said.WaitlistOfferSuperseded(offer=offer.id, reason=why))
    return result


def due(
    clinic: Clinic, waitlist: Waitlist, days: Mapping[dt.date, Schedule], now: dt.datetime, new_id: Ids
) -> list[PayloadModel]:
    """Return what is to be recorded now; nothing where everything has been done, so it may be called at any time.

    Args:
        clinic: the clinic's file, limits and weights.
        waitlist: as it stands; not changed.
        days: the days on which places may be offered, and those of open offers.
        now: the time at the clinic, in its zone.
        new_id: gives an offer its id.
    """
    trial = waitlist.fork()
    result: list[PayloadModel] = []

    def record(payloads: Sequence[PayloadModel]) -> None:
        for payload in payloads:
            trial.apply(payload)
            result.append(payload)

    record(ended(clinic, trial, {date: day.plan for date, day in days.items()}, now))
    if clinic.rules.quiet(now):
        return result
    for date in sorted(days):
        day = days[date]
        if not within(clinic, date, now):
            continue
        minute = minute_of(date, now)
        for left in freed(clinic.on(date), day):
            if left.span.end <= minute:
                continue
            for _ in range(_MOST_OFFERS_A_PLACE):
                found = candidates(clinic, trial, day.plan, left, now)
                if not found:
                    break
                record([offer_made(_offer(found[0], OfferId(new_id()), now, Channel.MESSAGE, left.cause))])
    return result


def candidates(
    clinic: Clinic, waitlist: Waitlist, plan: Plan, left: Freed, now: dt.datetime, *, anybody: bool = False
) -> list[Candidate]:
    """Return who may be offered a place that was left, best first, each with the best place for them.

    Without `anybody`, only those who agreed to messages.
    """
    state = waitlist.state
    able = [
        entry
        for entry in state.waiting()
        if (anybody or entry.messages)
        and entry.hours_on(plan.date)
        and offers_service(clinic.on(plan.date), entry)
        and refusal(clinic.rules, state, entry, now) is None
    ]
    if not able:
        return []
    gaps = gaps_of(clinic, waitlist, plan, now)
    found: list[Candidate] = []
    for entry in able:
        best = best_candidate(clinic, waitlist, entry, gaps, left, now)
        if best is not None:
            found.append(best)
    return sorted(found, key=lambda one: one.rank)


def offer_now(
    clinic: Clinic,
    waitlist: Waitlist,
    days: Mapping[dt.date, Schedule],
    name: EntryId,
    channel: Channel,
    now: dt.datetime,
    new_id: Ids,
) -> list[PayloadModel]:
    """Offer somebody the best place that is free, whoever left it; the earliest day that has one.

    The same limits hold as for offers that are made by themselves.

    Raises:
        UnknownName: there is no such entry.
        NotAllowed: the client may not be contacted now or in this way, or nothing that suits is free.
    """
    entry = waitlist.entry(name)
    reason = refusal(clinic.rules, waitlist.state, entry, now)
    if reason is not None:
        raise NotAllowed("no_offer_now", reason)
    if not any(offers_service(clinic.on(date), entry) for date in (now.date(), *days)):
        raise NotAllowed("service_gone", "The clinic no longer offers this service; change the entry.")
    if channel is Channel.MESSAGE and not entry.messages:
        raise NotAllowed("no_messages", "This client did not agree to messages; call, and record the answer here.")
    if (text := uncleared(clinic, entry, now)) is not None:
        raise NotAllowed("not_cleared", text)
    for date in sorted(days):
        if not (within(clinic, date, now) and entry.hours_on(date) and offers_service(clinic.on(date), entry)):
            continue
        best = best_candidate(clinic, waitlist, entry, gaps_of(clinic, waitlist, days[date].plan, now), None, now)
        if best is not None:
            offer = _offer(best, OfferId(new_id()), now, channel, "Offered by hand")
            return [*_ran_out(waitlist, now), offer_made(offer)]
    view = Overview(clinic, waitlist, {date: day.plan for date, day in days.items()}, now)
    nothing = f"Nothing that suits is free within the next {clinic.rules.horizon_days} days."
    raise NotAllowed("nothing_free", f"{nothing} {why_text(why_nothing(view, entry))}")


def uncleared(clinic: Clinic, entry: Entry, now: dt.datetime) -> str | None:
    """Return which clearances a client lacks on every day that suits within the horizon, or none."""
    ahead = (now.date() + dt.timedelta(days=number) for number in range(clinic.rules.horizon_days + 1))
    texts = [
        uncleared_on(clinic.on(date), entry, date, clinic.record)
        for date in ahead
        if entry.hours_on(date) and offers_service(clinic.on(date), entry)
    ]
    return f"{texts[0]}; nothing can be offered before that is confirmed." if texts and all(texts) else None


def next_starts(clinic: Clinic, waitlist: Waitlist, entry: Entry, plan: Plan, now: dt.datetime) -> list[int]:
    """Return up to three other starts of a day that would suit an entry, in minutes; the earliest first."""
    gaps = gaps_of(clinic, waitlist, plan, now)
    starts = [place.start for place in gaps.places(entry) if expiry(clinic.rules, entry, place, now) is not None]
    apart: list[int] = []
    for start in sorted(set(starts)):
        if not apart or start >= apart[-1] + 30:
            apart.append(start)
    return apart[:3]


def _ran_out(waitlist: Waitlist, now: dt.datetime) -> list[PayloadModel]:
    return [said.WaitlistOfferExpired(offer=one.id) for one in waitlist.state.open() if not one.live(now)]


def best_candidate(
    clinic: Clinic, waitlist: Waitlist, entry: Entry, gaps: Gaps, left: Freed | None, now: dt.datetime
) -> Candidate | None:
    """Return an entry with the best place for it that may be offered, or none; with `left`, of what was left there."""
    found: list[Candidate] = []
    for place in offerable(clinic, waitlist, entry, gaps, now, left):
        expires = expiry(clinic.rules, entry, place, now)
        if expires is not None:
            reasons = terms(facts_of(clinic, waitlist, entry, place, left, now), clinic.weights)
            found.append(Candidate(entry, place, expires, reasons))
    return min(found, key=lambda one: (one.rank, one.place.start), default=None)


def facts_of(
    clinic: Clinic, waitlist: Waitlist, entry: Entry, place: Place, left: Freed | None, now: dt.datetime
) -> Facts:
    """Return what the ranking asks of a candidate; without a place that was left, the visit fits by itself."""
    state, registry = waitlist.state, clinic.on(place.day)
    mine = [offer for offer in state.of_client(entry.client) if offer.state in ANSWERED]
    minutes = place.end - place.start
    start = max(left.span.start, minute_of(place.day, now)) if left is not None else place.start
    free = left.span.end - start if left is not None else minutes
    filled = left.shared(place.stages) if left is not None else minutes
    leave = answer_by(entry, place.day, place.start, now) + dt.timedelta(minutes=entry.notice)
    names = [provider.name for provider in registry.providers if provider.id in place.providers]
    return Facts(
        filled=min(filled, free),
        freed=free,
        accepted=sum(offer.state is OfferState.ACCEPTED for offer in mine),
        answered=len(mine),
        clinic_accepted=state.accepted,
        clinic_answered=state.answered,
        preferred=None if entry.preferred is None else entry.preferred in place.providers,
        again=entry.last in place.providers,
        provider=" and ".join(names) or "nobody in particular",
        spare=(answer_by(entry, place.day, place.start, now) - now).total_seconds() / 60,
        leave_at=round((leave - moment(place.day, 0, now.tzinfo or dt.UTC)).total_seconds() / 60),
        price=registry.service(entry.service).price,
        highest_price=max(service.price for service in registry.services),
        waited=max(0.0, (now - entry.added_at).total_seconds() / 86_400),
        tier=entry.tier,
    )


def _offer(best: Candidate, name: OfferId, now: dt.datetime, channel: Channel, cause: str) -> Offer:
    entry = best.entry
    return Offer(
        name,
        entry.id,
        entry.client,
        entry.service,
        best.place,
        now.astimezone(dt.UTC),
        best.expires_at,
        channel,
        cause,
        best.terms,
    )
