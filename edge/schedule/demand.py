"""What a visit occupies, relative to its start, and when resources are free: bitsets of five-minute cells.

A day is one Python integer per resource; a visit fits where the shifted mask of what it needs meets no
set bit. Turnover and cooldown lengthen a use, so two uses are apart when the lengthened masks are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from itertools import groupby, product
from operator import or_

from edge.schedule.domain import (
    DAY_MINUTES,
    GRID_MINUTES,
    Appointment,
    Outage,
    Plan,
    ResourceKind,
    Span,
    StageAssignment,
    Stages,
)
from edge.schedule.ids import ProviderId, RoomId, ServiceId, UnitId
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from edge.schedule.uses import used

Resource = tuple[ResourceKind, str]
Form = tuple[tuple[str, ...], ...]
"""Who and what may serve, need by need; any choice from it is possible."""
DAY_CELLS = DAY_MINUTES // GRID_MINUTES


def cells(span: Span) -> int:
    """Return the bits of a stretch of time; an end off the grid counts as occupied."""
    first = span.start // GRID_MINUTES
    last = -(-span.end // GRID_MINUTES)
    return ((1 << max(0, last - first)) - 1) << first


@dataclass(frozen=True, slots=True)
class Need:
    """One resource a visit needs: any of `eligible`, for its `stages`, at `segments` after the start.

    Attributes:
        rest: minutes the resource cannot be used afterwards.
        mask: bits of the use; `rested` with the rest as well.
    """

    kind: ResourceKind
    pool: str
    eligible: tuple[str, ...]
    stages: tuple[int, ...]
    segments: tuple[Span, ...]
    rest: int
    mask: int
    rested: int


@dataclass(frozen=True, slots=True)
class Demand:
    """A service as a list of needs.

    Attributes:
        forms: who and what can serve each need together: any choice from one form is possible. There is more than one
            where a device may not stand in every room.
        plain: whether it asks neither for clearances nor for visits before it.
        paced: where its length depends on who serves, itself once for each of its lengths, with those who bring it
            about; all together they have the same `needs` in the same order. `minutes` is then the usual length.
    """

    service: Service
    minutes: int
    needs: tuple[Need, ...]
    forms: tuple[Form, ...]
    plain: bool = True
    paced: tuple["Demand", ...] = ()

    @property
    def ways(self) -> tuple["Demand", ...]:
        """Every length that it may have, each as a demand of its own; one where all take equally long."""
        return self.paced or (self,)

    def templates(self) -> Iterator[tuple["Demand", Form]]:
        """Yield each form of each length, in the order in which the engine counts them."""
        return ((way, form) for way in self.ways for form in way.forms)

    @property
    def shortest(self) -> int:
        """Minutes with whoever is fastest."""
        return min(way.minutes for way in self.paced) if self.paced else self.minutes

    @property
    def longest(self) -> int:
        """Minutes with whoever is slowest."""
        return max(way.minutes for way in self.paced) if self.paced else self.minutes

    def way_of(self, choice: tuple[str, ...]) -> "Demand":
        """Return the demand as whoever is chosen serves it; itself where the choice is none that it has."""
        if not self.paced:
            return self
        ways = (way for way in self.paced if all(a in n.eligible for a, n in zip(choice, way.needs, strict=True)))
        return next(ways, self)

    def stages(self, start: int, choice: tuple[str, ...]) -> Stages:
        """Return the stages of a visit from minute `start` with one chosen resource per need."""
        chosen: dict[tuple[ResourceKind, int], str] = {
            (need.kind, number): resource
            for need, resource in zip(self.needs, choice, strict=True)
            for number in need.stages
        }
        built: list[StageAssignment] = []
        for number, stage in enumerate(self.way_of(choice).service.stages):
            provider = chosen.get((ResourceKind.PROVIDER, number))
            device = chosen.get((ResourceKind.DEVICE, number))
            built.append(
                StageAssignment(
                    stage.name,
                    start,
                    start + stage.minutes,
                    None if provider is None else ProviderId(provider),
                    RoomId(chosen[ResourceKind.ROOM, number]),
                    None if device is None else UnitId(device),
                )
            )
            start += stage.minutes
        return tuple(built)

    def suits(self, stages: Stages) -> bool:
        """Tell whether stages are the service's: the same parts, each as long; it may have had others once."""
        service = self.way_of(self.choice(stages)).service if self.paced else self.service
        parts = [(stage.name, stage.minutes) for stage in service.stages]
        return [(stage.name, stage.end - stage.start) for stage in stages] == parts

    def choice(self, stages: Stages) -> tuple[str, ...]:
        """Return which resource each need has in these stages; none where the service had other parts then."""
        if len(stages) != len(self.service.stages):
            return ("",) * len(self.needs)
        return tuple(used(stages[need.stages[0]], need.kind) or "" for need in self.needs)


