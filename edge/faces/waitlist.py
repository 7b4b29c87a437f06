"""The waitlist, for the pages, with names opened by the box."""

import datetime as dt
from typing import Final

from edge.api import waitlist_schemas as shown
from edge.api.ports import Actor
from edge.clients.register import ClientErased, ClientRegister, ClientUnknown
from edge.faces.waitlist_reasons import ReasonView, shown_terms
from edge.schedule.domain import DAY_MINUTES, Span, up_to_grid
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.services import Service
from edge.schedule.waitlist.domain import (
    Channel,
    Entry,
    EntryId,
    EntryState,
    Offer,
    OfferId,
    OfferState,
    State,
    Window,
    moment,
)
from edge.schedule.waitlist.due import uncleared
from edge.schedule.waitlist.rules import refusal
from edge.schedule.waitlist.why import Why
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.waitlist_reasons import WaitlistReasons
from shared.ids import ClientId

_SHOWN_ENDED: Final = 20
_ERASED_CLIENT: Final = "Erased client"
_UNKNOWN_CLIENT: Final = "Not registered here"


class WaitlistDesk:
    """The waitlist as the tablet shows and changes it."""

    def __init__(self, waitlist: WaitlistBook, register: ClientRegister) -> None:
        self._book = waitlist
        self._register = register
        self._reasons = WaitlistReasons(waitlist)

    def waitlist(self) -> shown.Waitlist:
        """Return who waits, with the latest who no longer do, and what is or was on offer."""
        state, registry, rules = self._book.snapshot().state, self._book.clinic.registry, self._book.clinic.rules
        ended = [entry for key, entry in state.entries.items() if state.states[key] is not EntryState.WAITING]
        view, whys = self._view(), self._reasons.whys()
        closed = [offer for offer in state.offers.values() if offer.state is not OfferState.OPEN]
        return shown.Waitlist(
            now=self._book.book.now(),
            timezone=str(self._book.book.zone),
            opens=_time(registry.hours.start),
            closes=_time(registry.hours.end),
            quiet_from=_time(rules.quiet_from),
            quiet_until=_time(rules.quiet_until),
            entries=[
                self._entry(entry, state, whys.get(entry.id, ()))
                for entry in (*state.waiting(), *ended[-_SHOWN_ENDED:])
            ],
            offers=[
                *(self._offer(offer) for offer in sorted(state.open(), key=lambda one: one.expires_at)),
                *(self._offer(offer) for offer in reversed(closed[-_SHOWN_ENDED:])),
            ],
            freed=[view.place(place) for place in self._reasons.places()],
            services=[
                shown.WaitlistChoice(id=item.id, name=item.name, minutes=item.minutes) for item in registry.services
            ],
            providers=[shown.WaitlistChoice(id=item.id, name=item.name) for item in registry.providers],
        )

    def filling(self, day: dt.date, place_id: str) -> shown.PlaceFilling:
        """Return who fills a place that was left, and of everybody else why not."""
        return self._view().filling(day, self._reasons.filling(day, place_id))

    def add(self, new: shown.NewWaitlistEntry, actor: Actor) -> shown.WaitlistEntry:
        """Note a wish.

        Raises:
            ClientUnknown: no such client is registered here, or the client was erased.
        """
        client = self._register.get(ClientId(new.client_id)).id
        entry = self._wish(self._book.new_id(), client, new)
        self._book.add(entry, actor.id)
        return self._shown(entry.id)

    def change(self, entry_id: str, wish: shown.WaitlistWish, actor: Actor) -> shown.WaitlistEntry:
        """Replace what somebody waits for."""
        old = self._book.snapshot().entry(EntryId(entry_id))
        self._book.change(self._wish(old.id, old.client, wish), actor.id)
        return self._shown(old.id)

    def withdraw(self, entry_id: str, actor: Actor) -> shown.WaitlistEntry:
        """Take a wish off."""
        self._book.withdraw(EntryId(entry_id), actor.id)
        return self._shown(EntryId(entry_id))

    def restore(self, entry_id: str, actor: Actor) -> shown.WaitlistEntry:
        """Take a withdrawal back.

        Raises:
            ClientUnknown: the client was erased since.
        """
        self._register.get(self._book.snapshot().entry(EntryId(entry_id)).client)
        self._book.restore(EntryId(entry_id), actor.id)
        return self._shown(EntryId(entry_id))

    def offer(self, entry_id: str, channel: shown.WaitlistChannel, actor: Actor) -> shown.WaitlistOffer:
        """Offer the best place that is free now."""
        name = self._book.offer(EntryId(entry_id), Channel(channel.value), actor.id)
        return self._offer(self._book.snapshot().offer(name))

    def answer(self, offer_id: str, reply: shown.WaitlistReply, actor: Actor) -> shown.WaitlistOffer:
        """Record what a client said; where the place of an accepted offer is gone, other starts are named."""
        name = OfferId(offer_id)
        if reply is shown.WaitlistReply.DECLINED:
            self._book.decline(name, actor.id)
            return self._offer(self._book.snapshot().offer(name))
        offer = self._book.accept(name, actor.id)
        gone = offer.state is OfferState.SUPERSEDED
        return self._offer(offer, self._book.next_starts(offer) if gone else [])

    def _wish(self, name: EntryId, client: ClientId, wish: shown.WaitlistWish) -> Entry:
        return Entry(
            name,
            client,
            ServiceId(wish.service_id),
            tuple(
                Window(
                    window.first_day,
                    window.last_day,
                    Span(up_to_grid(_minute(window.starts)), _minute(window.ends)),
                    frozenset(window.weekdays),
                )
                for window in wish.windows
            ),
            self._book.book.now().astimezone(dt.UTC),
            _provider(wish.preferred_provider_id),
            _provider(wish.last_provider_id),
            wish.travel_minutes,
            wish.notice_minutes,
            wish.tier,
            wish.messages,
        )

    def _shown(self, name: EntryId) -> shown.WaitlistEntry:
        list_ = self._book.snapshot()
        return self._entry(list_.entry(name), list_.state, self._reasons.whys().get(name, ()))

    def _view(self) -> ReasonView:
        return ReasonView(self._book.clinic, self._book.book.zone, self._name)

    def _entry(self, entry: Entry, list_: State, why: tuple[Why, ...]) -> shown.WaitlistEntry:
        service, now = self._service(entry.service), self._book.book.now()
        state = _state(list_, entry, now)
        waits = state is shown.WaitlistEntryState.WAITING
        clinic = self._book.clinic
        missing = uncleared(clinic, entry, now) if waits else None
        return shown.WaitlistEntry(
            id=entry.id,
            client_id=entry.client,
            client_name=self._name(entry.client),
            service_id=entry.service,
            service=service.name if service else entry.service,
            minutes=service.minutes if service else 0,
            windows=[
                shown.WaitlistWindow(
                    first_day=window.first_day,
                    last_day=window.last_day,
                    starts=_time(window.hours.start),
                    ends=_time(window.hours.end),
                    weekdays=sorted(window.weekdays),
                )
                for window in entry.windows
            ],
            preferred_provider_id=entry.preferred,
            last_provider_id=entry.last,
            travel_minutes=entry.travel,
            notice_minutes=entry.notice,
            tier=entry.tier,
            messages=entry.messages,
            added_at=entry.added_at,
            state=state,
            held_back=missing or (refusal(clinic.rules, list_, entry, now) if waits else None),
            # What is missing on every day is told once.
            why=self._view().whys(why, besides=missing is not None) if waits else [],
        )

    def _offer(self, offer: Offer, next_starts: list[dt.datetime] | None = None) -> shown.WaitlistOffer:
        registry, place, zone = self._book.clinic.on(offer.place.day), offer.place, self._book.book.zone
        service, rooms = self._service(offer.service), {stage.room for stage in place.stages}
        # What ran out a moment ago is shown as such, recorded or not.
        ran_out = offer.state is OfferState.OPEN and not offer.live(self._book.book.now())
        state = OfferState.EXPIRED if ran_out else offer.state
        return shown.WaitlistOffer(
            id=offer.id,
            entry_id=offer.entry,
            client_name=self._name(offer.client),
            service=service.name if service else offer.service,
            starts_at=moment(place.day, place.start, zone),
            ends_at=moment(place.day, place.end, zone),
            providers=[provider.name for provider in registry.providers if provider.id in place.providers],
            rooms=[room.name for room in registry.rooms if room.id in rooms],
            state=shown.WaitlistOfferState(state.value),
            channel=shown.WaitlistChannel(offer.channel.value),
            made_at=offer.made_at,
            expires_at=offer.expires_at,
            cause=offer.cause,
            reasons=shown_terms(offer.terms),
            ended_because=offer.ended_because,
            appointment_id=offer.appointment if offer.state is OfferState.ACCEPTED else None,
            next_starts=next_starts or [],
        )

    def _service(self, name: ServiceId) -> Service | None:
        """Return a service, or None where the clinic's file no longer has it."""
        return next((one for one in self._book.clinic.registry.services if one.id == name), None)

    def _name(self, client: ClientId) -> str:
        try:
            return self._register.get(client).details.name
        except ClientErased:
            return _ERASED_CLIENT
        except ClientUnknown:
            return _UNKNOWN_CLIENT


def _state(list_: State, entry: Entry, now: dt.datetime) -> shown.WaitlistEntryState:
    if list_.states[entry.id] is not EntryState.WAITING:
        return shown.WaitlistEntryState(list_.states[entry.id].value)
    if any(offer.entry == entry.id for offer in list_.live(now)):
        return shown.WaitlistEntryState.OFFERED
    return shown.WaitlistEntryState.LAPSED if entry.last_day < now.date() else shown.WaitlistEntryState.WAITING


def _minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute


def _time(minute: int) -> dt.time:
    """Return a time of day; the end of the day is its last minute."""
    return dt.time(*divmod(min(minute, DAY_MINUTES - 1), 60))


def _provider(name: str | None) -> ProviderId | None:
    return None if name is None else ProviderId(name)
