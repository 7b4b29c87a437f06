"""A clinic's situation as a problem for the engine, and the engine's day as a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from edge.schedule.courses import settled
from edge.schedule.demand import DAY_CELLS, Calendar, Need, demands_of
from edge.schedule.domain import GRID_MINUTES, Appointment, Plan, ResourceKind, Span, Stages
from edge.schedule.engine.flat import FlatShapes
from edge.schedule.engine.problem import (
    Alternative,
    Answer,
    Costs,
    Part,
    Place,
    Problem,
    Resource,
    Shape,
    Template,
    Visit,
)
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId, UnitId
from edge.schedule.insertion import Situation
from edge.schedule.lunch import OwedLunch, owed_lunches
from edge.schedule.objective import device_starts, is_notified, lost_revenue
from edge.schedule.registry import Registry
from edge.schedule.replans import Objective
from edge.schedule.slack import slack_of
from edge.schedule.ties import Tie, Ties, ties_of
from edge.schedule.weights import POINT, Weights, cost

_UNNOTICED: Final = -1
FORBIDDEN: Final = 1 << 40
"""Cost of a start that is not allowed: more than any visit is worth."""

# What the search lets a day lose for a while, in points, so that it can come out better behind it.
_LUNCH_ENERGY: Final = 8000 * POINT
_DROP_ENERGY: Final = 4000 * POINT
_URGENT_ENERGY: Final = 3000 * POINT
_MOVE_ENERGY: Final = 400 * POINT
_SHIFT_ENERGY: Final = 80 * POINT
_REQUEST_ENERGY: Final = 700 * POINT


@dataclass(frozen=True, slots=True)
class Clinic:
    """What stays the same from day to day: resources by number, shapes of the services, flattened once."""

    numbers: dict[tuple[ResourceKind, str], int]
    shapes: tuple[Shape, ...]
    shape_of: dict[ServiceId, int]
    names: tuple[tuple[str, ...], ...]
    devices: tuple[tuple[str, ...], ...]
    lunch_shape: dict[ProviderId, int]
    flat: FlatShapes


@lru_cache(maxsize=8)
def clinic_of(registry: Registry) -> Clinic:
    """Return a clinic as the engine counts it; kept per clinic."""
    numbers: dict[tuple[ResourceKind, str], int] = {}
    for kind, entries in (
        (ResourceKind.PROVIDER, registry.providers),
        (ResourceKind.ROOM, registry.rooms),
        (ResourceKind.DEVICE, registry.devices),
    ):
        for entry in entries:
            numbers[kind, entry.id] = len(numbers)
    demands = demands_of(registry)
    shapes = tuple(
        Shape(
            tuple(
                Template(
                    way.minutes // GRID_MINUTES,
                    tuple(
                        tuple(_alternative(need, numbers[need.kind, name]) for name in eligible)
                        for need, eligible in zip(way.needs, form, strict=True)
                    ),
                )
                for way, form in demand.templates()
            )
        )
        for demand in demands.values()
    )
    names = tuple(
        tuple(name for _, form in demand.templates() for eligible in form for name in eligible)
        for demand in demands.values()
    )
    devices = tuple(
        tuple(
            name if need.kind is ResourceKind.DEVICE else ""
            for way, form in demand.templates()
            for need, eligible in zip(way.needs, form, strict=True)
            for name in eligible
        )
        for demand in demands.values()
    )
    shape_of = {service: number for number, service in enumerate(demands)}
    lunch_shape: dict[ProviderId, int] = {}
    for provider in registry.providers:
        if provider.lunch is not None:
            length = -(-provider.lunch.minutes // GRID_MINUTES)
            number = numbers[ResourceKind.PROVIDER, provider.id]
            lunch_shape[provider.id] = len(shapes)
            shapes = (
                *shapes,
                Shape((Template(length, ((Alternative((Part(number, 0, length, counts=False),), number),),)),)),
            )
    return Clinic(numbers, shapes, shape_of, names, devices, lunch_shape, FlatShapes.of(shapes))


def _alternative(need: Need, number: int) -> Alternative:
    parts = tuple(
        Part(
            number,
            span.start // GRID_MINUTES,
            (span.end - span.start) // GRID_MINUTES,
            need.rest // GRID_MINUTES,
        )
        for span in need.segments
    )
    return Alternative(parts, _UNNOTICED if need.kind is ResourceKind.DEVICE else number)


def _with_ties(clinic: Clinic, visits: Sequence[Appointment], ties: Ties) -> tuple[Clinic, dict[AppointmentId, int]]:
    """Return the clinic with shapes of their own for visits that take more than the clinic's resources."""
    if not ties.parts:
        return clinic, {}
    shapes, own = list(clinic.shapes), {}
    for visit in visits:
        if visit.id in ties.parts:
            own[visit.id] = len(shapes)
            shape = clinic.shapes[clinic.shape_of[visit.service]]
            shapes.append(_with_ties_of(shape, ties.parts[visit.id], len(clinic.numbers)))
    return replace(clinic, shapes=tuple(shapes), flat=FlatShapes.of(shapes)), own


