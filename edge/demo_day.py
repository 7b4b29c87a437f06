"""Books a realistic day from the clinic's file, with invented clients; for demonstrations."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from edge.clients.register import ClientRegister
from edge.config import EdgeSettings
from edge.record import open_record
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.changing.book import RegistryBook, clinic_date
from shared.clock import SystemClock
from shared.events.catalogue.client import ClientRegistered
from shared.ids import Uuid7Source

# Invented; every name is a plant with a first name of no family.
_FIRST: Final = ("Ana", "Ben", "Cleo", "Dara", "Eli", "Fay", "Gia", "Hugo", "Ines", "Jun", "Kai", "Lia")
_LAST: Final = ("Alder", "Bramble", "Clover", "Dill", "Elder", "Fern", "Gorse", "Heather", "Iris", "Juniper")
_ACTOR: Final = "demonstration"


@dataclass(frozen=True, slots=True)
class BookedDay:
    """What came of it."""

    day: dt.date
    placed: int
    declined: int


def book_demo_days(
    settings: EdgeSettings, first: dt.date | None, days: int, appointments: int, seed: int
) -> list[BookedDay]:
    """Book days one after the other; one that has bookings already stays as it is.

    Args:
        settings: the box; it must be enrolled and not running.
        first: the first day, or None for today at the clinic.
        days: how many days.
        appointments: visits to ask for on each.
        seed: same seed, same days.
    """
    clock = SystemClock()
    ids = Uuid7Source(clock)
    record = open_record(settings.store, clock, ids)
    try:
        clinic = RegistryBook(record.store, ids, settings.clinic.registry, clinic_date(clock, settings.clinic.timezone))
        book = ScheduleBook(record.store, clinic, ids, clock, settings.clinic.timezone)
        register = ClientRegister(record.store, record.clients, ids)
        start = first or book.today()
        return [_book(book, register, start + dt.timedelta(days=number), appointments, seed) for number in range(days)]
    finally:
        record.store.close()


def _book(book: ScheduleBook, register: ClientRegister, day: dt.date, appointments: int, seed: int) -> BookedDay:
    booked = book.day(day).plan.appointments
    if booked:
        return BookedDay(day, len(booked), 0)
    names = [f"{first} {last}" for last in _LAST for first in _FIRST][:appointments]
    clients = [register.add(ClientRegistered(name=name), _ACTOR).id for name in names]
    placed = book.book_day(day, synthesise_day(book.registry_on(day), day, seed, appointments, clients), _ACTOR)
    return BookedDay(day, placed, appointments - placed)
