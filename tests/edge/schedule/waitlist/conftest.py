import datetime as dt
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from edge.schedule.domain import AppointmentRequest, Span, Status
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from edge.schedule.waitlist.clinic import Clinic
from edge.schedule.waitlist.domain import Entry, EntryId, Window
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.waitlist import Waitlist
from shared.events.payload import PayloadModel
from shared.ids import ClientId

ZONE = ZoneInfo("Europe/Vienna")
DATE = dt.date(2026, 11, 23)


def clock(hour: int, minute: int = 0, day: dt.date = DATE) -> dt.datetime:
    """A time at the clinic."""
    return dt.datetime.combine(day, dt.time(hour, minute), ZONE)


def wish(
    name: str, service: str = "consultation", first: int = 9, last: int = 19, days: int = 0, **more: object
) -> Entry:
    """Return an entry that suits on some days from the first on, between two full hours."""
    window = Window(DATE, DATE + dt.timedelta(days=days), Span(first * 60, last * 60))
    fields: dict[str, object] = {"messages": True, **more}
    return Entry(
        EntryId(name), ClientId(f"client-of-{name}"), ServiceId(service), (window,), clock(7), **fields,  # type: ignore[arg-type]
    )  # fmt: skip


class Bench:
    """A day and a waitlist, with what commands say applied at once."""

    def __init__(self, registry: Registry, rules: OfferRules | None = None) -> None:
        self.clinic = Clinic(registry, rules or OfferRules())
        self.day = Schedule(DATE)
        self.waitlist = Waitlist()
        self.ids = (f"offer-{number}" for number in count(1))

    @property
    def days(self) -> dict[dt.date, Schedule]:
        return {DATE: self.day}

    def new_id(self) -> str:
        return next(self.ids)

    def record(self, payloads: list[PayloadModel]) -> list[PayloadModel]:
        for payload in payloads:
            self.waitlist.apply(payload)
        return payloads

    def add(self, *entries: Entry) -> None:
        for entry in entries:
            self.record(self.waitlist.add(self.clinic.registry, self.clinic.rules, entry, clock(8)))

    def book(self, name: str, start: int, provider: str | None = None, service: str = "consultation") -> AppointmentId:
        """Book a visit at exactly this minute."""
        minutes = self.clinic.registry.service(ServiceId(service)).minutes
        request = AppointmentRequest(
            AppointmentId(name), ClientId(name), ServiceId(service), Span(start, start + minutes),
            None if provider is None else ProviderId(provider),
        )  # fmt: skip
        for payload in self.day.book_day(self.clinic.registry, [request]):
            self.day.apply(payload)
        assert self.day.plan.appointments[request.id].start == start
        return request.id

    def cancel(self, name: AppointmentId, at: int = 0) -> None:
        for payload in self.day.change_status(name, Status.CANCELLED, at):
            self.day.apply(payload)


@pytest.fixture
def bench(clinic: Registry) -> Bench:
    return Bench(clinic)
