"""Booked visits that the clinic's registry no longer allows where they are, in words; no client is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edge.schedule.checker import check
from edge.schedule.domain import Appointment, Plan
from edge.schedule.ids import AppointmentId, ProviderId
from edge.schedule.lengths import as_booked
from edge.schedule.registry import Registry
from edge.schedule.violations import Rule, Violation

_ONE: Final = "its service asks for the same provider, room or device throughout"
_WORDS: Final[Mapping[Rule, str]] = {
    Rule.STAGES: "its service has other parts now",
    Rule.GRID: "it does not begin on a full five minutes",
    Rule.WINDOW: "its client cannot come then",
    Rule.OPENING: "the clinic is closed then",
    Rule.SHIFT: "{who} does not work then",
    Rule.BREAK: "{who} has a break then",
    Rule.OUTAGE: "what it needs is out then",
    Rule.AWAY: "{who} is away",
    Rule.IN_USE: "its room or its device is out of use",
    Rule.SKILL: "{who} lacks a skill that it needs",
    Rule.LICENCE: "{who} lacks a licence that it needs",
    Rule.ROOM_TYPE: "its room is not of the type that it needs",
    Rule.DEVICE_TYPE: "its device is not of the type that it needs",
    Rule.STANDS: "its device may not stand in its room",
    Rule.SAME_PROVIDER: _ONE,
    Rule.SAME_ROOM: _ONE,
    Rule.SAME_DEVICE: _ONE,
    Rule.OVERLAP: "what it needs is not ready then",
    Rule.CLIENT: "its client is elsewhere then",
    Rule.CLEARED: "a clearance that it needs is missing",
    Rule.AFTER: "a visit that it needs before it is missing",
    Rule.APART: "another visit of its client is too near",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """A visit that cannot stay, by which rule, and why in words."""

    visit: AppointmentId
    rule: Rule
    why: str


def conflicts(registry: Registry, plan: Plan, now: int = 0) -> tuple[Conflict, ...]:
    """Return what speaks against visits that are still to be carried out after minute `now`, each once a rule."""
    booked = as_booked(registry, plan)
    found: dict[tuple[AppointmentId, Rule], Conflict] = {}
    for violation in check(booked.registry, booked.plan):
        for visit in _blamed(plan, violation, now):
            why = _WORDS.get(violation.rule, violation.rule.value.replace("_", " "))
            text = why.format(who=_who(registry, visit, violation))
            found.setdefault((visit.id, violation.rule), Conflict(visit.id, violation.rule, text))
    return tuple(found.values())


def _blamed(plan: Plan, violation: Violation, now: int) -> Iterator[Appointment]:
    """Yield the visit that would have to move: of two that meet, the later one, unless it has begun."""
    named = [plan.appointments[name] for name in violation.appointments if name in plan.appointments]
    movable = [visit for visit in named if visit.placed and not visit.status.begun and visit.end > now]
    if movable:
        yield max(movable, key=lambda visit: (visit.start, visit.id))


def _who(registry: Registry, visit: Appointment, violation: Violation) -> str:
    """Return whose fault it is: the checker names the provider first where it is about one."""
    named = ProviderId(violation.detail.partition(" ")[0])
    names = registry.everybody()
    who = [named] if named in visit.providers else visit.providers
    return " and ".join(names.get(one, one) for one in who) or "nobody"
