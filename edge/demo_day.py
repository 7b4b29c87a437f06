"""Books a realistic day from the clinic's file, with invented clients; for demonstrations."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from edge.clients.register import ClientRegister
from edge.config import EdgeSettings
from edge.record import open_record
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.registry import demo_registry, load_registry
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


def book_demo_day(settings: EdgeSettings, day: dt.date | None, appointments: int, seed: int) -> BookedDay:
    """Book a day, unless it has bookings already.

    Args:
        settings: the box; it must be enrolled and not running.
        day: the date, or None for today at the clinic.
        appointments: visits to ask for.
        seed: same seed, same day.
    """
    clock = SystemClock()
    ids = Uuid7Source(clock)
    record = open_record(settings.store, clock, ids)
    try:
        registry = load_registry(settings.clinic.registry) if settings.clinic.registry else demo_registry()
        book = ScheduleBook(record.store, registry, ids, clock, settings.clinic.timezone)
        date = day or book.today()
        booked = book.day(date).plan.appointments
        if booked:
            return BookedDay(date, len(booked), 0)
        register = ClientRegister(record.store, record.clients, ids)
        names = [f"{first} {last}" for last in _LAST for first in _FIRST][:appointments]
        clients = [register.add(ClientRegistered(name=name), _ACTOR).id for name in names]
        placed = book.book_day(date, synthesise_day(registry, date, seed, appointments, clients), _ACTOR)
        return BookedDay(date, placed, appointments - placed)
    finally:
        record.store.close()
