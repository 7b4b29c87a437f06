"""CP-SAT looks for a better answer than the repair's, within a time limit.

Rooms and devices are pools (`cumulative`) and get their names afterwards; who is pinned is a fixed
interval. Levels are exact: each weighs more than everything below it can add up to.
"""

from dataclasses import dataclass, replace
from typing import Any

from ortools.sat.python import cp_model

from edge.schedule.demand import Calendar, Demand, Need
from edge.schedule.domain import GRID_MINUTES, Appointment, Plan, ResourceKind
from edge.schedule.insertion import PREFERENCE_MINUTES, Situation

_STEP = GRID_MINUTES
_DAY_CELLS = 24 * 60 // _STEP
_NODES = 20_000


@dataclass(frozen=True, slots=True)
class SolverLimits:
    """How long and how wide to search, and whether to look for alternatives, too."""

    seconds: float = 2.0
    workers: int = 2
    seed: int = 1
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """A plan, or none, and whether it is proven best for the levels the model sees."""

    plan: Plan | None
    proven: bool


@dataclass(slots=True)
class _Visit:
    appointment: Appointment
    demand: Demand
    present: Any
    start: Any
    keep: Any
    distance: Any
    chosen: dict[tuple[int, str], Any]


def improve(situation: Situation, incumbent: Plan, limits: SolverLimits) -> SolverAnswer:
    """Search for a plan at least as good as `incumbent`; the caller compares and checks the answer."""
    model = _Model(situation)
    model.hint(incumbent)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = limits.seconds
    solver.parameters.num_workers = limits.workers
    solver.parameters.random_seed = limits.seed
    status = solver.solve(model.cp)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return SolverAnswer(None, proven=False)
    return SolverAnswer(model.read(solver), proven=status == cp_model.OPTIMAL)


