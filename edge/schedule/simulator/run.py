"""Carry a planned day out many times at once: one pass over the stages, each step for all draws."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edge.schedule.demand import Resource
from edge.schedule.domain import DAY_MINUTES, Plan, ResourceKind, Span
from edge.schedule.errors import NotAllowed
from edge.schedule.registry import Registry
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.order import PauseTurn, StageTurn, turns_of
from edge.schedule.simulator.outcome import Outcome
from edge.schedule.simulator.randomness import Course, Failure, Flags, Floats, course_of, failure_of
from edge.schedule.uses import used

MOST_DRAWS: Final = 100_000
_KINDS: Final = tuple(ResourceKind)


def simulate(
    registry: Registry, plan: Plan, behaviour: Behaviour | None = None, seed: int = 1, draws: int = 1000
) -> Outcome:
    """Return what becomes of a plan in `draws` possible days; the same arguments give the same days.

    The order of the plan is kept. A visit begins when its time has come and the client, the provider, the room with its
    turnover and the device with its rest are free, never before; each later stage as soon as it can. Visits without a
    place, cancelled or missed take no part. A visit has the same luck in every plan under a seed.

    Raises:
        NotAllowed: `draws` is not from 1 to 100,000.
    """
    if not 1 <= draws <= MOST_DRAWS:
        raise NotAllowed("draws", f"give 1 to {MOST_DRAWS} draws")
    # In the order of the plan, not by start: of two visits on one place, the one that was booked first goes first.
    visits = [visit for visit in plan.appointments.values() if visit.status.active and visit.placed]
    day = _Day(registry, plan, behaviour or Behaviour(), seed, draws)
    courses = [course_of(registry, v, day.behaviour, seed, draws) for v in visits]
    run = _Run(day, courses)
    for turn in turns_of(registry, plan, visits):
        if isinstance(turn, PauseTurn):
            run.pause(turn)
        else:
            run.stage(turn)
    came = _flags([course.comes for course in courses], draws)
    served = came & ~_flags([run.left[n] for n in range(len(visits))], draws)
    prices = np.array([registry.service(visit.service).price for visit in visits], np.float64)
    keys = [(n, k) for n, visit in enumerate(visits) for k in range(len(visit.stages))]
    arrivals = [visit.start + course.offset for visit, course in zip(visits, courses, strict=True)]
    return Outcome(
        visits=tuple(visit.id for visit in visits),
        providers=tuple(provider.id for provider in registry.providers),
        stages=tuple((visits[n].id, k) for n, k in keys),
        arrivals=np.where(came, _table(arrivals, draws), np.nan),
        begins=_table([run.begins[key] for key in keys], draws),
        ends=_table([run.ends[key] for key in keys], draws),
        came=came,
        served=served,
        wait=np.where(came, _table([run.wait[n] for n in range(len(visits))], draws), np.nan),
        overtime=run.overtime(),
        idle=run.idle(),
        revenue=served @ prices,
    )


def _table(columns: Sequence[Floats], draws: int) -> Floats:
    return np.array(columns, np.float64).reshape(len(columns), draws).T


def _flags(columns: Sequence[Flags], draws: int) -> Flags:
    return np.array(columns, np.bool_).reshape(len(columns), draws).T


class _Day:
    """What a day's draws have in common, and when resources are away."""

    def __init__(self, registry: Registry, plan: Plan, behaviour: Behaviour, seed: int, draws: int) -> None:
        self.registry, self.plan, self.behaviour, self.draws = registry, plan, behaviour, draws
        self.rests: dict[Resource, int] = {(ResourceKind.ROOM, room.id): room.turnover for room in registry.rooms}
        self.rests |= {(ResourceKind.DEVICE, device.id): device.rest for device in registry.devices}
        self.away: dict[Resource, list[Failure]] = defaultdict(list)
        for outage in sorted(plan.outages, key=lambda outage: outage.span):
            start, end = (np.full(draws, float(minute)) for minute in (outage.span.start, outage.span.end))
            self.away[outage.kind, outage.resource].append(Failure(start, end))
        for n in range(plan.days):
            for provider in registry.providers:
                self._may_fail((ResourceKind.PROVIDER, provider.id), n, provider.shift.span, seed)
            for device in registry.devices:
                self._may_fail((ResourceKind.DEVICE, device.id), n, registry.hours.span, seed)

    def _may_fail(self, resource: Resource, day: int, hours: Span, seed: int) -> None:
        b = self.behaviour
        people = resource[0] is ResourceKind.PROVIDER
        chance, mean = (b.provider_absent, b.absent_minutes) if people else (b.device_fault, b.fault_minutes)
        if chance > 0:
            span = Span(day * DAY_MINUTES + hours.start, day * DAY_MINUTES + hours.end)
            name = f"{resource[0]}:{resource[1]}:{day}"
            self.away[resource].append(failure_of(seed, name, span, chance, mean, self.draws))

    def shift(self, provider: str, day: int) -> Span:
        """Return a provider's shift on a day of the plan."""
        hours = next(p for p in self.registry.providers if p.id == provider).shift
        return Span(day * DAY_MINUTES + hours.start, day * DAY_MINUTES + hours.end)


