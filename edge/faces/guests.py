"""Who has arrived and may step up to the kiosk."""

import datetime as dt

from edge.api.kiosk_schemas import Guest
from edge.clients.register import ClientRegister, ClientUnknown
from edge.faces.visit import first_name
from edge.schedule import domain
from edge.schedule.book import ScheduleBook


class ScheduleGuests:
    """Who has arrived and may step up to the kiosk, by first name."""

    def __init__(self, book: ScheduleBook, register: ClientRegister) -> None:
        self._book = book
        self._register = register

    def __call__(self) -> list[Guest]:
        """Return the arrived guests in order of their appointments."""
        day = self._book.today()
        midnight = dt.datetime.combine(day, dt.time(), self._book.zone)
        guests: list[Guest] = []
        for visit in self._book.day(day).plan.placed:
            if visit.status is not domain.Status.ARRIVED:
                continue
            try:
                name = self._register.get(visit.client).details.name
            except ClientUnknown:
                continue
            starts = midnight + dt.timedelta(minutes=visit.start)
            guests.append(Guest(appointment_id=visit.id, first_name=first_name(name), starts_at=starts))
        return guests
