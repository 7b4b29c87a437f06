"""How good a plan answers a situation, term by term, from the plan alone: shared by nothing that makes plans."""

import numpy as np

from edge.schedule.adjacency import TERM
from edge.schedule.demand import DAY_CELLS, Calendar
from edge.schedule.domain import GRID_MINUTES, Appointment, Plan, ResourceKind, Span, Status
from edge.schedule.ids import UnitId
from edge.schedule.insertion import Situation
from edge.schedule.lunch import missed_lunches
from edge.schedule.registry import Registry
from edge.schedule.replans import Objective
from edge.schedule.slack import slack_of
from edge.schedule.weights import Weights, cost


def objective(situation: Situation, plan: Plan, weights: Weights | None = None) -> Objective:
    """Return how good a plan answers a situation; less is better."""
    weights = weights or situation.registry.weights
    terms = dict.fromkeys(("wait", "preference", "device_change", "idle", "brittle", "fairness"), 0)
    moved = shifted = 0
    for appointment in situation.free:
        new = plan.appointments.get(appointment.id)
        if new is None or not new.placed:
            continue
        choice = situation.demands[new.service].choice(new.stages)
        terms["wait"] += cost(weights.wait, abs(new.start - situation.reference(appointment)))
        terms["preference"] += cost(weights.preference, situation.misses(appointment, choice))
        if appointment.id in situation.beside:
            terms[TERM] = terms.get(TERM, 0) + _apart(situation, new, choice, weights)
        for policy in weights.policies:
            service, starts = situation.demands[new.service].service, np.array([new.start])
            broken = policy.at_start(service, starts, situation.asked(appointment))
            terms[policy.name] = terms.get(policy.name, 0) + cost(policy.points_at_start, int(broken[0]))
        if appointment.placed:
            elsewhere = is_moved(appointment, new)
            moved += elsewhere and is_notified(appointment)
            shifted += elsewhere and not is_notified(appointment)
            terms["device_change"] += cost(weights.device_change, _devices_changed(situation, appointment, choice))
    _resource_terms(situation, plan, weights, terms)
    unserved = [request for request in situation.requests if not _is_served(plan, request)]
    terms["revenue"] = sum(lost_revenue(situation.registry, request, weights) for request in unserved)
    for policy in weights.policies:
        left_out = sum(cost(policy.left_out(request), 1) for request in unserved)
        terms[policy.name] = terms.get(policy.name, 0) + left_out
    return Objective(
        lunches_missed=missed_lunches(situation.registry, plan),
        dropped=len(plan.unplaced),
        urgent_unplaced=len(unserved) * situation.urgent,
        moved=moved,
        shifted=shifted,
        walk_ins_unplaced=len(unserved) * (not situation.urgent),
        cost=sum(terms.values()),
        terms=terms,
    )


def lost_revenue(registry: Registry, request: Appointment, weights: Weights) -> int:
    """Return what it costs that a request is not served: its price times the chance that the client comes."""
    return cost(weights.revenue * registry.service(request.service).price * request.show, 1)


def is_notified(appointment: Appointment) -> bool:
    """Tell whether the client counts on the place: it was confirmed, or they are here."""
    return appointment.status in (Status.CONFIRMED, Status.ARRIVED)


def is_moved(old: Appointment, new: Appointment) -> bool:
    """Tell whether a client would notice: another start, provider or room."""
    return [(s.start, s.provider, s.room) for s in old.stages] != [(s.start, s.provider, s.room) for s in new.stages]


def _apart(situation: Situation, new: Appointment, choice: tuple[str, ...], weights: Weights) -> int:
    beside = situation.beside[new.id]
    needs = situation.demands[new.service].needs
    strange = sum(beside.is_strange(n.kind, name, n.eligible) for n, name in zip(needs, choice, strict=True))
    return cost(weights.adjacency, beside.gap(Span(new.start, new.end))) + cost(weights.same_hands, strange)


def _is_served(plan: Plan, request: Appointment) -> bool:
    there = plan.appointments.get(request.id)
    return there is not None and there.placed


def _devices_changed(situation: Situation, old: Appointment, choice: tuple[str, ...]) -> int:
    demand = situation.demands[old.service]
    return sum(
        need.kind is ResourceKind.DEVICE and before != after
        for need, before, after in zip(demand.needs, demand.choice(old.stages), choice, strict=True)
    )


def _resource_terms(situation: Situation, plan: Plan, weights: Weights, terms: dict[str, int]) -> None:
    calendar = Calendar.of(situation.registry, plan)
    slacks = slack_of(situation.registry, weights.brittle_minutes)
    for (kind, _), busy in calendar.busy.items():
        if kind is ResourceKind.PROVIDER and busy:
            terms["idle"] += cost(weights.idle * GRID_MINUTES, _gaps(busy))
            terms["fairness"] += cost(weights.fairness, busy.bit_count() ** 2)
    for device, begun in device_starts(plan).items():
        busy, slack = calendar.busy[ResourceKind.DEVICE, device], slacks[UnitId(device)] // GRID_MINUTES
        for cell in begun:
            close = busy & ((1 << cell) - (1 << max(0, cell - slack)))
            terms["brittle"] += cost(weights.brittle, bool(close))


def _gaps(busy: int) -> int:
    """Return the cells that are free between the first and the last busy one of a day, of all days together."""
    free = 0
    while busy:
        today, busy = busy & (1 << DAY_CELLS) - 1, busy >> DAY_CELLS
        if today:
            free += today.bit_length() - (today & -today).bit_length() + 1 - today.bit_count()
    return free


def device_starts(plan: Plan) -> dict[str, set[int]]:
    """Return the cells in which each device's uses begin."""
    starts: dict[str, set[int]] = {}
    for appointment in plan.occupying:
        before = None
        for stage in appointment.stages:
            if stage.device is not None and stage.device != before:
                starts.setdefault(stage.device, set()).add(stage.start // GRID_MINUTES)
            before = stage.device
    return starts
