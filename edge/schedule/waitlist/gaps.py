"""The free time of one day: exactly where somebody who waits would fit, nobody moved, and what is in the way where not.

Where somebody fits and why somebody does not is one answer: a start is free if and only if nothing is in its way.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_, or_
from typing import Final

from edge.schedule.clearing import NOTHING, OnRecord, carried
from edge.schedule.conditions import company
from edge.schedule.demand import Calendar, Demand, demands_of
from edge.schedule.domain import GRID_MINUTES, Appointment, AppointmentRequest, Plan, Span, up_to_grid
from edge.schedule.ids import ProviderId, RoomId, ServiceId
from edge.schedule.insertion import Situation, slots
from edge.schedule.lunch import missed_lunches
from edge.schedule.obstacles import Question, Wish
from edge.schedule.paced_question import PacedQuestion, question_of
from edge.schedule.registry import Registry
from edge.schedule.uses import uses
from edge.schedule.waitlist.domain import Entry, Place
from edge.schedule.waitlist.places import ASKS, Freed

ON_OFFER: Final = "is on offer to somebody"
FIRST_TO_OTHERS: Final = "is kept for a booked visit without a place"


class Gaps:
    """The free time of one day, from a minute on, with what is on offer taken out of it.

    Visits of the day that wait for a place come first: what would suit them is not given to anybody else.
    """

    def __init__(
        self,
        registry: Registry,
        plan: Plan,
        now: int,
        held: Sequence[Appointment] = (),
        record: OnRecord = NOTHING,
    ) -> None:
        """Look at a day.

        Args:
            registry: the clinic.
            plan: the day as it stands.
            now: minute from which a visit may begin; 0 for a day to come.
            held: the visits that offers would become.
            record: what clients are cleared for, and have on other days.
        """
        self.registry = registry
        self._record = record
        self._situation = Situation(registry, demands_of(registry), plan, up_to_grid(now), (), (), ())
        self._plan = plan
        self._calendar = Calendar.of(registry, plan)
        self._missed = missed_lunches(registry, plan)
        self._free: dict[ServiceId, tuple[tuple[int, ...], ...]] = {}
        for visit in held:
            self._take(visit, ON_OFFER)
        for waits in plan.unplaced:
            best = min(slots(self._situation, waits, self._calendar, self._plan), default=None)
            if best is not None:
                stages = self.demand(waits.service).stages(best.start, best.choice)
                self._take(replace(waits, stages=stages), FIRST_TO_OTHERS)

    @property
    def date(self) -> dt.date:
        """The day."""
        return self._plan.date

    @property
    def now(self) -> int:
        """The first minute at which a visit may begin."""
        return self._situation.now

    def demand(self, service: ServiceId) -> Demand:
        """Return what a service needs."""
        return self._situation.demands[service]

    def places(self, entry: Entry, near: Freed | None = None, but: Sequence[Span] = ()) -> Iterator[Place]:
        """Yield where an entry fits, one place a start.

        Args:
            entry: who waits.
            near: if given, only where the visit uses what was left there.
            but: times that no place may meet.
        """
        demand = self.demand(entry.service)
        if near is not None and not self.could_use(entry, near):
            return
        for hours, part in [(suits, part) for suits in entry.hours_on(self.date) for part in _parts(suits, but)]:
            window = part
            if near is not None:
                window = Span(
                    max(part.start, near.span.start - demand.longest), min(part.end, near.span.end + demand.longest)
                )
            for start, choice in self._choices(self.visit(entry, window, near)):
                place = Place(self.date, hours, demand.stages(start, choice))
                if near is None or near.shared(place.stages) > 0:
                    yield place

    def could_use(self, entry: Entry, near: Freed) -> bool:
        """Tell whether anything of what was left could serve an entry at all."""
        able = {(need.kind, name) for need in self.demand(entry.service).needs for name in need.eligible}
        return any(use in able for stage in near.stages for use in uses(stage))

    def visit(self, entry: Entry, window: Span, near: Freed | None = None) -> Appointment:
        """Return the visit that an entry asks for, with what its client is cleared for and has on other days."""
        # Who has just become free is as good as asked for, so that the place is filled and not another.
        wanted = entry.preferred or (near.provider if near is not None else None)
        cleared = carried(self.registry, self._record.confirmed, entry.client, entry.service, self.date)
        history = self._record.history(entry.client, entry.service, self.date)
        return Appointment.of(
            AppointmentRequest(ASKS, entry.client, entry.service, window, wanted, cleared=cleared, history=history)
        )

    def question(
        self, visit: Appointment, start: int, provider: ProviderId | None = None, room: RoomId | None = None
    ) -> Question | PacedQuestion:
        """Return what is to be asked of one start; with `provider` or `room`, of that one alone."""
        situation, others = self._situation, self._plan.occupying
        asked = Wish(
            situation.registry,
            situation.demands,
            self._plan,
            situation.now,
            others,
            (),
            (),
            reserved=situation.reserved,
            wished=start,
        )
        return question_of(asked, visit, others, provider, room)

    def company(self, visit: Appointment) -> tuple[Appointment, ...]:
        """Return the client's visits of the day."""
        return company(self._plan, visit)

    def lacking(self, service: ServiceId, start: int) -> int:
        """Return how many needs of a service nobody and nothing can serve from a minute on: more are not met, or so."""
        cell = start // GRID_MINUTES
        return min(sum(not free >> cell & 1 for free in way) for way in self._free_starts(service))

    def _choices(self, visit: Appointment) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield each start that a visit may have, with who and what serves it then."""
        demand = self.demand(visit.service)
        quick = {slot.start: slot.choice for slot in slots(self._situation, visit, self._calendar, self._plan)}
        together = reduce(or_, (reduce(and_, way, -1) for way in self._free_starts(visit.service)))
        for start in self._situation.starts(visit):
            choice = quick.get(start)
            if choice is not None and self._feeds(replace(visit, stages=demand.stages(start, choice))):
                yield start, choice
            elif together >> start // GRID_MINUTES & 1:
                # The first choice that comes to mind takes a lunch, or what another need could do without.
                exact = self.question(visit, start).served()
                if exact is not None:
                    yield start, exact

    def _free_starts(self, service: ServiceId) -> tuple[tuple[int, ...], ...]:
        """Return, for each length that a service may have, the starts at which each need alone can be served."""
        if service not in self._free:
            ways = self.demand(service).ways
            self._free[service] = tuple(tuple(map(self._calendar.starts, way.needs)) for way in ways)
        return self._free[service]

    def _feeds(self, there: Appointment) -> bool:
        """Tell whether nobody loses a lunch."""
        return missed_lunches(self.registry, self._plan.with_appointments(there)) <= self._missed

    def _take(self, visit: Appointment, kept: str) -> None:
        """Keep a place for a visit from now on."""
        self._plan = self._plan.with_appointments(visit)
        self._calendar.occupy(visit.stages)
        self._missed = missed_lunches(self.registry, self._plan)
        self._situation = replace(self._situation, reserved={**self._situation.reserved, visit.id: kept})


def _parts(hours: Span, but: Sequence[Span]) -> Iterator[Span]:
    """Yield what some times leave of hours, earliest first."""
    start = hours.start
    for span in sorted(but, key=lambda one: one.start):
        if start < min(span.start, hours.end):
            yield Span(start, min(span.start, hours.end))
        start = max(start, span.end)
    if start < hours.end:
        yield Span(start, hours.end)
