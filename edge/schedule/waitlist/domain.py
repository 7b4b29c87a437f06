"""What a waitlist is made of: who waits for what, and the offers of a place."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from edge.schedule.domain import Appointment, PastVisit, Span, Stages, Status
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from shared.ids import ClientId

EntryId = NewType("EntryId", str)
OfferId = NewType("OfferId", str)


def moment(day: dt.date, minute: int, zone: dt.tzinfo) -> dt.datetime:
    """Return the instant, in UTC, at which the clinic's clocks show so many minutes after midnight of a day."""
    midnight = dt.datetime.combine(day, dt.time(), zone)
    return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Days, both included, and the hours of each that suit; without weekdays (Monday is 0) every day does."""

    first_day: dt.date
    last_day: dt.date
    hours: Span
    weekdays: frozenset[int] = frozenset()

    def includes(self, day: dt.date) -> bool:
        """Tell whether a day suits."""
        return self.first_day <= day <= self.last_day and (not self.weekdays or day.weekday() in self.weekdays)


@dataclass(frozen=True, slots=True)
class Entry:
    """A client's wish for a place that is not free yet.

    Attributes:
        windows: when it would suit; any one of them.
        preferred: whom the client would like best; anybody who can will do.
        last: who treated the client before.
        travel: minutes that the client needs to come.
        notice: minutes that the client wants to know beforehand, travel not counted.
        tier: membership.
        messages: whether the client agreed to be sent messages; without, the front desk calls.
    """

    id: EntryId
    client: ClientId
    service: ServiceId
    windows: tuple[Window, ...]
    added_at: dt.datetime
    preferred: ProviderId | None = None
    last: ProviderId | None = None
    travel: int = 0
    notice: int = 0
    tier: str | None = None
    messages: bool = False

    @property
    def last_day(self) -> dt.date:
        """The last day that may suit."""
        return max(window.last_day for window in self.windows)

    def hours_on(self, day: dt.date) -> tuple[Span, ...]:
        """Return the hours of a day that suit."""
        return tuple(window.hours for window in self.windows if window.includes(day))


class EntryState(StrEnum):
    """What became of a wish."""

    WAITING = "waiting"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"


class OfferState(StrEnum):
    """What became of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


ANSWERED: Final = frozenset({OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED})
"""Offers that tell how clients respond: one whose place went before the answer does not."""


class Channel(StrEnum):
    """How a client hears of an offer."""

    MESSAGE = "message"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Term:
    """One reason for a candidate: points, and why in words that name no client."""

    name: str
    points: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where exactly a client would be treated; `window` is what the client said suits."""

    day: dt.date
    window: Span
    stages: Stages

    @property
    def start(self) -> int:
        """First minute."""
        return self.stages[0].start

    @property
    def end(self) -> int:
        """Minute after the last."""
        return self.stages[-1].end

    @property
    def span(self) -> Span:
        """From the first to the last."""
        return Span(self.start, self.end)

    @property
    def providers(self) -> frozenset[ProviderId]:
        """Whom the client would meet."""
        return frozenset(stage.provider for stage in self.stages if stage.provider is not None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A place that is kept for a client until they answer or time runs out.

    Attributes:
        cause: what made the place free, in words.
        terms: why this client.
    """

    id: OfferId
    entry: EntryId
    client: ClientId
    service: ServiceId
    place: Place
    made_at: dt.datetime
    expires_at: dt.datetime
    channel: Channel
    cause: str
    terms: tuple[Term, ...] = ()
    state: OfferState = OfferState.OPEN
    ended_because: str = ""

    @property
    def appointment(self) -> AppointmentId:
        """Name of the visit that it becomes."""
        return AppointmentId(f"waitlist-{self.id}")

    def live(self, now: dt.datetime) -> bool:
        """Tell whether it can still be accepted."""
        return self.state is OfferState.OPEN and now < self.expires_at

    def visit(self, cleared: frozenset[str] = frozenset(), history: tuple[PastVisit, ...] = ()) -> Appointment:
        """Return the visit that it becomes; confirmed, since the client chose this very time.

        What the client is `cleared` for and has on other days is not kept with the offer: it may change before the
        answer.
        """
        place = self.place
        return Appointment(
            self.appointment,
            self.client,
            self.service,
            place.window,
            status=Status.CONFIRMED,
            stages=place.stages,
            cleared=cleared,
            history=history,
        )


class State:
    """The waitlist as it stands: every entry, what became of it, and every offer."""

    def __init__(self) -> None:
        """Make an empty waitlist."""
        self.entries: dict[EntryId, Entry] = {}
        self.states: dict[EntryId, EntryState] = {}
        self.offers: dict[OfferId, Offer] = {}
        self._open: dict[OfferId, None] = {}
        self._of_client: dict[ClientId, tuple[OfferId, ...]] = {}
        self.accepted = self.answered = 0

    def fork(self) -> "State":
        """Return a copy that may be changed without changing this one."""
        copy = State()
        copy.entries, copy.states, copy.offers = dict(self.entries), dict(self.states), dict(self.offers)
        copy._open, copy._of_client = dict(self._open), dict(self._of_client)
        copy.accepted, copy.answered = self.accepted, self.answered
        return copy

    def put_entry(self, entry: Entry, state: EntryState) -> None:
        """Add an entry, or replace it."""
        self.entries[entry.id], self.states[entry.id] = entry, state

    def put_offer(self, offer: Offer) -> None:
        """Add an offer, or replace it."""
        if offer.id not in self.offers:
            self._of_client[offer.client] = (*self._of_client.get(offer.client, ()), offer.id)
        self.offers[offer.id] = offer
        if offer.state is OfferState.OPEN:
            self._open[offer.id] = None
            return
        self._open.pop(offer.id, None)
        self.accepted += offer.state is OfferState.ACCEPTED
        self.answered += offer.state in ANSWERED

    def waiting(self) -> Iterator[Entry]:
        """Yield who waits, in the order of coming."""
        return (entry for key, entry in self.entries.items() if self.states[key] is EntryState.WAITING)

    def open(self) -> list[Offer]:
        """Return the offers that nobody has answered, whether their time has run out or not."""
        return [self.offers[key] for key in self._open]

    def live(self, now: dt.datetime) -> list[Offer]:
        """Return the offers that can still be accepted."""
        return [offer for offer in self.open() if offer.live(now)]

    def of_client(self, client: ClientId) -> list[Offer]:
        """Return every offer ever made to a client, oldest first."""
        return [self.offers[key] for key in self._of_client.get(client, ())]