def _with_ties_of(shape: Shape, ties: Sequence[Tie], first: int) -> Shape:
    # Whoever serves the first need, the visit takes these as well.
    templates: list[Template] = []
    for template in shape.templates:
        parts = tuple(tie.part(first, template.length) for tie in ties)
        needs = tuple(replace(way, parts=(*way.parts, *parts)) for way in template.needs[0]), *template.needs[1:]
        templates.append(replace(template, needs=needs))
    return Shape(tuple(templates))


class Encoding:
    """One situation as the engine sees it."""

    def __init__(self, situation: Situation, weights: Weights) -> None:
        """Encode a situation.

        Args:
            situation: what is to be solved; who asks without urgency moves nobody.
            weights: of the second level.
        """
        self.situation = situation
        self._weights = weights
        self.free = situation.free
        self._ties = ties_of(situation)
        self._numbers = {appointment.id: number for number, appointment in enumerate(self.free)}
        self.clinic, self._shapes = _with_ties(clinic_of(situation.registry), self.free, self._ties)
        self._asking = situation.asking
        levels = len(self.free) + len(situation.registry.providers) * situation.facts.days + 2
        # Each level outweighs all that the levels below it can add up to.
        self._ranks = tuple(levels**power for power in (5, 4, 3, 2, 1, 0))
        self._lunch_rank, self._drop_rank, self._urgent_rank, self._move_rank, self._shift_rank, self._request_rank = (
            self._ranks
        )
        self.problem = Problem(
            situation.facts.days * DAY_CELLS,
            DAY_CELLS,
            self._resources(),
            self.clinic.shapes,
            [*map(self._visit, self.free), *map(self._lunch, owed_lunches(situation.registry, situation.facts))],
        )

    @property
    def exact(self) -> bool:
        """Whether the engine's days are all the plans there are, so that what it proves holds for them."""
        return self._ties.exact and not any(
            self.situation.demands[visit.service].paced for visit in self.free if visit.id in self.situation.beside
        )

    def incumbent(self, plan: Plan) -> list[Place | None]:
        """Return where a plan has the free visits."""
        places: list[Place | None] = []
        for appointment in self.free:
            new = plan.appointments.get(appointment.id)
            places.append(self._place(new) if new is not None and new.placed else None)
        # The lunches have no place of their own in a plan: the repair finds them one.
        return places + [None] * (len(self.problem.visits) - len(self.free))

    def plan(self, answer: Answer) -> Plan:
        """Return the engine's day as a plan, in which every client's visits go together."""
        known = self.situation.facts.appointments
        changed: list[Appointment] = []
        for appointment, place in zip(self.free, answer.places[: len(self.free)], strict=True):
            if place is not None:
                changed.append(replace(appointment, stages=self.stages(appointment, place)))
            elif appointment.id in known:
                changed.append(replace(appointment, stages=()))
        return settled(self.situation, self.situation.facts.with_appointments(*changed))

    def rank(self, objective: Objective) -> int:
        """Return the first level of an objective as the engine counts it."""
        return sum(rank * count for rank, count in zip(self._ranks, objective.first_level, strict=True))

    def stages(self, appointment: Appointment, place: Place) -> Stages:
        """Return the stages of a visit in a place."""
        names = self.clinic.names[self.clinic.shape_of[appointment.service]]
        demand = self.situation.demands[appointment.service]
        return demand.stages(place.start * GRID_MINUTES, tuple(names[number] for number in place.choice))

    def _resources(self) -> list[Resource]:
        registry, weights = self.situation.registry, self._weights
        calendar = Calendar(registry, self.situation.facts.outages, self.situation.facts.days)
        for appointment in self.situation.fixed:
            calendar.occupy(appointment.stages)
        fixed = Plan(self.situation.facts.date, {a.id: a for a in self.situation.fixed})
        begun = {device: sum(1 << cell for cell in starts) for device, starts in device_starts(fixed).items()}
        slacks = slack_of(registry, weights.brittle_minutes)
        resources: list[Resource] = []
        for kind, name in self.clinic.numbers:
            closed, occupied = calendar.closed[kind, name], calendar.busy[kind, name]
            match kind:
                case ResourceKind.PROVIDER:
                    idle, load = cost(weights.idle * GRID_MINUTES, 1), cost(weights.fairness, 1)
                    resources.append(Resource(closed, occupied, idle_cost=idle, load_cost=load))
                case ResourceKind.ROOM:
                    resources.append(Resource(closed, occupied))
                case ResourceKind.DEVICE:
                    slack, brittle = slacks[UnitId(name)] // GRID_MINUTES, cost(weights.brittle, 1)
                    resources.append(Resource(closed, occupied, begun.get(name, 0), slack, brittle))
        return resources + [Resource()] * self._ties.resources

    def _visit(self, appointment: Appointment) -> Visit:
        situation, shape = self.situation, self.clinic.shape_of[appointment.service]
        former = self._place(appointment) if appointment.placed else None
        starts = self._ties.starts(situation, appointment)
        before, gap = self._ties.before.get(appointment.id, (None, 0))
        earliest, demand = starts[0] // GRID_MINUTES if starts else 0, situation.demands[appointment.service]
        longest = self._ties.longest(situation, appointment) // GRID_MINUTES
        # With whoever takes longer it ends later, but not after the window.
        ends = starts[-1] // GRID_MINUTES + longest if starts else 0
        latest = min(ends, appointment.window.end // GRID_MINUTES) if demand.paced else ends
        notified = is_notified(appointment)
        rank, energy = self._stakes(appointment)
        return Visit(
            shape=self._shapes.get(appointment.id, shape),
            earliest=earliest,
            latest=latest,
            start_cost=self._start_costs(appointment, starts, longest - demand.shortest // GRID_MINUTES),
            choice_cost=self._choice_costs(appointment, shape, former),
            former=former,
            drop_rank=rank,
            drop_cost=self._left_out(appointment) if appointment.id in self._asking else 0,
            drop_energy=energy,
            move_rank=self._move_rank if notified else self._shift_rank,
            move_energy=_MOVE_ENERGY if notified else _SHIFT_ENERGY,
            before=self._numbers[before] if before is not None else -1,
            gap=-(-gap // GRID_MINUTES),
        )

    def _start_costs(self, appointment: Appointment, starts: Sequence[int], more: int) -> Costs:
        """Return what each start costs, in cells from the first one on and as many `more` behind the last.

        A visit that can start never has one cell.
        """
        if not starts:
            return np.full(1, FORBIDDEN, np.int64)
        situation, minutes = self.situation, np.array(starts, np.int64)
        cells = (minutes - starts[0]) // GRID_MINUTES
        table = np.full(cells[-1] + 1 + more, FORBIDDEN, np.int64)
        table[cells] = cost(self._weights.wait, 1) * np.abs(minutes - situation.reference(appointment))
        demand = situation.demands[appointment.service]
        for policy in self._weights.policies:
            broken = policy.at_start(demand.service, minutes, situation.asked(appointment))
            table[cells[broken]] += cost(policy.points_at_start, 1)
        if (beside := situation.beside.get(appointment.id)) is not None:
            gaps = [beside.gap(Span(start, start + demand.longest)) for start in starts]
            table[cells] += cost(self._weights.adjacency, 1) * np.array(gaps, np.int64)
        return table

    def _left_out(self, appointment: Appointment) -> int:
        policies = sum(cost(policy.left_out(appointment), 1) for policy in self._weights.policies)
        return lost_revenue(self.situation.registry, appointment, self._weights) + policies

    def _lunch(self, lunch: OwedLunch) -> Visit:
        earliest, latest = lunch.window.start // GRID_MINUTES, lunch.window.end // GRID_MINUTES
        return Visit(
            shape=self.clinic.lunch_shape[lunch.provider],
            earliest=earliest,
            latest=latest,
            start_cost=np.zeros(latest - earliest + 1, np.int64),
            choice_cost=np.zeros(1, np.int64),
            drop_rank=self._lunch_rank,
            drop_energy=_LUNCH_ENERGY,
        )

    def _stakes(self, appointment: Appointment) -> tuple[int, int]:
        if appointment.id not in self._asking:
            return self._drop_rank, _DROP_ENERGY
        return (self._urgent_rank, _URGENT_ENERGY) if self.situation.urgent else (self._request_rank, _REQUEST_ENERGY)

    def _choice_costs(self, appointment: Appointment, shape: int, former: Place | None) -> Costs:
        names, devices = self.clinic.names[shape], self.clinic.devices[shape]
        demand = self.situation.demands[appointment.service]
        needs, longest = demand.needs, self._ties.longest(self.situation, appointment)
        costs = np.zeros(len(names), np.int64)
        if former is not None:
            had = {names[number] for number in former.choice}
            changed = cost(self._weights.device_change, 1)
            costs += [changed * bool(device and device not in had) for device in devices]
        wanted, missed = appointment.preferred, cost(self._weights.preference, 1)
        able = next((number for number, need in enumerate(needs) if wanted in need.eligible), None)
        first = 0
        for way, form in demand.templates():
            for number, eligible in enumerate(form):
                if way.minutes > longest:
                    costs[first : first + len(eligible)] = FORBIDDEN
                if number == able:
                    # Missing the preferred provider costs once, at the first need that they could serve.
                    costs[first : first + len(eligible)] += [missed * (name != wanted) for name in eligible]
                if (beside := self.situation.beside.get(appointment.id)) is not None:
                    need, strange = needs[number], cost(self._weights.same_hands, 1)
                    costs[first : first + len(eligible)] += [
                        strange * beside.is_strange(need.kind, name, need.eligible) for name in eligible
                    ]
                first += len(eligible)
        return costs

    def _place(self, appointment: Appointment) -> Place | None:
        demand = self.situation.demands[appointment.service]
        names = demand.choice(appointment.stages)
        first = 0
        for number, (_, form) in enumerate(demand.templates()):
            sizes = [len(eligible) for eligible in form]
            if all(name in eligible for name, eligible in zip(names, form, strict=True)):
                offsets = [first + sum(sizes[:need]) for need in range(len(form))]
                choice = (o + form[need].index(names[need]) for need, o in enumerate(offsets))
                return Place(appointment.start // GRID_MINUTES, number, tuple(choice))
            first += sum(sizes)
        # Placed by hand as the clinic's file does not allow: no place to come back to.
        return None
