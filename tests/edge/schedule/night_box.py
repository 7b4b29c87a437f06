"""A box whose nights are tried: on two days a client could have whom they prefer, if somebody moved them."""

import datetime as dt

from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Appointment, AppointmentRequest, Plan, Span, Status
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.night_book import Night, NightBook
from edge.schedule.night_settings import RollingSettings
from edge.schedule.registry import Registry
from edge.threads import ThreadBudget
from shared.ids import ClientId
from tests.support.records import BoxRecord

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
NIGHT = TODAY + dt.timedelta(days=1)
TUESDAY, WEDNESDAY, THURSDAY = (TODAY + dt.timedelta(days=days) for days in (1, 2, 3))
HOUR = 3600
QUICK = RollingSettings(enabled=True, seconds=0.06)


class Box:
    """A box at ten in the morning. On two days a client has somebody else than the one they prefer, who is free."""

    def __init__(self, record: BoxRecord, clinic: Registry, settings: RollingSettings = QUICK) -> None:
        self.record = record
        self.book = ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)
        self.threads = ThreadBudget(1)
        self.nights = NightBook(record.store, self.book, record.ids, record.clock, self.threads, settings)

    def books(self, day: dt.date, name: str, provider: str = "cedar") -> AppointmentId:
        """Book a consultation at ten."""
        visit = AppointmentId(name)
        wish = AppointmentRequest(
            visit, ClientId(f"of-{name}"), ServiceId("consultation"), Span(600, 630), ProviderId(provider)
        )
        assert self.book.book_day(day, [wish], "desk") == 1
        return visit

    def could_be_better(self, day: dt.date) -> AppointmentId:
        """Leave a visit with another provider than the one it prefers, who has become free."""
        first = self.books(day, f"first-{day}")
        second = self.books(day, f"second-{day}")
        self.book.record(day, lambda plan: plan.change_status(first, Status.CANCELLED, 0), "desk", "care")
        assert self.visit(day, second).providers == ("laurel",)
        return second

    def visit(self, day: dt.date, name: AppointmentId) -> Appointment:
        return self.book.day(day).plan.appointments[name]

    def plans(self) -> list[Plan]:
        return [self.book.day(TODAY + dt.timedelta(days=number)).plan for number in range(7)]

    def at_night(self, hours: float = 0.0) -> None:
        """Move the clock from ten in the morning to two in the night, and so many hours on."""
        self.record.clock.advance((16 + hours) * HOUR)

    def rolls(self) -> Night:
        night = self.nights.step()
        assert night is not None
        return night

    @property
    def head(self) -> int:
        return self.record.store.head().seq
