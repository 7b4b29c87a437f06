"""The independent judge of plans: every hard constraint, by plain comparison of intervals.

It shares nothing with what makes plans but the words of the domain, so a slip there is seen here. What has
begun is a fact and not a plan: it is held neither to shifts nor to outages, only others are kept off it. So is what is
lent to the hub, until it comes back or is sold.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Final

from edge.schedule.client_checks import check_clients
from edge.schedule.domain import (
    DAY_MINUTES,
    FROZEN_MINUTES,
    GRID_MINUTES,
    Appointment,
    Plan,
    ResourceKind,
    Span,
    StageAssignment,
    Status,
)
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from edge.schedule.violations import Rule, Violation

__all__ = ["Rule", "Violation", "check", "check_replan"]

_USUAL: Final = 100


@dataclass(frozen=True, slots=True)
class _Use:
    appointment: Appointment
    kind: ResourceKind
    resource: str
    span: Span
    rest: int
    fact: bool


def check(registry: Registry, plan: Plan) -> tuple[Violation, ...]:
    """Return every violation of a hard constraint in a plan; none means the plan can be carried out."""
    found: list[Violation] = []
    uses: list[_Use] = []
    for appointment in plan.lent:
        uses.extend(_uses(registry, appointment, fact=True))
    for appointment in plan.placed:
        uses.extend(_uses(registry, appointment, fact=appointment.status.begun))
        if not appointment.status.begun:
            found.extend(_shape(registry, appointment))
            found.extend(_times(registry, plan, appointment))
            found.extend(_presence(registry, appointment))
    found.extend(_overlaps(uses))
    found.extend(check_clients(registry, plan))
    return tuple(found)


def check_replan(registry: Registry, facts: Plan, plan: Plan, now: int) -> tuple[Violation, ...]:
    """Return what is wrong with `plan` as the answer to `facts` at minute `now`.

    Beyond `check`: what has begun is untouched, what begins in the frozen zone moves only when it cannot
    stay, nothing is moved into the past or nearer than its client can be told, no visit is lost or changed in any
    other way, what is lent stays lent, and nobody loses the time for a lunch that the visits as they were left.
    """
    found = list(check(registry, plan))
    if plan.lent != facts.lent:
        found.append(Violation(Rule.FORGOTTEN, tuple(a.id for a in facts.lent), "what is lent was altered"))
    for key, old in facts.appointments.items():
        new = plan.appointments.get(key)
        if new is None or replace(new, stages=old.stages) != old:
            found.append(Violation(Rule.FORGOTTEN, (key,), "missing or altered"))
        elif new.stages != old.stages:
            found.extend(_move_is_allowed(registry, _standing(facts, plan, old), old, new, now))
    found.extend(
        Violation(Rule.TOO_SOON, (new.id,), f"start {new.start} is before {now}")
        for new in plan.placed
        if new.id not in facts.appointments and new.start < now and not new.status.begun
    )
    before = set(_without_lunch(registry, facts))
    found.extend(
        Violation(Rule.LUNCH, (), f"{who} on day {day}")
        for who, day in _without_lunch(registry, plan)
        if (who, day) not in before
    )
    return tuple(found)


def _without_lunch(registry: Registry, plan: Plan) -> Iterator[tuple[str, int]]:
    """Yield providers, with the day, who are at work through their lunch and get no stretch for it."""
    for provider in registry.providers:
        if provider.lunch is None or provider.away:
            continue
        work = [stage.span for visit in plan.occupying for stage in visit.stages if stage.provider == provider.id]
        out = [o.span for o in plan.outages if (o.kind, o.resource) == (ResourceKind.PROVIDER, provider.id)]
        for day in range(plan.days):
            midnight = day * DAY_MINUTES
            window = Span(midnight + provider.lunch.start, midnight + provider.lunch.end)
            away = [Span(midnight + pause.start, midnight + pause.end) for pause in provider.breaks]
            away += [Span(midnight, midnight + provider.shift.start), *out]
            away += [Span(midnight + provider.shift.end, midnight + DAY_MINUTES)]
            # Whoever is away for long enough anyhow can eat then; others need a gap between all that they do.
            absences = _gaps(_gaps(away, window), window)
            if not any(
                gap.end - gap.start >= provider.lunch.minutes for gap in (*absences, *_gaps([*work, *away], window))
            ):
                yield provider.id, day


def _gaps(spans: Iterable[Span], window: Span) -> Iterator[Span]:
    """Yield the stretches of the window, on the grid, that no span touches."""
    at = window.start
    for span in sorted(spans):
        start = min(window.end, span.start // GRID_MINUTES * GRID_MINUTES)
        if start > at:
            yield Span(at, start)
        at = max(at, -(-span.end // GRID_MINUTES) * GRID_MINUTES)
    if at < window.end:
        yield Span(at, window.end)


def _standing(facts: Plan, plan: Plan, old: Appointment) -> Plan:
    """Return what a visit has to go with where it was: what has begun, and its client's other visits as they are."""
    begun = {key: visit for key, visit in facts.appointments.items() if visit.status.begun}
    theirs = {key: visit for key, visit in plan.appointments.items() if visit.client == old.client}
    return replace(facts, appointments={**begun, **theirs})


