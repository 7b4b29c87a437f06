"""A day as people run it by hand: a busy morning, what happened, and what they made of it."""

import datetime as dt
from dataclasses import dataclass, replace

from edge.schedule.booking import next_slots, plan_day, synthesise_day
from edge.schedule.document import DayDocument
from edge.schedule.domain import Appointment, AppointmentRequest, Plan, Status, clock_text
from edge.schedule.entries import Hours
from edge.schedule.facts import later
from edge.schedule.registry import Registry
from edge.schedule.shadow_document import EventsDocument, HumanDay, human_day

DATE = dt.date(2026, 11, 23)
SICK, FROM = "willow", 13 * 60


@dataclass(frozen=True)
class Lived:
    """The documents of a day that people ran."""

    morning: DayDocument
    day: DayDocument
    events: EventsDocument

    def human(self, *, morning: bool = True) -> HumanDay:
        return human_day(self.day, self.events, self.morning if morning else None)


def lived_day(clinic: Registry, visits: int = 90, seed: int = 1) -> Lived:
    """People book who asks first; a late client shifts alone, and a sick provider's clients get what is free."""
    booked = plan_day(clinic, synthesise_day(clinic, DATE, seed, visits), DATE)
    plan = replace(booked, appointments={a.id: replace(a, status=Status.CONFIRMED) for a in booked.placed})
    empty = DayDocument(clinic=clinic, date=DATE)
    asking = empty.with_plan(replace(booked, appointments={a.id: a for a in booked.unplaced})).appointments
    requests = [entry.model_dump(mode="json", exclude={"status", "stages"}) for entry in asking]
    morning = DayDocument.model_validate(empty.with_plan(plan).model_dump(mode="json") | {"requests": requests})
    free = [a for a in plan.placed if a.start >= 11 * 60 and SICK not in a.providers]
    cancelled, missing, late, long = free[3], free[10], free[18], free[6]
    events = EventsDocument.model_validate(
        {
            "events": [
                {"kind": "cancelled", "at": "09:40", "appointment": cancelled.id},
                {"kind": "overrun", "at": clock_text(long.end - 5), "appointment": long.id, "minutes": 10},
                {"kind": "provider_out", "at": "13:00", "provider": SICK, "start": "13:00", "end": "17:00"},
                {"kind": "no_show", "at": clock_text(missing.start + 10), "appointment": missing.id},
                {"kind": "late", "at": clock_text(late.start - 15), "appointment": late.id, "minutes": 20},
                {
                    "kind": "walk_in",
                    "at": "15:10",
                    "request": {
                        "id": "walk-in-1",
                        "client": "client-x",
                        "service": "follow-up",
                        "window": {"start": "15:10", "end": "18:30"},
                    },
                },
            ]
        }
    )
    return Lived(morning, morning.with_plan(_by_hand(clinic, plan, cancelled, missing, late)), events)


def _by_hand(clinic: Registry, plan: Plan, cancelled: Appointment, missing: Appointment, late: Appointment) -> Plan:
    plan = plan.with_appointments(
        replace(cancelled, status=Status.CANCELLED),
        replace(missing, status=Status.NO_SHOW),
        replace(later(late, 20), stages=tuple(replace(s, start=s.start + 20, end=s.end + 20) for s in late.stages)),
    )
    away = Hours(start=clinic.hours.start, end=FROM)
    people = [p.model_copy(update={"shift": away}) if p.id == SICK else p for p in clinic.providers]
    without_her = clinic.model_copy(update={"providers": tuple(people)})
    for visit in plan.placed:
        if SICK not in visit.providers or visit.end <= FROM:
            continue
        gone = plan.with_appointments(replace(visit, stages=()))
        request = AppointmentRequest(visit.id, visit.client, visit.service, visit.window, visit.preferred)
        offers = next_slots(without_her, gone, request, FROM + 30, count=1)
        plan = gone.with_appointments(replace(visit, stages=offers[0].stages if offers else ()))
    return plan
