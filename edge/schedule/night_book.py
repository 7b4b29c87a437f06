"""The box's nights: reads the coming days, rolls them, and records what moves in one transaction, or nothing.

While it searches, the days are anybody's. What is recorded names the versions that were read, so that a booking made
meanwhile refuses the whole roll; it is then to be done again.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from edge.schedule.book import ScheduleBook
from edge.schedule.coming_days import ComingDay, ComingDays, coming_days, tell_roll
from edge.schedule.domain import DAY_MINUTES, Plan
from edge.schedule.errors import NotAllowed
from edge.schedule.horizon import Roll, RolledMove, RollMemory, roll
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import ReplanId
from edge.schedule.night_settings import RollingSettings
from edge.schedule.nights import AGGREGATE, Nights, night_at
from edge.schedule.schedule import Schedule
from edge.store.errors import VersionConflict
from edge.store.events import SqlcipherEventStore
from edge.threads import Priority, ThreadBudget
from shared.clock import Clock
from shared.events.aggregates import in_order, payload_of
from shared.events.catalogue import nights as said
from shared.events.catalogue.schedule import ReplanUndone
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import IdSource

ACTOR: Final = "roll"
"""Who has moved what a night moves, whoever asked for it."""
_PURPOSE: Final = "replan"
_LATER: Final = "SELECT body FROM events WHERE aggregate = ? AND version > ? ORDER BY version"
_PATIENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class NightPart:
    """Coming days that are planned with one registry, as they were read, and what a roll makes of them."""

    days: ComingDays
    rolled: Roll


@dataclass(frozen=True, slots=True)
class Night:
    """What a roll makes of the coming days; one part, or one more for each day on which the clinic becomes another."""

    date: dt.date
    parts: tuple[NightPart, ...]
    milliseconds: float

    @property
    def moves(self) -> tuple[RolledMove, ...]:
        """The visits that move."""
        return tuple(move for part in self.parts for move in part.rolled.moves)

    @property
    def placed(self) -> tuple[RolledMove, ...]:
        """Those who waited and get a place."""
        return tuple(move for part in self.parts for move in part.rolled.placed)

    @property
    def news(self) -> bool:
        """Whether anything had changed since the latest roll."""
        return any(part.rolled.news for part in self.parts)

    @property
    def left_out(self) -> tuple[dt.date, ...]:
        """The days that could not be rolled as they stand."""
        return tuple(date for part in self.parts for date in part.days.left_out)


class NightBook:
    """Rolls the coming days and takes that back; safe to share by threads."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        book: ScheduleBook,
        ids: IdSource,
        clock: Clock,
        threads: ThreadBudget,
        settings: RollingSettings,
    ) -> None:
        self._store = store
        self._book = book
        self._ids = ids
        self._clock = clock
        self._threads = threads
        self._settings = settings
        self._catalogue = Catalogue(said.PAYLOADS)
        self._known = Nights()

    @property
    def horizon(self) -> Horizon:
        """What the configuration allows a night."""
        told = self._settings
        frozen = told.frozen_hours * 60
        return Horizon(told.budget, told.threshold, told.again, frozen_minutes=frozen, seconds=told.seconds)

    def step(self) -> Night | None:
        """Roll if the night's hour has come; return what was recorded, or None. Idempotent by the night.

        Raises:
            VersionConflict: a day has changed meanwhile; nothing was recorded, and the next step does it.
            Retryable: others need the machine, or the disk refuses; the next step does it.
        """
        date, due = night_at(self._book.now(), self._settings.hour)
        if not due or self._nights().was_rolled(date):
            return None
        night = self.look()
        self.record(night)
        return night

    def look(self, horizon: Horizon | None = None) -> Night:
        """Return what a roll would do now; nothing is recorded.

        Raises:
            NoThreadFree: others need the machine.
        """
        begun, horizon, now = self._clock.monotonic(), horizon or self.horizon, self._book.now()
        with self._book.exclusively():
            schedules = [self._book.day(date) for date in self._dates(now)]
            days = [ComingDay(day.plan, day.version, tuple(self._book.kept(day))) for day in schedules]
            memory = self._nights().memory(schedules, self._book.zone)
        with self._threads.take(Priority.SOLVER, self._threads.total, _PATIENCE_SECONDS) as workers:
            parts = tuple(self._parts(days, now, replace(horizon, workers=workers), memory))
        date, _ = night_at(now, self._settings.hour)
        return Night(date, parts, (self._clock.monotonic() - begun) * 1000)

    def _parts(
        self, days: Sequence[ComingDay], now: dt.datetime, horizon: Horizon, memory: RollMemory
    ) -> Iterator[NightPart]:
        """Yield the days rolled in runs that are planned with one registry, the nearest first; all share the budget.

        A visit stays on its day, so no run depends on what another moves.
        """
        left = memory.left
        for registry, run in groupby(days, key=lambda day: self._book.learnt.planning(day.plan.date)):
            coming = coming_days(registry, list(run))
            midnight = (coming.booked.plan.date - now.date()).days * DAY_MINUTES
            share = horizon.seconds * coming.booked.plan.days / len(days)
            found = roll(
                coming.booked.registry,
                coming.booked.plan,
                (),
                now.hour * 60 + now.minute - midnight,
                replace(horizon, seconds=share),
                memory=replace(memory, left=left),
            )
            # What has moved tonight counts for the runs that follow as what an earlier roll of the night moved.
            memory = found.memory
            yield NightPart(coming, found)

    def record(self, night: Night) -> None:
        """Move what a roll moves on all its days, in one transaction.

        Raises:
            VersionConflict: a day is no longer as it was read; nothing was recorded.
        """
        with self._book.exclusively():
            nights, name = self._nights(), self._ids.new()
            drafts: list[EventDraft] = []
            changed: list[said.RolledDay] = []
            for part, read in ((one, read) for one in night.parts for read in one.days.days):
                day = self._unchanged(read)
                moves = part.days.told(part.rolled, day.plan.date)
                if moves:
                    replan = ReplanId(self._ids.new())
                    payloads = tell_roll(day.plan.date, replan, moves, part.rolled, night.milliseconds)
                    drafts += in_order(day.aggregate, day.version, [*day.others_expire(), *payloads], ACTOR, _PURPOSE)
                    changed.append(said.RolledDay(day=day.plan.date, replan=replan))
            rolled = said.NightRolled(
                night=night.date,
                roll=name,
                at=self._clock.wall(),
                days=tuple(changed),
                left=" ".join(part.rolled.memory.left for part in night.parts),
            )
            self._store.append([*drafts, _draft(nights, rolled, ACTOR)])

    def undo(self, actor: str) -> list[dt.date]:
        """Put everybody back whom the latest roll has moved, on all its days in one transaction; return the days.

        Raises:
            NotAllowed: nothing was recorded. There is no such roll, or a visit it moved has changed since, or has
                passed, or its former place is taken or has passed.
        """
        with self._book.exclusively():
            nights = self._nights()
            latest, drafts = nights.latest(), list[EventDraft]()
            for part in latest.days:
                day = self._book.day(part.day)
                payloads = day.undo_replan(self._book.learnt.planning(part.day), ReplanId(part.replan))
                self._must_lie_ahead(day.plan, payloads)
                drafts += in_order(day.aggregate, day.version, payloads, actor, _PURPOSE)
            self._store.append([*drafts, _draft(nights, said.NightUndone(roll=latest.roll), actor)])
        return [part.day for part in latest.days]

    def _dates(self, now: dt.datetime) -> list[dt.date]:
        return [now.date() + dt.timedelta(days=number) for number in range(1, self._settings.days + 1)]

    def _unchanged(self, read: ComingDay) -> Schedule:
        """Return a day that is still as it was read, with no place kept that was not kept then."""
        day = self._book.day(read.plan.date)
        if day.version != read.version or any(visit not in read.kept for visit in self._book.kept(day)):
            raise VersionConflict("day_changed", f"{read.plan.date} has changed meanwhile; roll the days again")
        return day

    def _must_lie_ahead(self, plan: Plan, payloads: Sequence[PayloadModel]) -> None:
        today, now = self._book.today(), self._book.minute(plan.date)
        starts = [
            visit.stages[0].start
            for payload in payloads
            if isinstance(payload, ReplanUndone)
            for visit in payload.restored
            if visit.stages
        ]
        passed = plan.date < today or (plan.date == today and any(start < now for start in starts))
        if payloads and passed:
            raise NotAllowed("too_late", f"some of {plan.date} has passed; move the visits that remain by hand")

    def _nights(self) -> Nights:
        with self._book.exclusively():
            rows = self._store.rows(_LATER, (AGGREGATE, self._known.version))
            for (body,) in rows:
                self._known.apply(payload_of(Event.from_body(body), self._catalogue))
            return self._known


def _draft(nights: Nights, payload: PayloadModel, actor: str) -> EventDraft:
    return EventDraft(AGGREGATE, payload, actor, _PURPOSE, expected_version=nights.version)