@lru_cache(maxsize=8)
def demands_of(registry: Registry) -> Mapping[ServiceId, Demand]:
    """Return what each service needs in this clinic; kept per clinic, since each visit asks for it."""
    return {service.id: _demand(registry, service) for service in registry.services}


def _demand(registry: Registry, service: Service) -> Demand:
    usual = _of_one_length(registry, service, None)
    return replace(usual, paced=tuple(_paced(registry, usual))) if registry.has_paces else usual


def _of_one_length(registry: Registry, service: Service, allowed: Mapping[str, frozenset[str]] | None) -> Demand:
    """Return a demand whose stages take as long as the service says, with those allowed for each skill."""
    starts = [sum(stage.minutes for stage in service.stages[:n]) for n in range(len(service.stages))]
    spans = [Span(at, at + stage.minutes) for at, stage in zip(starts, service.stages, strict=True)]
    needs: list[Need] = []
    for skill in dict.fromkeys(stage.skill for stage in service.stages if stage.skill is not None):
        # Who can do least comes first, so that the versatile stay free for what only they can do.
        may = [p for p in registry.providers if p.may(skill, service.licences(skill))]
        able = sorted(may, key=lambda p: (len(p.skills), p.id))
        names = [p.id for p in able if allowed is None or p.id in allowed[skill]]
        numbers = tuple(n for n, stage in enumerate(service.stages) if stage.skill == skill)
        needs.append(_need(ResourceKind.PROVIDER, skill, names, numbers, spans, 0))
    for room, run in _runs([stage.room for stage in service.stages]):
        rooms = [r for r in registry.rooms if r.type == room]
        needs.append(_need(ResourceKind.ROOM, room, [r.id for r in rooms], run, spans, rooms[0].turnover))
    for device, run in _runs([stage.device for stage in service.stages]):
        units = [d for d in registry.devices if d.type == device]
        needs.append(_need(ResourceKind.DEVICE, device, [d.id for d in units], run, spans, units[0].rest))
    plain = not (service.clearances or service.after)
    return Demand(service, service.minutes, tuple(needs), _forms(registry, needs), plain)


def _paced(registry: Registry, usual: Demand) -> Iterator[Demand]:
    """Yield the demand once for each of its lengths; nothing where all take as long as usual."""
    service = usual.service
    people = [need for need in usual.needs if need.kind is ResourceKind.PROVIDER]
    groups: list[dict[tuple[int, ...], list[str]]] = []
    for need in people:
        alike: dict[tuple[int, ...], list[str]] = {}
        for name in need.eligible:
            lengths = registry.lengths(service, _only(service, need, ProviderId(name)))
            alike.setdefault(tuple(lengths[number] for number in need.stages), []).append(name)
        groups.append(alike)
    as_usual = [tuple(service.stages[number].minutes for number in need.stages) for need in people]
    if [tuple(alike) for alike in groups] == [(lengths,) for lengths in as_usual]:
        return
    for chosen in product(*(alike.items() for alike in groups)):
        minutes = [stage.minutes for stage in service.stages]
        for need, (lengths, _) in zip(people, chosen, strict=True):
            for number, length in zip(need.stages, lengths, strict=True):
                minutes[number] = length
        stages = (stage.model_copy(update={"minutes": m}) for stage, m in zip(service.stages, minutes, strict=True))
        allowed = {need.pool: frozenset(names) for need, (_, names) in zip(people, chosen, strict=True)}
        yield _of_one_length(registry, service.model_copy(update={"stages": tuple(stages)}), allowed)


def _only(service: Service, need: Need, name: ProviderId) -> list[ProviderId | None]:
    return [name if number in need.stages else None for number in range(len(service.stages))]


def _forms(registry: Registry, needs: Sequence[Need]) -> tuple[Form, ...]:
    """Return one form for each way of choosing among devices that may stand in different rooms."""
    rooms = {device.id: device.rooms for device in registry.devices}
    groups: list[list[tuple[str, ...]]] = []
    for need in needs:
        if need.kind is ResourceKind.DEVICE:
            places = dict.fromkeys(rooms[UnitId(name)] for name in need.eligible)
            groups.append([tuple(n for n in need.eligible if rooms[UnitId(n)] == allowed) for allowed in places])
        else:
            groups.append([need.eligible])
    forms: list[Form] = []
    for chosen in product(*groups):
        form = list(chosen)
        for number, need in enumerate(needs):
            allowed = rooms[UnitId(chosen[number][0])] if need.kind is ResourceKind.DEVICE else ()
            for other, room in enumerate(needs):
                if allowed and room.kind is ResourceKind.ROOM and set(room.stages) & set(need.stages):
                    form[other] = tuple(name for name in form[other] if name in allowed)
        if all(form):
            forms.append(tuple(form))
    return tuple(forms)


