"""Clearances of a visit's client, for the pages."""

import datetime as dt

from edge.api import clearance_schemas as shown
from edge.clearances.desk import ClearanceDesk
from edge.clearances.rules import Clearance
from edge.clients.register import ClientUnknown
from edge.schedule.book import ScheduleBook
from edge.schedule.ids import AppointmentId
from shared.ids import ClientId


class ClearanceFace:
    """Clearances as the pages show and change them, visit by visit."""

    def __init__(self, desk: ClearanceDesk, book: ScheduleBook) -> None:
        self._desk = desk
        self._book = book

    def of_visit(self, appointment_id: str) -> shown.VisitClearances:
        """Return how the clearances stand that services of the clinic ask for."""
        visit = AppointmentId(appointment_id)
        day = self._book.day_of(visit)
        booked = self._book.day(day).plan.appointments[visit]
        own = self._book.registry_on(day).service(booked.service).clearances
        try:
            known, registered = self._desk.known(booked.client), True
        except ClientUnknown:
            known, registered = {}, False
        names = dict.fromkeys([*own, *self._desk.asked_for(), *sorted(known)])
        return shown.VisitClearances(
            appointment_id=appointment_id,
            registered=registered,
            clearances=[self._shown(name, known.get(name), day, asked=name in own) for name in names],
            professionals=[shown.Professional(id=one.id, name=one.name) for one in self._desk.licences.signers()],
        )

    def give(self, appointment_id: str, new: shown.NewClearance, person: str) -> shown.VisitClearances:
        """Record that a professional confirms something about the visit's client."""
        self._desk.give(self._client(appointment_id), new.name, new.until, person)
        return self.of_visit(appointment_id)

    def withdraw(self, appointment_id: str, what: shown.WithdrawnClearance, person: str) -> shown.VisitClearances:
        """Record that a professional withdraws a clearance."""
        self._desk.withdraw(self._client(appointment_id), what.name, what.reason, person)
        return self.of_visit(appointment_id)

    def _client(self, appointment_id: str) -> ClientId:
        return self._book.client_of(appointment_id)

    def _shown(self, name: str, known: Clearance | None, day: dt.date, *, asked: bool) -> shown.Clearance:
        if known is None:
            return shown.Clearance(name=name, asked=asked, state=shown.ClearanceState.NOT_CONFIRMED)
        return shown.Clearance(
            name=name,
            asked=asked,
            state=_state(known, day),
            until=known.until,
            by_name=self._desk.licences.names().get(known.by, known.by),
            at=known.at.astimezone(dt.UTC),
            reason=known.withdrawn,
        )


def _state(known: Clearance, day: dt.date) -> shown.ClearanceState:
    if known.withdrawn is not None:
        return shown.ClearanceState.WITHDRAWN
    return shown.ClearanceState.CONFIRMED if known.holds_on(day) else shown.ClearanceState.OVER
