"""Wishes on days with gaps, and any question about them."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from hypothesis import strategies as st

from edge.schedule.blockers import Blocker, Obstacle
from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Outage,
    PastVisit,
    Plan,
    ResourceKind,
    Span,
    Stages,
    Status,
)
from edge.schedule.entries import Hours, Lunch
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.insertion import Situation, survey
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.whynot import Possible, Refusal, why_not
from shared.ids import ClientId
from tests.edge.schedule.courses import CLEARANCES, with_rules
from tests.edge.schedule.paced import paced_clinics

DATE = dt.date(2026, 11, 23)
OPEN = Span(510, 1140)
ALWAYS = Span(0, 1440)
CLIENT = ClientId("client-who-asks")


def wish(service: str, window: Span = OPEN, preferred: str | None = None) -> AppointmentRequest:
    liked = ProviderId(preferred) if preferred else None
    return AppointmentRequest(AppointmentId("new"), CLIENT, ServiceId(service), window, liked)


def booked(clinic: Registry, name: str, service: str, start: int, *choice: str) -> Appointment:
    stages = demands_of(clinic)[ServiceId(service)].stages(start, choice)
    return Appointment(AppointmentId(name), ClientId(f"client-{name}"), ServiceId(service), OPEN, stages=stages)


def plan_of(*visits: Appointment, outages: tuple[Outage, ...] = ()) -> Plan:
    return Plan(DATE, {visit.id: visit for visit in visits}, outages)


def outage(kind: ResourceKind, name: str, start: int, end: int) -> Outage:
    return Outage(ReplanId("r"), kind, name, Span(start, end))


@dataclass(frozen=True)
class Question:
    clinic: Registry
    plan: Plan
    now: int
    visit: Appointment
    start: int
    provider: ProviderId | None

    @property
    def situation(self) -> Situation:
        return survey(self.clinic, self.plan, self.now)

    def ask(self, count: int = 0) -> Refusal | Possible:
        return why_not(self.situation, self.visit, self.start, self.provider, count)

    def broken(self, stages: Stages) -> bool:
        """Tell whether the checker refuses the visit there, as its only move."""
        there = replace(self.visit, stages=stages)
        near = [
            a
            for a in self.others.placed
            if (a.start < self.start + 240 and self.start < a.end + 60) or a.client == there.client
        ]
        # What breaks a rule of the visit among those around it breaks it among all.
        found = check(self.clinic, replace(self.plan, appointments={a.id: a for a in (*near, there)}))
        if any(there.id in violation.appointments for violation in found):
            return True
        return bool(check_replan(self.clinic, self.others, self.others.with_appointments(there), 0))

    @property
    def others(self) -> Plan:
        """The day without the visit's former place."""
        left = {key: a for key, a in self.plan.appointments.items() if key != self.visit.id}
        return replace(self.plan, appointments=left)

    def choices(self) -> Iterator[Stages]:
        demand = demands_of(self.clinic)[self.visit.service]
        bound = next((n for n, need in enumerate(demand.needs) if self.provider in need.eligible), None)
        for choice in product(*(need.eligible for need in demand.needs)):
            if bound is None or choice[bound] == self.provider:
                yield demand.stages(self.start, choice)

    def without(self, obstacles: Iterable[Obstacle]) -> "Question":
        """Return the same question where what these obstacles name is no longer so."""
        changed = self
        for obstacle in obstacles:
            changed = changed._without(obstacle)
        return changed

    def _without(self, obstacle: Obstacle) -> "Question":
        match obstacle.kind:
            case Blocker.WINDOW:
                return replace(self, visit=replace(self.visit, window=ALWAYS))
            case Blocker.OPENING:
                return replace(self, clinic=self.clinic.model_copy(update={"hours": Hours(start=0, end=1440)}))
            case Blocker.PAST:
                return replace(self, now=-30)
            case Blocker.SKILL if not obstacle.causes:
                return replace(self, provider=None)
            case Blocker.NOT_CLEARED:
                return replace(self, visit=replace(self.visit, cleared=self.visit.cleared | {obstacle.pool}))
            case Blocker.NOT_PREPARED:
                return replace(self, clinic=self._prepared(obstacle.pool))
            case Blocker.TOO_NEAR if obstacle.past is not None:
                left = tuple(past for past in self.visit.history if past != obstacle.past)
                return replace(self, visit=replace(self.visit, history=left))
            case Blocker.TOO_NEAR | Blocker.CLIENT_ELSEWHERE | Blocker.NEEDED:
                assert obstacle.visits
                others = {key: a for key, a in self.plan.appointments.items() if key not in obstacle.visits}
                return replace(self, plan=replace(self.plan, appointments=others))
        assert obstacle.causes
        assert {cause.visit for cause in obstacle.causes if cause.visit} == set(obstacle.visits)
        left = {key: a for key, a in self.plan.appointments.items() if key not in obstacle.visits}
        clinic, plan = without_causes(obstacle, self.clinic, self.plan)
        return replace(self, clinic=clinic, plan=replace(plan, appointments=left))

    def _prepared(self, named: str) -> Registry:
        """Return the clinic where the visit's service does not ask for these visits before it."""
        services = tuple(
            service.model_copy(update={"after": tuple(rule for rule in service.after if rule.named != named)})
            if service.id == self.visit.service
            else service
            for service in self.clinic.services
        )
        return self.clinic.model_copy(update={"services": services})