def _runs(kinds: Iterable[str | None]) -> list[tuple[str, tuple[int, ...]]]:
    runs = groupby(enumerate(kinds), key=lambda item: item[1])
    return [(kind, tuple(n for n, _ in run)) for kind, run in runs if kind is not None]


def _need(
    kind: ResourceKind,
    pool: str,
    eligible: Iterable[str],
    stages: tuple[int, ...],
    spans: list[Span],
    rest: int,
) -> Need:
    merged: list[Span] = []
    for span in (spans[n] for n in stages):
        if merged and merged[-1].end == span.start:
            merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    mask = rested = 0
    for span in merged:
        mask |= cells(span)
        rested |= cells(Span(span.start, span.end + rest))
    return Need(kind, pool, tuple(eligible), stages, tuple(merged), rest, mask, rested)


class Calendar:
    """When each resource of the clinic is closed (shift, break, outage, away) and busy (visits with their rest)."""

    def __init__(self, registry: Registry, outages: Iterable[Outage] = (), days: int = 1) -> None:
        """Make a calendar without visits.

        Args:
            registry: the clinic; its hours are those of each day.
            outages: what cannot be used, and when.
            days: how many days it covers.
        """
        whole_day = (1 << DAY_CELLS) - 1
        every_day = sum(1 << DAY_CELLS * day for day in range(days))
        self._rests: dict[Resource, int] = {}
        self.closed: dict[Resource, int] = {}
        self.busy: dict[Resource, int] = {}
        for provider in registry.providers:
            closed = whole_day if provider.away else whole_day & ~cells(provider.shift.span)
            for pause in provider.breaks:
                closed |= cells(pause.span)
            self._add((ResourceKind.PROVIDER, provider.id), closed * every_day, 0)
        outside = whole_day & ~cells(registry.hours.span)
        for room in registry.rooms:
            self._add((ResourceKind.ROOM, room.id), (whole_day if room.away else outside) * every_day, room.turnover)
        for device in registry.devices:
            closed = whole_day if device.away else outside
            self._add((ResourceKind.DEVICE, device.id), closed * every_day, device.rest)
        for outage in outages:
            # The clinic may have parted with what was out.
            if (outage.kind, outage.resource) in self.closed:
                self.closed[outage.kind, outage.resource] |= cells(outage.span)

    @classmethod
    def of(cls, registry: Registry, plan: Plan) -> "Calendar":
        """Return the calendar of a plan with all its visits, and what is lent."""
        calendar = cls(registry, plan.outages, plan.days)
        for appointment in plan.occupying:
            calendar.occupy(appointment.stages)
        return calendar

    def _add(self, resource: Resource, closed: int, rest: int) -> None:
        self.closed[resource] = closed
        self.busy[resource] = 0
        self._rests[resource] = rest

    def occupy(self, stages: Stages) -> None:
        """Mark what a visit uses, rests included."""
        for stage in stages:
            for kind in ResourceKind:
                name = used(stage, kind)
                if name:
                    resource = (kind, name)
                    self.busy[resource] |= cells(Span(stage.start, stage.end + self._rests[resource]))

    def free(self, need: Need, name: str, start: int) -> bool:
        """Tell whether a resource can serve a need of a visit that starts at `start`."""
        resource = (need.kind, name)
        shift = start // GRID_MINUTES
        return not (self.closed[resource] & (need.mask << shift) or self.busy[resource] & (need.rested << shift))

    def starts(self, need: Need) -> int:
        """Return the cells at which a visit may start so that some resource alone can serve one need of it."""
        return reduce(or_, (self._starts(need, (need.kind, name)) for name in need.eligible), 0)

    def _starts(self, need: Need, resource: Resource) -> int:
        taken = 0
        for calendar, mask in ((self.closed[resource], need.mask), (self.busy[resource], need.rested)):
            for cell in range(mask.bit_length()):
                if mask >> cell & 1:
                    taken |= calendar >> cell
        return ~taken

    def fits(self, demand: Demand, appointment: Appointment) -> bool:
        """Tell whether a placed visit can stay exactly where it is."""
        window, midnight = appointment.window, (appointment.start // DAY_MINUTES + 1) * DAY_MINUTES
        if appointment.start < window.start or appointment.end > min(window.end, midnight):
            return False
        if appointment.start % GRID_MINUTES:
            return False
        choice = demand.choice(appointment.stages)
        demand = demand.way_of(choice)
        if not any(all(a in b for a, b in zip(choice, form, strict=True)) for form in demand.forms):
            return False
        return all(self.free(need, name, appointment.start) for need, name in zip(demand.needs, choice, strict=True))
