"""Which of many possible moves a night makes: the fewest that earn most, each of them worth it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from edge.schedule.courses import goes_with
from edge.schedule.demand import Calendar
from edge.schedule.domain import DAY_MINUTES, Appointment, Plan, ResourceKind, Stages
from edge.schedule.horizon_search import Prices
from edge.schedule.horizon_situation import HorizonSituation, worth
from edge.schedule.ids import AppointmentId
from edge.schedule.replans import Objective
from edge.schedule.uses import uses
from edge.schedule.weights import Weights
from shared.ids import ClientId

Bundle = Mapping[AppointmentId, Appointment]
"""Visits with their new places that have to be taken together."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a change earns: `first` is whether the first level gets better, `cost` hundredths of a point."""

    first: bool
    cost: int

    def pays(self, price: int) -> bool:
        """Tell whether it is worth a price; somebody's place is worth any."""
        return self.first or self.cost >= price


def gain(before: Objective, after: Objective) -> Gain | None:
    """Return what a change earns, or None where the first level gets worse."""
    if after.first_level > before.first_level:
        return None
    return Gain(after.first_level < before.first_level, before.cost - after.cost)


Key = tuple[int, ResourceKind, str]
"""A resource on one day of the plan."""


def keys_of(stages: Stages) -> Iterator[Key]:
    """Yield what a visit uses, by day."""
    for stage in stages:
        for kind, name in uses(stage):
            yield stage.start // DAY_MINUTES, kind, name


class Choice:
    """The days under way from the facts to what a night makes of them.

    Attributes:
        facts: the days as they were.
        plan: the days as they are to be; `worth` is how good they are.
    """

    def __init__(self, situation: HorizonSituation, weights: Weights, prices: Prices) -> None:
        """Begin with nothing moved; `prices` are of the visits that may move."""
        self._situation, self._weights, self._prices = situation, weights, prices
        self.facts = situation.facts
        self._set(situation.facts)

    @property
    def changed(self) -> dict[AppointmentId, Appointment]:
        """Who has another place than in the facts, or got one."""
        before = self.facts.appointments
        return {
            key: a for key, a in self.plan.appointments.items() if key not in before or before[key].stages != a.stages
        }

    def moves(self, bundle: Iterable[AppointmentId]) -> list[AppointmentId]:
        """Return those of a bundle that had a place before."""
        return [name for name in bundle if name in self._prices]

    def price(self, bundle: Iterable[AppointmentId]) -> int:
        """Return what the moves of a bundle must earn together."""
        return sum(self._prices[name] for name in self.moves(bundle))

    def take(self, bundles: Sequence[Bundle], budget: int) -> None:
        """Take the bundles that earn most for each move, as long as they pay and the budget lasts."""
        waiting = [(bundle, self._alters(bundle), self.tried(bundle)) for bundle in bundles]
        while True:
            left = budget - len(self.moves(self.changed))
            waiting = [(b, keys, g) for b, keys, g in waiting if g is not None and len(self.moves(b)) <= left]
            paying = [(b, keys, g) for b, keys, g in waiting if g is not None and g.pays(self.price(b))]
            if not paying:
                return
            best, taken, _ = max(paying, key=lambda item: self._rank(item[0], item[2]))
            self._set(self.plan.with_appointments(*best.values()))
            # What a bundle earns changes only with the days, resources and clients that it touches.
            waiting = [
                (b, keys, self.tried(b) if keys & taken else g) for b, keys, g in waiting if not b.keys() & best.keys()
            ]

    def give_back(self) -> None:
        """Take back every move that would not be missed: alone, or with those that need its former place."""
        while True:
            for name in self.moves(self.changed):
                together = self.together(name)
                lost = gain(self.without(name), self.worth)
                if lost is None or not lost.pays(self.price(together)):
                    self._set(self._without(together))
                    break
            else:
                return

    def without(self, name: AppointmentId) -> Objective:
        """Return the objective if a change were taken back with those that depend on it."""
        return worth(self._situation, self._without(self.together(name)), self._weights)

    def together(self, name: AppointmentId) -> list[AppointmentId]:
        """Return a change and those that need its former place, directly or through others."""
        changed = self.changed
        return _closure(name, {key: _in_the_way(self._situation, changed, key) for key in changed})

    def left(self, bundles: Sequence[Bundle]) -> list[tuple[Bundle, Gain]]:
        """Return what could still be taken and would make the days better, best first, no visit twice."""
        changed = self.changed.keys()
        gains = [(b, g) for b in bundles if not b.keys() & changed and (g := self.tried(b)) is not None]
        better = sorted((item for item in gains if item[1].pays(1)), key=lambda item: self._rank(*item), reverse=True)
        seen: set[AppointmentId] = set()
        kept: list[tuple[Bundle, Gain]] = []
        for bundle, earned in better:
            if not bundle.keys() & seen:
                kept.append((bundle, earned))
                seen |= bundle.keys()
        return kept

    def tried(self, bundle: Bundle) -> Gain | None:
        """Return what a bundle would earn now, or None where it has no room or makes the first level worse."""
        here = {
            name: self.plan.appointments[name] for key in self._touched(bundle) for name in self._users.get(key, ())
        }
        waits = {name: self.plan.appointments[name] for name in bundle if name in self.plan.appointments}
        others = {name: a for name, a in here.items() if name not in bundle}
        situation = self._narrowed({*here, *bundle})
        calendar = Calendar.of(situation.registry, replace(self.plan, appointments=others))
        for appointment in bundle.values():
            if not calendar.fits(situation.demands[appointment.service], appointment):
                return None
            calendar.occupy(appointment.stages)
        if not self._go_together(bundle):
            return None
        before = replace(self.plan, appointments={**others, **waits})
        after = replace(self.plan, appointments={**others, **bundle})
        return gain(worth(situation, before, self._weights), worth(situation, after, self._weights))

    def _go_together(self, bundle: Bundle) -> bool:
        """Tell whether each client of a bundle could keep all their visits."""
        after, clients = self.plan.with_appointments(*bundle.values()), {a.client for a in bundle.values()}
        theirs = [visit for visit in after.placed if visit.client in clients and not visit.status.begun]
        return all(goes_with(self._situation, after, visit) for visit in theirs)

    def _narrowed(self, names: Set[AppointmentId]) -> HorizonSituation:
        """Return the situation of these visits alone."""
        whole = self._situation
        return replace(
            whole,
            pinned=(),
            kept=tuple(a for a in whole.kept if a.id in names),
            hit=tuple(a for a in whole.hit if a.id in names),
            requests=tuple(a for a in whole.requests if a.id in names),
        )

    def _touched(self, bundle: Bundle) -> frozenset[Key]:
        before = [self.plan.appointments[name].stages for name in bundle if name in self.plan.appointments]
        return frozenset(key for stages in (*before, *(a.stages for a in bundle.values())) for key in keys_of(stages))

    def _alters(self, bundle: Bundle) -> frozenset[Key | ClientId]:
        return self._touched(bundle) | {appointment.client for appointment in bundle.values()}

    def _rank(self, bundle: Bundle, earned: Gain | None) -> tuple[bool, float, list[AppointmentId]]:
        if earned is None:
            raise AssertionError("only what can be taken is ranked")
        surplus = earned.cost - self.price(bundle)
        return earned.first, surplus / max(1, len(self.moves(bundle))), sorted(bundle)

    def _without(self, names: Iterable[AppointmentId]) -> Plan:
        before, gone = self.facts.appointments, set(names)
        kept = {key: before.get(key, a) if key in gone else a for key, a in self.plan.appointments.items()}
        return replace(self.plan, appointments={k: a for k, a in kept.items() if k not in gone or k in before})

    def _set(self, plan: Plan) -> None:
        self.plan = plan
        self.worth = worth(self._situation, plan, self._weights)
        self._users: dict[Key, set[AppointmentId]] = {}
        for appointment in plan.placed:
            for key in keys_of(appointment.stages):
                self._users.setdefault(key, set()).add(appointment.id)


