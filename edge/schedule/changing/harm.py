"""What a change of the registry would do to visits that are booked: whom it needs to keep, and whom it would hurt."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edge.schedule.conflicts import conflicts
from edge.schedule.domain import Appointment, ResourceKind, clock_text
from edge.schedule.lunch import unmet_lunches
from edge.schedule.payloads import appointment_of
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from shared.events.catalogue.proposals import ReplanProposed

_OUT: Final = {
    "provider_out": ResourceKind.PROVIDER,
    "room_down": ResourceKind.ROOM,
    "device_down": ResourceKind.DEVICE,
}
_SERVICE: Final = "service"
_INSTEAD: Final = {
    ResourceKind.PROVIDER.value: "; mark them as away, and these visits can be planned again",
    ResourceKind.ROOM.value: "; mark it as out of use, and these visits can be planned again",
    ResourceKind.DEVICE.value: "; mark it as out of use, and these visits can be planned again",
}
_Thing = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hurt:
    """A visit, or a lunch, that the new registry does not allow where it is; no client is named.

    Attributes:
        id: of the visit; of a lunch, whose and when.
        start: minutes after the clinic's midnight of `day`.
        service: what it is called.
        providers: names of who treats.
        why: in words.
    """

    id: str
    day: dt.date
    start: int
    service: str
    providers: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Needed:
    """Something that would be removed although visits to come use it, with up to five of them in words."""

    kind: str
    id: str
    name: str
    visits: int
    examples: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Why it cannot be removed."""
        some = "1 visit uses" if self.visits == 1 else f"{self.visits} visits use"
        more = ", …" if self.visits > len(self.examples) else ""
        instead = _INSTEAD.get(self.kind, "")
        return f"{self.name} cannot be removed: {some} it: {', '.join(self.examples)}{more}{instead}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A day, what it is planned with before and after a change, and the minute that it is there."""

    day: Schedule
    before: Registry
    after: Registry
    now: int = 0


def hurt(planned: Planned) -> Iterator[Hurt]:
    """Yield the visits and lunches of a day that are well before a change and not after it, earliest first."""
    before, after, plan, now = planned.before, planned.after, planned.day.plan, planned.now
    well = {(one.visit, one.rule) for one in conflicts(before, plan, now)}
    reasons: dict[str, list[str]] = {}
    for one in conflicts(after, plan, now):
        if (one.visit, one.rule) not in well:
            reasons.setdefault(one.visit, []).append(one.why)
    names = {**after.everybody(), **before.everybody()}
    for visit in plan.placed:
        if visit.id in reasons:
            providers = tuple(names.get(name, name) for name in visit.providers)
            service = before.service(visit.service).name
            why = ", and ".join(dict.fromkeys(reasons[visit.id]))
            yield Hurt(visit.id, plan.date, visit.start, service, providers, why)
    had = {lunch.provider for lunch in unmet_lunches(before, plan)}
    for lunch in unmet_lunches(after, plan):
        if lunch.provider not in had and lunch.window.end > now:
            name, until = f"lunch-{lunch.provider}-{plan.date}", clock_text(lunch.window.end)
            why = f"visits leave no {lunch.minutes} minutes for it until {until}"
            yield Hurt(name, plan.date, lunch.window.start, "Lunch", (names[lunch.provider],), why)


def needed(days: Iterable[Planned]) -> tuple[Needed, ...]:
    """Return what is no longer there after a change on days that use it."""
    users: dict[_Thing, dict[str, str]] = {}
    names: dict[_Thing, str] = {}
    for planned in days:
        left = _things(planned.after)
        gone = {thing: name for thing, name in _things(planned.before).items() if thing not in left}
        for thing, who, text in _uses(planned.before, planned.day) if gone else ():
            if thing in gone:
                names[thing] = gone[thing]
                users.setdefault(thing, {})[f"{planned.day.plan.date} {who}"] = text
    return tuple(
        Needed(kind, name, names[kind, name], len(texts), tuple(texts.values())[:5])
        for (kind, name), texts in users.items()
    )


def _things(registry: Registry) -> dict[_Thing, str]:
    groups = (
        (ResourceKind.PROVIDER.value, registry.providers),
        (ResourceKind.ROOM.value, registry.rooms),
        (ResourceKind.DEVICE.value, registry.devices),
        (_SERVICE, registry.services),
    )
    return {(kind, str(entry.id)): entry.name for kind, entries in groups for entry in entries}


def _uses(registry: Registry, day: Schedule) -> Iterator[tuple[_Thing, str, str]]:
    """Yield what a day uses, by whom, and that in words: visits, what is lent to the hub, and open proposals."""
    for visit in day.plan.appointments.values():
        text = _text(registry, day.plan.date, visit)
        # The board names the service of a cancelled visit, too.
        yield (_SERVICE, visit.service), visit.id, text
        if visit.status.active:
            yield from ((thing, visit.id, text) for thing in _resources(visit))
    for lent in day.plan.lent:
        text = f"{_text(registry, day.plan.date, lent)} (lent to online booking)"
        yield (_SERVICE, lent.service), lent.id, text
        yield from ((thing, lent.id, text) for thing in _resources(lent))
    for record in day.proposals.open:
        text = f"{_date(day.plan.date)} a proposal that waits for a decision"
        yield from ((thing, record.id, text) for thing in _proposed(record.proposed))


def _proposed(proposal: ReplanProposed) -> Iterator[_Thing]:
    """Yield what an open proposal is about, what it was asked with, and what its answers use."""
    asked = proposal.disruption
    if asked.kind in _OUT and asked.resource is not None:
        yield _OUT[asked.kind].value, asked.resource
    wanted = [(asked.provider, asked.room), *((pin.provider, pin.room) for pin in proposal.pins)]
    for provider, room in wanted:
        named = {ResourceKind.PROVIDER.value: provider, ResourceKind.ROOM.value: room}
        yield from ((kind, name) for kind, name in named.items() if name is not None)
    if asked.service is not None:
        yield _SERVICE, asked.service
    if asked.request is not None:
        yield _SERVICE, asked.request.service
    for visit in (appointment_of(part) for answer in proposal.answers for part in answer.visits):
        yield _SERVICE, visit.service
        yield from _resources(visit)


def _resources(visit: Appointment) -> Iterator[_Thing]:
    for stage in visit.stages:
        yield ResourceKind.ROOM.value, stage.room
        if stage.provider is not None:
            yield ResourceKind.PROVIDER.value, stage.provider
        if stage.device is not None:
            yield ResourceKind.DEVICE.value, stage.device


def _text(registry: Registry, day: dt.date, visit: Appointment) -> str:
    names = registry.everybody()
    who = " and ".join(names.get(name, name) for name in visit.providers)
    services = {service.id: service.name for service in registry.services}
    what = services.get(visit.service, visit.service)
    at = f" {clock_text(visit.start)}" if visit.placed else ""
    return f"{_date(day)}{at} {what}{f' with {who}' if who else ''}"


def _date(day: dt.date) -> str:
    return f"{day.day} {day:%b}"
