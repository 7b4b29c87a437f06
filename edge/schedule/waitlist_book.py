"""The waitlist on record: folds it from the log, and appends what a command or the passing of time decides.

It shares the schedule's lock: while a place is being offered or taken nobody else decides about it, and a visit that
is accepted is booked in the same transaction, at the version of the day and of the waitlist that were decided on.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Appointment
from edge.schedule.schedule import Schedule
from edge.schedule.waitlist.clinic import Clinic
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, Offer, OfferId, moment
from edge.schedule.waitlist.due import due, next_starts, offer_now
from edge.schedule.waitlist.places import kept_visits
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.waitlist import AGGREGATE, Waitlist
from edge.store.errors import VersionConflict
from edge.store.events import SqlcipherEventStore
from shared.events.aggregates import in_order, payload_of
from shared.events.catalogue import waitlist as said
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId, IdSource

_MOST_TRIES: Final = 5
_BOX: Final = "box"
_Answer = TypeVar("_Answer")


class OfferSender(Protocol):
    """Sees to it that a client hears of an offer."""

    def drafts(self, offer: Offer, starts_at: dt.datetime) -> Sequence[EventDraft]:
        """Return what is recorded with the offer, in its transaction, so that the message is sent once."""
        ...


class HubSends:
    """Leaves the sending to the hub: the log is the outbox, and the hub knows how a client is reached."""

    def drafts(self, offer: Offer, starts_at: dt.datetime) -> Sequence[EventDraft]:
        """Return one wish for a message, with nothing in it that tells who the client is."""
        wanted = said.WaitlistMessageWanted(
            offer=offer.id,
            client_id=offer.client,
            service=offer.service,
            starts_at=starts_at,
            expires_at=offer.expires_at,
        )
        return [EventDraft(f"waitlist-message/{offer.id}", wanted, _BOX, "waitlist")]


class WaitlistBook:
    """The clinic's waitlist; safe to share by threads. Times it asks for and gives are those at the clinic."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        book: ScheduleBook,
        ids: IdSource,
        sender: OfferSender | None = None,
        rules: OfferRules | None = None,
    ) -> None:
        """Open the waitlist, and have the schedule keep what is on offer.

        Args:
            store: the log.
            book: the clinic's days.
            ids: names of entries and offers.
            sender: how clients hear of offers; by default the hub sends.
            rules: the clinic's limits.
        """
        self.book = book
        self._rules = rules or OfferRules()
        self._store = store
        self._ids = ids
        self._sender = sender or HubSends()
        self._catalogue = Catalogue(said.PAYLOADS)
        self._waitlist = Waitlist()
        self._seen: object = None
        self._listeners: list[Callable[[], None]] = []
        book.hold_by(self._held)

    @property
    def clinic(self) -> Clinic:
        """The clinic as it is now, with its limits."""
        return Clinic(self.book.registry, self._rules, record=self.book.on_record, planned_on=self.book.registry_on)

    def on_command(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of the waitlist; it must be quick and must not append."""
        self._listeners.append(listener)

    def waitlist(self) -> Waitlist:
        """Return the waitlist as the log tells it; not to be changed, and to be read by one thread at a time."""
        with self.book.exclusively():
            rows = self._store.rows(
                "SELECT body FROM events WHERE aggregate = ? AND version > ? ORDER BY version",
                (AGGREGATE, self._waitlist.version),
            )
            for (body,) in rows:
                self._waitlist.apply(payload_of(Event.from_body(body), self._catalogue))
            return self._waitlist

    def snapshot(self) -> Waitlist:
        """Return a copy of the waitlist as it stands, which no other thread changes."""
        with self.book.exclusively():
            return self.waitlist().fork()

    def days(self, now: dt.datetime) -> dict[dt.date, Schedule]:
        """Return the days on which somebody waits, within the horizon, and those of open offers."""
        state = self.waitlist().state
        ahead = [now.date() + dt.timedelta(days=days) for days in range(self.clinic.rules.horizon_days + 1)]
        wanted = {date for entry in state.waiting() for date in ahead if entry.hours_on(date)}
        wanted |= {offer.place.day for offer in state.open()}
        return {date: self.book.day(date) for date in sorted(wanted)}

    def new_id(self) -> EntryId:
        """Return a name for an entry."""
        return EntryId(self._ids.new())

    def add(self, entry: Entry, actor: str) -> None:
        """Note a wish; raises as `Waitlist.add`."""
        self._command(lambda list_: list_.add(self.clinic.registry, self.clinic.rules, entry, self.book.now()), actor)

    def change(self, entry: Entry, actor: str) -> None:
        """Change a wish; raises as `Waitlist.change`."""
        self._command(lambda list_: list_.change(self.clinic.registry, entry, self.book.now()), actor)

    def withdraw(self, name: EntryId, actor: str) -> None:
        """Take a wish off; raises as `Waitlist.withdraw`."""
        self._command(lambda list_: list_.withdraw(name), actor)

    def restore(self, name: EntryId, actor: str) -> None:
        """Take a withdrawal back; raises as `Waitlist.restore`."""
        self._command(lambda list_: list_.restore(name), actor)

    def forget(self, client: ClientId) -> None:
        """Take off everything a client waits for: the client is being deleted. Idempotent by the client."""
        self._command(lambda list_: list_.withdraw_client(client), _BOX)

    def offer(self, name: EntryId, channel: Channel, actor: str) -> OfferId:
        """Offer somebody the best free place now; raises as `due.offer_now`."""

        def decide(list_: Waitlist) -> list[PayloadModel]:
            now = self.book.now()
            return offer_now(self.clinic, list_, self.days(now), name, channel, now, self._ids.new)

        made = [one for one in self._command(decide, actor) if isinstance(one, said.WaitlistOfferMade)]
        return OfferId(made[-1].offer)

    def decline(self, name: OfferId, actor: str) -> None:
        """Record that a client does not want a place; raises as `Waitlist.decline`."""
        self._command(lambda list_: list_.decline(name, self.book.now()), actor)

    def accept(self, name: OfferId, actor: str) -> Offer:
        """Book the place of an offer in one transaction, or record that it is gone; tell which by the offer's state.

        Idempotent by the offer.

        Raises:
            UnknownName, NotAllowed: as `Waitlist.accept`; nothing was recorded.
        """

        def decide() -> None:
            list_, now = self.waitlist(), self.book.now()
            offer = list_.offer(name)
            day, show = self.book.day(offer.place.day), self.book.learnt.show(offer.service)
            accepted = list_.accept(self.clinic.on(day.plan.date), day.plan, name, now, self.clinic.record, show)
            visit = in_order(day.aggregate, day.version, accepted.visit, actor, "booking")
            self._append(list_, accepted.waitlist, actor, visit)

        with self.book.exclusively():
            self._retried(decide)
            return self.waitlist().offer(name)

    def next_starts(self, offer: Offer) -> list[dt.datetime]:
        """Return up to three other starts of an offer's day that would suit the client, in UTC."""
        with self.book.exclusively():
            list_, day = self.waitlist(), self.book.day(offer.place.day)
            starts = next_starts(self.clinic, list_, list_.entry(offer.entry), day.plan, self.book.now())
        return [moment(offer.place.day, start, self.book.zone) for start in starts]

    def step(self) -> int:
        """Do what is due and return how many events that took. Idempotent; to be called often.

        Raises:
            Retryable: the disk refuses; the next call does it.
        """

        def decide(list_: Waitlist) -> list[PayloadModel]:
            now = self.book.now()
            days = self.days(now)
            versions = tuple((date, day.version) for date, day in days.items())
            planned = tuple(self.book.registry_on(date) for date in days)
            seen = (list_.version, versions, now.replace(second=0, microsecond=0), planned)
            # Times lie on a grid of minutes: until the next one, only an event, an expiry or another registry can
            # change the answer.
            if seen == self._seen and all(offer.live(now) for offer in list_.state.open()):
                return []
            payloads = due(self.clinic, list_, days, now, self._ids.new)
            self._seen = None if payloads else seen
            return payloads

        return len(self._command(decide, _BOX))

    def _command(self, decide: Callable[[Waitlist], list[PayloadModel]], actor: str) -> list[PayloadModel]:
        """Append what is decided, with the messages it takes; decided anew where another writer was faster."""

        def once() -> list[PayloadModel]:
            list_ = self.waitlist()
            payloads = decide(list_)
            self._append(list_, payloads, actor)
            return payloads

        with self.book.exclusively():
            return self._retried(once)

    def _retried(self, once: Callable[[], _Answer]) -> _Answer:
        for _ in range(_MOST_TRIES - 1):
            try:
                return once()
            except VersionConflict:
                continue
        return once()

    def _append(
        self, list_: Waitlist, payloads: Sequence[PayloadModel], actor: str, visit: Sequence[EventDraft] = ()
    ) -> None:
        if not payloads and not visit:
            return
        drafts = in_order(AGGREGATE, list_.version, payloads, actor, "waitlist")
        trial = list_.fork()
        for payload in payloads:
            trial.apply(payload)
            if isinstance(payload, said.WaitlistOfferMade) and payload.channel == Channel.MESSAGE.value:
                offer = trial.offer(OfferId(payload.offer))
                starts_at = moment(offer.place.day, offer.place.start, self.book.zone)
                drafts.extend(self._sender.drafts(offer, starts_at))
        self._store.append([*visit, *drafts])
        self.waitlist()
        for listener in self._listeners:
            listener()

    def _held(self, day: Schedule) -> Sequence[Appointment]:
        """Return the visits that the live offers of a day would become."""
        live = self.waitlist().state.live(self.book.now())
        return kept_visits(self.clinic.on(day.plan.date), day.plan, live, self.clinic.record)
