"""When the clinic's rules between visits and days first allow what somebody waits for."""

import datetime as dt
from typing import Final

from edge.schedule.conditions import Kind, company, conditions, days_apart
from edge.schedule.demand import demands_of
from edge.schedule.domain import GRID_MINUTES, Appointment, AppointmentRequest, Plan
from edge.schedule.waitlist.clinic import Overview
from edge.schedule.waitlist.domain import Entry
from edge.schedule.waitlist.places import ASKS, offers_service

_LOOKED_AHEAD: Final = 120
"""So many days are looked through: longer than courses of treatment usually wait."""


def earliest_day(view: Overview, entry: Entry, first: dt.date) -> dt.date | None:
    """Return the first day, `first` or later, on which the client's other visits allow the service.

    None where that is no day of the next four months, as long as a visit that has to come before is not booked.
    """
    ahead = (first + dt.timedelta(days=number) for number in range(_LOOKED_AHEAD))
    return next((day for day in ahead if _allowed(view, entry, day)), None)


def _allowed(view: Overview, entry: Entry, day: dt.date) -> bool:
    if not offers_service(view.clinic.on(day), entry):
        return False
    registry, record = view.clinic.on(day), view.clinic.record
    hours, demands = registry.hours.span, demands_of(registry)
    history = record.history(entry.client, entry.service, day)
    visit = Appointment.of(AppointmentRequest(ASKS, entry.client, entry.service, hours, history=history))
    if _near_another(view, entry, day):
        return False
    found = conditions(demands, visit, company(view.plans.get(day, Plan(day)), visit), booked=False)
    rules = [one for one in found if one.kind in (Kind.APART, Kind.AFTER)]
    last = hours.end - demands[entry.service].shortest
    return any(all(rule.met(start) for rule in rules) for start in range(hours.start, last + 1, GRID_MINUTES))


def _near_another(view: Overview, entry: Entry, day: dt.date) -> bool:
    """Tell whether the client has a visit on that very day which is too near to this one."""
    # A day's own visits are no part of its history; they are of the next day's.
    services = {one.id: one for one in view.clinic.on(day).services}
    after = view.clinic.record.history(entry.client, entry.service, day + dt.timedelta(days=1))
    # The clinic of the next day may have begun with a service that this one does not have yet.
    visits = (services.get(past.service) for past in after if past.days_ago == 1)
    return any(visit is not None and days_apart(services[entry.service], visit) > 0 for visit in visits)
