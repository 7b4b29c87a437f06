"""Between the waitlist's words and its events' payloads."""

import datetime as dt
from typing import Literal

from edge.schedule.domain import Span
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.payloads import stage_parts, stages_of
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, Offer, OfferId, Place, Term, Window
from shared.events.catalogue import waitlist as said
from shared.ids import ClientId

_CHANNELS: dict[Channel, Literal["message", "phone"]] = {Channel.MESSAGE: "message", Channel.PHONE: "phone"}


def entry_part(entry: Entry) -> said.EntryPart:
    """Return an entry as an event holds it."""
    return said.EntryPart(
        entry=entry.id,
        client_id=entry.client,
        service=entry.service,
        windows=tuple(
            said.WindowPart(
                first_day=window.first_day,
                last_day=window.last_day,
                start=window.hours.start,
                end=window.hours.end,
                weekdays=tuple(sorted(window.weekdays)),
            )
            for window in entry.windows
        ),
        added_at=entry.added_at.astimezone(dt.UTC),
        preferred_provider=entry.preferred,
        last_provider=entry.last,
        travel_minutes=entry.travel,
        notice_minutes=entry.notice,
        tier=entry.tier,
        messages=entry.messages,
    )


def entry_of(part: said.EntryPart) -> Entry:
    """Return an entry from an event."""
    return Entry(
        EntryId(part.entry),
        ClientId(part.client_id),
        ServiceId(part.service),
        tuple(
            Window(window.first_day, window.last_day, Span(window.start, window.end), frozenset(window.weekdays))
            for window in part.windows
        ),
        part.added_at,
        _provider(part.preferred_provider),
        _provider(part.last_provider),
        part.travel_minutes,
        part.notice_minutes,
        part.tier,
        part.messages,
    )


def offer_made(offer: Offer) -> said.WaitlistOfferMade:
    """Return the event of a new offer."""
    place = offer.place
    return said.WaitlistOfferMade(
        offer=offer.id,
        entry=offer.entry,
        client_id=offer.client,
        service=offer.service,
        day=place.day,
        window_start=place.window.start,
        window_end=place.window.end,
        stages=stage_parts(place.stages),
        made_at=offer.made_at,
        expires_at=offer.expires_at,
        channel=_CHANNELS[offer.channel],
        cause=offer.cause,
        terms=tuple(
            said.TermPart(name=term.name, points=round(term.points, 2), sentence=term.sentence) for term in offer.terms
        ),
    )


def offer_of(event: said.WaitlistOfferMade) -> Offer:
    """Return a new offer from its event."""
    return Offer(
        OfferId(event.offer),
        EntryId(event.entry),
        ClientId(event.client_id),
        ServiceId(event.service),
        Place(event.day, Span(event.window_start, event.window_end), stages_of(event.stages)),
        event.made_at,
        event.expires_at,
        Channel(event.channel),
        event.cause,
        tuple(Term(term.name, term.points, term.sentence) for term in event.terms),
    )


def _provider(name: str | None) -> ProviderId | None:
    return None if name is None else ProviderId(name)
