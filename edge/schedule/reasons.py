"""Why each visit moved, in words that name only true causes.

A cause is true when the former place breaks a constraint of the new day; who could have stayed is put
back before reasons are given.
"""

from edge.schedule.conditions import company, conditions, unmet
from edge.schedule.demand import Calendar
from edge.schedule.domain import Appointment, Plan, ResourceKind, clock_text
from edge.schedule.held import HELD, held_from, held_sentence
from edge.schedule.insertion import Situation, slots
from edge.schedule.lunch import unmet_lunches
from edge.schedule.objective import is_moved
from edge.schedule.personal import condition_text, refusal_text
from edge.schedule.registry import Registry
from edge.schedule.replans import ForcedBy, Reason
from edge.schedule.uses import called, used

_OUT = {
    ResourceKind.PROVIDER: ForcedBy.PROVIDER_OUT,
    ResourceKind.ROOM: ForcedBy.ROOM_DOWN,
    ResourceKind.DEVICE: ForcedBy.DEVICE_DOWN,
}


def reason_of(situation: Situation, plan: Plan, old: Appointment, new: Appointment) -> Reason:
    """Return why `old` became `new` in `plan`."""
    forced_by, constraint, cause = _cause(situation, plan, old)
    return Reason(forced_by, constraint, f"{cause}; {_place(situation, plan, old, new)}.")


def unplaced_sentence(situation: Situation, plan: Plan, appointment: Appointment) -> str:
    """Return why a visit has no place in `plan`.

    The client misses something, no time is left in its window, nobody and nothing is free in it, or what it needs is
    lent to the hub.
    """
    name = situation.registry.service(appointment.service).name
    starts = situation.starts(appointment)
    if refusal := refusal_text(situation.registry, plan, appointment, starts):
        return f"{refusal}; call the client."
    if not starts:
        return f"{name}: no time is left before {clock_text(appointment.window.end)}; call the client."
    demand = situation.demands[appointment.service]
    calendar = Calendar(situation.registry, situation.facts.outages, situation.facts.days)
    for number, need in enumerate(demand.needs):
        ways = [way.needs[number] for way in demand.ways]
        if not any(calendar.free(way, who, start) for way in ways for who in way.eligible for start in starts):
            return f"{name}: no {_kind_text(need.kind, need.pool)} is available in time; call the client."
    if held := held_from(situation.registry, plan, appointment, situation.now):
        return f"{name}: {held_sentence(held)} and the hub is asked for it; call the client."
    window = f"{clock_text(starts[0])} and {clock_text(appointment.window.end)}"
    return f"{name}: all that it needs is never free together between {window}; call the client."


def _cause(situation: Situation, plan: Plan, old: Appointment) -> tuple[ForcedBy, str, str]:
    registry = situation.registry
    if not old.placed:
        return ForcedBy.PLACE_FOUND, "no place before", "The visit had no place"
    if old.start < old.window.start:
        sentence = f"The client is expected at {clock_text(old.window.start)}"
        return ForcedBy.CLIENT_LATE, f"window from {clock_text(old.window.start)}", sentence
    if out := _outage_cause(registry, plan, old):
        return out
    if away := _away_cause(registry, old):
        return away
    demand = situation.demands[old.service]
    if not demand.suits(old.stages) or not Calendar(registry, days=plan.days).fits(demand, old):
        name = registry.service(old.service).name
        return (
            ForcedBy.NOT_ALLOWED,
            "the clinic's registry",
            f"The clinic's rules do not allow its former place for {name}",
        )
    if own := _client_cause(situation, plan, old):
        return own
    other = _blocker(situation, plan, old)
    return _lunch_cause(situation, plan, old) if other is None else _blocked_cause(registry, plan, other)


def _outage_cause(registry: Registry, plan: Plan, old: Appointment) -> tuple[ForcedBy, str, str] | None:
    for outage in plan.outages:
        for stage in old.stages:
            if used(stage, outage.kind) == outage.resource and stage.span.overlaps(outage.span):
                span = f"{clock_text(outage.span.start)}-{clock_text(outage.span.end)}"
                out = "out" if outage.kind is ResourceKind.PROVIDER else "out of order"
                name = called(registry, outage.kind, outage.resource)
                sentence = f"{name} is {out} from {clock_text(outage.span.start)}"
                return _OUT[outage.kind], f"{outage.kind}:{outage.resource} {span}", sentence
    return None


