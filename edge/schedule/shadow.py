"""Shadow mode: what the product would have done on a day that people ran themselves.

The product gets what people had, in the same order: the bookings of the morning where they are known, else the wishes
of all clients; then each event at its time. What belongs to a visit's course (late, missing, overrun) happens to the
same client at the same point of the visit, wherever the product has put it. Nothing here knows what comes next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from edge.schedule.booking import next_slots
from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Cancelled,
    DeviceDown,
    Disruption,
    Late,
    NoShow,
    Outage,
    Overrun,
    Plan,
    ProviderOut,
    ResourceKind,
    RoomDown,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.facts import begun_by
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.payloads import cause_text
from edge.schedule.planning import asked, plan_requests, whole_day_search
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, Stopwatch, replan
from edge.schedule.shadow_measures import Comparison, compare
from edge.schedule.weights import Weights
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class HumanDay:
    """A day as people ran it.

    Attributes:
        plan: the visits as they were given, their last states included.
        waiting: who asked for a place and got none.
        events: what happened, in the order of its reporting.
        morning: the visits as they stood when the day began; without it, what people moved is not known.
    """

    registry: Registry
    plan: Plan
    waiting: tuple[AppointmentRequest, ...]
    events: tuple[Disruption, ...]
    morning: Plan | None = None
    weights: Weights | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event in the product's day.

    Attributes:
        at: when it happened there; `reported` is when people heard of it.
        moved: visits with another place, and why; `unplaced` those left without one.
        filled: who got a place from the waiting list.
        refused: why it could not happen in the product's day, if it could not.
    """

    at: int
    reported: int
    cause: str
    moved: tuple[tuple[AppointmentId, str], ...] = ()
    unplaced: tuple[tuple[AppointmentId, str], ...] = ()
    filled: tuple[AppointmentId, ...] = ()
    milliseconds: float = 0.0
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Shadow:
    """Both days and what sets them apart.

    Attributes:
        began: the product's day when the doors opened; `ours` when they closed. `theirs` is the day as people ran it.
    """

    began: Plan
    ours: Plan
    theirs: Plan
    steps: tuple[Step, ...]
    comparison: Comparison


@dataclass(slots=True)
class _Shadowing:
    human: HumanDay
    stopwatch: Stopwatch
    limits: SolverLimits
    plan: Plan
    waiting: list[AppointmentRequest]
    now: int = 0
    steps: list[Step] = field(default_factory=list)


def shadow(human: HumanDay, stopwatch: Stopwatch, limits: SolverLimits | None = None) -> Shadow:
    """Return what the product would have made of a day.

    Args:
        human: the day.
        stopwatch: monotonic seconds.
        limits: how long to plan the morning, and to answer each event.
    """
    limits = limits or SolverLimits()
    began, waiting = _morning(human, limits)
    run = _Shadowing(human, stopwatch, limits, began, waiting)
    open_events = list(human.events)
    while open_events:
        event = min(open_events, key=lambda event: _moment(run, event))
        open_events.remove(event)
        _happen(run, event, open_events)
    theirs = _as_people_ran_it(human)
    comparison = compare(human.registry, began, run.plan, human.morning, theirs, _asked_for(human))
    return Shadow(began, run.plan, theirs, tuple(run.steps), comparison)


def _morning(human: HumanDay, limits: SolverLimits) -> tuple[Plan, list[AppointmentRequest]]:
    """Return the product's day before the first event, and who still waits for a place."""
    newcomers = {event.request.id for event in human.events if isinstance(event, WalkIn | Urgent)}
    base = human.morning if human.morning is not None else Plan(human.plan.date, days=human.plan.days)
    outages = _known_before(human)
    booked = {a.id: replace(a, status=Status.CONFIRMED) for a in base.placed if a.id not in newcomers}
    absent = {event.appointment for event in human.events if isinstance(event, Cancelled | NoShow)}
    requests = [
        visit.request
        for visit in human.plan.appointments.values()
        if visit.id not in base.appointments
        and visit.id not in newcomers
        and (visit.status.active or visit.id in absent)
    ]
    requests += [visit.request for visit in base.unplaced]
    requests += [request for request in human.waiting if request.id not in {*newcomers, *base.appointments}]
    start = replace(base, appointments=booked, outages=outages)
    search = whole_day_search(limits.seconds, limits.workers, limits.seed)
    planned = plan_requests(asked(human.registry, start, requests), search, human.weights)
    told = planned.with_appointments(*(replace(visit, status=Status.CONFIRMED) for visit in planned.placed))
    return told, [request for request in requests if request.id not in told.appointments]


