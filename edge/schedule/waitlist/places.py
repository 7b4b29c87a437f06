"""What has become free on a day, and whether the place of an offer still is."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.schedule.checker import check
from edge.schedule.clearing import NOTHING, OnRecord, carried
from edge.schedule.demand import Resource
from edge.schedule.domain import (
    Appointment,
    Plan,
    Span,
    Stages,
    Status,
    clock_text,
)
from edge.schedule.ids import AppointmentId, ProviderId
from edge.schedule.lunch import missed_lunches
from edge.schedule.other_days import too_near
from edge.schedule.personal import uncleared_text
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from edge.schedule.uses import entries, uses
from edge.schedule.waitlist.domain import Entry, Offer

ASKS: Final = AppointmentId("waitlist-asks")
"""The name of the visit that somebody who waits asks for."""
_MOST_CHARACTERS: Final = 299


@dataclass(frozen=True, slots=True)
class Freed:
    """A place that a visit has left: what it occupied, and why it is gone, in words that name no client."""

    stages: Stages
    cause: str

    @property
    def span(self) -> Span:
        """From the first to the last minute."""
        return Span(self.stages[0].start, self.stages[-1].end)

    @property
    def provider(self) -> ProviderId | None:
        """The first provider who has time now."""
        return next((stage.provider for stage in self.stages if stage.provider is not None), None)

    @property
    def key(self) -> str:
        """A name for it: the same for the same place of a day, whoever left it."""
        return hashlib.sha256(repr(self.stages).encode()).hexdigest()[:16]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Whom and what it occupied, each once."""
        return tuple(dict.fromkeys(use for stage in self.stages for use in uses(stage)))

    def shared(self, stages: Stages) -> int:
        """Return in how many minutes some of these stages use a provider, room or device that was left."""
        ours = [(use, stage.span) for stage in self.stages for use in uses(stage)]
        minutes: set[int] = set()
        for stage in stages:
            for use in uses(stage):
                for other, span in ours:
                    if other == use:
                        minutes.update(range(max(span.start, stage.start), min(span.end, stage.end)))
        return len(minutes)


def freed(registry: Registry, schedule: Schedule) -> tuple[Freed, ...]:
    """Return the places that cancellations, no-shows and replans of a day have left, earliest first.

    Whether one is still free is not asked here; a place left by several visits is named once.
    """
    left: dict[Stages, str] = {}
    plan = schedule.plan
    for visit in plan.appointments.values():
        if not visit.status.active and visit.placed:
            why = "cancelled" if visit.status is Status.CANCELLED else "did not come"
            left[visit.stages] = _cause(registry, visit, why)
    for record in schedule.replans:
        if record.undone or record.after is None:
            continue
        for old in record.before.placed:
            new = record.after.appointments.get(old.id, old)
            if new.stages != old.stages and not old.status.begun:
                left.setdefault(old.stages, _cause(registry, old, "moved" if new.placed else "lost its place"))
    places = [Freed(stages, cause) for stages, cause in left.items()]
    return tuple(sorted(places, key=lambda place: (place.span, place.cause)))


def visit_of(registry: Registry, offer: Offer, record: OnRecord) -> Appointment:
    """Return the visit that an offer becomes, with what its client is cleared for and has on other days now."""
    client, service, day = offer.client, offer.service, offer.place.day
    return offer.visit(carried(registry, record.confirmed, client, service, day), record.history(client, service, day))


def stands(registry: Registry, plan: Plan, offer: Offer, record: OnRecord = NOTHING) -> bool:
    """Tell whether the place of an offer is still free and the visit would break no rule that is kept without it."""
    visit = visit_of(registry, offer, record)
    if not _known(registry, offer):
        return False
    if any(
        other.client == offer.client and Span(other.start, other.end).overlaps(offer.place.span)
        for other in plan.placed
        if other.id != visit.id
    ):
        return False
    if missed_lunches(registry, plan.with_appointments(visit)) > missed_lunches(registry, plan):
        return False
    before = set(check(registry, plan))
    return all(violation in before for violation in check(registry, plan.with_appointments(visit)))


def gone_because(registry: Registry, offer: Offer, record: OnRecord, otherwise: str) -> str:
    """Return why an offer stands no longer: its client lacks a clearance, or is too near another day's visit."""
    if not _known(registry, offer):
        return otherwise
    visit = visit_of(registry, offer, record)
    text = uncleared_text(registry, visit) or too_near(registry, visit)
    return otherwise if text is None else f"{text[:_MOST_CHARACTERS]}."


def uncleared_on(registry: Registry, entry: Entry, day: dt.date, record: OnRecord) -> str | None:
    """Return which clearances the client of an entry would lack on a day, or none where it lacks none."""
    cleared = carried(registry, record.confirmed, entry.client, entry.service, day)
    hours = registry.hours.span
    return uncleared_text(registry, Appointment(ASKS, entry.client, entry.service, hours, cleared=cleared))


def standing(registry: Registry, plan: Plan, offers: Sequence[Offer], record: OnRecord = NOTHING) -> tuple[Offer, ...]:
    """Return the offers whose place is still free on a day; what is no longer free binds nobody."""
    return tuple(offer for offer in offers if offer.place.day == plan.date and stands(registry, plan, offer, record))


def kept_visits(
    registry: Registry, plan: Plan, offers: Sequence[Offer], record: OnRecord = NOTHING
) -> list[Appointment]:
    """Return the visits that those of the offers that stand on a day would become."""
    return [visit_of(registry, offer, record) for offer in standing(registry, plan, offers, record)]


def offers_service(registry: Registry, entry: Entry) -> bool:
    """Tell whether the clinic's file still has what somebody waits for."""
    return any(service.id == entry.service for service in registry.services)


def _known(registry: Registry, offer: Offer) -> bool:
    """Tell whether the clinic's file still has everything that an offer uses; it may have changed since."""
    things = {(kind, one.id) for kind, group in entries(registry).items() for one in group}
    used = {use for stage in offer.place.stages for use in uses(stage)}
    return used <= things and any(service.id == offer.service for service in registry.services)


def _cause(registry: Registry, visit: Appointment, what: str) -> str:
    names = {service.id: service.name for service in registry.services}
    return f"{clock_text(visit.start)} {names.get(visit.service, visit.service)}: {what}"
