"""Lends slots to the hub and takes in what it says of them: the one place where leases meet the record.

The hub's words are decided by their inbox, a few times if somebody at the clinic writes in between; all else is
appended here, with the version of the day that was decided on.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from edge.schedule import leases, slot_doubts
from edge.schedule.book import ScheduleBook
from edge.schedule.held import recalls_of_away
from edge.schedule.ids import ReplanId, ServiceId
from edge.schedule.leases import Lease
from edge.schedule.lending import Lender, LendingPolicy
from edge.schedule.sales import Moment, honour
from edge.schedule.schedule import Schedule
from edge.schedule.slot_doubts import Doubt, HubSeen
from shared.clock import Clock
from shared.events.catalogue import slots as said
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel
from shared.ids import IdSource
from shared.vocabulary import ClockQuality
from shared.worker import Worker

_ACTOR: Final = "box"
_PURPOSE: Final = "booking"
_STEP_SECONDS: Final = 60.0
_FIRST_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True)
class LentSlot:
    """A slot that is lent, as people ask for it, and why it is in doubt whether it was sold, if it is."""

    day: dt.date
    lease: Lease
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class GivenUpSlot:
    """A slot that a person gave up.

    Attributes:
        lease: as it was then.
        outcome: what is known of it: `released` as long as nothing has been heard.
        stays_because: why it cannot be held again; none where it can.
    """

    day: dt.date
    lease: Lease
    outcome: str
    stays_because: str | None


class SlotDesk:
    """Every lease of the clinic; safe to share by threads."""

    def __init__(
        self, book: ScheduleBook, policy: LendingPolicy, hub_epoch: Callable[[], str], clock: Clock, ids: IdSource
    ) -> None:
        """Keep the collaborators.

        Args:
            book: the clinic's days.
            policy: how much is lent.
            hub_epoch: returns the present life of the hub; empty before one was met, and then nothing is lent.
            clock: the box's.
            ids: of leases and replans.
        """
        self._book = book
        self._policy = policy
        self._hub_epoch = hub_epoch
        self._clock = clock
        self._ids = ids
        self._reached: Callable[[], bool] = lambda: True
        self._looked: dict[dt.date, tuple[int, str, float]] = {}

    def reach_by(self, reached: Callable[[], bool]) -> None:
        """Ask `reached` whether the hub answers; without it no slot is in doubt because the hub is not heard."""
        self._reached = reached

    def top_up(self) -> int:
        """Give up slots that are over, renew leases and lend what is missing; return how many events that took.

        Idempotent: what is lent already is not lent again.
        """
        today = self._book.today()
        dates = [today + dt.timedelta(days=number) for number in range(self._policy.days_ahead + 1)]
        return sum(len(self._book.record(date, self._due, _ACTOR, _PURPOSE)) for date in dates)

    def answer_sold(self, event: Event) -> list[EventDraft]:
        """Make a visit of a sold slot; idempotent by the lease.

        Raises:
            ValueError: the event names no slot.
        """
        sold = said.SlotSold.model_validate(event.fields.payload)

        def decide(day: Schedule) -> Sequence[PayloadModel]:
            replan_id = ReplanId(self._ids.new())
            moment, show = self._moment(sold.slot.day), self._book.learnt.show(ServiceId(sold.slot.service))
            return honour(self._book.registry_on(sold.slot.day), day, sold, moment, replan_id, self._book.solve, show)

        return self._book.answer(sold.slot.day, decide, "hub", _PURPOSE)

    def answer_returned(self, event: Event) -> list[EventDraft]:
        """Take a slot back that the hub returns; idempotent by the lease, and one that is not known has no effect."""
        returned = said.SlotReturned.model_validate(event.fields.payload)
        slot, reason = returned.slot, returned.reason
        return self._end(said.SlotClosed(lease=slot.lease, day=slot.day, outcome="returned", reason=reason))

    def answer_expired(self, event: Event) -> list[EventDraft]:
        """Take a slot back that the hub sells no more; idempotent by the lease, and one not known has no effect."""
        slot = said.SlotExpired.model_validate(event.fields.payload).slot
        return self._end(said.SlotClosed(lease=slot.lease, day=slot.day, outcome="expired"))

    def recall(self, date: dt.date, lease: str, reason: str, actor: str) -> None:
        """Ask the hub for a slot; it stays lent until the hub has answered.

        Raises:
            UnknownName: it is not lent.
        """
        self._book.record(date, lambda day: leases.recall(date, day.leases, lease, reason), actor, _PURPOSE)

    def release(self, date: dt.date, lease: str, actor: str, confirmed: Doubt | None = None) -> None:
        """Give up a slot in doubt, by the word of a person who knows or takes the risk that it was not sold.

        Args:
            date: its day.
            lease: which one.
            actor: who decides.
            confirmed: what the person was told is in doubt.

        Raises:
            UnknownName: it is not lent.
            NotAllowed: the hub may sell it or will say itself, or something else is in doubt by now.
        """
        hub, zone = self._hub(), self._book.zone
        self._book.record(
            date,
            lambda day: slot_doubts.release(date, day.leases, lease, hub, zone, confirmed),
            actor,
            _PURPOSE,
        )

    def hold_again(self, date: dt.date, lease: str, actor: str) -> None:
        """Take back that a slot was given up; asking again has no effect.

        Raises:
            UnknownName: it was not given up.
            NotAllowed: what became of it is known meanwhile, its place is taken, or its time is over.
        """
        registry, now, zone = self._book.registry_on(date), self._clock.wall(), self._book.zone

        def decide(day: Schedule) -> Sequence[PayloadModel]:
            # What is on offer to somebody who waits is taken, too.
            plan = day.plan.with_appointments(*self._book.kept(day))
            return slot_doubts.hold_again(date, day.leases, lease, registry, plan, now, zone)

        self._book.record(date, decide, actor, _PURPOSE)

    def lent(self, date: dt.date) -> list[LentSlot]:
        """Return what is lent of a day, earliest first."""
        hub, zone = self._hub(), self._book.zone
        found = sorted(self._book.day(date).leases.open.values(), key=lambda lease: (lease.visit.start, lease.id))
        return [LentSlot(date, lease, slot_doubts.doubt_of(lease, date, hub, zone)) for lease in found]

    def given_up(self, date: dt.date) -> list[GivenUpSlot]:
        """Return the slots of a day that people have given up, earliest first, with what has become of them."""
        day, registry, now = self._book.day(date), self._book.registry_on(date), self._clock.wall()
        plan = day.plan.with_appointments(*self._book.kept(day))
        found = sorted(day.leases.given_up.values(), key=lambda lease: (lease.visit.start, lease.id))
        return [
            GivenUpSlot(
                date,
                lease,
                day.leases.closed[lease.id].outcome,
                slot_doubts.not_held_again(date, day.leases, lease.id, registry, plan, now, self._book.zone),
            )
            for lease in found
        ]

    def _hub(self) -> HubSeen:
        believed = self._clock.quality() is not ClockQuality.SUSPECT
        return HubSeen(self._hub_epoch(), self._reached(), self._clock.wall() if believed else None)

    def _due(self, day: Schedule) -> list[PayloadModel]:
        now, epoch = self._clock.wall(), self._hub_epoch()
        over: list[PayloadModel] = []
        if self._clock.quality() is not ClockQuality.SUSPECT:
            over = leases.lapsed(day.plan.date, day.leases, now, self._book.zone)
        registry = self._book.registry_on(day.plan.date)
        over += recalls_of_away(registry, day.plan.date, day.leases)
        if over or not epoch:
            return over
        seen, at = self._looked.get(day.plan.date), self._clock.monotonic()
        if seen is not None and seen[:2] == (day.version, epoch) and at - seen[2] < _LOOK_AGAIN_SECONDS:
            return []  # nothing has changed since, and to look for places takes a while
        self._looked = {date: look for date, look in self._looked.items() if date >= self._book.today()}
        self._looked[day.plan.date] = day.version, epoch, at
        lender = Lender(registry, self._policy, self._book.zone, epoch)
        # What is on offer to somebody who waits is not lent as well.
        plan = day.plan.with_appointments(*self._book.kept(day))
        doubts = slot_doubts.doubted(day.plan.date, day.leases, epoch)
        return [*doubts, *lender.top_up(plan, day.leases, now, self._ids.new)]

    def _end(self, outcome: said.SlotClosed) -> list[EventDraft]:
        def decide(day: Schedule) -> Sequence[PayloadModel]:
            return leases.ended(outcome.day, day.leases, outcome.lease, outcome)

        return self._book.answer(outcome.day, decide, "hub", _PURPOSE)

    def _moment(self, date: dt.date) -> Moment:
        now = self._book.now()
        minute = now.hour * 60 + now.minute if now.date() == date else 0
        return Moment(minute, passed=date < now.date())


class SlotKeeper:
    """Tops the hub's slots up every minute, on a thread of its own."""

    def __init__(self, desk: SlotDesk) -> None:
        self._desk = desk
        self._worker = Worker("slots", self._step, every=_STEP_SECONDS, first=_FIRST_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """Stop; what is lent stays lent."""
        self._worker.stop()

    def _step(self) -> None:
        self._desk.top_up()
