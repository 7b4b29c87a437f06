"""A waitlist in memory, behind the box's HTTP ports."""

from datetime import UTC, date, datetime, time, timedelta
from time import monotonic

from edge.api import waitlist_schemas as w
from edge.api.ports import Actor
from edge.schedule.errors import NotAllowed, UnknownName

NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
DAY = date(2031, 3, 12)
NAMES = {
    "client-1": "Ana Prieto",
    "client-2": "Iris Vale",
    "client-3": "Noor Aziz",
    "client-4": "Sol Reyes",
    "client-5": "Uma Berg",
}
SERVICES = {"relaxer": ("Wrinkle relaxer", 30), "hydra": ("Hydra facial", 50), "laser": ("Laser hair removal", 40)}
PROVIDERS = {"tran": "Mia Tran", "okoye": "Dr. Okoye"}
OFFERED = w.WaitlistEntryState.OFFERED
WAITING = w.WaitlistEntryState.WAITING


def window(first: int = 0, last: int = 3, starts: int = 9, ends: int = 18) -> w.WaitlistWindow:
    """Some days from today, between two full hours."""
    return w.WaitlistWindow(
        first_day=DAY + timedelta(days=first), last_day=DAY + timedelta(days=last), starts=time(starts), ends=time(ends)
    )


TOO_NEAR = w.WaitlistWhy(
    days=[DAY, DAY + timedelta(days=1)],
    sentences=[
        "Laser hair removal needs 14 days between it and Laser hair removal on 28 February; on 14 March at the"
        " earliest."
    ],
)
BUSY = w.WaitlistWhy(
    days=[DAY + timedelta(days=2)],
    starts_at=datetime(2031, 3, 14, 13, 30, tzinfo=UTC),
    sentences=[
        "No room of type laser is free 09:30-10:10: Laser room 1 is taken by Laser hair removal 09:00-09:40;"
        " Laser room 2 is out of order 00:00-24:00.",
        "Dr. Okoye has a break 10:00-10:30.",
    ],
)
LEFT = w.FreedPlace(
    id="place-1",
    day=DAY,
    starts_at=datetime(2031, 3, 12, 18, 30, tzinfo=UTC),
    ends_at=datetime(2031, 3, 12, 19, 0, tzinfo=UTC),
    cause="14:30 Wrinkle relaxer: cancelled",
    uses=["Mia Tran", "Treatment room 2"],
)