def _away_cause(registry: Registry, old: Appointment) -> tuple[ForcedBy, str, str] | None:
    for stage in old.stages:
        if stage.provider is not None and registry.provider(stage.provider).away:
            provider = registry.provider(stage.provider)
            return ForcedBy.PROVIDER_OUT, f"{ResourceKind.PROVIDER}:{provider.id} away", f"{provider.name} is away"
        if registry.room(stage.room).away:
            room = registry.room(stage.room)
            return ForcedBy.ROOM_DOWN, f"{ResourceKind.ROOM}:{room.id} away", f"{room.name} is out of use"
        if stage.device is not None and registry.device(stage.device).away:
            device = registry.device(stage.device)
            return ForcedBy.DEVICE_DOWN, f"{ResourceKind.DEVICE}:{device.id} away", f"{device.name} is out of use"
    return None


def _blocked_cause(registry: Registry, plan: Plan, other: Appointment) -> tuple[ForcedBy, str, str]:
    name = registry.service(other.service).name
    if other in plan.lent:
        return ForcedBy.HELD_ONLINE, f"appointment:{other.id}", f"{name} at {clock_text(other.start)} is {HELD}"
    if other.status.begun:
        sentence = f"{name} takes until {clock_text(other.end)}"
        return ForcedBy.OVERRUN, f"appointment:{other.id}", sentence
    sentence = f"{name} at {clock_text(other.start)} needs what this visit had"
    return ForcedBy.GIVES_WAY, f"appointment:{other.id}", sentence


def _blocker(situation: Situation, plan: Plan, old: Appointment) -> Appointment | None:
    demand = situation.demands[old.service]
    others = [other for other in plan.occupying if other.id != old.id]
    # Begun visits first: they are facts, and so the better explanation.
    for other in sorted(others, key=lambda a: not a.status.begun):
        calendar = Calendar(situation.registry, days=situation.facts.days)
        calendar.occupy(other.stages)
        if not calendar.fits(demand, old):
            return other
    return None


def _client_cause(situation: Situation, plan: Plan, old: Appointment) -> tuple[ForcedBy, str, str] | None:
    found = unmet(conditions(situation.demands, old, company(plan, old), booked=True), old.start)
    if not found:
        return None
    about = f"appointment:{found[0].visit.id}" if found[0].visit is not None else f"client {found[0].what}".rstrip()
    return ForcedBy.CLIENT, about, condition_text(situation.registry, old, found[0])


def _lunch_cause(situation: Situation, plan: Plan, old: Appointment) -> tuple[ForcedBy, str, str]:
    """Return whose lunch the former place would take: the only cause left, for who can stay is put back before."""
    registry = situation.registry
    before = {lunch.provider for lunch in unmet_lunches(registry, plan)}
    for lunch in unmet_lunches(registry, plan.with_appointments(old)):
        if lunch.provider not in before:
            window = f"{clock_text(lunch.window.start)}-{clock_text(lunch.window.end)}"
            sentence = f"{registry.provider(lunch.provider).name} needs time for lunch between {window}"
            return ForcedBy.LUNCH, f"{ResourceKind.PROVIDER}:{lunch.provider} lunch {window}", sentence
    raise AssertionError("a visit that nothing keeps from its place is put back before reasons are given")


def _place(situation: Situation, plan: Plan, old: Appointment, new: Appointment) -> str:
    registry = situation.registry
    if old.placed and not is_moved(old, new):
        units = [stage.device for stage, before in zip(new.stages, old.stages, strict=True) if stage != before]
        names = dict.fromkeys(registry.device(unit).name for unit in units if unit is not None)
        return f"{' and '.join(names)} is free at the same time"
    service = registry.service(new.service)
    treating = next(
        (n for n, asked in enumerate(service.stages) if asked.device and asked.skill),
        next((n for n, asked in enumerate(service.stages) if asked.skill), 0),
    )
    stage, asked = new.stages[treating], service.stages[treating]
    room = registry.room(stage.room).name
    when = clock_text(new.start)
    if stage.provider is None:
        return f"{room} is free at {when}"
    calendar = Calendar.of(registry, plan.with_appointments(Appointment(new.id, new.client, new.service, new.window)))
    best = min(slots(situation, old, calendar, plan), default=None)
    who = registry.provider(stage.provider).name
    if best is not None and best.start == new.start and old.placed:
        return f"the nearest time with the {asked.skill} skill and a free room is {when}, {who}, {room}"
    return f"{who} has the {asked.skill} skill and {room} is free at {when}"


def _kind_text(kind: ResourceKind, pool: str) -> str:
    words = {ResourceKind.PROVIDER: "provider with the skill", ResourceKind.ROOM: "room of type"}
    return f"{words.get(kind, 'device of type')} {pool}"