def _move_is_allowed(
    registry: Registry, standing: Plan, old: Appointment, new: Appointment, now: int
) -> Iterator[Violation]:
    if new.placed and new.start < now:
        yield Violation(Rule.TOO_SOON, (old.id,), f"start {new.start} is before {now}")
    elif new.placed and new.start < now + FROZEN_MINUTES and not _needs_no_notice(old, new):
        yield Violation(Rule.NOTICE, (old.id,), f"start {new.start} is less than {FROZEN_MINUTES} minutes from {now}")
    if not old.status.active or old.status.begun:
        yield Violation(Rule.FROZEN, (old.id,), old.status)
    elif old.placed and old.start < now + FROZEN_MINUTES:
        alone = standing.with_appointments(old)
        if not any(old.id in violation.appointments for violation in check(registry, alone)):
            yield Violation(Rule.FROZEN, (old.id,), f"begins at {old.start} and could stay")


def _needs_no_notice(old: Appointment, new: Appointment) -> bool:
    # Who is here can be told at once, who is late is on the way, and an unchanged start need not be told.
    late = old.placed and old.start < old.window.start
    return late or old.status is Status.ARRIVED or (old.placed and new.start == old.start)


def _uses(registry: Registry, appointment: Appointment, *, fact: bool) -> Iterator[_Use]:
    for number, stage in enumerate(appointment.stages):
        following = appointment.stages[number + 1 :][:1]
        if stage.provider is not None:
            yield _Use(appointment, ResourceKind.PROVIDER, stage.provider, stage.span, 0, fact)
        stays = any(later.room == stage.room and later.start == stage.end for later in following)
        rest = 0 if stays else registry.room(stage.room).turnover
        yield _Use(appointment, ResourceKind.ROOM, stage.room, stage.span, rest, fact)
        if stage.device is not None:
            stays = any(later.device == stage.device and later.start == stage.end for later in following)
            unit = registry.device(stage.device)
            rest = 0 if stays else max(unit.cooldown, unit.cleaning)
            yield _Use(appointment, ResourceKind.DEVICE, stage.device, stage.span, rest, fact)


def _overlaps(uses: list[_Use]) -> Iterator[Violation]:
    by_resource: dict[tuple[ResourceKind, str], list[_Use]] = {}
    for use in uses:
        by_resource.setdefault((use.kind, use.resource), []).append(use)
    for (kind, resource), together in by_resource.items():
        for first, second in combinations(sorted(together, key=lambda use: use.span), 2):
            if not (first.fact and second.fact) and second.span.start < first.span.end + first.rest:
                names = (first.appointment.id, second.appointment.id)
                yield Violation(Rule.OVERLAP, names, f"{kind} {resource} at {second.span.start}")


def _shape(registry: Registry, appointment: Appointment) -> Iterator[Violation]:
    service = registry.service(appointment.service)
    mine = (appointment.id,)
    if [stage.name for stage in appointment.stages] != [stage.name for stage in service.stages] or any(
        stage.end - stage.start != minutes
        for stage, minutes in zip(appointment.stages, _lengths(registry, service, appointment), strict=True)
    ):
        yield Violation(Rule.STAGES, mine, "names or lengths differ")
        return
    if any(one.end != two.start for one, two in pairwise(appointment.stages)):
        yield Violation(Rule.STAGES, mine, "a gap between stages")
    if any(stage.start % GRID_MINUTES for stage in appointment.stages):
        yield Violation(Rule.GRID, mine, f"start {appointment.start}")
    yield from _types(registry, service, appointment)
    yield from _constancy(service, appointment)