def without_causes(obstacle: Obstacle, clinic: Registry, plan: Plan) -> tuple[Registry, Plan]:
    """Return clinic and day without the shifts, breaks, lunches and outages that an obstacle names; visits stay."""
    gone = {(cause.resource_kind, cause.resource, cause.span) for cause in obstacle.causes}
    shifts = {cause.resource for cause in obstacle.causes if cause.kind is Blocker.SHIFT}
    meals = {cause.resource for cause in obstacle.causes if cause.kind is Blocker.LUNCH}
    providers = tuple(
        provider.model_copy(
            update={
                "breaks": tuple(b for b in provider.breaks if (ResourceKind.PROVIDER, provider.id, b.span) not in gone),
                "lunch": None if provider.id in meals else provider.lunch,
                "shift": Hours(start=0, end=1440) if provider.id in shifts else provider.shift,
            }
        )
        for provider in clinic.providers
    )
    outages = tuple(o for o in plan.outages if (o.kind, o.resource, o.span) not in gone)
    return clinic.model_copy(update={"providers": providers}), replace(plan, outages=outages)


@lru_cache
def strict(minutes: int = 60) -> Registry:
    """Return the clinic with lunches in place of most breaks, and devices that stand in certain rooms only."""
    clinic = demo_registry()
    noon = Lunch(start=720, end=840, minutes=minutes)
    providers = tuple(
        p.model_copy(update={"breaks": p.breaks if p.id in ("aspen", "willow") else (), "lunch": noon})
        for p in clinic.providers
    )
    where = {"laser-a": ("laser-1",), "laser-b": ("laser-2",), "hydra-a": ("treatment-2", "treatment-3")}
    devices = tuple(d.model_copy(update={"rooms": where.get(d.id, ())}) for d in clinic.devices)
    return clinic.model_copy(update={"providers": providers, "devices": devices})


@lru_cache
def random_day(clinic: Registry, seed: int) -> Plan:
    chance = random.Random(seed)
    resources = [
        *((ResourceKind.PROVIDER, str(p.id)) for p in clinic.providers),
        *((ResourceKind.ROOM, str(r.id)) for r in clinic.rooms),
        *((ResourceKind.DEVICE, str(d.id)) for d in clinic.devices),
    ]
    outages = []
    for _ in range(seed):
        start = chance.randrange(500, 1100)
        outages.append(outage(*chance.choice(resources), start, start + chance.randrange(5, 200)))
    return plan_day(
        clinic, synthesise_day(clinic, DATE, seed, 15 + 15 * seed), DATE, Plan(DATE, outages=tuple(outages))
    )


@lru_cache
def courses() -> Registry:
    """Return the clinic with clearances and rules between visits of one client."""
    return with_rules()


@lru_cache
def few_clients(clinic: Registry, seed: int) -> Plan:
    """Return a day on which clients come more than once."""
    clients = [ClientId(f"client-{number}") for number in range(6)]
    wishes = synthesise_day(clinic, DATE, seed, 30, clients)
    known = [replace(w, cleared=frozenset(CLEARANCES), window=OPEN) for w in wishes]
    day = plan_day(clinic, known, DATE)
    return replace(day, appointments={a.id: a for a in day.placed})


@st.composite
def questions(draw: st.DrawFn, clinic: Registry, day: Plan, *, paced: bool = False) -> Question:
    number = draw(st.integers(0, 11))
    if number >= 4:
        clinic = strict() if number < 8 else courses()
    if paced:
        clinic, number = draw(paced_clinics(clinic)), max(1, number)
    plan = random_day(clinic, number % 4 + 1) if number else day
    if number >= 8:
        plan = few_clients(clinic, number)
    now = draw(st.sampled_from([0, 0, 0, 600, 780]))
    begun = {
        a.id: replace(a, status=Status.IN_PROGRESS if a.end > now else Status.DONE)
        for a in plan.placed
        if a.start <= now
    }
    plan = plan.with_appointments(*begun.values())
    waiting = [a for a in plan.placed if not a.status.begun]
    if draw(st.booleans()) and waiting:
        visit = draw(st.sampled_from(waiting))
        visit = replace(visit, window=draw(st.sampled_from([visit.window, OPEN])))
        visit = replace(visit, cleared=draw(st.sampled_from([visit.cleared, visit.cleared, frozenset[str]()])))
        plan = plan.with_appointments(visit)
    else:
        service = draw(st.sampled_from(clinic.services))
        opening = draw(st.sampled_from(range(510, 960, 5)))
        window = draw(st.sampled_from([ALWAYS, OPEN, OPEN, Span(opening, opening + service.minutes + 120)]))
        liked = draw(st.sampled_from([None, *(p.id for p in clinic.providers)]))
        other_days = st.sampled_from([*range(1, 9), -1, -2, -6])
        past = st.builds(PastVisit, st.sampled_from([s.id for s in clinic.services]), other_days)
        visit = Appointment.of(
            AppointmentRequest(
                AppointmentId("new"),
                draw(st.sampled_from([CLIENT, *(a.client for a in plan.placed)])),
                service.id,
                window,
                liked,
                cleared=frozenset(draw(st.sampled_from([CLEARANCES, CLEARANCES[:1], ()]))),
                history=tuple(draw(st.lists(past, max_size=2))),
            )
        )
    around_noon = range(max(now, 690), 840, 5)
    start = draw(st.sampled_from([*range(now or 510, 1080, 5), *2 * [*around_noon], *range(480, 1200, 30)]))
    provider = draw(st.sampled_from([*[None] * 6, *(p.id for p in clinic.providers)]))
    return Question(clinic, plan, now, visit, start, provider)
