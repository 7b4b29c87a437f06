"""What a visit carries of what has been confirmed about its client, and what a change of that does to a day.

A visit carries only what its service asks for: whatever else is confirmed tells of the client's health and has no
business in the day's events.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.domain import AddOn, AppointmentRequest, Disruption, Plan, Urgent, WalkIn
from edge.schedule.facts import find
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.other_days import HistoryOf, no_history
from edge.schedule.proposal_parts import disruption_of
from edge.schedule.proposals import ProposalRecord
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel
from shared.ids import ClientId

Confirmed = Callable[[ClientId, dt.date], frozenset[str]]
"""Returns the clearances of a client that hold on a day."""


def nothing_confirmed(client: ClientId, day: dt.date) -> frozenset[str]:
    """Return that nobody is cleared for anything."""
    del client, day
    return frozenset()


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of clients besides the day that is planned."""

    confirmed: Confirmed = nothing_confirmed
    history: HistoryOf = no_history


NOTHING: Final = OnRecord()


def carried(
    registry: Registry, confirmed: Confirmed, client: ClientId, service: ServiceId, day: dt.date
) -> frozenset[str]:
    """Return the clearances that a visit carries; none for a service that the clinic's file no longer has."""
    asked = {name for one in registry.services if one.id == service for name in one.clearances}
    return confirmed(client, day) & asked if asked else frozenset()


def with_clearances(
    registry: Registry, confirmed: Confirmed, request: AppointmentRequest, day: dt.date
) -> AppointmentRequest:
    """Return a request with the clearances that its visit would carry, and no others."""
    return replace(request, cleared=carried(registry, confirmed, request.client, request.service, day))


def asking_cleared(registry: Registry, confirmed: Confirmed, plan: Plan, disruption: Disruption) -> Disruption:
    """Return a disruption with what is confirmed of the client who asks for a place in it.

    Raises:
        UnknownName: an add-on names a visit that the day does not have.
    """
    match disruption:
        case WalkIn(request=request) | Urgent(request=request):
            return replace(disruption, request=with_clearances(registry, confirmed, request, plan.date))
        case AddOn(appointment=anchor, service=service):
            client = find(plan, anchor).client
            return replace(disruption, cleared=carried(registry, confirmed, client, service, plan.date))
        case _:
            return disruption


def cleared_anew(registry: Registry, confirmed: Confirmed, day: Schedule, client: ClientId) -> list[PayloadModel]:
    """Return what a client's clearances, as they are now, change on a day; nothing where it knows them already.

    Visits that have not begun carry them from then on. What was proposed for the client on other terms is closed.
    """
    plan = day.plan
    visits = [visit for visit in plan.appointments.values() if visit.client == client and not visit.status.begun]
    changed: list[PayloadModel] = []
    for visit in visits:
        now = carried(registry, confirmed, client, visit.service, plan.date)
        if now != visit.cleared:
            names = tuple(sorted(now))
            changed.append(said.AppointmentClearancesChanged(day=plan.date, appointment=visit.id, cleared=names))
    changed.extend(
        told.ProposalExpired(day=plan.date, proposal=record.id)
        for record in day.proposals.open
        if _asks_otherwise(registry, confirmed, plan, record, client)
    )
    return changed


def _asks_otherwise(
    registry: Registry, confirmed: Confirmed, plan: Plan, record: ProposalRecord, client: ClientId
) -> bool:
    """Tell whether a proposal is an answer to this client's wish with other clearances than those of now."""
    asked = disruption_of(record.proposed.disruption)
    match asked:
        case WalkIn(request=request) | Urgent(request=request):
            theirs = request.client == client
        case AddOn(appointment=anchor):
            theirs = plan.appointments[AppointmentId(anchor)].client == client
        case _:
            return False
    return theirs and asking_cleared(registry, confirmed, plan, asked) != asked
