"""A clinic whose laser services ask for clearances: schedule, waitlist and clearances over a real record."""

import datetime as dt

from edge.clearances.desk import ClearanceDesk
from edge.clearances.record import ClearanceRecord
from edge.review.licences import RegistryLicences
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Appointment, AppointmentRequest, Span
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.waitlist_book import WaitlistBook
from shared.ids import ClientId
from tests.support.records import BoxRecord

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
FREE, PATCH = "isotretinoin_free", "patch_test"
NURSE = "willow"
ASKS = {"laser-resurfacing": [FREE, PATCH], "laser-hair": [FREE]}
WIDE = Span(540, 1080)


def asking(asks: dict[str, list[str]] | None = None) -> Registry:
    """Return the example clinic with services that ask for clearances."""
    clinic = demo_registry().model_dump(mode="json")
    for service in clinic["services"]:
        service["clearances"] = (ASKS if asks is None else asks).get(service["id"], [])
    return Registry.model_validate(clinic)


def wish(name: str, client: str, service: str = "laser-hair", window: Span = WIDE) -> AppointmentRequest:
    """Return a request of a client."""
    return AppointmentRequest(AppointmentId(name), ClientId(client), ServiceId(service), window)


class ClearedClinic:
    """The clinic, with one registered client whom nobody has cleared for anything."""

    def __init__(self, record: BoxRecord, registry: Registry | None = None, ada: ClientId | None = None) -> None:
        registry = registry or asking()
        self.record = record
        self.book = ScheduleBook(record.store, registry, record.ids, record.clock, ZONE)
        self.waitlist = WaitlistBook(record.store, self.book, record.ids)
        given, licences = ClearanceRecord(record.store, record.clients), RegistryLicences(registry)
        self.desk = ClearanceDesk(record.store, given, record.register, licences, self.book)
        self.ada = ada or record.new_client("Ada Canary", consents=False)

    def started_again(self, registry: Registry) -> "ClearedClinic":
        """Return the same box after a start with another clinic's file."""
        return ClearedClinic(self.record, registry, self.ada)

    def clear(self, *names: str, until: dt.date | None = None) -> None:
        for name in names:
            self.desk.give(self.ada, name, until, NURSE)

    def booked(self, name: str, service: str = "laser-hair", day: dt.date = TODAY) -> bool:
        """Try to book the client; tell whether there was a place."""
        return self.book.book_day(day, [wish(name, self.ada, service)], "desk") == 1

    def visit(self, name: str, day: dt.date = TODAY) -> Appointment:
        return self.book.day(day).plan.appointments[AppointmentId(name)]
