"""The aggregate of the waitlist: commands in, event payloads out; events in, the waitlist as it stands.

A command changes nothing by itself: append its payloads to the log, then `apply` each of them.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.clearing import NOTHING, OnRecord
from edge.schedule.demand import demands_of
from edge.schedule.domain import UNKNOWN_SHOW, Plan
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from edge.schedule.waitlist.domain import Entry, EntryId, EntryState, Offer, OfferId, OfferState, State
from edge.schedule.waitlist.payloads import entry_of, entry_part, offer_of
from edge.schedule.waitlist.places import gone_because, stands, visit_of
from edge.schedule.waitlist.rules import OfferRules
from shared.events.catalogue import waitlist as said
from shared.events.catalogue.schedule import AppointmentBooked
from shared.events.payload import PayloadModel
from shared.ids import ClientId

AGGREGATE: Final = "waitlist"
MOST_WINDOWS: Final = 8


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting an offer comes to: the visit for the day's log, and the events of the waitlist.

    Both are empty where the offer was accepted before; without a visit the place is gone.
    """

    visit: tuple[PayloadModel, ...]
    waitlist: tuple[PayloadModel, ...]


class Waitlist:
    """Everybody who waits, and every offer.

    Attributes:
        state: the waitlist as it stands.
        version: how many payloads have been applied.
    """

    def __init__(self) -> None:
        """Make an empty waitlist."""
        self.state = State()
        self.version = 0

    @classmethod
    def fold(cls, payloads: Iterable[PayloadModel]) -> "Waitlist":
        """Return the waitlist that its payloads, in order, add up to."""
        waitlist = cls()
        for payload in payloads:
            waitlist.apply(payload)
        return waitlist

    def fork(self) -> "Waitlist":
        """Return a copy to try payloads on."""
        copy = Waitlist()
        copy.state, copy.version = self.state.fork(), self.version
        return copy

    def add(self, registry: Registry, rules: OfferRules, entry: Entry, now: dt.datetime) -> list[PayloadModel]:
        """Note a wish. Idempotent by the entry's id.

        Raises:
            UnknownName: the clinic has no such service or provider.
            NotAllowed: the wish can never be met, is noted already, or the waitlist is full.
        """
        if entry.id in self.state.entries:
            return []
        _check(registry, entry, now)
        waiting = list(self.state.waiting())
        if len(waiting) >= rules.most_entries:
            raise NotAllowed(
                "waitlist_full", f"the waitlist holds {rules.most_entries} entries; withdraw some that are out of date"
            )
        if any((one.client, one.service) == (entry.client, entry.service) for one in waiting):
            raise NotAllowed("waits_already", "this client waits for this service already; change that entry")
        return [said.WaitlistEntryAdded(entry=entry_part(entry))]

    def change(self, registry: Registry, entry: Entry, now: dt.datetime) -> list[PayloadModel]:
        """Change a wish; when and for whom it was noted stay. An offer that no longer suits ends.

        Raises:
            UnknownName: there is no such entry, or the clinic has no such service or provider.
            NotAllowed: it no longer waits, or can never be met.
        """
        old = self.entry(entry.id)
        self._must_wait(entry.id)
        new = replace(entry, client=old.client, added_at=old.added_at)
        if new == old:
            return []
        _check(registry, new, now)
        if any(
            (one.client, one.service) == (new.client, new.service) for one in self.state.waiting() if one.id != new.id
        ):
            raise NotAllowed("waits_already", "this client waits for this service already; change that entry")
        ended = [
            said.WaitlistOfferSuperseded(offer=offer.id, reason="The wish was changed.")
            for offer in self._open_of(entry.id)
            if not _suits(new, offer)
        ]
        return [*ended, said.WaitlistEntryChanged(entry=entry_part(new))]

    def withdraw(self, name: EntryId) -> list[PayloadModel]:
        """Take a wish off; an offer to it ends. Idempotent by the entry.

        Raises:
            UnknownName: there is no such entry.
            NotAllowed: it was met; cancel the visit instead.
        """
        self.entry(name)
        if self.state.states[name] is EntryState.WITHDRAWN:
            return []
        self._must_wait(name)
        ended = [
            said.WaitlistOfferSuperseded(offer=offer.id, reason="The entry was withdrawn.")
            for offer in self._open_of(name)
        ]
        return [*ended, said.WaitlistEntryWithdrawn(entry=name)]

    def withdraw_client(self, client: ClientId) -> list[PayloadModel]:
        """Take off everything that a client waits for."""
        mine = [entry.id for entry in self.state.waiting() if entry.client == client]
        return [payload for name in mine for payload in self.withdraw(name)]

    def restore(self, name: EntryId) -> list[PayloadModel]:
        """Take a withdrawal back; the place in the queue is as it was. Idempotent by the entry.

        Raises:
            UnknownName: there is no such entry.
            NotAllowed: it was met, or the client waits for this service by another entry.
        """
        entry = self.entry(name)
        if self.state.states[name] is EntryState.WAITING:
            return []
        if self.state.states[name] is not EntryState.WITHDRAWN:
            raise NotAllowed("not_withdrawn", "this wish was met; add a new entry for another visit")
        if any((one.client, one.service) == (entry.client, entry.service) for one in self.state.waiting()):
            raise NotAllowed("waits_already", "this client waits for this service already; change that entry")
        return [said.WaitlistEntryRestored(entry=name)]

    def decline(self, name: OfferId, now: dt.datetime) -> list[PayloadModel]:
        """Record that a client does not want the place. Idempotent by the offer.

        Raises:
            UnknownName: there is no such offer.
            NotAllowed: it was accepted, or ended otherwise.
        """
        offer = self.offer(name)
        if offer.state is OfferState.DECLINED:
            return []
        self._must_be_live(offer, now)
        return [said.WaitlistOfferDeclined(offer=name)]

    def accept(
        self,
        registry: Registry,
        plan: Plan,
        name: OfferId,
        now: dt.datetime,
        record: OnRecord = NOTHING,
        show: float = UNKNOWN_SHOW,
    ) -> Accepted:
        """Book the place of an offer, or say that it is gone. Idempotent by the offer.

        Args:
            registry: the clinic.
            plan: the offer's day as it stands.
            name: the offer.
            now: an offer can be accepted before it expires, not at that moment.
            record: what clients are cleared for, and have on other days, now.
            show: chance that the client comes.

        Raises:
            UnknownName: there is no such offer.
            NotAllowed: it has expired, or ended otherwise.
        """
        offer = self.offer(name)
        if offer.state is OfferState.ACCEPTED:
            return Accepted((), ())
        self._must_be_live(offer, now)
        if not stands(registry, plan, offer, record):
            why = gone_because(registry, offer, record, "The place is no longer free.")
            gone = said.WaitlistOfferSuperseded(offer=name, reason=why)
            return Accepted((), (gone,))
        booked = replace(visit_of(registry, offer, record), show=show)
        visit = AppointmentBooked(day=offer.place.day, visit=visit_part(booked))
        return Accepted((visit,), (said.WaitlistOfferAccepted(offer=name, appointment=offer.appointment),))

    def entry(self, name: EntryId) -> Entry:
        """Return an entry, or raise `UnknownName`."""
        if name not in self.state.entries:
            raise UnknownName("unknown_entry", "the waitlist has no such entry; load it again")
        return self.state.entries[name]

    def offer(self, name: OfferId) -> Offer:
        """Return an offer, or raise `UnknownName`."""
        if name not in self.state.offers:
            raise UnknownName("unknown_offer", "the waitlist has no such offer; load it again")
        return self.state.offers[name]

    def apply(self, payload: PayloadModel) -> None:
        """Take one event of the waitlist into account; payloads of other capabilities are refused.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        match payload:
            case said.WaitlistEntryAdded(entry=part):
                self.state.put_entry(entry_of(part), EntryState.WAITING)
            case said.WaitlistEntryChanged(entry=part):
                self._move_entry(EntryId(part.entry), EntryState.WAITING, entry_of(part))
            case said.WaitlistEntryWithdrawn(entry=name):
                self._move_entry(EntryId(name), EntryState.WITHDRAWN)
            case said.WaitlistEntryRestored(entry=name):
                self._move_entry(EntryId(name), EntryState.WAITING)
            case said.WaitlistOfferMade():
                self.state.put_offer(offer_of(payload))
            case said.WaitlistOfferAccepted(offer=name):
                self._end(name, OfferState.ACCEPTED)
                self._move_entry(self.state.offers[OfferId(name)].entry, EntryState.BOOKED)
            case said.WaitlistOfferDeclined(offer=name):
                self._end(name, OfferState.DECLINED)
            case said.WaitlistOfferExpired(offer=name):
                self._end(name, OfferState.EXPIRED)
            case said.WaitlistOfferSuperseded(offer=name, reason=reason):
                self._end(name, OfferState.SUPERSEDED, reason)
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not belong to the waitlist")
        self.version += 1

    def _end(self, name: str, state: OfferState, reason: str = "") -> None:
        old = self.state.offers.get(OfferId(name))
        if old is None or old.state is not OfferState.OPEN:
            raise BrokenFold("unknown_offer", "an event ends an offer that was not open; repair the log")
        self.state.put_offer(replace(old, state=state, ended_because=reason))

    def _move_entry(self, name: EntryId, state: EntryState, entry: Entry | None = None) -> None:
        old = self.state.entries.get(name)
        if old is None:
            raise BrokenFold("unknown_entry", "an event changes an entry that was never added; repair the log")
        self.state.put_entry(entry or old, state)

    def _open_of(self, name: EntryId) -> list[Offer]:
        return [offer for offer in self.state.open() if offer.entry == name]

    def _must_wait(self, name: EntryId) -> None:
        if self.state.states[name] is not EntryState.WAITING:
            raise NotAllowed("not_waiting", f"this entry is {self.state.states[name]}; load the waitlist again")

    def _must_be_live(self, offer: Offer, now: dt.datetime) -> None:
        if offer.state is OfferState.EXPIRED or (offer.state is OfferState.OPEN and not offer.live(now)):
            raise NotAllowed("offer_expired", "this offer has expired, and the place may be another's; offer one anew")
        if offer.state is not OfferState.OPEN:
            raise NotAllowed("offer_ended", f"this offer was {offer.state} before; load the waitlist again")


def _check(registry: Registry, entry: Entry, now: dt.datetime) -> None:
    service = registry.service(entry.service)
    takes = demands_of(registry)[service.id].shortest
    for provider in (entry.preferred, entry.last):
        if provider is not None:
            registry.provider(provider)
    if not 1 <= len(entry.windows) <= MOST_WINDOWS:
        raise NotAllowed("windows", f"say when it suits: 1 to {MOST_WINDOWS} windows of days and hours")
    for number, window in enumerate(entry.windows, start=1):
        if window.last_day < window.first_day:
            raise NotAllowed("windows", f"window {number}: the last day is before the first; exchange them")
        shown = max(window.hours.start, registry.hours.start), min(window.hours.end, registry.hours.end)
        if shown[1] - shown[0] < takes:
            raise NotAllowed(
                "windows",
                f"window {number}: {service.name} takes {takes} minutes, and the hours that suit leave less"
                " while the clinic is open; widen them",
            )
    if entry.last_day < now.date():
        raise NotAllowed("windows", "every day that suits has passed; choose later days")
    if not (0 <= entry.travel <= 12 * 60 and 0 <= entry.notice <= 7 * 24 * 60):
        raise NotAllowed("minutes", "travel takes 0 to 720 minutes, and notice is 0 to 10080 minutes; correct them")


def _suits(entry: Entry, offer: Offer) -> bool:
    place = offer.place
    return entry.service == offer.service and any(
        hours.start <= place.start and place.end <= hours.end for hours in entry.hours_on(place.day)
    )
