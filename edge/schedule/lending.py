"""How many slots to lend to the hub, and which: a few good ones of each service, spread over the day."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import Appointment, AppointmentRequest, Plan, Span, up_to_grid
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.insertion import Situation, Slot, slots
from edge.schedule.leases import Lease, Leases, in_force, slot_of, visit_of
from edge.schedule.lunch import missed_lunches
from edge.schedule.registry import Registry
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from shared.slots import SALE_ENDS, moment

_HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class LendingPolicy:
    """What a clinic lends.

    Attributes:
        per_service: slots of each service and day that the hub can sell; 0 lends nothing.
        services: which services; empty for all.
        days_ahead: so many days from today on.
        protected: hours that no lent slot may touch, in minutes of a day: those the clinic sells itself.
        lease: how long one grant lasts; it is renewed when half of it is over.
        notice: so long before its start a slot is lent for the last time, in minutes.
    """

    per_service: int
    services: frozenset[ServiceId] = frozenset()
    days_ahead: int = 6
    protected: tuple[Span, ...] = ()
    lease: dt.timedelta = dt.timedelta(days=7)
    notice: int = 120


@dataclass(frozen=True, slots=True)
class Lender:
    """Who lends: the clinic, its policy, its zone, and the life of the hub that is lent to."""

    registry: Registry
    policy: LendingPolicy
    zone: dt.tzinfo
    hub_epoch: str

    def top_up(
        self, plan: Plan, leases: Leases, now: dt.datetime, new_lease: Callable[[], str]
    ) -> Iterator[PayloadModel]:
        """Yield renewals of leases that run out, and new leases where the hub has too little to sell.

        Args:
            plan: one day with all that it holds, what is lent included.
            leases: of the same day.
            now: the time it is; a wrong one lends too much or too little, never a slot twice.
            new_lease: makes an id that was never used.
        """
        day = plan.date
        usable = [lease for lease in leases.open.values() if in_force(lease, day, self.hub_epoch, now, self.zone)]
        if not self.policy.per_service:
            return
        yield from self._renewals(day, usable, now)
        if plan.unplaced:
            return  # who waits for a place comes first
        # What was given up in doubt may be a buyer's all the same: it is not sold to another one.
        plan = replace(plan, lent=(*plan.lent, *leases.unresolved))
        for service in self.registry.services:
            if self.policy.services and service.id not in self.policy.services:
                continue
            taken = (*(lease.visit for lease in usable), *leases.given_back)
            held = [visit for visit in taken if visit.service == service.id]
            for part in self._parts(held):
                found = self._best(plan, service.id, part, now)
                if found is None:
                    continue
                start = moment(day, found.start, self.zone)
                slot = slot_of(new_lease(), day, service.id, found.stages)
                yield said.SlotLeased(slot=slot, hub_epoch=self.hub_epoch, until=self._until(start, now))
                plan = replace(plan, lent=(*plan.lent, visit_of(slot)))

    def _renewals(self, day: dt.date, usable: list[Lease], now: dt.datetime) -> Iterator[PayloadModel]:
        for lease in usable:
            until = self._until(moment(day, lease.visit.start, self.zone), now)
            if until > lease.until and lease.until - now < self.policy.lease / 2:
                yield said.SlotRenewed(lease=lease.id, day=day, until=until)

    def _until(self, start: dt.datetime, now: dt.datetime) -> dt.datetime:
        return min(now + self.policy.lease, start - SALE_ENDS).astimezone(dt.UTC)

    def _parts(self, held: list[Appointment]) -> list[Span]:
        """Return the parts of the day in which a slot is missing: as many parts as slots are to be lent."""
        hours, count = self.registry.hours, self.policy.per_service
        bounds = [hours.start + (hours.end - hours.start) * number // count for number in range(count + 1)]
        parts = [Span(start, end) for start, end in pairwise(bounds)]
        empty = [part for part in parts if not any(part.start <= visit.start < part.end for visit in held)]
        return empty[: max(0, count - len(held))]

    def _best(self, plan: Plan, service: ServiceId, part: Span, now: dt.datetime) -> Appointment | None:
        """Return the best place that begins in a part of the day: on the half hour, then early; nobody's lunch."""
        registry, demands = self.registry, demands_of(self.registry)
        name = AppointmentId("lent")
        latest = min(part.end + demands[service].longest, registry.hours.end)
        asks = Appointment.of(
            AppointmentRequest(name, ClientId(name), service, Span(max(part.start, registry.hours.start), latest))
        )
        situation = Situation(registry, demands, plan, self._earliest(plan.date, now), (), (), ())
        missed = missed_lunches(registry, plan)
        for place in sorted(slots(situation, asks, Calendar.of(registry, plan), plan), key=_appeal):
            visit = replace(asks, stages=demands[service].stages(place.start, place.choice))
            span = Span(visit.start, visit.end)
            if place.start >= part.end or any(span.overlaps(hours) for hours in self.policy.protected):
                continue
            if missed_lunches(registry, plan.with_appointments(visit)) <= missed:
                return visit
        return None

    def _earliest(self, day: dt.date, now: dt.datetime) -> int:
        local = now.astimezone(self.zone)
        if local.date() != day:
            return 0
        return up_to_grid(local.hour * 60 + local.minute + self.policy.notice)


def _appeal(place: Slot) -> tuple[bool, int]:
    return place.start % _HALF_HOUR != 0, place.start