def _known_before(human: HumanDay) -> tuple[Outage, ...]:
    """Return the outages of the morning: without one, those that no event of the day reports."""
    if human.morning is not None:
        return human.morning.outages
    reported = [_outage(event) for event in human.events]
    return tuple(
        outage
        for outage in human.plan.outages
        if not any(
            other is not None
            and (other.kind, other.resource) == (outage.kind, outage.resource)
            and other.span.overlaps(outage.span)
            for other in reported
        )
    )


def _outage(event: Disruption) -> Outage | None:
    match event:
        case ProviderOut(provider=provider, span=span):
            return Outage(ReplanId("reported"), ResourceKind.PROVIDER, provider, span)
        case RoomDown(room=room, span=span):
            return Outage(ReplanId("reported"), ResourceKind.ROOM, room, span)
        case DeviceDown(device=device, span=span):
            return Outage(ReplanId("reported"), ResourceKind.DEVICE, device, span)
        case _:
            return None


def _moment(run: _Shadowing, event: Disruption) -> int:
    """Return when an event happens in the product's day: what belongs to a visit's course moves with the visit."""
    if not isinstance(event, Late | NoShow | Overrun):
        return max(run.now, event.at)
    there = (run.human.morning or run.human.plan).appointments.get(event.appointment)
    here = run.plan.appointments.get(event.appointment)
    if there is None or here is None or not there.placed or not here.placed:
        return max(run.now, event.at)
    at = event.at + here.start - there.start
    if isinstance(event, Overrun):
        at = max(here.start + 1, min(at, here.end - 1))
    return max(run.now, at)


def _happen(run: _Shadowing, event: Disruption, still_open: Sequence[Disruption]) -> None:
    registry = run.human.registry
    reported = event.at
    event = replace(event, at=_moment(run, event))
    run.now = event.at
    awaited = {other.appointment for other in still_open if isinstance(other, Late | NoShow)}
    before = _begun(run.plan, event, awaited)
    try:
        answer = replan(
            registry,
            before,
            event,
            ReplanId(f"shadow-{len(run.steps) + 1}"),
            run.stopwatch,
            run.limits,
            run.human.weights,
        )
    except Rejected as error:
        run.steps.append(Step(event.at, reported, _kind(event), refused=error.sentence))
        return
    newcomers = [
        replace(visit, status=Status.CONFIRMED)
        for key, visit in answer.plan.appointments.items()
        if key not in before.appointments
    ]
    run.plan = answer.plan.with_appointments(*newcomers)
    if answer.declined and isinstance(event, WalkIn | Urgent):
        run.waiting.append(event.request)
    run.steps.append(
        Step(
            event.at,
            reported,
            cause_text(registry, answer.facts, event),
            tuple((move.appointment, move.reason.sentence) for move in answer.moves),
            tuple((item.appointment, item.sentence) for item in (*answer.unplaced, *answer.declined)),
            tuple(_backfill(run)),
            answer.milliseconds,
        )
    )


def _begun(plan: Plan, event: Disruption, awaited: set[AppointmentId]) -> Plan:
    """Return the plan with what has begun by now under way; whoever is late or stays away has not begun."""
    begun = begun_by(plan, event)
    return begun.with_appointments(*(plan.appointments[key] for key in awaited if key in plan.appointments))


def _backfill(run: _Shadowing) -> Iterator[AppointmentId]:
    """Give those who wait the places that became free, in the order in which they asked."""
    for request in tuple(run.waiting):
        offers = next_slots(run.human.registry, run.plan, request, run.now, count=1)
        if offers:
            visit = replace(Appointment.of(request, offers[0].stages), status=Status.CONFIRMED)
            run.plan = run.plan.with_appointments(visit)
            run.waiting.remove(request)
            yield request.id


def _kind(event: Disruption) -> str:
    what = getattr(event, "appointment", "")
    return f"{type(event).__name__} {what}".strip()


def _as_people_ran_it(human: HumanDay) -> Plan:
    """Return people's day with all that the events say of it: who did not come, and what was out of order."""
    plan = human.plan
    gone = {Cancelled: Status.CANCELLED, NoShow: Status.NO_SHOW}
    for event in human.events:
        visit = plan.appointments.get(event.appointment) if isinstance(event, Cancelled | NoShow) else None
        if visit is not None and visit.status.active:
            plan = plan.with_appointments(replace(visit, status=gone[type(event)]))
    reported = tuple(outage for event in human.events if (outage := _outage(event)) is not None)
    return replace(plan, outages=(*_known_before(human), *reported))


def _asked_for(human: HumanDay) -> frozenset[AppointmentId]:
    """Return every visit that somebody wanted on this day."""
    newcomers = (event.request.id for event in human.events if isinstance(event, WalkIn | Urgent))
    return frozenset((*human.plan.appointments, *(r.id for r in human.waiting), *newcomers))