@dataclass(slots=True)
class _Run:
    """The state of all draws while the day goes on."""

    day: _Day
    courses: list[Course]
    free: dict[Resource, Floats] = field(default_factory=dict)
    left: dict[int, Flags] = field(default_factory=dict)
    ready: dict[int, Floats] = field(default_factory=dict)
    wait: dict[int, Floats] = field(default_factory=dict)
    begins: dict[tuple[int, int], Floats] = field(default_factory=dict)
    ends: dict[tuple[int, int], Floats] = field(default_factory=dict)
    last: dict[tuple[str, int], Floats] = field(default_factory=dict)
    worked: dict[tuple[str, int], Floats] = field(default_factory=dict)

    def stage(self, turn: StageTurn) -> None:
        """Begin a stage as soon as it can, and occupy what it uses."""
        course, minutes = self.courses[turn.visit], self.courses[turn.visit].minutes[:, turn.number]
        if turn.number == 0:
            self.ready[turn.visit] = turn.start + np.maximum(0.0, course.offset)
            self.wait[turn.visit] = np.zeros(self.day.draws)
        ready = self.ready[turn.visit]
        start = self._start(turn, ready)
        if turn.number == 0:
            self.left[turn.visit] = course.comes & self._goes_home(turn, start - ready, start)
        there = course.comes & ~self.left[turn.visit]
        patience = self.day.behaviour.patience
        self.wait[turn.visit] += np.where(there, start - ready, np.where(self.left[turn.visit], patience, 0.0)) * (
            there | (turn.number == 0)
        )
        end = start + minutes
        self.begins[turn.visit, turn.number] = np.where(there, start, np.nan)
        self.ends[turn.visit, turn.number] = np.where(there, end, np.nan)
        self.ready[turn.visit] = end
        self._occupy(turn, start, end, there)
        if turn.number == 0:
            self._hold(turn, course.silent)

    def pause(self, turn: PauseTurn) -> None:
        """Let a provider pause once the work before is done, for the full length."""
        key: Resource = (ResourceKind.PROVIDER, turn.provider)
        start = np.maximum(float(turn.start), self._free(key))
        end = start + (turn.span.end - turn.span.start)
        self.free[key] = end
        self._count(turn.provider, turn.start // DAY_MINUTES, start, end, np.ones(self.day.draws, np.bool_))

    def overtime(self) -> Floats:
        """Return minutes worked after the end of the shift, draws x providers."""
        columns: list[Floats] = []
        for provider in self.day.registry.providers:
            total = np.zeros(self.day.draws)
            for day in range(self.day.plan.days):
                if (provider.id, day) in self.last:
                    total += np.maximum(0.0, self.last[provider.id, day] - self.day.shift(provider.id, day).end)
            columns.append(total)
        return _table(columns, self.day.draws)

    def idle(self) -> Floats:
        """Return minutes on shift with neither client nor pause nor absence, draws x providers."""
        columns: list[Floats] = []
        for provider in self.day.registry.providers:
            total = np.zeros(self.day.draws)
            for day in range(self.day.plan.days):
                if provider.away:
                    continue
                shift = self.day.shift(provider.id, day)
                present = np.full(self.day.draws, float(shift.end - shift.start))
                for failure in self.day.away[ResourceKind.PROVIDER, provider.id]:
                    present -= _within(failure.start, failure.end, shift)
                total += np.maximum(0.0, present - self.worked.get((provider.id, day), 0.0))
            columns.append(total)
        return _table(columns, self.day.draws)

    def _free(self, resource: Resource) -> Floats:
        return self.free.get(resource, np.full(self.day.draws, -np.inf))

    def _start(self, turn: StageTurn, ready: Floats) -> Floats:
        start = ready
        resources = [(kind, name) for kind in _KINDS if (name := used(turn.stage, kind)) is not None]
        for resource in resources:
            if resource[0] not in turn.continues:
                start = np.maximum(start, self._free(resource))
        if turn.stage.provider is not None:
            # Nobody begins before the shift, unless the plan itself says so.
            shift = self.day.shift(turn.stage.provider, turn.start // DAY_MINUTES)
            start = np.maximum(start, float(min(shift.start, turn.start)))
        absences = [absence for resource in resources for absence in self.day.away.get(resource, ())]
        for absence in (*absences, *absences):
            # What is away when a stage would begin is waited for; what had begun is finished.
            start = np.where((start >= absence.start) & (start < absence.end), absence.end, start)
        return start

    def _goes_home(self, turn: StageTurn, wait: Floats, start: Floats) -> Flags:
        midnight = turn.start // DAY_MINUTES * DAY_MINUTES
        closed = start >= max(midnight + self.day.registry.hours.end, turn.stage.end)
        return (wait > self.day.behaviour.patience) | closed

    def _occupy(self, turn: StageTurn, start: Floats, end: Floats, there: Flags) -> None:
        for kind in _KINDS:
            name = used(turn.stage, kind)
            if name is not None:
                resource = (kind, name)
                self.free[resource] = np.where(there, end + self.day.rests.get(resource, 0), self._free(resource))
        if turn.stage.provider is not None:
            day = turn.start // DAY_MINUTES
            self._count(turn.stage.provider, day, start, end, there)
            key = (turn.stage.provider, day)
            before = self.last.get(key, np.full(self.day.draws, -np.inf))
            self.last[key] = np.where(there, np.maximum(before, end), before)

    def _hold(self, turn: StageTurn, silent: Flags) -> None:
        """Keep the place of a client who is missing until it is plain that nobody comes."""
        until = float(min(turn.stage.end, turn.start + self.day.behaviour.known_after))
        for kind in _KINDS:
            name = used(turn.stage, kind)
            if name is not None:
                free = self._free((kind, name))
                self.free[kind, name] = np.where(silent, np.maximum(free, until), free)

    def _count(self, provider: str, day: int, start: Floats, end: Floats, there: Flags) -> None:
        minutes = np.where(there, _within(start, end, self.day.shift(provider, day)), 0.0)
        self.worked[provider, day] = self.worked.get((provider, day), 0.0) + minutes


def _within(start: Floats, end: Floats, span: Span) -> Floats:
    minutes: Floats = np.maximum(0.0, np.minimum(end, span.end) - np.maximum(start, span.start))
    return minutes