class _Model:
    """The day as variables and constraints."""

    def __init__(self, situation: Situation) -> None:
        self.cp: Any = cp_model.CpModel()
        self._situation = situation
        self._fixed = situation.fixed
        self._calendar = Calendar(situation.registry, situation.facts.outages, situation.facts.days)
        for appointment in self._fixed:
            self._calendar.occupy(appointment.stages)
        self._lanes: dict[str, list[Any]] = {}
        self._pools: dict[tuple[ResourceKind, str], list[Any]] = {}
        self.visits = [self._visit(a) for a in situation.free if situation.starts(a)]
        self._capacities()
        self._objective()

    def _visit(self, appointment: Appointment) -> _Visit:
        cp, demand = self.cp, self._situation.demands[appointment.service]
        cells = [start // _STEP for start in self._situation.starts(appointment)]
        visit = _Visit(
            appointment,
            demand,
            cp.new_bool_var(""),
            cp.new_int_var_from_domain(cp_model.Domain.from_values(cells), ""),
            cp.new_bool_var(""),
            cp.new_int_var(0, _DAY_CELLS, ""),
            {},
        )
        old = demand.choice(appointment.stages) if appointment.placed else ()
        old_cell = appointment.start // _STEP if appointment.placed else -1
        if old_cell in cells:
            cp.add(visit.start == old_cell).only_enforce_if(visit.keep)
            cp.add_implication(visit.keep, visit.present)
        else:
            cp.add(visit.keep == 0)
        for number, need in enumerate(demand.needs):
            if need.kind is ResourceKind.PROVIDER:
                self._choose_provider(visit, number, need, old)
            else:
                size = (need.segments[0].end - need.segments[0].start + need.rest) // _STEP
                begin = visit.start + need.segments[0].start // _STEP
                use = cp.new_optional_fixed_size_interval_var(begin, size, visit.present, "")
                self._pools.setdefault((need.kind, need.pool), []).append(use)
        reference = self._situation.reference(appointment) // _STEP
        cp.add(visit.distance >= visit.start - reference).only_enforce_if(visit.present)
        cp.add(visit.distance >= reference - visit.start).only_enforce_if(visit.present)
        return visit

    def _choose_provider(self, visit: _Visit, number: int, need: Need, old: tuple[str, ...]) -> None:
        cp = self.cp
        for name in need.eligible:
            chosen = visit.chosen[number, name] = cp.new_bool_var("")
            for segment in need.segments:
                begin = visit.start + segment.start // _STEP
                size = (segment.end - segment.start) // _STEP
                use = cp.new_optional_fixed_size_interval_var(begin, size, chosen, "")
                self._lanes.setdefault(name, []).append(use)
            if old and old[number] == name:
                cp.add_implication(visit.keep, chosen)
        cp.add(sum(visit.chosen[number, name] for name in need.eligible) == visit.present)

    def _capacities(self) -> None:
        for provider in self._situation.registry.providers:
            key = (ResourceKind.PROVIDER, str(provider.id))
            blocked = self._blocks(self._calendar.closed[key] | self._calendar.busy[key])
            self.cp.add_no_overlap([*self._lanes.get(provider.id, []), *blocked])
        for (kind, pool), uses in self._pools.items():
            entries = self._situation.registry.rooms if kind is ResourceKind.ROOM else self._situation.registry.devices
            names = [entry.id for entry in entries if entry.type == pool]
            blocked = [b for name in names for b in self._blocks(self._pool_cells(kind, name))]
            together = [*uses, *blocked]
            self.cp.add_cumulative(together, [1] * len(together), len(names))

    def _pool_cells(self, kind: ResourceKind, name: str) -> int:
        # A use may end as its room closes; only its rest runs past. Shortening closures at their start by
        # the rest keeps such plans in the model; the naming afterwards is exact.
        registry = self._situation.registry
        rests: dict[str, int] = {room.id: room.turnover for room in registry.rooms}
        if kind is ResourceKind.DEVICE:
            rests = {device.id: device.rest for device in registry.devices}
        closed = self._calendar.closed[kind, name]
        for _ in range(rests[name] // _STEP):
            closed &= closed << 1
        return closed | self._calendar.busy[kind, name]

    def _blocks(self, bits: int) -> list[Any]:
        blocks = []
        at = 0
        while bits >> at:
            if bits >> at & 1:
                size = ((~(bits >> at)) & ((bits >> at) + 1)).bit_length() - 1
                blocks.append(self.cp.new_fixed_size_interval_var(at, size, ""))
                at += size
            else:
                at += 1
        return blocks

    def _objective(self) -> None:
        minutes = sum(_DAY_CELLS + PREFERENCE_MINUTES for _ in self.visits) + 1
        moves = minutes * (len(self.visits) + 1)
        asking = self._situation.asking
        terms: list[Any] = []
        for visit in self.visits:
            asks = visit.appointment.id in asking
            walk_in = asks and not self._situation.urgent
            lost = minutes if walk_in else (moves * 2 if asks else moves * 4)
            terms.append(lost * (1 - visit.present))
            if visit.appointment.placed:
                terms.append(2 * minutes * (visit.present - visit.keep))
            terms.append(visit.distance)
            wanted = visit.appointment.preferred
            liked = [lit for (_, name), lit in visit.chosen.items() if name == wanted]
            if liked:
                terms.append(PREFERENCE_MINUTES // _STEP * (visit.present - cp_model.LinearExpr.sum(liked[:1])))
        self.cp.minimize(cp_model.LinearExpr.sum(terms))

    def hint(self, incumbent: Plan) -> None:
        """Give every variable its value in the incumbent: partial hints are ignored."""
        for visit in self.visits:
            new = incumbent.appointments.get(visit.appointment.id)
            placed = new is not None and new.placed
            choice = visit.demand.choice(new.stages) if new is not None and placed else ()
            old = visit.demand.choice(visit.appointment.stages) if visit.appointment.placed else ()
            start = new.start if new is not None and placed else self._situation.starts(visit.appointment)[0]
            people = sum(need.kind is ResourceKind.PROVIDER for need in visit.demand.needs)
            same = bool(old) and placed and start == visit.appointment.start
            self.cp.add_hint(visit.present, placed)
            self.cp.add_hint(visit.start, start // _STEP)
            self.cp.add_hint(visit.keep, same and choice[:people] == old[:people])
            distance = abs(start - self._situation.reference(visit.appointment)) // _STEP if placed else 0
            self.cp.add_hint(visit.distance, distance)
            for (number, name), literal in visit.chosen.items():
                self.cp.add_hint(literal, placed and choice[number] == name)

    def read(self, solver: Any) -> Plan | None:
        """Return the solver's plan with rooms and devices named, or none when no naming is found."""
        placed = [visit for visit in self.visits if solver.boolean_value(visit.present)]
        placed.sort(key=lambda visit: (solver.value(visit.start), visit.appointment.id))
        namer = _Namer(self._calendar, [(v, solver.value(v.start) * _STEP) for v in placed])
        for index, visit in enumerate(placed):
            for (number, name), literal in visit.chosen.items():
                if solver.boolean_value(literal):
                    namer.choices[index][number] = name
        if not namer.name_all():
            return None
        here = {visit.appointment.id for visit in placed}
        plan = self._situation.facts.with_appointments(
            *(replace(a, stages=()) for a in self._situation.hit if a.id not in here)
        )
        for index, visit in enumerate(placed):
            names = namer.choices[index]
            choice = tuple(names[number] for number in range(len(visit.demand.needs)))
            stages = visit.demand.stages(solver.value(visit.start) * _STEP, choice)
            plan = plan.with_appointments(replace(visit.appointment, stages=stages))
        return plan


class _Namer:
    """Gives each pooled use a named room or device by bounded backtracking, its former one first."""

    def __init__(self, calendar: Calendar, visits: list[tuple[_Visit, int]]) -> None:
        self._calendar = calendar
        self._visits = visits
        self.choices: list[dict[int, str]] = [{} for _ in visits]
        self._todo = [
            (index, number)
            for index, (visit, _) in enumerate(visits)
            for number, need in enumerate(visit.demand.needs)
            if need.kind is not ResourceKind.PROVIDER
        ]
        self._nodes = 0

    def name_all(self) -> bool:
        """Tell whether every use found a name; the names are in `choices`."""
        return all(self._name(pool) for pool in (ResourceKind.ROOM, ResourceKind.DEVICE))

    def _name(self, kind: ResourceKind) -> bool:
        pools: dict[str, list[tuple[int, int]]] = {}
        for index, number in self._todo:
            need = self._visits[index][0].demand.needs[number]
            if need.kind is kind:
                pools.setdefault(need.pool, []).append((index, number))
        return all(self._search(uses) for uses in pools.values())

    def _search(self, uses: list[tuple[int, int]]) -> bool:
        self._nodes = 0
        return self._extend(uses, 0)

    def _extend(self, uses: list[tuple[int, int]], done: int) -> bool:
        if done == len(uses):
            return True
        index, number = uses[done]
        visit, start = self._visits[index]
        need = visit.demand.needs[number]
        old = visit.demand.choice(visit.appointment.stages)[number] if visit.appointment.placed else None
        mine = need.rested << start // _STEP
        for name in sorted(need.eligible, key=lambda name: name != old):
            self._nodes += 1
            if self._nodes > _NODES:
                return False
            busy = self._calendar.busy[need.kind, name]
            if not self._calendar.free(need, name, start):
                continue
            self._calendar.busy[need.kind, name] = busy | mine
            self.choices[index][number] = name
            if self._extend(uses, done + 1):
                return True
            self._calendar.busy[need.kind, name] = busy
        return False
