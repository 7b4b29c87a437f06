"""Answers the online requests that come down from the hub: booked at once, or declined with what is free instead."""

import datetime as dt
from typing import Final

from edge.schedule.book import ScheduleBook
from edge.schedule.conditions import missing
from edge.schedule.domain import Appointment, AppointmentRequest, Span
from edge.schedule.errors import UnknownName
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.schedule import Schedule
from shared.errors import Rejected
from shared.events.aggregates import in_order
from shared.events.catalogue import schedule as said
from shared.events.catalogue.system import BookingAnswered, BookingRequested
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel
from shared.ids import ClientId

_REASON: Final = 500
_TO_BE_CLEARED: Final = " Please call the clinic: once it is confirmed there, the visit can be booked."


class OnlineDesk:
    """Decides on requests made at the hub."""

    def __init__(self, book: ScheduleBook) -> None:
        self._book = book

    def answer(self, event: Event) -> list[EventDraft]:
        """Decide an online request that came down from the hub; the caller appends the answer.

        Idempotent by the request's id. The drafts name the day's version that was decided on, so that a place
        taken before they are appended is not given twice.

        Raises:
            ValueError: the request names no day of the calendar.
        """
        wish = BookingRequested.model_validate(event.fields.payload)
        date = dt.date.fromisoformat(wish.day)
        with self._book.exclusively():
            day = self._book.day(date)
            payloads, answer = self._decide(wish, day)
            drafts = in_order(day.aggregate, day.version, payloads, "hub", "booking")
        return [*drafts, EventDraft(f"booking/{wish.request}", answer, "box", "booking")]

    def _decide(self, wish: BookingRequested, day: Schedule) -> tuple[list[PayloadModel], BookingAnswered]:
        name = AppointmentId(f"online-{wish.request}")
        request = AppointmentRequest(
            name, ClientId(name), ServiceId(wish.service), Span(wish.earliest_minute, wish.latest_minute)
        )
        date = day.plan.date
        if date < self._book.today():
            return [], BookingAnswered(request=wish.request, accepted=False, reason="that day has passed")
        registry = self._book.registry_on(date)
        try:
            registry.service(request.service)
            learnt = self._book.learnt
            request = self._book.with_record(learnt.expected(request), date)
            payloads = day.decide_request(learnt.planning(date), request, self._book.minute(date), self._book.kept(day))
        except Rejected as error:
            return [], BookingAnswered(request=wish.request, accepted=False, reason=error.sentence[:_REASON])
        visit = day.plan.appointments.get(name)
        for payload in payloads:
            if isinstance(payload, said.RequestDeclined):
                reason = _with_alternatives(payload)
                if missing(registry.service(request.service), Appointment.of(request)):
                    reason = f"{reason[: _REASON - len(_TO_BE_CLEARED)]}{_TO_BE_CLEARED}"
                return payloads, BookingAnswered(request=wish.request, accepted=False, reason=reason)
            if isinstance(payload, said.AppointmentBooked):
                start = payload.visit.stages[0].start
                return payloads, _accepted(wish, name, start)
        if visit is None:
            raise UnknownName("unknown_appointment", "the request is neither booked nor declined")
        return [], _accepted(wish, name, visit.start)


def _accepted(wish: BookingRequested, name: AppointmentId, start: int) -> BookingAnswered:
    return BookingAnswered(request=wish.request, accepted=True, appointment=name, start_minute=start)


def _with_alternatives(declined: said.RequestDeclined) -> str:
    starts = ", ".join(f"{start // 60:02d}:{start % 60:02d}" for start in declined.next_starts)
    return f"{declined.reason} Free that day: {starts}." if starts else declined.reason