class FakeWaitlist:
    """Two clients have an offer, one of them by phone; two wait, one of whom cannot be messaged."""

    def __init__(self) -> None:
        self.began = monotonic()
        self.entries = [
            self._entry("entry-1", "client-1", "relaxer", state=OFFERED, preferred="tran", travel=15, days=6),
            self._entry("entry-2", "client-2", "hydra", state=OFFERED, travel=25, days=2, messages=False),
            self._entry("entry-3", "client-3", "laser", preferred="okoye", days=9, tier="gold"),
            self._entry("entry-5", "client-5", "laser", days=4, why=[TOO_NEAR, BUSY]),
            self._entry(
                "entry-4", "client-4", "relaxer", days=0,
                held_back="This client has had 2 offers today; more on another day.",
            ),
        ]  # fmt: skip
        self.offers = [
            self._offer("offer-1", self.entries[0], minutes=14, cause="14:30 Wrinkle relaxer: cancelled"),
            self._offer("offer-2", self.entries[1], minutes=3, cause="Offered by hand", channel="phone"),
            self._offer("offer-0", self.entries[2], minutes=-30, cause="11:00 Laser hair removal: did not come",
                        state=w.WaitlistOfferState.EXPIRED),
        ]  # fmt: skip

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=monotonic() - self.began)

    def waitlist(self) -> w.Waitlist:
        return w.Waitlist(
            now=self.now,
            timezone="America/New_York",
            opens=time(9),
            closes=time(18),
            quiet_from=time(20),
            quiet_until=time(8),
            entries=self.entries,
            offers=self.offers,
            freed=[LEFT.model_copy(update={"offered_to": self._offered()})],
            services=[w.WaitlistChoice(id=key, name=name, minutes=took) for key, (name, took) in SERVICES.items()],
            providers=[w.WaitlistChoice(id=key, name=name) for key, name in PROVIDERS.items()],
        )

    def filling(self, day: date, place_id: str) -> w.PlaceFilling:
        if (day, place_id) != (DAY, LEFT.id):
            raise UnknownName(
                "unknown_place", "this place is taken again, or its time is over; load the waitlist again"
            )
        offered = self._offered()
        first = self.offers[0]
        return w.PlaceFilling(
            place=LEFT.model_copy(update={"offered_to": offered}),
            offered=[self._candidate(self.entries[0], first.reasons, 70.1)] if offered else [],
            next=[self._candidate(self.entries[2], first.reasons[1:], 40.1)],
            left_out=[
                w.PlaceLeftOut(
                    entry_id="entry-5", client_name=NAMES["client-5"], service=SERVICES["laser"][0],
                    sentences=["Laser hair removal can use nothing of what was left: Mia Tran and Treatment room 2."],
                ),
                w.PlaceLeftOut(
                    entry_id="entry-4", client_name=NAMES["client-4"], service=SERVICES["relaxer"][0],
                    sentences=["This client has had 2 offers today; more on another day.",
                               "The client can come 09:00-12:00; the visit would take 14:30-15:00."],
                ),
            ],
            more=0,
        )  # fmt: skip

    def _offered(self) -> list[str]:
        first = next(one for one in self.offers if one.id == "offer-1")
        return [first.client_name] if first.state is w.WaitlistOfferState.OPEN else []

    def _candidate(self, entry: w.WaitlistEntry, reasons: list[w.WaitlistReason], points: float) -> w.PlaceCandidate:
        return w.PlaceCandidate(
            entry_id=entry.id,
            client_name=entry.client_name,
            service=entry.service,
            starts_at=LEFT.starts_at,
            ends_at=LEFT.starts_at + timedelta(minutes=entry.minutes),
            points=points,
            reasons=reasons,
            messages=entry.messages,
        )

    def add(self, new: w.NewWaitlistEntry, actor: Actor) -> w.WaitlistEntry:
        if any(one.client_id == new.client_id and one.service_id == new.service_id for one in self.entries):
            raise NotAllowed("waits_already", "this client waits for this service already; change that entry")
        name, minutes = SERVICES[new.service_id]
        made = w.WaitlistEntry(
            **new.model_dump(),
            id=f"entry-{len(self.entries) + 1}",
            client_name=NAMES.get(new.client_id, "Somebody"),
            service=name,
            minutes=minutes,
            added_at=self.now,
            state=WAITING,
        )
        self.entries.append(made)
        return made

    def change(self, entry_id: str, wish: w.WaitlistWish, actor: Actor) -> w.WaitlistEntry:
        name, minutes = SERVICES[wish.service_id]
        return self._put(self._of(entry_id), {**dict(wish), "service": name, "minutes": minutes})

    def withdraw(self, entry_id: str, actor: Actor) -> w.WaitlistEntry:
        return self._put(self._of(entry_id), {"state": w.WaitlistEntryState.WITHDRAWN})

    def restore(self, entry_id: str, actor: Actor) -> w.WaitlistEntry:
        return self._put(self._of(entry_id), {"state": WAITING})

    def offer(self, entry_id: str, channel: w.WaitlistChannel, actor: Actor) -> w.WaitlistOffer:
        entry = self._of(entry_id)
        if entry.held_back:
            raise NotAllowed("no_offer_now", entry.held_back)
        made = self._offer(f"offer-{len(self.offers) + 1}", entry, 20, "Offered by hand", channel=channel.value)
        self.offers.insert(0, made)
        self._put(entry, {"state": OFFERED})
        return made

    def answer(self, offer_id: str, reply: w.WaitlistReply, actor: Actor) -> w.WaitlistOffer:
        """Offer 2's place has gone meanwhile."""
        offer = next((one for one in self.offers if one.id == offer_id), None)
        if offer is None:
            raise UnknownName("unknown_offer", "the waitlist has no such offer; load it again")
        if offer.state is w.WaitlistOfferState.EXPIRED:
            raise NotAllowed("offer_expired", "this offer has expired, and the place may be another's; offer one anew")
        changes: dict[str, object] = {"state": w.WaitlistOfferState(reply.value)}
        entry_state = WAITING
        if reply is w.WaitlistReply.ACCEPTED and offer_id == "offer-2":
            later = [self.now.replace(minute=0) + timedelta(hours=hours) for hours in (2, 3)]
            changes = {
                "state": w.WaitlistOfferState.SUPERSEDED,
                "ended_because": "The place is no longer free.",
                "next_starts": later,
            }
        elif reply is w.WaitlistReply.ACCEPTED:
            changes["appointment_id"], entry_state = f"waitlist-{offer_id}", w.WaitlistEntryState.BOOKED
        answered = offer.model_copy(update=changes)
        self.offers[self.offers.index(offer)] = answered
        self._put(self._of(offer.entry_id), {"state": entry_state})
        return answered.model_copy(update=changes)

    def _of(self, entry_id: str) -> w.WaitlistEntry:
        found = next((one for one in self.entries if one.id == entry_id), None)
        if found is None:
            raise UnknownName("unknown_entry", "the waitlist has no such entry; load it again")
        return found

    def _put(self, old: w.WaitlistEntry, changes: dict[str, object]) -> w.WaitlistEntry:
        new = old.model_copy(update=changes)
        self.entries[self.entries.index(old)] = new
        return new

    def _entry(
        self, name: str, client: str, service: str, days: int, *, state: w.WaitlistEntryState = WAITING,
        preferred: str | None = None, travel: int = 0, tier: str | None = None, messages: bool = True,
        held_back: str | None = None, why: list[w.WaitlistWhy] | None = None,
    ) -> w.WaitlistEntry:  # fmt: skip
        return w.WaitlistEntry(
            id=name,
            client_id=client,
            client_name=NAMES[client],
            service_id=service,
            service=SERVICES[service][0],
            minutes=SERVICES[service][1],
            windows=[window()],
            preferred_provider_id=preferred,
            travel_minutes=travel,
            tier=tier,
            messages=messages,
            added_at=self.now - timedelta(days=days),
            state=state,
            held_back=held_back,
            why=why or [],
        )

    def _offer(
        self, name: str, entry: w.WaitlistEntry, minutes: int, cause: str, *, channel: str = "message",
        state: w.WaitlistOfferState = w.WaitlistOfferState.OPEN,
    ) -> w.WaitlistOffer:  # fmt: skip
        starts = self.now.replace(minute=30, second=0, microsecond=0) + timedelta(hours=2)
        return w.WaitlistOffer(
            id=name,
            entry_id=entry.id,
            client_name=entry.client_name,
            service=entry.service,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=entry.minutes),
            providers=[PROVIDERS.get(entry.preferred_provider_id or "", "Mia Tran")],
            rooms=["Treatment room 2"],
            state=state,
            channel=w.WaitlistChannel(channel),
            made_at=self.now - timedelta(minutes=6),
            expires_at=self.now + timedelta(minutes=minutes),
            cause=cause,
            reasons=[
                w.WaitlistReason(name="fit", points=30.0, sentence="Fills 30 of the 30 free minutes"),
                w.WaitlistReason(
                    name="response", points=16.7, sentence="Took 3 of 4 offers so far; likely to take it: 67 %"
                ),
                w.WaitlistReason(name="continuity", points=15.0, sentence="Would see Mia Tran, as wished"),
                w.WaitlistReason(name="travel", points=6.4, sentence="Has to leave by 14:15, in 1 h 35 min"),
                w.WaitlistReason(name="waiting", points=2.0, sentence="Waiting for 6 days"),
            ],
        )  # fmt: skip