def _lengths(registry: Registry, service: Service, appointment: Appointment) -> Iterator[int]:
    """Yield how long each stage takes whoever serves it: on the grid, what is rounded off carried on by skill."""
    carried: dict[str, Fraction] = {}
    for asked, given in zip(service.stages, appointment.stages, strict=True):
        who = next((person for person in registry.providers if person.id == given.provider), None)
        if asked.skill is None or who is None or (who.pace == _USUAL and not who.paces and not carried):
            yield asked.minutes
            continue
        percent = next((own.percent for own in who.paces if own.service == service.id), who.pace)
        exact = Fraction(asked.minutes * percent, 100) + carried.get(asked.skill, 0)
        minutes = max(GRID_MINUTES, math.floor(exact / GRID_MINUTES + Fraction(1, 2)) * GRID_MINUTES)
        carried[asked.skill] = exact - minutes
        yield minutes


def _types(registry: Registry, service: Service, appointment: Appointment) -> Iterator[Violation]:
    mine = (appointment.id,)
    for asked, given in zip(service.stages, appointment.stages, strict=True):
        if (asked.skill is None) != (given.provider is None) or (
            given.provider is not None and asked.skill not in registry.provider(given.provider).skills
        ):
            yield Violation(Rule.SKILL, mine, f"{given.provider} for {asked.skill}")
        elif (
            asked.licence is not None
            and given.provider is not None
            and asked.licence not in registry.provider(given.provider).licences
        ):
            yield Violation(Rule.LICENCE, mine, f"{given.provider} for {asked.licence}")
        if registry.room(given.room).type != asked.room:
            yield Violation(Rule.ROOM_TYPE, mine, f"{given.room} for {asked.room}")
        if (asked.device is None) != (given.device is None) or (
            given.device is not None and registry.device(given.device).type != asked.device
        ):
            yield Violation(Rule.DEVICE_TYPE, mine, f"{given.device} for {asked.device}")
        elif given.device is not None:
            where = registry.device(given.device).rooms
            if where and given.room not in where:
                yield Violation(Rule.STANDS, mine, f"{given.device} in {given.room}")


def _constancy(service: Service, appointment: Appointment) -> Iterator[Violation]:
    mine = (appointment.id,)
    pairs = list(zip(service.stages, appointment.stages, strict=True))
    for (asked, given), (asked_later, given_later) in combinations(pairs, 2):
        if asked.skill == asked_later.skill and given.provider != given_later.provider:
            yield Violation(Rule.SAME_PROVIDER, mine, f"{asked.skill}")
    for (asked, given), (asked_next, given_next) in pairwise(pairs):
        if asked.room == asked_next.room and given.room != given_next.room:
            yield Violation(Rule.SAME_ROOM, mine, asked.room)
        if asked.device == asked_next.device and given.device != given_next.device:
            yield Violation(Rule.SAME_DEVICE, mine, f"{asked.device}")


def _times(registry: Registry, plan: Plan, appointment: Appointment) -> Iterator[Violation]:
    mine = (appointment.id,)
    if appointment.start < appointment.window.start or appointment.end > appointment.window.end:
        yield Violation(Rule.WINDOW, mine, f"{appointment.start}-{appointment.end}")
    midnight = appointment.start // DAY_MINUTES * DAY_MINUTES
    if appointment.start - midnight < registry.hours.start or appointment.end - midnight > registry.hours.end:
        yield Violation(Rule.OPENING, mine, f"{appointment.start}-{appointment.end}")
    for stage in appointment.stages:
        if stage.provider is not None:
            provider = registry.provider(stage.provider)
            span = Span(stage.start - midnight, stage.end - midnight)
            if span.start < provider.shift.start or span.end > provider.shift.end:
                yield Violation(Rule.SHIFT, mine, f"{provider.id} {stage.start}-{stage.end}")
            if any(span.overlaps(pause.span) for pause in provider.breaks):
                yield Violation(Rule.BREAK, mine, f"{provider.id} {stage.start}-{stage.end}")
        for outage in plan.outages:
            if outage.resource == _resource(stage, outage.kind) and stage.span.overlaps(outage.span):
                yield Violation(Rule.OUTAGE, mine, f"{outage.resource} {stage.start}-{stage.end}")


def _presence(registry: Registry, appointment: Appointment) -> Iterator[Violation]:
    mine = (appointment.id,)
    for stage in appointment.stages:
        if stage.provider is not None and registry.provider(stage.provider).away:
            yield Violation(Rule.AWAY, mine, f"{stage.provider} {stage.start}-{stage.end}")
        if registry.room(stage.room).away or (stage.device is not None and registry.device(stage.device).away):
            yield Violation(Rule.IN_USE, mine, f"{stage.room} {stage.device}")


def _resource(stage: StageAssignment, kind: ResourceKind) -> str | None:
    match kind:
        case ResourceKind.PROVIDER:
            return stage.provider
        case ResourceKind.ROOM:
            return stage.room
        case ResourceKind.DEVICE:
            return stage.device