def bundles_of(situation: HorizonSituation, target: Bundle) -> Iterator[Bundle]:
    """Yield a better day in the smallest parts that can be had: a visit with those who make room for it."""
    makes_room: dict[AppointmentId, list[AppointmentId]] = {key: [] for key in target}
    for key in target:
        for other in _in_the_way(situation, target, key):
            makes_room[other].append(key)
    parts = {frozenset(_closure(key, makes_room)) for key in target}
    for part in sorted(parts, key=sorted):
        yield {key: target[key] for key in sorted(part)}


def _in_the_way(situation: HorizonSituation, changed: Bundle, name: AppointmentId) -> list[AppointmentId]:
    """Return who could not have their new place if this visit were where it was before."""
    old = situation.facts.appointments.get(name)
    if old is None or not old.placed:
        return []
    calendar = Calendar(situation.registry, days=situation.facts.days)
    calendar.occupy(old.stages)
    return [
        key
        for key, new in changed.items()
        if key != name
        and (not calendar.fits(situation.demands[new.service], new) or not _both_fit(situation, old, new))
    ]


def _both_fit(situation: HorizonSituation, old: Appointment, new: Appointment) -> bool:
    """Tell whether a client could have both visits; who asks for more than these two is taken to need the other."""
    if old.client != new.client:
        return True
    plan = replace(situation.facts, appointments={old.id: old, new.id: new})
    return goes_with(situation, plan, new) and goes_with(situation, plan, old)


def _closure(name: AppointmentId, following: Mapping[AppointmentId, Sequence[AppointmentId]]) -> list[AppointmentId]:
    found = [name]
    for key in found:
        found.extend(other for other in following[key] if other not in found)
    return found
