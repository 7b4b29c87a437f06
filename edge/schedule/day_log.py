"""The clinic's days on record: folded from the log as they are asked for, appended to at the version that was read.

The box is the only writer. Whatever is decided on a day is appended with the version that was seen, so two commands at
once cannot both take the same place: the second is refused and its page reads again.
"""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from zoneinfo import ZoneInfo

from edge.schedule.errors import UnknownName
from edge.schedule.ids import AppointmentId
from edge.schedule.schedule import Schedule
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.events.aggregates import in_order, payload_of
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as said
from shared.events.catalogue import slots
from shared.events.envelope import EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId

_KEPT_DAYS = 8
# A day's stream is `schedule:2026-12-01`; a semicolon is what follows a colon.
_DAYS_FROM = "SELECT DISTINCT aggregate FROM events WHERE aggregate >= ? AND aggregate < 'schedule;' ORDER BY aggregate"


class DayLog:
    """Every day of the clinic, opened as needed; safe to share by threads.

    Attributes:
        zone: the clinic's time zone.
    """

    def __init__(self, store: SqlcipherEventStore, clock: Clock, timezone: str) -> None:
        self.zone = ZoneInfo(timezone)
        self._store = store
        self._clock = clock
        self._catalogue = Catalogue((*said.PAYLOADS, *told.PAYLOADS, *slots.OF_A_DAY))
        self._days: dict[dt.date, Schedule] = {}
        self._lock = threading.RLock()
        self._listeners: list[Callable[[dt.date], None]] = []

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep other commands of this book away for the time of a `with` block; the same thread's may nest."""
        return self._lock

    def now(self) -> dt.datetime:
        """Return the time at the clinic."""
        return self._clock.wall().astimezone(self.zone)

    def today(self) -> dt.date:
        """Return the clinic's date."""
        return self.now().date()

    def minute(self, date: dt.date) -> int:
        """Return minutes after the clinic's midnight of a day: 0 for a day to come."""
        now = self.now()
        return now.hour * 60 + now.minute if now.date() == date else 0

    def day(self, date: dt.date) -> Schedule:
        """Return one day as the log tells it."""
        with self._lock:
            day = self._days.pop(date, None) or Schedule(date)
            self._days[date] = day  # whichever was used last is kept longest
            for event in self._store.stream(day.aggregate, day.version):
                day.apply(payload_of(event, self._catalogue))
            while len(self._days) > _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            return day

    def days_from(self, first: dt.date) -> list[dt.date]:
        """Return the days from one on that anything is on record of, in order."""
        rows = self._store.rows(_DAYS_FROM, (f"schedule:{first.isoformat()}",))
        return [dt.date.fromisoformat(name.partition(":")[2]) for (name,) in rows]

    def record(
        self, date: dt.date, decide: Callable[[Schedule], Sequence[PayloadModel]], actor: str, purpose: str
    ) -> list[PayloadModel]:
        """Append what is decided on a day as it stands, in one transaction, and return it.

        Raises:
            UnknownName, NotAllowed: as `decide`; nothing was recorded.
        """
        with self._lock:
            day = self.day(date)
            payloads = list(decide(day))
            self._append(day, payloads, actor, purpose)
        return payloads

    def answer(
        self, date: dt.date, decide: Callable[[Schedule], Sequence[PayloadModel]], actor: str, purpose: str
    ) -> list[EventDraft]:
        """Return what is decided on a day as it stands, for the caller to append: refused if the day has changed."""
        with self._lock:
            day = self.day(date)
            return in_order(day.aggregate, day.version, decide(day), actor, purpose)

    def day_of(self, appointment: AppointmentId) -> dt.date:
        """Return the day of a visit of today or later.

        Raises:
            UnknownName: there is no such visit.
        """
        return self._date_with(lambda day: appointment in day.plan.appointments)

    def client_of(self, appointment: str) -> ClientId:
        """Return whose visit it is.

        Raises:
            UnknownName: no such visit today or later.
        """
        name = AppointmentId(appointment)
        return self.day(self.day_of(name)).plan.appointments[name].client

    def on_change(self, listener: Callable[[dt.date], None]) -> None:
        """Call `listener` with the day after each command that changed it; it must be quick and must not append."""
        self._listeners.append(listener)

    def announce(self, date: dt.date) -> None:
        """Take in what was appended to a day, and call the listeners."""
        self.day(date)
        for listener in self._listeners:
            listener(date)

    def _append(self, day: Schedule, payloads: Sequence[PayloadModel], actor: str, purpose: str) -> None:
        """Append what was decided on `day`, which must not have been folded further since."""
        if not payloads:
            return
        self._store.append(in_order(day.aggregate, day.version, payloads, actor, purpose))
        self.announce(day.plan.date)

    def _date_with(self, holds: Callable[[Schedule], bool]) -> dt.date:
        """Return the day, of today, tomorrow and those opened before, that fulfils a condition."""
        today = self.today()
        for date in sorted(
            {today, today + dt.timedelta(days=1), *self._days}, key=lambda date: abs((date - today).days)
        ):
            if holds(self.day(date)):
                return date
        raise UnknownName("not_on_the_schedule", "the schedule holds no such entry; reload the day")
